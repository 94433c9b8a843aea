/** What the agent in view does now, and what its session cost. */
import type { StatusView } from '../protocol/messages';
import type { SessionView } from '../store/sessions';
import type { Store } from '../store/store';

export type StatusNow = StatusView['now'];

/** A running session waits for the model unless a call runs; a session that is not running is idle. */
export function nowOf(store: Store, view: SessionView): StatusNow {
  if (view.info.status !== 'running' || view.info.state !== 'live') return { kind: 'idle' };
  const turn = store.sessions.ofKind(view.row, 'invoke_agent').at(-1);
  if (turn?.span.status !== 'running') return { kind: 'idle' };
  const rows = store.sessions.ofTurn(view.row, turn.span.id, -1);
  const running = rows.findLast(({ span }) => span.kind === 'execute_tool' && span.status === 'running');
  if (running !== undefined) {
    return {
      kind: 'tool',
      name: String(running.span.attributes['gen_ai.tool.name'] ?? running.span.name),
      since: running.span.startTime ?? turn.span.startTime ?? '',
    };
  }
  const last = rows.reduce((latest, { span }) => {
    const end = span.endTime ?? span.startTime ?? '';
    return end > latest ? end : latest;
  }, turn.span.startTime ?? '');
  return { kind: 'model', since: last };
}

export function statusOf(store: Store, sourceId: string, sandbox: string, view: SessionView): StatusView {
  const byModel = new Map<string, { calls: number; tokens: number; usd: number | null; bases: Set<string> }>();
  for (const { span } of store.sessions.ofKind(view.row, 'chat')) {
    if (span.attributes['sandglass.inherited'] === true) continue;
    const model = String(span.attributes['gen_ai.request.model'] ?? 'unknown model');
    const sum = byModel.get(model) ?? { calls: 0, tokens: 0, usd: null, bases: new Set<string>() };
    sum.calls += 1;
    sum.tokens += Number(span.attributes['gen_ai.usage.input_tokens'] ?? 0) + Number(span.attributes['gen_ai.usage.output_tokens'] ?? 0);
    const usd = span.attributes['sandglass.cost.usd'];
    if (typeof usd === 'number') sum.usd = (sum.usd ?? 0) + usd;
    sum.bases.add(String(span.attributes['sandglass.cost.basis'] ?? 'unknown'));
    byModel.set(model, sum);
  }
  const { usage } = view.info.totals;
  return {
    sourceId,
    sandbox,
    session: view.info,
    now: nowOf(store, view),
    tokens: usage.input + usage.cacheRead + usage.cacheWrite + usage.output,
    byModel: [...byModel].map(([model, { calls, tokens, usd, bases }]) => ({
      model,
      calls,
      tokens,
      usd,
      basis: [...bases].sort().join(', '),
    })),
  };
}
