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
const sandboxesShown = 8;
/** Of what streams it may be this old; and older where it takes long to add up, so that no more than this share of all time goes to it. */
const todayMs = 1000;
const shareOfTime = 0.05;

export class CostsNow implements Disposable {
  readonly #store: Store;
  readonly #costs: Costs;
  readonly #onLater: () => void;
  #changed = true;
  #timer: NodeJS.Timeout | null = null;
  #kept: { readonly key: string; readonly until: number; readonly today: Today } | null = null;

  /** `onLater`: what was answered last is too old by now, and was asked for again too soon: whoever shows it asks once more. */
  constructor(store: Store, costs: Costs, onLater: () => void) {
    this.#store = store;
    this.#costs = costs;
    this.#onLater = onLater;
  }

  /** Something is other than before. */
  changed(): void {
    this.#changed = true;
  }

  [Symbol.dispose](): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
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
    const began = performance.now();
    if (this.#kept?.key === key) {
      const early = this.#kept.until - began;
      if (this.#changed && early > 0) this.#askLater(early);
      if (!this.#changed || early > 0) return this.#kept.today;
    }
    this.#changed = false;
    const today = this.#store.snapshot(() => this.#askToday(attached, day));
    const ended = performance.now();
    this.#kept = { key, until: ended + Math.max(todayMs, (ended - began) / shareOfTime), today };
    return today;
  }

  #askLater(ms: number): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.#onLater();
    }, ms);
  }

  #askToday(attached: readonly CostSource[], { from, to }: LocalDay): Today {
    const scope = { sourceId: null, sessionId: null, withSubagents: false, from: isoTime(from), to: isoTime(to) };
    const { total, rows } = this.#costs.answer({ scope, by: 'sandbox', limit: sandboxesShown, timeZone: 'UTC' }, attached);
    if (total.calls === 0) return { today: null, todayBySandbox: [], dearest: [] };
    const todayBySandbox = rows.map(({ label, spend }) => ({ sandbox: label ?? '', spend }));
    return { today: total, todayBySandbox, dearest: this.#dearestOf(attached, from, to) };
  }

  #dearestOf(attached: readonly CostSource[], from: number, to: number): readonly DearCall[] {
    const { ledger } = this.#store;
    const sources = attached.map(({ row }) => row);
    const { single, twins } = ledger.sessionsOf(sources);
    // Only of what was at work today the calls are looked through: a history may be long.
    const groups = ledger.groups({ sources, sessions: [...single, ...twins.flat()], from, to });
    const sessions = [...new Set(groups.map(({ session }) => session))];
    return ledger.dearest({ sources, sessions, from, to }, dearestShown).flatMap((call) => {
      const source = attached.find(({ row }) => row === call.source);
      return source === undefined ? [] : [this.#dear(call, source.id)];
    });
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
