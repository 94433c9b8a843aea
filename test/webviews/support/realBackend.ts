/** The trace page's backend before the built server, reading a real recording. */
import type { TraceBackend } from '../../../client/src/webviews/traceBackend';
import {
  flowRequest,
  inventoryRequest,
  openRequest,
  resourcesRequest,
  sessionsRequest,
  spanRequest,
  traceRequest,
} from '../../../server/src/protocol/messages';
import type { SpanRef } from '../../../server/src/protocol/messages';
import type { FindingRef } from '../../../server/src/protocol/suppressions';
import type { SessionInfo } from '../../../server/src/protocol/document';
import { ServerProcess, until } from '../../server/support/serverProcess';

export interface RealBackend extends TraceBackend, AsyncDisposable {
  readonly sourceId: string;
  readonly sessions: readonly SessionInfo[];
  readonly acts: string[];
  /** The session whose first prompt holds this text. */
  session(title: string): SessionInfo;
}

export async function realBackend(recording: string): Promise<RealBackend> {
  const server = await ServerProcess.start({ options: { trusted: true } });
  const { connection } = server;
  const { sourceId } = await connection.sendRequest(openRequest, { path: recording });
  await until(
    'the end of the recording',
    async () =>
      (await connection.sendRequest(inventoryRequest, { refresh: false })).sandboxes.some(
        ({ id, attach }) => id === sourceId && attach.kind === 'read',
      ),
    60_000,
  );
  const sessions = await connection.sendRequest(sessionsRequest, { sourceId });
  const acts: string[] = [];
  return {
    sourceId,
    sessions,
    acts,
    session(title) {
      const found = sessions.find((session) => session.title?.includes(title) === true);
      if (found === undefined)
        throw new Error(`no session titled "${title}" among: ${sessions.map((session) => session.title).join(' | ')}`);
      return found;
    },
    trace: (params) => connection.sendRequest(traceRequest, params),
    flow: (params) => connection.sendRequest(flowRequest, params),
    span: (params) => connection.sendRequest(spanRequest, params),
    resources: (params) => connection.sendRequest(resourcesRequest, params),
    onChanged: () => ({ dispose: () => undefined }),
    jump: (span: SpanRef, beside: boolean) => void acts.push(`jump ${span.spanId}${beside ? ' beside' : ''}`),
    openCall: (span: SpanRef) => void acts.push(`openCall ${span.spanId}`),
    toolDefinition: (span: SpanRef) => void acts.push(`toolDefinition ${span.spanId}`),
    suppress: ({ code, evidence }: FindingRef) => void acts.push(`suppress ${code} ${evidence}`),
    replay: () => void acts.push('replay'),
    showPrices: () => void acts.push('showPrices'),
    flatRate: () => false,
    failure: (error) => ({ reason: error instanceof Error ? error.message : String(error), hint: 'Try again.' }),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
