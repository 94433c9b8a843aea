/** What the agent in view does now, and what its session cost. */
import type { StatusView } from '../protocol/messages';
import type { SessionView } from '../store/sessions';
import type { Store } from '../store/store';
import { asObject, asString } from '../decode/json';
import type { Span } from '../protocol/document';
import type { CostNow } from './costNow';
import { spanPayload } from './payload';
import { programOf } from './program';
import { SpendSum } from './spendSum';

export type StatusNow = StatusView['now'];

/** A running session waits for the model unless a call runs; a session that is not running is idle. */
export function nowOf(store: Store, view: SessionView): StatusNow {
  if (view.info.status !== 'running' || view.info.state !== 'live') return { kind: 'idle' };
  const turn = store.spans.lastTurn(view.row)?.span;
  if (turn === undefined || turn.status !== 'running') return { kind: 'idle' };
  const rows = store.spans.turnOutline(view.row, turn.id);
  const running = rows.findLast(({ kind, status }) => kind === 'execute_tool' && status === 'running');
  const span = running === undefined ? undefined : store.spans.span(view.source, running.spanId)?.span;
  const begun = turn.startTime ?? '';
  if (span !== undefined) return { kind: 'tool', name: nameOf(store, view, span), since: span.startTime ?? begun };
  const last = rows.reduce((latest, { start, end }) => Math.max(latest, end ?? start ?? 0), 0);
  return { kind: 'model', since: last === 0 ? begun : new Date(last).toISOString() };
}

const shells: ReadonlySet<string> = new Set(['exec', 'bash']);

/** Of a command the program, since "exec" says nothing of what it is that takes so long. */
function nameOf(store: Store, view: SessionView, span: Span): string {
  const name = String(span.attributes['gen_ai.tool.name'] ?? span.name);
  if (!shells.has(name)) return name;
  const command = asString(asObject(spanPayload(store, view.row, span).args)?.['command']);
  return (command === null ? null : programOf(command)) ?? name;
}

/** By the ledger, so that it is the same cent as everywhere; what cost most first. */
function byModel(store: Store, view: SessionView): StatusView['byModel'] {
  const models = new Map<string, { readonly sum: SpendSum; readonly bases: Set<string> }>();
  for (const group of store.ledger.groups({ sources: [view.source], sessions: [view.row], from: null, to: null })) {
    const name = store.ledger.modelName(group.model).model ?? 'unknown model';
    const known = models.get(name) ?? { sum: new SpendSum(), bases: new Set<string>() };
    known.sum.add(group);
    known.bases.add(group.basis);
    models.set(name, known);
  }
  return [...models]
    .map(([model, { sum, bases }]) => {
      const { calls, usd } = sum.spend;
      return { model, calls, tokens: sum.tokens, usd, basis: [...bases].sort().join(', ') };
    })
    .sort((a, b) => (b.usd ?? -1) - (a.usd ?? -1) || b.tokens - a.tokens);
}

export function statusOf(
  store: Store,
  sourceId: string,
  sandbox: string,
  view: SessionView,
  cost: CostNow & Pick<StatusView, 'budgets' | 'forecast'>,
): StatusView {
  const { usage } = view.info.totals;
  return {
    sourceId,
    sandbox,
    session: view.info,
    now: nowOf(store, view),
    tokens: usage.input + usage.cacheRead + usage.cacheWrite + usage.output,
    byModel: byModel(store, view),
    ...cost,
  };
}
