/** Pages of a session as the views show them. Nothing here reads a whole session to show a part of it. */
import type { PolicySpan, SessionInfo, Span } from '../protocol/document';
import type { CallAt, SpanRow, TurnSummary } from '../protocol/messages';
import type { PlacedSpan, SessionView } from '../store/sessions';
import type { Store } from '../store/store';
import { withDenial } from './denials';

export const pageLimit = 500;

export interface Page {
  readonly view: SessionView;
  readonly turns: readonly TurnSummary[];
  readonly offset: number;
  readonly total: number;
  readonly rows: readonly SpanRow[];
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

export function spanRow(store: Store, source: number, placed: PlacedSpan, denied: ReadonlyMap<string, string | null>): SpanRow {
  const span = withDenial(placed.span, denied);
  const policy: readonly PolicySpan[] = denied.has(span.id) || span.kind === 'execute_tool' ? store.policies.ofCall(source, span.id) : [];
  const childKey = text(span.attributes['sandglass.child.session_key']);
  const childRow = childKey === null ? undefined : store.sessions.byKey(source, childKey)[0];
  const paths = span.attributes['sandglass.paths'];
  return {
    span,
    depth: placed.depth,
    preview: text(span.attributes['sandglass.preview']) ?? text(span.attributes['sandglass.thinking.preview']),
    turnId: placed.turnId,
    policy,
    childSessionId: childRow === undefined ? null : (store.sessions.byRow(childRow)?.info.id ?? null),
    path: Array.isArray(paths) && typeof paths[0] === 'string' ? paths[0] : null,
  };
}

export function tracePage(store: Store, source: number, sessionId: string, offset: number, limit: number): Page | null {
  const view = store.sessions.bySession(source, sessionId);
  if (view === null) return null;
  const denied = store.policies.deniedCalls(source);
  const from = Math.max(0, Math.trunc(offset));
  const rows = store.sessions
    .page(view.row, from, Math.min(pageLimit, Math.max(0, Math.trunc(limit))))
    .map((placed) => spanRow(store, source, placed, denied));
  return { view, turns: turnSummaries(store, view, denied), offset: from, total: store.sessions.spanCount(view.row), rows };
}

/** One line a turn, with what its own calls came to. Counted in the database, not from the spans. */
export function turnSummaries(store: Store, view: SessionView, denied: ReadonlyMap<string, string | null>): readonly TurnSummary[] {
  const sums = store.sessions.turnSums(view.row);
  return store.sessions.ofKind(view.row, 'invoke_agent').map(({ span }, index) => {
    const sum = sums.get(span.id);
    return {
      span,
      ordinal: index + 1,
      prompt: text(span.attributes['sandglass.preview']),
      toolCalls: sum?.calls.length ?? 0,
      failedToolCalls: sum?.failed ?? 0,
      denied: sum?.calls.filter((id) => denied.has(id)).length ?? 0,
      thinkingBlocks: sum?.thinkingBlocks ?? 0,
      costUsd: sum?.costUsd ?? null,
    };
  });
}

export function callAt(sourceId: string, session: SessionInfo, span: Span): CallAt {
  const name = String(span.attributes['gen_ai.tool.name'] ?? span.name);
  const preview = text(span.attributes['sandglass.preview']);
  return {
    sourceId,
    sessionId: session.id,
    spanId: span.id,
    label: preview === null ? name : `${name}: ${preview}`,
    status: span.status,
    time: span.startTime,
  };
}
