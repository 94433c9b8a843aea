/** The trace panel's questions, asked of the server; what it leads to runs as commands, so that the walkthrough counts it. */
import * as vscode from 'vscode';
import type { CancellationToken } from 'vscode';
import type {
  FlowDiagram,
  FlowParams,
  ResourceSample,
  SessionRef,
  SessionRevision,
  SpanDetail,
  SpanRef,
  TracePage,
  TracePageParams,
} from '../../server/src/protocol/messages';
import type { FindingRef } from '../../server/src/protocol/suppressions';
import { runCommand } from './commands/register';
import { flatRateSetting, paysFlatRate } from './connection/flatRate';
import { requestFailure } from './connection/requestFailure';
import type { ServerHost } from './connection/serverHost';
import type { ResourcesParams, TraceBackend } from './webviews/traceBackend';

/** More sessions than traces can be open at a time. */
const maxAsked = 16;

export class ServerTraceBackend implements TraceBackend {
  /** Sessions whose pages are shown, with their last revision: a page shows the state of its source, too. */
  readonly #asked = new Map<string, { readonly session: SessionRef; readonly last: SessionRevision }>();

  constructor(
    private readonly server: ServerHost,
    /** Resolves when the sources that were open before are open again; a restored panel asks before they are. */
    private readonly ready: () => Promise<void>,
    readonly inView: (session: SessionRef) => void,
  ) {}

  async trace(params: TracePageParams, token: CancellationToken): Promise<TracePage> {
    await this.ready();
    const page = await this.server.request('trace', params, token);
    this.#remember({ sourceId: params.sourceId, sessionId: params.sessionId }, page);
    return page;
  }

  async flow(params: FlowParams, token: CancellationToken): Promise<FlowDiagram | null> {
    await this.ready();
    return this.server.request('flow', params, token);
  }

  async span(params: SpanRef & { readonly limit: number }, token: CancellationToken): Promise<SpanDetail | null> {
    await this.ready();
    return this.server.request('span', params, token);
  }

  async resources(params: ResourcesParams, token: CancellationToken): Promise<readonly ResourceSample[]> {
    await this.ready();
    return this.server.request('resources', params, token);
  }

  onChanged(listener: (session: SessionRef, now: SessionRevision) => void): { dispose(): unknown } {
    const all = (): void => {
      for (const { session, last } of this.#asked.values()) listener(session, last);
    };
    return vscode.Disposable.from(
      this.server.onChanged(({ sessions, inventory }) => {
        for (const changed of sessions) listener(changed, changed);
        if (inventory) all();
      }),
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (event.affectsConfiguration(flatRateSetting)) all();
      }),
    );
  }

  #remember(session: SessionRef, { epoch, revision }: SessionRevision): void {
    const key = JSON.stringify([session.sourceId, session.sessionId]);
    this.#asked.delete(key);
    this.#asked.set(key, { session, last: { epoch, revision } });
    for (const oldest of this.#asked.keys()) {
      if (this.#asked.size <= maxAsked) break;
      this.#asked.delete(oldest);
    }
  }

  jump(span: SpanRef, beside: boolean): void {
    void runCommand('sandglass.jumpToLine', { ...span, beside });
  }

  openCall(span: SpanRef): void {
    void runCommand('sandglass.openCall', span);
  }

  toolDefinition(span: SpanRef): void {
    void runCommand('sandglass.goToToolDefinition', span);
  }

  replay(session: SessionRef): void {
    void runCommand('sandglass.replaySession', session);
  }

  showPrices(): void {
    void runCommand('sandglass.showPrices');
  }

  flatRate(): boolean {
    return paysFlatRate();
  }

  suppress(finding: FindingRef): void {
    void runCommand('sandglass.suppressFinding', finding);
  }

  failure(error: unknown): { readonly reason: string; readonly hint: string } {
    return requestFailure(error, vscode.l10n.t);
  }
}
