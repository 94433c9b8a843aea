/** Rows of a turn, written by hand for what no recording holds. */
import type { AttributeValue, PolicySpan, Span, SpanKind, SpanStatus } from '../../../server/src/protocol/document';
import type { SpanRow } from '../../../server/src/protocol/messages';
import type { FlowInput, FlowTexts } from '../../../server/src/flow/steps';

export interface CallSpec {
  readonly name: string;
  readonly preview?: string;
  readonly status?: SpanStatus;
  readonly message?: string;
  readonly exitCode?: number;
  readonly durationMs?: number;
  readonly denials?: readonly string[];
  readonly child?: string;
}

export interface ChatSpec {
  readonly thinking?: string;
  readonly text?: string;
  readonly status?: SpanStatus;
  readonly message?: string;
  readonly calls?: readonly CallSpec[];
}

export interface TurnSpec {
  readonly prompt: string | null;
  readonly status?: SpanStatus;
  readonly message?: string;
  readonly chats: readonly ChatSpec[];
  readonly retries?: readonly (readonly [string, string])[];
}

function span(id: string, parentId: string | null, kind: SpanKind, name: string, more: Partial<Span> = {}): Span {
  return {
    id,
    parentId,
    kind,
    name,
    startTime: '2026-11-21T00:00:00.000Z',
    endTime: '2026-11-21T00:00:01.000Z',
    durationMs: null,
    durationBasis: 'unknown',
    status: 'ok',
    statusMessage: null,
    entryId: id,
    witness: 'agent',
    attributes: {},
    ...more,
  };
}

function row(of: Span, more: Partial<SpanRow> = {}): SpanRow {
  return { span: of, depth: 0, preview: null, turnId: 'turn', policy: [], childSessionId: null, path: null, outside: false, ...more };
}

function denial(id: string, target: string): PolicySpan {
  const attributes: Record<string, AttributeValue> = { 'server.address': target, 'server.port': 443 };
  return {
    ...span(id, null, 'policy', 'NET:OPEN', { status: 'denied', statusMessage: 'no matching policy', attributes }),
    turnId: 'turn',
    callId: null,
    candidates: [],
  };
}

/** Calls get the ids `c0`, `c1` … in order, LLM calls `m0`, `m1` … */
export function flowInput(spec: TurnSpec): FlowInput {
  const rows: SpanRow[] = [];
  const texts = new Map<string, FlowTexts>([['turn', { prompt: spec.prompt }]]);
  let calls = 0;
  for (const [index, chat] of spec.chats.entries()) {
    const id = `m${index}`;
    rows.push(row(span(id, 'turn', 'chat', 'chat some-model', { status: chat.status ?? 'ok', statusMessage: chat.message ?? null })));
    texts.set(id, { thinking: chat.thinking ?? null, text: chat.text ?? null });
    for (const call of chat.calls ?? []) {
      const callId = `c${calls++}`;
      const of = span(callId, id, 'execute_tool', `execute_tool ${call.name}`, {
        status: call.status ?? 'ok',
        statusMessage: call.message ?? null,
        durationMs: call.durationMs ?? null,
        durationBasis: call.durationMs === undefined ? 'unknown' : 'estimated',
        attributes: { 'gen_ai.tool.name': call.name, 'sandglass.exit_code': call.exitCode ?? null },
      });
      rows.push(
        row(of, {
          preview: call.preview ?? null,
          policy: (call.denials ?? []).map((target, at) => denial(`${callId}d${at}`, target)),
          childSessionId: call.child ?? null,
        }),
      );
    }
  }
  const turn = span('turn', null, 'invoke_agent', 'invoke_agent main', {
    status: spec.status ?? 'ok',
    statusMessage: spec.message ?? null,
  });
  return { revision: 7, turn, rows, texts, retries: new Map(spec.retries ?? []) };
}
