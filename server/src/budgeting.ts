/**
 * The budgets of this window: how much of each is used, worked out anew for what changed, and whoever is to be told of one. Of several
 * windows that share a store, the one that claims a telling in it tells it; what stands among the problems, each window shows.
 */
import { createHash } from 'node:crypto';
import type { Hub } from './collect/hub';
import type { OpenSource } from './collect/roster';
import { isWatched } from './problems';
import type { BudgetNotice, Budgets, BudgetState } from './protocol/cost';
import type { AskCosts, BudgetReading } from './query/budgets';
import { sessionBudgets, turnDrivers, wideBudgets } from './query/budgets';
import type { SessionView } from './store/sessions';
import type { Store } from './store/store';
import { toldNames, worstFirst } from './usage/budgets';
import type { LocalDay } from './usage/localDay';
import { localDay } from './usage/localDay';

const roundMs = 500;
/** A long history takes long to add up: of all time no more than this share goes to budgets. */
const shareOfTime = 0.1;
/** The clock is looked at so often for the end of the day: a machine that slept tells no timer that a day is over. */
const dayLookMs = 5 * 60_000;
/** Sessions that are looked at, those last written in, for each source: those whose problems are shown. */
const sessionsLooked = 50;
/** A turn or session that ended longer ago is told of among the problems alone. */
const newsMs = 24 * 3_600_000;
const toldRemembered = 10_000;

export interface BudgetingOptions {
  readonly store: Store;
  readonly hub: Pick<Hub, 'all' | 'get' | 'node' | 'settings' | 'trusted'>;
  readonly costs: AskCosts;
  readonly folders: () => readonly string[];
  readonly tell: (notice: BudgetNotice) => void;
  /** Other things are to be said of the budgets that stand with this session. */
  readonly onChange: (row: number) => void;
  /** More or less is used than before, or it is another day. */
  readonly onStates: () => void;
  readonly onError: (error: unknown) => void;
  readonly now?: () => number;
  readonly timeZone?: string;
}

export class Budgeting implements Disposable {
  readonly #options: BudgetingOptions;
  #timer: NodeJS.Timeout | null = null;
  /** When the next round may begin. */
  #next = -Infinity;
  /** Where days begin. */
  readonly timeZone: string;
  readonly #now: () => number;
  readonly #dirty = new Set<number>();
  /** Of turns and the session, by its row; bounded by sessionsLooked for each open source. */
  readonly #ofSessions = new Map<number, readonly BudgetReading[]>();
  #wide: readonly BudgetReading[] = [];
  /** What stands with which session, as it was last told to whoever shows it. */
  #placed = new Map<number, readonly BudgetReading[]>();
  /** Names of what was told already, by whomever. */
  readonly #told = new Set<string>();
  #day: LocalDay | null = null;
  #dayTimer: NodeJS.Timeout | null = null;
  #limits = '';
  #states = '';

  constructor(options: BudgetingOptions) {
    this.#options = options;
    this.timeZone = options.timeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
    this.#now = options.now ?? Date.now;
  }

  /** A session changed. */
  touch(row: number): void {
    this.#dirty.add(row);
    this.refresh();
  }

  /** Sources or settings are other than before. */
  refresh(): void {
    this.#timer ??= setTimeout(
      () => {
        this.#timer = null;
        const began = performance.now();
        try {
          this.#round();
        } catch (error) {
          this.#options.onError(error);
        }
        const ended = performance.now();
        this.#next = Math.max(began + roundMs, ended + (ended - began) / shareOfTime);
      },
      Math.max(0, this.#next - performance.now()),
    );
  }

  /** What is warned of, or passed, and stands with this session. */
  placedAt(row: number): readonly BudgetReading[] {
    return this.#placed.get(row) ?? [];
  }

  /** All that a session is in now, with its last turn, as far as that was worked out. */
  statesFor(view: SessionView, sourceId: string): readonly BudgetState[] {
    const own = this.#ofSessions.get(view.row) ?? [];
    const last = own.length === 0 ? null : this.#options.store.spans.lastTurn(view.row)?.span.id;
    return [...own, ...this.#wide]
      .map(({ state }) => state)
      .filter((state) => state.sourceId === null || state.sourceId === sourceId)
      .filter(({ kind, span }) => kind !== 'turn' || span?.spanId === last);
  }

  #round(): void {
    const { hub, store } = this.#options;
    const budgets = hub.settings.budgets ?? {};
    const limits = JSON.stringify(budgets);
    const fresh = limits !== this.#limits;
    this.#limits = limits;
    const watched = hub.all().filter(isWatched);
    const rows = new Map<number, OpenSource>();
    if (budgets.turn !== undefined || budgets.session !== undefined)
      for (const source of watched) for (const row of store.sessions.newest(source.row, sessionsLooked)) rows.set(row, source);
    const dirty = this.#withParents();
    for (const row of this.#ofSessions.keys()) if (!rows.has(row)) this.#ofSessions.delete(row);
    for (const [row, source] of rows)
      if (fresh || dirty.has(row) || !this.#ofSessions.has(row)) this.#ofSessions.set(row, this.#ofSession(budgets, source, row));
    this.#day = watched.length === 0 ? null : localDay(this.#now(), this.timeZone);
    this.#wide = this.#widely(budgets, watched);
    this.#place(watched);
    this.#tell(rows);
    const states = JSON.stringify([this.#day, this.#wide, [...this.#ofSessions]]);
    if (states !== this.#states) this.#options.onStates();
    this.#states = states;
    this.#lookAgain();
  }

  /** What is spent in a session is spent in those above it too. */
  #withParents(): ReadonlySet<number> {
    const { sessions } = this.#options.store;
    const all = new Set<number>();
    const waiting = [...this.#dirty];
    this.#dirty.clear();
    for (let row = waiting.pop(); row !== undefined; row = waiting.pop()) {
      if (all.has(row)) continue;
      all.add(row);
      const view = sessions.byRow(row);
      const parent = view?.info.parentSessionId ?? null;
      if (view !== null && parent !== null) waiting.push(...sessions.named(view.source, parent).map((above) => above.row));
    }
    return all;
  }

  #ofSession(budgets: Budgets, source: OpenSource, row: number): readonly BudgetReading[] {
    const { costs, store } = this.#options;
    const view = store.sessions.byRow(row);
    if (view === null) return [];
    const session = { sourceId: source.id, sessionId: view.info.id };
    const last = store.spans.lastTurn(row)?.span;
    const lastTurn = last === undefined ? null : { id: last.id, start: last.startTime };
    return sessionBudgets(costs, budgets, session, lastTurn, this.timeZone, ({ spanId }, unit) => turnDrivers(store, row, spanId, unit));
  }

  #widely(budgets: Budgets, watched: readonly OpenSource[]): readonly BudgetReading[] {
    const { costs } = this.#options;
    if (watched.length === 0) return [];
    const all = { sourceId: null, day: null };
    return [
      ...watched.flatMap(({ id }) => wideBudgets(costs, budgets, 'sandbox', { sourceId: id, day: null }, this.timeZone)),
      ...(this.#day === null ? [] : wideBudgets(costs, budgets, 'day', { sourceId: null, day: this.#day }, this.timeZone)),
      ...wideBudgets(costs, budgets, 'workspace', all, this.timeZone),
    ];
  }

  /** Each with the session that it is of, or that took most of it; that one's problems may be too old to be shown. */
  #place(watched: readonly OpenSource[]): void {
    const placed = new Map<number, BudgetReading[]>();
    const put = (row: number, reading: BudgetReading): void => void (placed.get(row) ?? placed.set(row, []).get(row))?.push(reading);
    for (const [row, readings] of this.#ofSessions) for (const reading of readings) if (reading.state.level !== null) put(row, reading);
    for (const reading of this.#wide) {
      const row = reading.state.level === null ? null : this.#rowOf(reading.state, watched);
      if (row !== null) put(row, reading);
    }
    const before = this.#placed;
    this.#placed = placed;
    for (const row of new Set([...before.keys(), ...placed.keys()]))
      if (JSON.stringify(before.get(row)) !== JSON.stringify(placed.get(row))) this.#options.onChange(row);
  }

  #rowOf({ session, sourceId }: BudgetState, watched: readonly OpenSource[]): number | null {
    const { sessions } = this.#options.store;
    const source = watched.find(({ id }) => id === (session?.sourceId ?? sourceId)) ?? watched.find(({ kind }) => kind !== 'sample');
    if (source === undefined) return null;
    const shown = sessions.newest(source.row, sessionsLooked);
    const row = session === null ? null : (sessions.bySession(source.row, session.sessionId)?.row ?? null);
    return row !== null && shown.includes(row) ? row : (shown[0] ?? null);
  }

  /** Told together: whatever came to a level in one round is one notice, of the worst. */
  #tell(rows: ReadonlyMap<number, OpenSource>): void {
    const news = [
      ...[...this.#ofSessions].flatMap(([row, readings]) => {
        const source = rows.get(row);
        return source !== undefined && this.#isNews(source, row) ? readings : [];
      }),
      ...this.#wide.filter(({ state }) => this.#isSettled(state)),
    ];
    const told = news.filter(({ state }) => this.#claim(toldNames(state, this.#subjectOf(state), this.#periodOf(state)), state));
    const [worst, ...others] = told.sort((a, b) => worstFirst(a.state, b.state));
    const level = worst?.state.level ?? null;
    if (worst === undefined || level === null) return;
    const source = this.#options.hub.get(worst.state.session?.sourceId ?? worst.state.sourceId ?? '');
    this.#options.tell({
      state: worst.state,
      level,
      drivers: worst.drivers,
      sandbox: source === null ? null : this.#options.hub.node(source).name,
      pausable: source !== null && this.#isPausable(source),
      others: others.length,
    });
  }

  /** Asked of the store once for each: whoever claims it holds up all others for a moment. What is long past stays so, and is not claimed. */
  #claim(names: readonly string[], state: BudgetState): boolean {
    const [first] = names;
    if (first === undefined || this.#told.has(first)) return false;
    if (this.#told.size >= toldRemembered) this.#told.clear();
    this.#told.add(first);
    return !this.#isOldTurn(state) && this.#options.store.told.claim(names);
  }

  /** A session may go on for weeks, and be news, when its first turns are none. */
  #isOldTurn({ session, span }: BudgetState): boolean {
    const source = session === null ? null : this.#options.hub.get(session.sourceId);
    const turn = source === null || span === null ? undefined : this.#options.store.spans.span(source.row, span.spanId)?.span;
    if (turn === undefined || turn.status === 'running') return false;
    const time = Date.parse(turn.endTime ?? turn.startTime ?? '');
    return !(this.#now() - time < newsMs);
  }

  /** The sample spends nobody's money; what is long past is no news, and what is still being read may yet come to more. */
  #isNews(source: OpenSource, row: number): boolean {
    if (source.kind === 'sample' || isComing(source)) return false;
    const info = this.#options.store.sessions.byRow(row)?.info;
    if (info === undefined) return false;
    const time = Date.parse(info.endTime ?? info.startTime ?? '');
    return (info.status === 'running' && info.state === 'live') || this.#now() - time < newsMs;
  }

  #isSettled({ sourceId }: BudgetState): boolean {
    const sources = this.#options.hub.all().filter((source) => isWatched(source) && (sourceId === null || source.id === sourceId));
    return sources.every((source) => !isComing(source)) && sources.some(({ kind }) => kind !== 'sample');
  }

  #isPausable(source: OpenSource): boolean {
    const { hub } = this.#options;
    return hub.trusted && source.kind === 'container' && hub.node(source).state === 'running';
  }

  /** What tells it from all others of its kind, the same in every window that would tell of it. */
  #subjectOf({ kind, session, span, sourceId }: BudgetState): string {
    switch (kind) {
      case 'turn':
        return span?.spanId ?? '';
      case 'session':
        return JSON.stringify(session);
      case 'sandbox':
        return sourceId ?? '';
      case 'day':
        return '';
      case 'workspace':
        return createHash('sha256')
          .update(JSON.stringify([...this.#options.folders()].sort()))
          .digest('hex');
    }
  }

  #periodOf({ kind }: BudgetState): string | null {
    return kind === 'day' ? (this.#day?.name ?? null) : null;
  }

  #lookAgain(): void {
    if (this.#dayTimer !== null) clearTimeout(this.#dayTimer);
    this.#dayTimer = null;
    if (this.#day === null) return;
    const left = this.#day.to - this.#now();
    this.#dayTimer = setTimeout(() => this.refresh(), Math.max(1, Math.min(left, dayLookMs)));
    this.#dayTimer.unref();
  }

  [Symbol.dispose](): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#dayTimer !== null) clearTimeout(this.#dayTimer);
  }
}

/** What was there before is being read, and nothing is shown of it until its end. */
function isComing({ state }: OpenSource): boolean {
  return state.kind === 'attaching' && state.follows !== true;
}
