/** What is worth a look among what things cost, and what a running turn will come to. Bounded, and never long at a stretch. */
import { isoTime } from '../model/isoTime';
import type { Insight, InsightsAnswer, InsightsQuery } from '../protocol/insight';
import type { TurnForecast } from '../protocol/messages';
import type { SessionView } from '../store/sessions';
import type { Store } from '../store/store';
import { anomaliesOf, nearest } from '../usage/insight/anomalies';
import type { Anomaly } from '../usage/insight/anomalies';
import { forecastOf } from '../usage/insight/forecast';
import { tokensOf, usdOf } from '../usage/insight/runs';
import type { CostSource } from './costs';
import { runOfTurn, runsOf } from './runs';
import type { AgentRuns } from './runs';
import { redundantIn, unusedAnswer } from './wasted';

export const insightsLimit = 100;
/** Of one agent, those last written in: what was done in vain is looked for in these. */
const sessionsLooked = 100;
/** Histories and sessions whose insight is remembered; of more, those asked for longest ago are forgotten. */
const historiesKept = 32;
const sessionsKept = 1000;
/** Then others have their turn. */
const runsAtOnce = 25;
/** A history may be this old for a forecast: it is asked for with every step of a turn, and one more run changes little. */
const historyMs = 30_000;

export class Insights {
  static readonly #ofStore = new WeakMap<Store, Insights>();
  readonly #store: Store;
  readonly #histories = new Map<string, { readonly at: number; readonly runs: AgentRuns }>();
  readonly #wasted = new Map<number, { readonly revision: number; readonly insights: readonly Insight[] }>();

  constructor(store: Store) {
    this.#store = store;
  }

  /** What was worked out is remembered for all who ask of a store. */
  static of(store: Store): Insights {
    let insights = this.#ofStore.get(store);
    if (insights === undefined) this.#ofStore.set(store, (insights = new Insights(store)));
    return insights;
  }

  /** null: no turn of it runs, or too little is known of its like. */
  forecast(source: CostSource, view: SessionView): TurnForecast | null {
    if (view.info.status !== 'running' || view.info.state !== 'live') return null;
    const turn = this.#store.spans.lastTurn(view.row)?.span;
    if (turn === undefined || turn.status !== 'running') return null;
    const { agent, id } = view.info;
    const run = runOfTurn(this.#store, source, agent, { row: view.row, session: id }, turn.id);
    if (run === null) return null;
    const found = forecastOf(run, this.#history(source, agent).runs);
    if (found === null) return null;
    const { unit, soFar, median, low, high, of } = found;
    return { unit, soFar, median, low, high, of };
  }

  /** `sources`: all that may be meant. Between sessions others have their turn. */
  async answer({ scope, limit }: InsightsQuery, sources: readonly CostSource[], signal: AbortSignal): Promise<InsightsAnswer> {
    const meant = scope.sourceId === null ? sources : sources.filter(({ id }) => id === scope.sourceId);
    const insights: Insight[] = [];
    let cut = false;
    for (const source of meant) {
      for (const agent of this.#store.runs.agentsOf(source.row)) {
        const history = runsOf(this.#store, source, agent);
        this.#remember(source, agent, history);
        cut ||= history.cut;
        const asked = history.runs.filter(({ sessionId }) => scope.sessionId === null || sessionId === scope.sessionId);
        const anomalies: Anomaly[] = [];
        for (const [index, run] of asked.entries()) {
          anomalies.push(...anomaliesOf(run, history.runs));
          if (index % runsAtOnce === 0) await others(signal);
        }
        insights.push(...nearest(anomalies).map(unusual));
        const sessions = this.#store.runs.sessionsOf(source.row, agent, sessionsLooked);
        cut ||= sessions.length === sessionsLooked;
        for (const { row, session } of sessions) {
          if (scope.sessionId !== null && session !== scope.sessionId) continue;
          insights.push(...this.#wastedIn(source, row));
          await others(signal);
        }
      }
    }
    const from = scope.from === null ? -Infinity : Date.parse(scope.from);
    const to = scope.to === null ? Infinity : Date.parse(scope.to);
    const bounded = scope.from !== null || scope.to !== null;
    const within = insights.filter(({ start }) => (start === null ? !bounded : Date.parse(start) >= from && Date.parse(start) < to));
    const once = [...new Map(within.toSorted(dearestFirst).map((insight) => [keyOf(insight), insight])).values()];
    const shown = Math.max(0, Math.min(limit, insightsLimit));
    return { insights: once.slice(0, shown), cut: cut || once.length > shown };
  }

  #history(source: CostSource, agent: string): AgentRuns {
    const known = this.#histories.get(`${source.row} ${agent}`);
    if (known !== undefined && performance.now() - known.at < historyMs) return known.runs;
    const runs = runsOf(this.#store, source, agent);
    this.#remember(source, agent, runs);
    return runs;
  }

  #remember({ row }: CostSource, agent: string, runs: AgentRuns): void {
    const key = `${row} ${agent}`;
    this.#histories.delete(key);
    this.#histories.set(key, { at: performance.now(), runs });
    for (const oldest of this.#histories.keys()) if (this.#histories.size > historiesKept) this.#histories.delete(oldest);
  }

  #wastedIn(source: CostSource, row: number): readonly Insight[] {
    return this.#store.snapshot(() => {
      const view = this.#store.sessions.byRow(row);
      if (view === null) return [];
      const known = this.#wasted.get(row);
      // Whether an answer was used is up to its parent, which has a revision of its own.
      const answer = unusedAnswer(this.#store, source, view);
      const redundant = known?.revision === view.revision ? known.insights : redundantIn(this.#store, source, view);
      this.#wasted.delete(row);
      this.#wasted.set(row, { revision: view.revision, insights: redundant });
      for (const oldest of this.#wasted.keys()) if (this.#wasted.size > sessionsKept) this.#wasted.delete(oldest);
      return answer === null ? redundant : [...redundant, answer];
    });
  }
}

function unusual({ run, measure, value, usual, times, of, grew }: Anomaly): Insight {
  const all = [...run.calls, ...run.below];
  const usd = usdOf(all);
  return {
    kind: 'unusual',
    session: { sourceId: run.sourceId, sessionId: run.sessionId },
    span: run.turnId === null ? null : { sourceId: run.sourceId, spanId: run.turnId },
    agent: run.agent,
    start: isoTime(run.start),
    usd: usd?.value ?? null,
    tokens: tokensOf(all)?.value ?? null,
    bases: usd?.bases ?? [],
    of: run.kind,
    trigger: run.trigger,
    measure,
    value,
    usual,
    compared: of,
    times,
    running: !run.ended,
    grew,
  };
}

/** The same session attached twice, as a recording and a sandbox, is told of once. */
function keyOf(insight: Insight): string {
  const what = insight.kind === 'unusual' ? insight.measure : insight.kind === 'redundantCalls' ? insight.tool : '';
  return JSON.stringify([insight.kind, what, insight.agent, insight.session.sessionId, insight.span?.spanId ?? null]);
}

function dearestFirst(a: Insight, b: Insight): number {
  const key = ({ session, span }: Insight): string => `${session.sessionId} ${span?.spanId ?? ''}`;
  return (b.usd ?? -1) - (a.usd ?? -1) || (b.tokens ?? -1) - (a.tokens ?? -1) || (key(a) < key(b) ? -1 : 1);
}

/** Lets others have their turn. */
async function others(signal: AbortSignal): Promise<void> {
  await new Promise(setImmediate);
  signal.throwIfAborted();
}
