/** What the agent in view does now, and what its session cost. */
import type { StatusView } from '../protocol/messages';
import type { SessionView } from '../store/sessions';
import type { Store } from '../store/store';
import { asObject, asString } from '../decode/json';
import type { Span } from '../protocol/document';
import { spanPayload } from './payload';
import { programOf } from './program';

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

/** Sums by model are for a tooltip: of a session that streams they may be this old. */
const byModelMs = 2000;
const byModelKept = 32;

/** Sums by model of the sessions last asked for. */
export class ModelSums {
  readonly #kept = new Map<number, { readonly revision: number; readonly at: number; readonly sums: StatusView['byModel'] }>();

  of(store: Store, view: SessionView): StatusView['byModel'] {
    const known = this.#kept.get(view.row);
    if (known !== undefined && (known.revision === view.revision || performance.now() - known.at < byModelMs)) return known.sums;
    const sums = byModel(store, view);
    this.#kept.delete(view.row);
    this.#kept.set(view.row, { revision: view.revision, at: performance.now(), sums });
    for (const oldest of this.#kept.keys()) if (this.#kept.size > byModelKept) this.#kept.delete(oldest);
    return sums;
  }
}

function byModel(store: Store, view: SessionView): StatusView['byModel'] {
  const models = new Map<string, { calls: number; tokens: number; usd: number | null; bases: Set<string> }>();
  for (const { span } of store.spans.ofKind(view.row, 'chat')) {
    if (span.attributes['sandglass.inherited'] === true) continue;
    const model = String(span.attributes['gen_ai.request.model'] ?? 'unknown model');
    const sum = models.get(model) ?? { calls: 0, tokens: 0, usd: null, bases: new Set<string>() };
    sum.calls += 1;
    sum.tokens += Number(span.attributes['gen_ai.usage.input_tokens'] ?? 0) + Number(span.attributes['gen_ai.usage.output_tokens'] ?? 0);
    const usd = span.attributes['sandglass.cost.usd'];
    if (typeof usd === 'number') sum.usd = (sum.usd ?? 0) + usd;
    sum.bases.add(String(span.attributes['sandglass.cost.basis'] ?? 'unknown'));
    models.set(model, sum);
  }
  return [...models].map(([model, { calls, tokens, usd, bases }]) => ({ model, calls, tokens, usd, basis: [...bases].sort().join(', ') }));
}

export function statusOf(store: Store, sums: ModelSums, sourceId: string, sandbox: string, view: SessionView): StatusView {
  const { usage } = view.info.totals;
  return {
    sourceId,
    sandbox,
    session: view.info,
    now: nowOf(store, view),
    tokens: usage.input + usage.cacheRead + usage.cacheWrite + usage.output,
    byModel: sums.of(store, view),
  };
}
