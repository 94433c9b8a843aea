/**
 * Histories of the lines of files, as their calls made them: kept between questions, and gone on with as calls come, so that a lens
 * does not read a session again.
 */
import { setImmediate } from 'node:timers/promises';
import { eventsOf, saysMore } from '../locate/blame/events';
import type { FileEvent } from '../locate/blame/events';
import { claimsOf } from '../locate/anchors';
import type { LinesClaim } from '../locate/anchors';
import { changesUnnamed } from '../locate/command';
import { LineHistory } from '../locate/lineHistory';
import type { LineRun } from '../locate/lineHistory';
import { linesBefore } from '../locate/undone';
import type { DatedEvent } from '../locate/undone';
import { showsLine } from '../locate/shown';
import type { Store } from '../store/store';
import type { TouchingCall } from '../store/touches';
import { spanPayload } from './payload';

/** Calls followed for one file, the newest. */
export const callsFollowed = 2000;
/** Files whose histories are kept. */
export const historiesKept = 256;
/** A file that was moved has the lines of another one, which may have been moved too. */
const movesFollowed = 4;
/** Moves followed in all for one question, and calls of other files looked at for them: files may be moved to and fro without end. */
const movesPerQuestion = 64;
const movedCalls = 4 * callsFollowed;
const turnMs = 25;

/** Lines of one call in one file. */
export interface CallLines {
  /** What it wrote; null: it writes nothing, or it is not known what. */
  readonly wrote: readonly LineRun[] | null;
  /** What it named or saw, by first and last line. */
  readonly named: ReadonlyMap<string, LineRun>;
}

export interface FileLines {
  readonly history: LineHistory;
  readonly calls: ReadonlyMap<string, CallLines>;
  /** Counts up with every change. */
  readonly revision: number;
}

interface Read {
  readonly touch: TouchingCall;
  readonly events: readonly FileEvent[];
  readonly dated: readonly DatedEvent[];
  readonly claims: readonly LinesClaim[];
  /** Epoch milliseconds. */
  readonly start: number | null;
  readonly end: number | null;
  /** It may have changed the file in another way. */
  readonly changes: boolean;
}

/** How the sandbox's own file is, and since when. */
export interface FileNow {
  readonly lines: readonly string[];
  /** Epoch milliseconds; null: a recording's, whose files may all have got the time when they were copied. */
  readonly mtime: number | null;
}

interface Kept {
  readonly touching: readonly TouchingCall[];
  readonly lines: FileLines;
}

interface GoneOn extends Kept {
  /** Calls that are not followed any more. */
  readonly left: readonly TouchingCall[];
}

/** What following moves may still cost, and what was followed already. */
interface Moves {
  moves: number;
  calls: number;
  /** By the file and the call that moved it. */
  readonly known: Map<string, LineHistory | null>;
}

export function rangeKey(start: number, end: number): string {
  return `${start}-${end}`;
}

export function callKey(session: number, spanId: string): string {
  return `${session} ${spanId}`;
}

/** What a call wrote may carry a time a little after the call's own. */
const clockSlackMs = 2000;

/** Until when calls wrote the file, or left it as it was: what was written later nobody recorded. */
function writtenBy(read: readonly Read[]): number | null {
  const last = read.findLast(({ events, changes }) => changes || events.some(({ kind }) => kind !== 'seen'));
  return last === undefined ? (read[0]?.start ?? null) : last.end;
}

let nextRevision = 1;

export class LineHistories {
  readonly #store: Store;
  readonly #kept = new Map<string, Kept>();
  /** Several ask at once: it is followed once. */
  readonly #working = new Map<string, Promise<FileLines>>();

  constructor(store: Store) {
    this.#store = store;
  }

  /** `now`: how the sandbox's own file is, where it is there; asked for once. */
  async of(source: number, path: string, now: () => Promise<FileNow | null>): Promise<FileLines> {
    const key = `${source} ${path}`;
    const working = this.#working.get(key);
    if (working !== undefined) return working;
    const made = this.#renew(source, path, key, now);
    this.#working.set(key, made);
    try {
      return await made;
    } finally {
      this.#working.delete(key);
    }
  }

  async #renew(source: number, path: string, key: string, now: () => Promise<FileNow | null>): Promise<FileLines> {
    const last = this.#kept.get(key);
    const touching = this.#ordered(source, path);
    // Only the newest are asked for: of those from before some may have left.
    const [oldest] = touching;
    const left =
      last === undefined
        ? 0
        : Math.max(
            0,
            last.touching.findIndex((call) => isSame(call, oldest)),
          );
    const kept = last?.touching.slice(left) ?? [];
    const same = sameCalls(kept, touching);
    if (last !== undefined && same === kept.length && same === touching.length) return last.lines;
    const goesOn =
      last !== undefined && same > 0 && same === kept.length
        ? { touching: kept, left: last.touching.slice(0, left), lines: last.lines }
        : null;
    const budget: Moves = { moves: movesPerQuestion, calls: movedCalls, known: new Map() };
    const lines = await this.#followed(source, path, touching, goesOn, movesFollowed, budget, goesOn === null ? await now() : null);
    this.#kept.delete(key);
    this.#kept.set(key, { touching, lines });
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= historiesKept) break;
      this.#kept.delete(oldest);
    }
    return lines;
  }

  async #followed(
    source: number,
    path: string,
    touching: readonly TouchingCall[],
    last: GoneOn | null,
    moves: number,
    budget: Moves,
    now: FileNow | null,
  ): Promise<FileLines> {
    const history = last?.lines.history.copy() ?? new LineHistory();
    const calls = new Map(last?.lines.calls);
    for (const { session, spanId } of last?.left ?? []) calls.delete(callKey(session, spanId));
    const read: Read[] = [];
    let rested = performance.now();
    const breathe = async (): Promise<void> => {
      if (performance.now() - rested < turnMs) return;
      await setImmediate();
      rested = performance.now();
    };
    for (const touch of touching.slice(last?.touching.length ?? 0)) {
      await breathe();
      const one = this.#read(path, touch);
      if (one !== null) read.push(one);
    }
    const since = now === null ? null : writtenBy(read);
    const surelyTheirs = now !== null && (now.mtime === null || (since !== null && now.mtime <= since + clockSlackMs));
    const events = read.map(({ dated }) => dated);
    const first = surelyTheirs ? linesBefore(events, now.lines) : null;
    for (const [at, one] of read.entries()) {
      await breathe();
      if (first?.from === at) history.apply({ kind: 'seen', start: 0, lines: first.lines, end: true }, () => null);
      calls.set(callKey(one.touch.session, one.touch.spanId), await this.#apply(source, history, one, moves, budget));
    }
    return { history, calls, revision: nextRevision++ };
  }

  #read(path: string, touch: TouchingCall): Read | null {
    const span = this.#store.spans.ofSession(touch.session, touch.spanId)?.span;
    if (span === undefined) return null;
    const workspaceDir = this.#store.sessions.byRow(touch.session)?.workspaceDir ?? null;
    const payload = spanPayload(this.#store, touch.session, span);
    const events = saysMore(span) ? eventsOf(span, payload, path, workspaceDir) : [];
    const changed = span.attributes['sandglass.first_changed_line'];
    const firstChanged = typeof changed === 'number' ? changed - 1 : null;
    const claims = claimsOf(span, payload.args, workspaceDir, payload.result).filter(
      (claim): claim is LinesClaim => claim.kind === 'lines' && (claim.path === path || claim.others?.includes(path) === true),
    );
    const changes = changesUnnamed(span, payload.args);
    const doubt: readonly FileEvent[] = changes ? [{ kind: 'maybe' }] : [];
    const start = span.startTime === null ? null : Date.parse(span.startTime);
    const end = span.endTime === null ? start : Date.parse(span.endTime);
    return { touch, events, claims, changes, start, end, dated: [...events, ...doubt].map((event) => ({ event, firstChanged })) };
  }

  async #apply(
    source: number,
    history: LineHistory,
    { touch, events, claims, changes }: Read,
    moves: number,
    budget: Moves,
  ): Promise<CallLines> {
    let wrote: LineRun[] | null = null;
    for (const event of events) {
      const other = event.kind === 'moved' && moves > 0 ? await this.#moved(source, event.from, touch, moves - 1, budget) : null;
      const runs = history.apply(event, () => other);
      if (event.kind !== 'seen' && event.kind !== 'maybe') wrote = [...(wrote ?? []), ...runs];
    }
    const named = new Map<string, LineRun>();
    for (const { start, end, shown } of claims) {
      // A search that showed another line saw another file than the one that is known.
      const text = history.text(start);
      if (shown === undefined || text === null || showsLine(shown, text)) named.set(rangeKey(start, end), history.run(start, end));
    }
    if (changes) history.doubt();
    return { wrote: wrote !== null && wrote.length > 0 ? wrote : null, named };
  }

  /** A file as it was when a call moved it; null: it was moved too often for that. */
  async #moved(source: number, from: string, touch: TouchingCall, moves: number, budget: Moves): Promise<LineHistory | null> {
    const key = `${callKey(touch.session, touch.spanId)} ${from}`;
    const known = budget.known.get(key);
    if (known !== undefined) return known;
    if (budget.moves-- <= 0 || budget.calls <= 0) return null;
    const earlier = this.#ordered(source, from);
    budget.calls -= earlier.length;
    const end = earlier.findIndex(({ session, spanId }) => session === touch.session && spanId === touch.spanId);
    const before = end < 0 ? [] : earlier.slice(0, end);
    const history = budget.calls < 0 ? null : (await this.#followed(source, from, before, null, moves, budget, null)).history;
    budget.known.set(key, history);
    return history;
  }

  /** By time; what one message asked for, in the order in which it did. */
  #ordered(source: number, path: string): readonly TouchingCall[] {
    const calls = [...this.#store.touches.callsOf(source, path, callsFollowed).calls];
    const times = new Map<number | null, number>();
    for (const { start } of calls) times.set(start, (times.get(start) ?? 0) + 1);
    const places = new Map<TouchingCall, Buffer>();
    for (const call of calls)
      if ((times.get(call.start) ?? 0) > 1)
        places.set(call, this.#store.spans.ofSession(call.session, call.spanId)?.place.key ?? Buffer.alloc(0));
    return calls.sort((a, b) => {
      if (a.start !== b.start) return (a.start ?? -Infinity) - (b.start ?? -Infinity);
      return a.session - b.session || Buffer.compare(places.get(a) ?? Buffer.alloc(0), places.get(b) ?? Buffer.alloc(0));
    });
  }
}

/** How many of the calls are those from before, as they were. */
function sameCalls(before: readonly TouchingCall[], calls: readonly TouchingCall[]): number {
  let same = 0;
  while (same < before.length && same < calls.length && isSame(before[same], calls[same])) same += 1;
  return same;
}

function isSame(a: TouchingCall | undefined, b: TouchingCall | undefined): boolean {
  return a?.spanId === b?.spanId && a?.session === b?.session && a?.start === b?.start && a?.digest === b?.digest;
}
