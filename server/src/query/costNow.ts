/** What the status bar says of cost beside the session itself: what today came to, and which calls cost most. */
import { isoTime } from '../model/isoTime';
import type { DearCall, StatusView } from '../protocol/messages';
import type { LedgerCall } from '../store/ledger';
import type { SessionView } from '../store/sessions';
import type { Store } from '../store/store';
import type { LocalDay } from '../usage/localDay';
import type { Costs, CostSource } from './costs';

export type CostNow = Pick<StatusView, 'dearest' | 'today' | 'todayBySandbox'>;

type Today = Omit<CostNow, 'dearest'> & { readonly dearest: readonly DearCall[] };

const dearestShown = 3;
/** A call of a recording and its container is there twice. */
const dearestAsked = 2 * dearestShown;
const sandboxesShown = 8;
/** Of what streams the menu may be this old. */
const todayMs = 1000;

export class CostsNow {
  readonly #store: Store;
  readonly #costs: Costs;
  #kept: { readonly key: string; readonly at: number; readonly today: Today } | null = null;

  constructor(store: Store, costs: Costs) {
    this.#store = store;
    this.#costs = costs;
  }

  /** `attached`: of which sources today's calls count. `sourceId`: of the session. */
  of(view: SessionView, sourceId: string, attached: readonly CostSource[], day: LocalDay): CostNow {
    const { dearest, ...today } = this.#ofToday(attached, day);
    const scope = { sources: [view.source], sessions: [view.row], from: null, to: null };
    const session = this.#store.ledger.dearest(scope, dearestShown).map((call) => this.#dear(call, sourceId));
    return { ...today, dearest: { session, today: dearest } };
  }

  #ofToday(attached: readonly CostSource[], day: LocalDay): Today {
    const key = JSON.stringify([attached, day]);
    if (this.#kept?.key === key && performance.now() - this.#kept.at < todayMs) return this.#kept.today;
    const today = this.#store.snapshot(() => this.#askToday(attached, day));
    this.#kept = { key, at: performance.now(), today };
    return today;
  }

  #askToday(attached: readonly CostSource[], { from, to }: LocalDay): Today {
    const scope = { sourceId: null, sessionId: null, withSubagents: false, from: isoTime(from), to: isoTime(to) };
    const { total, rows } = this.#costs.answer({ scope, by: 'session', limit: Infinity, timeZone: 'UTC' }, attached);
    if (total.calls === 0) return { today: null, todayBySandbox: [], dearest: [] };
    // Only of what was at work today the calls are looked through: a history may be long.
    const sessions = rows.flatMap(({ session }) => {
      const source = attached.find(({ id }) => id === session?.sourceId);
      return source === undefined || session === null
        ? []
        : this.#store.sessions.named(source.row, session.sessionId).map(({ row }) => row);
    });
    const sources = attached.map(({ row }) => row);
    const seen = new Set<string>();
    const dearest = this.#store.ledger.dearest({ sources, sessions, from, to }, dearestAsked).flatMap((call) => {
      if (seen.has(call.spanId)) return [];
      seen.add(call.spanId);
      const source = attached.find(({ row }) => row === call.source);
      return source === undefined ? [] : [this.#dear(call, source.id)];
    });
    return { today: total, todayBySandbox: this.#bySandbox(attached, scope), dearest: dearest.slice(0, dearestShown) };
  }

  #bySandbox(attached: readonly CostSource[], scope: Parameters<Costs['answer']>[0]['scope']): CostNow['todayBySandbox'] {
    return attached
      .map(({ id, name }) => {
        const { total } = this.#costs.answer({ scope: { ...scope, sourceId: id }, by: 'sandbox', limit: 1, timeZone: 'UTC' }, attached);
        return { sourceId: id, sandbox: name, spend: total };
      })
      .filter(({ spend }) => spend.calls > 0)
      .sort((a, b) => (b.spend.usd ?? -1) - (a.spend.usd ?? -1) || b.spend.calls - a.spend.calls)
      .slice(0, sandboxesShown);
  }

  #dear(call: LedgerCall, sourceId: string): DearCall {
    return {
      sourceId,
      spanId: call.spanId,
      model: this.#store.ledger.modelName(call.model).model,
      usd: call.micro / 1e6 + call.pico / 1e12,
      basis: call.basis,
      tokens: call.input + call.output + call.cacheRead + call.cacheWrite,
      time: isoTime(call.start),
    };
  }
}
