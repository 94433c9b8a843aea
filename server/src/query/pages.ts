/** Pages of a session as the views show them. Nothing here reads a whole session to show a part of it. */
import type { CostTotals, PolicySpan, SessionInfo, Span } from '../protocol/document';
import type { CallAt, SpanRow, TurnSummary } from '../protocol/messages';
import type { SessionView } from '../store/sessions';
import type { PlacedSpan } from '../model/place';
import { CostSum } from '../model/spanCost';
import type { Store } from '../store/store';
import { liesOutside, writtenPaths } from '../locate/outside';
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

export function spanRow(
  store: Store,
  source: number,
  { workspaceDir }: SessionView,
  placed: PlacedSpan,
  denied: ReadonlyMap<string, string | null>,
): SpanRow {
  const span = withDenial(placed.span, denied);
  const policy: readonly PolicySpan[] = denied.has(span.id) || span.kind === 'execute_tool' ? store.policies.ofCall(source, span.id) : [];
  const childKey = text(span.attributes['sandglass.child.session_key']);
  const childRow = childKey === null ? undefined : store.sessions.byKey(source, childKey)[0];
  const paths = span.attributes['sandglass.paths'];
  return {
    span,
    depth: placed.place.depth,
    preview: text(span.attributes['sandglass.preview']) ?? text(span.attributes['sandglass.thinking.preview']),
    turnId: placed.turnId,
    policy,
    childSessionId: childRow === undefined ? null : (store.sessions.byRow(childRow)?.info.id ?? null),
    path: Array.isArray(paths) && typeof paths[0] === 'string' ? paths[0] : null,
    outside: writtenPaths(span, workspaceDir).some((path) => liesOutside(path, workspaceDir) === true),
  };
}

export interface PageParams {
  readonly sessionId: string;
  readonly offset: number;
  readonly limit: number;
  readonly onlyProblems?: boolean;
  readonly around?: string | null;
}

export function tracePage(store: Store, source: number, params: PageParams): Page | null {
  const view = store.sessions.bySession(source, params.sessionId);
  if (view === null) return null;
  const denied = store.policies.deniedCallsOf(source, view.row);
  const limit = Math.min(pageLimit, Math.max(1, Math.trunc(params.limit)));
  const asked = Math.max(0, Math.trunc(params.offset));
  const turns = turnSummaries(store, view, denied);
  const around = params.around ?? null;
  if (params.onlyProblems === true) {
    const problems = problemSpans(store, view, denied);
    const offset =
      around === null
        ? asked
        : pageOf(
            problems.findIndex((spanId) => spanId === around),
            limit,
          );
    const placed = problems.slice(offset, offset + limit).flatMap((spanId) => store.spans.ofSession(view.row, spanId) ?? []);
    return { view, turns, offset, total: problems.length, rows: placed.map((item) => spanRow(store, source, view, item, denied)) };
  }
  const found = around === null ? null : store.spans.span(source, around);
  const offset = found?.session === view.row ? pageOf(store.spans.rank(view.row, found.place), limit) : around === null ? asked : 0;
  const placed = store.spans.page(view.row, offset, limit);
  return {
    view,
    turns,
    offset,
    total: store.spans.spanCount(view.row),
    rows: placed.map((item) => spanRow(store, source, view, item, denied)),
  };
}

function pageOf(rank: number, limit: number): number {
  return rank < 0 ? 0 : Math.floor(rank / limit) * limit;
}

const problemStatuses: ReadonlySet<Span['status']> = new Set<Span['status']>(['error', 'denied', 'aborted']);

/** What failed, was denied or aborted, and what stands above it; in display order. */
function problemSpans(store: Store, view: SessionView, denied: ReadonlyMap<string, string | null>): readonly string[] {
  const outline = store.spans.outline(view.row);
  const kept = new Set<string>();
  const above: string[] = [];
  for (const { spanId, status, depth } of outline) {
    above.length = Math.min(above.length, depth);
    above.push(spanId);
    if (problemStatuses.has(status) || denied.has(spanId)) for (const id of above) kept.add(id);
  }
  return outline.filter(({ spanId }) => kept.has(spanId)).map(({ spanId }) => spanId);
}

const nothing: CostTotals = { usd: null, byBasis: {}, unpricedCalls: 0 };

/** One line a turn, with what its own calls came to. Counted in the database, not from the spans. */
export function turnSummaries(store: Store, view: SessionView, denied: ReadonlyMap<string, string | null>): readonly TurnSummary[] {
  const sums = store.spans.turnSums(view.row);
  const costs = new Map<string, CostSum>();
  for (const { turnId, calls, ...cost } of store.ledger.costsOfTurns(view.row)) {
    const sum = costs.get(turnId) ?? new CostSum();
    costs.set(turnId, sum);
    sum.add(cost, calls);
  }
  return store.spans.ofKind(view.row, 'invoke_agent').map(({ span }, index) => {
    const sum = sums.get(span.id);
    return {
      span,
      ordinal: index + 1,
      prompt: text(span.attributes['sandglass.preview']),
      toolCalls: sum?.calls.length ?? 0,
      failedToolCalls: sum?.failed ?? 0,
      denied: sum?.calls.filter((id) => denied.has(id)).length ?? 0,
      thinkingBlocks: sum?.thinkingBlocks ?? 0,
      cost: costs.get(span.id)?.now ?? nothing,
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
