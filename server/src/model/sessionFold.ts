/**
 * The fold of one session as it grows: takes what is new, and makes the spans that this touches. What a session comes to is
 * defined by running it over everything; what does not come after all that is known is refused, and is folded anew.
 */
import type { SessionState, SessionStatus, SessionTotals, Trigger } from '../protocol/document';
import type { AccountFor } from './account';
import { ArgumentHints } from './argumentHints';
import { ActiveBranch } from './branch';
import type { Entry, IndexEvent, NestedToolEntry, SessionEvent, SessionHeader, ToolShape } from './events';
import { spanId } from './ids';
import { EntryOrder, firstOf } from './order';
import type { Standing } from './order';
import { firstWhere, Runs, withToolTime } from './runs';
import type { Run, ToolTimes } from './runs';
import { sessionStatus } from './sessionStatus';
import { answeredAt, entryOf, SpanMaker } from './spanMaker';
import type { FoldState, MadeSpan } from './spanMaker';
import { Totals } from './totals';
import { Assembler } from './turns';
import type { CallDraft, Draft, Ownership, TurnDraft } from './turns';
import { matchRun, turnView } from './turnSpan';
import type { TurnView } from './turnSpan';

/** What stands beside a session's events now. */
export interface Surroundings {
  /** What the session index says of it. */
  readonly index: IndexEvent | null;
  readonly state: SessionState;
  /** The call that spawned this session, when it is known: its turns hang under it. */
  readonly spawnedBy: { readonly spanId: string; readonly session: string } | null;
  /** Session that has the key `spawnedBy` of the index names, when no spawning call is known. */
  readonly parentSession: string | null;
}

/** A session without its spans. */
export interface SessionFacts {
  readonly id: string;
  readonly agent: string;
  readonly key: string | null;
  readonly title: string | null;
  readonly trigger: Trigger;
  readonly state: SessionState;
  readonly status: SessionStatus;
  readonly parentSessionId: string | null;
  readonly previousSessionId: string | null;
  readonly startTime: number | null;
  readonly endTime: number | null;
  readonly totals: SessionTotals;
  readonly workspaceDir: string | null;
}

export interface FoldStep {
  readonly facts: SessionFacts;
  /** When the session was last written in. */
  readonly lastTime: number | null;
  /** New, or perhaps other than before. A span once made stays: only a fold anew may do without it. */
  readonly spans: readonly MadeSpan[];
}

/** Hears of a session's calls in the order of its entries, each once: the same of a fold over everything as of one step by step. */
export interface Watch {
  made(draft: Draft): void;
  answered(call: CallDraft, result: NonNullable<CallDraft['result']>): void;
}

export class SessionFold {
  readonly #agent: string;
  readonly #session: string;
  readonly #account: AccountFor;
  readonly #watch: Watch | null;
  readonly #order = new EntryOrder();
  readonly #branch = new ActiveBranch();
  readonly #runs = new Runs();
  readonly #totals: Totals;
  readonly #assembler: Assembler;
  readonly #drafts: Draft[] = [];
  readonly #turns: TurnDraft[] = [];
  /** By the time of their first entry: those that may be found by it alone. */
  readonly #timedTurns: TurnDraft[] = [];
  readonly #nested = new Map<string, NestedToolEntry>();
  readonly #toolTimes = new Map<string, ToolTimes>();
  readonly #hints = new ArgumentHints();
  /** Tools of whose arguments more is known than when their calls were made. */
  readonly #described = new Set<string>();
  readonly #views = new Map<TurnDraft, TurnView>();
  readonly #runOf = new Map<TurnDraft, Run | null>();
  readonly #nextTurn = new Map<TurnDraft, TurnDraft>();
  /** When each turn was over, as its calls without an end were made with. */
  readonly #overAt = new Map<TurnDraft, number | null>();
  /** By turn, those with a result that tells no time. */
  readonly #untimed = new Map<TurnDraft, Set<CallDraft>>();
  #header: SessionHeader | null = null;
  #firstOwn: TurnDraft | null = null;
  #firstTime: number | null = null;
  #lastTime: number | null = null;

  // What the spans made last were made with.
  #running: TurnDraft | null = null;
  #key: string | null = null;
  #spawnedBy: string | null = null;
  #workspaceDir: string | null = null;

  // What is to be looked at again.
  readonly #touched = new Set<Draft>();
  readonly #rematch = new Set<TurnDraft>();

  constructor(agent: string, session: string, account: AccountFor, watch: Watch | null = null) {
    this.#agent = agent;
    this.#session = session;
    this.#account = account;
    this.#watch = watch;
    this.#totals = new Totals(account);
    this.#assembler = new Assembler({
      made: (draft) => this.#made(draft),
      changed: (draft) => void this.#touched.add(draft),
      answered: (call, result) => {
        this.#totals.answered(call, result);
        this.#watch?.answered(call, result);
        this.#touched.add(call);
        if (answeredAt(call) !== null) return;
        const others = this.#untimed.get(call.turn);
        if (others === undefined) this.#untimed.set(call.turn, new Set([call]));
        else others.add(call);
      },
      ran: (turn) => void this.#rematch.add(turn),
    });
  }

  /** Whether these can be appended. */
  fits(events: readonly SessionEvent[]): boolean {
    return this.#next(events) !== null;
  }

  #next(events: readonly SessionEvent[]): { readonly sorted: readonly Standing[]; readonly entries: readonly Entry[] } | null {
    const sorted = this.#order.next(events);
    if (sorted === null) return null;
    const entries = sorted.map(({ entry }) => entry);
    return this.#assembler.fits(entries) ? { sorted, entries } : null;
  }

  /** False, and nothing is taken, when the session is to be folded anew: a fold over everything always takes it. */
  append(events: readonly SessionEvent[], ownership: Ownership): boolean {
    const next = this.#next(events);
    if (next === null) return false;
    const { sorted, entries } = next;
    this.#order.add(sorted);
    this.#assembler.add(entries, ownership);
    for (const entry of entries) this.#entry(entry);
    for (const event of events) this.#event(event);
    return true;
  }

  #entry(entry: Entry): void {
    this.#branch.add(entry);
    if (entry.time !== null) {
      this.#firstTime = Math.min(this.#firstTime ?? Infinity, entry.time);
      this.#lastTime = Math.max(this.#lastTime ?? -Infinity, entry.time);
    }
    if (entry.kind === 'toolResult' && entry.described !== null) this.#describe(entry.described);
    if (entry.kind === 'nested' && !this.#nested.has(entry.parentCallId)) {
      this.#nested.set(entry.parentCallId, entry);
      for (const call of this.#assembler.calls(entry.parentCallId)) this.#touched.add(call);
    }
  }

  /** All that has no place in the order of the entries. */
  #event(event: SessionEvent): void {
    if (event.kind === 'header') {
      this.#header = firstOf(this.#header, event);
    } else if (event.kind === 'run') {
      const { from, to } = this.#runs.add(event);
      const named = this.#assembler.turnOfRun(event.runId);
      if (named !== null) this.#rematch.add(named);
      for (let at = this.#firstTimed(from); at < this.#timedTurns.length; at++) {
        const turn = this.#timedTurns[at];
        if (turn === undefined || (turn.first.time ?? 0) > to) break;
        this.#rematch.add(turn);
      }
    } else if (event.kind === 'runTool') {
      this.#toolTimes.set(event.callId, withToolTime(this.#toolTimes.get(event.callId), event));
      for (const call of this.#assembler.calls(event.callId)) this.#touched.add(call);
    } else if (event.kind === 'tools') {
      for (const tool of event.tools) this.#describe(tool);
    }
  }

  #describe(tool: ToolShape): void {
    for (const name of this.#hints.add(tool)) this.#described.add(name);
  }

  #firstTimed(time: number): number {
    return firstWhere(this.#timedTurns, ({ first }) => (first.time ?? 0) >= time);
  }

  #made(draft: Draft): void {
    this.#totals.made(draft);
    this.#watch?.made(draft);
    this.#drafts.push(draft);
    this.#touched.add(draft);
    if (draft.kind !== 'turn') return;
    const before = this.#turns.at(-1);
    if (before !== undefined) {
      this.#nextTurn.set(before, draft);
      this.#touched.add(before);
    }
    this.#turns.push(draft);
    this.#rematch.add(draft);
    if (!draft.inherited) this.#firstOwn ??= draft;
    if (draft.first.time !== null) this.#timedTurns.splice(this.#firstTimed(draft.first.time), 0, draft);
  }

  /** What became of it since the last time this was asked. */
  take(around: Surroundings): FoldStep {
    const workspaceDir = this.#runs.workspaceDir ?? this.#header?.cwd ?? null;
    this.#touchBySurroundings(around, workspaceDir);
    for (const turn of this.#rematch) {
      const run = matchRun(turn, this.#runs);
      if (run !== this.#runOf.get(turn)) this.#touched.add(turn);
      this.#runOf.set(turn, run);
    }
    this.#rematch.clear();
    for (const turn of this.#touched) if (turn.kind === 'turn') this.#review(turn, around.index);

    if (this.#described.size > 0) {
      for (const draft of this.#drafts) if (draft.kind === 'call' && this.#described.has(draft.block.name)) this.#touched.add(draft);
      this.#described.clear();
    }

    const maker = new SpanMaker(this.#state());
    const spans: MadeSpan[] = [];
    for (const draft of this.#touched) {
      const made = maker.make(draft);
      if (made !== null) spans.push(made);
    }
    this.#touched.clear();
    return { facts: this.#facts(around, workspaceDir), lastTime: this.#lastTime, spans };
  }

  #touchBySurroundings({ index, state, spawnedBy }: Surroundings, workspaceDir: string | null): void {
    const moved = this.#branch.settle();
    if (moved.size > 0) for (const draft of this.#drafts) if (moved.has(entryOf(draft).entryId)) this.#touched.add(draft);
    const running = index?.status === 'running' && state === 'live' ? (this.#turns.at(-1) ?? null) : null;
    if (running !== this.#running) for (const turn of [running, this.#running]) if (turn !== null) this.#touched.add(turn);
    const key = index?.sessionKey ?? null;
    const spawner = spawnedBy?.spanId ?? null;
    if (key !== this.#key || spawner !== this.#spawnedBy) for (const turn of this.#turns) this.#touched.add(turn);
    if (workspaceDir !== this.#workspaceDir) {
      // Where a call's relative paths lead.
      for (const draft of this.#drafts) if (draft.kind === 'call' || draft.kind === 'orphan') this.#touched.add(draft);
    }
    this.#running = running;
    this.#key = key;
    this.#spawnedBy = spawner;
    this.#workspaceDir = workspaceDir;
  }

  /** How its turn stands tells how a call without a result does. */
  #review(turn: TurnDraft, index: IndexEvent | null): void {
    const before = this.#views.get(turn);
    const id = before?.id ?? spanId(this.#agent, this.#session, turn.first.entryId, 'invoke_agent', 0);
    const view = turnView(id, turn, this.#runOf.get(turn) ?? null, turn === this.#running, index);
    this.#views.set(turn, view);
    const overAt = turnOverAt(turn, view, this.#nextTurn.get(turn));
    const overBefore = this.#overAt.get(turn) ?? null;
    this.#overAt.set(turn, overAt);
    if (before === undefined) return;
    if (before.status !== view.status || overAt !== overBefore) for (const call of turn.waiting) this.#touched.add(call);
    if (overAt !== overBefore) for (const call of this.#untimed.get(turn) ?? []) this.#touched.add(call);
  }

  #view(turn: TurnDraft): TurnView {
    const view = this.#views.get(turn);
    if (view === undefined) throw new Error('a draft names a turn that was never opened');
    return view;
  }

  #state(): FoldState {
    return {
      agent: this.#agent,
      session: this.#session,
      account: this.#account,
      times: { nested: this.#nested, trajectory: this.#toolTimes },
      hints: this.#hints,
      spawnedBy: this.#spawnedBy,
      isActive: (entryId) => this.#branch.has(entryId),
      view: (turn) => this.#view(turn),
      overAt: (turn) => this.#overAt.get(turn) ?? null,
    };
  }

  #facts({ index, state, spawnedBy, parentSession }: Surroundings, workspaceDir: string | null): SessionFacts {
    const lastTurn = this.#turns.at(-1);
    const status = sessionStatus(index, lastTurn, lastTurn === undefined ? undefined : this.#view(lastTurn));
    const made = this.#header?.time ?? this.#firstTime;
    const shown = this.#firstOwn ?? this.#turns[0];
    // The header is written with the first reply; what it answers was asked before.
    const asked = this.#firstOwn === null ? null : this.#view(this.#firstOwn).start;
    return {
      id: this.#session,
      agent: this.#agent,
      key: index?.sessionKey ?? null,
      title: shown?.first.kind === 'user' && shown.first.preview !== '' ? shown.first.preview : (index?.label ?? null),
      trigger: shown === undefined ? 'unknown' : this.#view(shown).trigger,
      state,
      status,
      parentSessionId: spawnedBy?.session ?? parentSession,
      previousSessionId: this.#header?.previousSession ?? index?.previousSession ?? null,
      startTime: made === null || asked === null ? (made ?? asked) : Math.min(made, asked),
      endTime: status === 'running' && state === 'live' ? null : this.#lastTime,
      totals: this.#totals.now,
      workspaceDir,
    };
  }
}

/** After this no call of the turn runs any more; null: one still may. */
function turnOverAt(turn: TurnDraft, { run }: TurnView, next: TurnDraft | undefined): number | null {
  const ended = run !== null && run.outcome !== null ? run.end : null;
  if (!turn.closed && ended === null && next === undefined) return null;
  const times = [turn.lastTime, ended, turn.closed ? null : next?.first.time].filter((time) => typeof time === 'number');
  return times.length === 0 ? null : Math.max(...times);
}
