/** One agent's database, if it holds transcripts at all: up to 2026.7.1 a file of that name holds only the memory index. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { SourceRecord } from '../record';
import type { Piece } from './backlog';
import type { ReaderContext } from './context';
import { addLost } from './fileCursor';
import { isArchiveOf } from './names';
import { reduceTrajectory } from './reduce';
import { hintsSince, marksOf, type RowMarks } from './rowHints';
import { readRowCursor, readTrajectoryCursor, writeTrajectoryCursor, type TrajectoryCursor } from './rowCursor';
import { SessionRows } from './sessionRows';
import { indexEntriesOf, indexPart, type IndexMemory, type IndexPart } from './sqliteIndex';
import {
  appVersion,
  archivedSessions,
  datedSessions,
  eventRows,
  generationOf,
  generations,
  sessionTops,
  topOf,
  type SessionTop,
} from './sqliteRows';
import { SqliteStore, type Reading } from './sqliteStore';
import { StoreError } from './storeError';

/** A look at every session, and at the whole index, comes at most this often, and rests so many times as long as it took. */
const WIDE_EVERY_MS = 200;
const WIDE_REST = 100;
const MAX_WIDE_REST_MS = 20_000;
/** Comparing what was read goes on for so long at once, before what is new gets its turn again, and rests so many times as long. */
const VERIFY_SLICE_MS = 10;
const VERIFY_REST = 200;
/** A writer shows what it wrote to the log only when it has synced it, and no file changes any more then: so late it is looked for again. */
const AGAIN_MS: readonly number[] = [100, 1000, 5000];
const RETRIES = 5;
const RETRY_MS = 60;
const AFTER_FAILURE_MS = 1000;

interface SessionState {
  readonly session: string;
  /** The highest seq of its rows, and of its trajectory's; null: it has none. */
  readonly top: number | null;
  readonly generation: string | null;
  readonly trajectory: number | null;
}

function stateOf(reading: Reading, session: string): SessionState {
  return {
    session,
    top: topOf(reading, 'transcript_events', session),
    generation: generationOf(reading, session),
    trajectory: topOf(reading, 'trajectory_runtime_events', session),
  };
}

export class AgentStore {
  readonly #context: ReaderContext;
  readonly #agent: string;
  readonly #file: string;
  readonly #store: SqliteStore;
  readonly #sessions = new Map<string, SessionRows>();
  readonly #trajectories = new Map<string, TrajectoryCursor>();
  readonly #index: IndexMemory = new Map();
  #stamp: string | null;
  /** Sessions that are being read piece by piece, and those of them that a look passed over meanwhile. */
  readonly #reading = new Set<string>();
  readonly #passedOver = new Set<string>();
  /** How far the last look came; null: only a look at everything will do. */
  #marks: RowMarks | null = null;
  /** What the database was when its history began to be read: as long as it is that, what was read in this life is what it is. */
  #readAt: string | null = null;
  /** After these looks it is certain that nothing of the last change was shown late. */
  #again: readonly number[] = [];
  #againFrom = Infinity;
  #wideFrom = 0;
  /** There were looks at what was hinted at only. */
  #wideOwed = false;
  #failedUntil = 0;
  #queue: SessionRows[] = [];
  #verifyFrom = 0;
  #verifyOwed = false;
  #cursorOwed = false;
  #recalled = false;
  /** The last look failed; that was told, and is not waited for again. */
  #failing = false;
  #generations: ReadonlyMap<string, string> = new Map();
  #version: string | null = null;
  /** What in it has the name of a table and was not read; as long as there is any, whoever asks anew is told again. */
  #refused: readonly string[] = [];

  constructor(context: ReaderContext, agent: string, path: string, file: string) {
    this.#context = context;
    this.#agent = agent;
    this.#file = file;
    this.#store = new SqliteStore(path, context.mayCopy);
    this.#stamp = context.takeCursor(`store:${file}`) ?? null;
    for (const key of context.cursorKeys(`rows:${file}#`)) {
      const session = key.slice(`rows:${file}#`.length);
      const known = readRowCursor(context.takeCursor(key));
      if (known) this.#sessions.set(session, this.#rowsOf(session, known));
    }
    for (const key of context.cursorKeys(`trajectoryRows:${file}#`)) {
      const known = readTrajectoryCursor(context.takeCursor(key));
      if (known) this.#trajectories.set(key.slice(`trajectoryRows:${file}#`.length), known);
    }
  }

  get hasSessions(): boolean {
    return this.#sessions.size > 0;
  }

  /** The version of OpenClaw that wrote it. */
  get version(): string | null {
    return this.#version;
  }

  /** When there is something to do though nothing changes; never: Infinity. */
  get dueAt(): number {
    if (this.#context.inBacklog) return Infinity;
    const wide = this.#wideOwed ? this.#wideFrom : Infinity;
    const verify = this.#queue.length > 0 || this.#verifyOwed ? this.#verifyFrom : Infinity;
    return Math.max(this.#failedUntil, Math.min(wide, verify, this.#againFrom));
  }

  /** Every session with rows that were not read. What can't be read is told by the scan. */
  async pieces(): Promise<readonly Piece[]> {
    try {
      const stamp = this.#store.stamp();
      if (stamp === null || stamp === this.#stamp) return [];
      const found = this.#store.read((reading) => {
        if (reading.columns('transcript_events').size === 0) return null;
        this.#marks = marksOf(reading);
        return datedSessions(reading);
      });
      this.#readAt = stamp;
      const unread = (found ?? []).filter(({ session, top }) => this.#sessions.get(session)?.reached !== top);
      return unread.map(({ session, newest }) => ({ newest, session, read: () => this.#piece(session) }));
    } catch (error) {
      if (!StoreError.is(error)) throw error;
      return [];
    }
  }

  async *#piece(session: string): AsyncGenerator<SourceRecord> {
    if (this.#reading.has(session)) return;
    this.#reading.add(session);
    try {
      do {
        this.#passedOver.delete(session);
        yield* this.#session(this.#store.read((reading) => stateOf(reading, session)));
      } while (this.#passedOver.has(session));
    } catch (error) {
      if (!StoreError.is(error)) throw error; // what is left of it comes, or is told, with the look at everything
    } finally {
      this.#reading.delete(session);
    }
  }

  /** What is new in one session. */
  async *#session({ session, top, generation, trajectory }: SessionState): AsyncGenerator<SourceRecord> {
    if (top !== null) yield* this.#known(session).scan(top, generation);
    if (trajectory !== null) yield* this.#trajectory({ session, top: trajectory });
  }

  #known(session: string): SessionRows {
    let rows = this.#sessions.get(session);
    if (!rows) this.#sessions.set(session, (rows = this.#rowsOf(session, null)));
    return rows;
  }

  /** The session index alone; `only`: what it says of these sessions. */
  async *index(only: ReadonlySet<string> | null): AsyncGenerator<SourceRecord> {
    const stamp = this.#store.stamp();
    if (stamp === null || stamp === this.#stamp) return;
    try {
      if (only) yield* this.#told(this.#store.read((reading) => indexEntriesOf(reading, this.#index, only)));
      else yield* this.#wholeIndex();
    } catch (error) {
      if (!StoreError.is(error)) throw error; // told by the look at everything
      this.#index.clear();
    }
  }

  /** Returns the milliseconds that it took here, without those in which nobody asked for more. */
  async *#wholeIndex(): AsyncGenerator<SourceRecord, number> {
    let took = 0;
    for (let after: string | null = ''; after !== null;) {
      const began = performance.now();
      const from: string = after;
      const part: IndexPart = this.#store.read((reading) => indexPart(reading, this.#index, from));
      took += performance.now() - began;
      yield* this.#told(part.texts);
      after = part.after;
    }
    return took;
  }

  *#told(texts: readonly string[]): Generator<SourceRecord> {
    for (const text of texts) yield { kind: 'index', agent: this.#agent, text };
  }

  /** `siblings`: names in the sessions directory, where deleted sessions are kept. */
  async *scan(siblings: readonly string[]): AsyncGenerator<SourceRecord> {
    if (!this.#recalled) yield* this.#recall();
    for (let attempt = 1; ; attempt++) {
      const stamp = this.#store.stamp();
      if (stamp === null) {
        const obstacle = this.#store.obstacle();
        yield* this.#context.mended(this.#file, 'whole', obstacle === null ? [] : [obstacle]);
        if (obstacle !== null) yield* this.#context.skipped(this.#file, obstacle);
      }
      if (stamp === this.#stamp && this.dueAt > Date.now()) return;
      try {
        if (stamp === null) {
          this.#stamp = null;
          this.#marks = null;
          yield* this.#gone(new Set(), () => false);
          yield* this.#trajectoriesGone(new Set());
        } else if (this.#context.inBacklog) {
          yield* this.#hinted();
        } else {
          yield* this.#look(stamp, siblings);
          yield* this.#context.mended(this.#file);
        }
        this.#failing = false;
        this.#failedUntil = 0;
        return;
      } catch (error) {
        if (!StoreError.is(error)) throw error;
        this.#index.clear(); // what was about to be told may not have been
        this.#marks = null;
        this.#wideOwed = true;
        if (error.passing && attempt < RETRIES && !this.#failing) {
          await sleep(RETRY_MS);
          continue;
        }
        this.#failing = true;
        this.#failedUntil = error.passing ? Date.now() + AFTER_FAILURE_MS : Infinity;
        if (!error.passing) this.#stamp = stamp; // until it changes
        yield* this.#context.skipped(this.#file, error.message);
        return;
      }
    }
  }

  /** What an earlier life could not read. */
  *#recall(): Generator<SourceRecord> {
    this.#recalled = true;
    for (const rows of this.#sessions.values()) yield* rows.recall();
    for (const [session, { lost }] of this.#trajectories)
      for (const reason of lost) yield* this.#context.skipped(this.#trajectoryPlace(session), reason, 'part');
  }

  #trajectoryKey(session: string): string {
    return `trajectoryRows:${this.#file}#${session}`;
  }

  #trajectoryPlace(session: string): string {
    return `${this.#file} trajectory ${session}`;
  }

  async *#look(stamp: string, siblings: readonly string[]): AsyncGenerator<SourceRecord> {
    const changed = stamp !== this.#stamp;
    const now = Date.now();
    // What is read for the first time just now is what it is.
    const before = [...this.#sessions.values()];
    const again = now >= this.#againFrom;
    if (changed && this.#context.follow) this.#again = AGAIN_MS;
    if (changed || again) {
      const [next, ...later] = this.#again;
      this.#againFrom = next === undefined ? Infinity : now + next;
      this.#again = later;
    }
    if (changed || again || (this.#wideOwed && now >= this.#wideFrom)) {
      this.#cursorOwed ||= changed;
      this.#verifyOwed ||= changed;
      const wide = now >= this.#wideFrom && (changed || this.#wideOwed);
      // Without the marks of an earlier look, or when they say nothing any more, everything is looked at.
      if (wide || !(yield* this.#hinted(changed))) yield* this.#everything(siblings);
    }
    this.#stamp = stamp;
    yield* this.#verify(stamp === this.#readAt ? before.filter((rows) => !rows.verified) : before);
    const settled = !this.#verifyOwed && !this.#wideOwed && this.#againFrom === Infinity;
    if (this.#cursorOwed && this.#queue.length === 0 && settled && this.#refused.length === 0) {
      this.#cursorOwed = false;
      yield { kind: 'heartbeat', cursor: { key: `store:${this.#file}`, value: stamp } };
    }
  }

  /** What came since the last look. False: that can't be told. `changed`: there may be more than what is hinted at. */
  async *#hinted(changed = true): AsyncGenerator<SourceRecord, boolean> {
    const marks = this.#marks;
    if (marks === null) return false;
    const found = this.#store.read((reading) => {
      const hints = hintsSince(reading, marks);
      if (!hints) return null;
      const hinted = [...new Set([...hints.transcripts, ...hints.trajectories])];
      for (const session of hinted) if (this.#reading.has(session)) this.#passedOver.add(session);
      const states = hinted.filter((session) => !this.#reading.has(session)).map((session) => stateOf(reading, session));
      return { marks: hints.marks, states, texts: indexEntriesOf(reading, this.#index, hints.index) };
    });
    this.#marks = found?.marks ?? null;
    if (!found) return false;
    this.#wideOwed ||= changed || found.states.length > 0 || found.texts.length > 0;
    yield* this.#told(found.texts);
    for (const state of found.states) yield* this.#session(state);
    return true;
  }

  async *#everything(siblings: readonly string[]): AsyncGenerator<SourceRecord> {
    const began = performance.now();
    const found = this.#store.read((reading) => {
      this.#refused = reading.refused();
      if (reading.columns('transcript_events').size === 0) return null;
      // First, so that what comes in between is looked at again.
      this.#marks = marksOf(reading);
      this.#generations = generations(reading);
      this.#version ??= appVersion(reading);
      return {
        tops: sessionTops(reading, 'transcript_events'),
        trajectories: sessionTops(reading, 'trajectory_runtime_events'),
        archived: archivedSessions(reading),
      };
    });
    const took = performance.now() - began;
    this.#wideOwed = false;
    yield* this.#context.mended(this.#file, 'part', this.#refused);
    for (const reason of this.#refused) yield* this.#context.skipped(this.#file, reason, 'part');
    if (!found) {
      this.#marks = null;
      // OpenClaw makes it so a moment before it writes to it; in a recording it was cut off.
      if (!this.#store.isEmpty) yield* this.#context.mended(this.#file, 'end');
      else if (this.#context.tellsUnfinished)
        yield* this.#context.skipped(this.#file, 'the database is empty (0 bytes): copy it again, with its -wal', 'end');
      yield* this.#gone(new Set(), () => false);
      yield* this.#trajectoriesGone(new Set());
      return;
    }
    yield* this.#context.mended(this.#file, 'end');
    const rest = (took + (yield* this.#wholeIndex())) * WIDE_REST;
    this.#wideFrom = Date.now() + Math.max(WIDE_EVERY_MS, Math.min(MAX_WIDE_REST_MS, rest));
    for (const { session, top } of found.tops) yield* this.#known(session).scan(top, this.#generations.get(session) ?? null);
    yield* this.#gone(
      new Set(found.tops.map(({ session }) => session)),
      (session) => found.archived.has(session) || siblings.some((name) => isArchiveOf(name, `${session}.jsonl`)),
    );
    for (const trajectory of found.trajectories) yield* this.#trajectory(trajectory);
    yield* this.#trajectoriesGone(new Set(found.trajectories.map(({ session }) => session)));
  }

  /** A database does not tell which rows changed: after a change all that was read is compared, in portions, and not too often. */
  async *#verify(before: readonly SessionRows[]): AsyncGenerator<SourceRecord> {
    const { follow, verifyEveryMs } = this.#context;
    const began = Date.now();
    if (began < this.#verifyFrom) return;
    if (this.#queue.length === 0) {
      if (!this.#verifyOwed) return;
      this.#queue = [...before];
      this.#verifyOwed = false;
    }
    for (let rows = this.#queue.at(-1); rows; rows = this.#queue.at(-1)) {
      const there = this.#sessions.get(rows.session) === rows;
      if (!there || (yield* rows.verify())) this.#queue.pop();
      if (follow && Date.now() - began >= VERIFY_SLICE_MS) break;
      await new Promise(setImmediate); // it must not hold up the rest of the process
    }
    const ended = Date.now();
    this.#verifyFrom = ended + (ended - began) * VERIFY_REST;
    if (this.#queue.length === 0) this.#verifyFrom = Math.max(this.#verifyFrom, began + verifyEveryMs);
  }

  *#gone(there: ReadonlySet<string>, explained: (session: string) => boolean): Generator<SourceRecord> {
    for (const [session, rows] of this.#sessions) {
      if (there.has(session)) continue;
      this.#sessions.delete(session);
      yield* rows.gone(explained(session));
    }
  }

  /** Nothing is missed with them but what could not be read of them. */
  *#trajectoriesGone(there: ReadonlySet<string>): Generator<SourceRecord> {
    for (const session of this.#trajectories.keys()) {
      if (there.has(session)) continue;
      this.#trajectories.delete(session);
      yield* this.#context.gone(this.#trajectoryPlace(session));
      yield { kind: 'heartbeat', cursor: { key: this.#trajectoryKey(session), value: '' } };
    }
  }

  *#trajectory({ session, top }: SessionTop): Generator<SourceRecord> {
    const known = this.#trajectories.get(session);
    if (top === known?.seq) return;
    // Fewer than before: the oldest were dropped and the rest numbered anew.
    const anew = known === undefined || top < known.seq;
    const where = this.#trajectoryPlace(session);
    const lost = anew ? [] : [...known.lost];
    if (anew) yield* this.#context.mended(where, 'part');
    let from = anew ? 0 : known.seq + 1;
    for (;;) {
      const rows = this.#store.read((reading) => eventRows(reading, 'trajectory_runtime_events', session, from));
      const last = rows[rows.length - 1];
      if (!last) return;
      for (const row of rows) {
        const event = row.text === null ? null : reduceTrajectory(row.text);
        if (event?.kind === 'event') yield { kind: 'trajectory', agent: this.#agent, session, ordinal: row.seq, text: event.text };
        else if (event?.kind !== 'unused') {
          const reason = `row ${row.seq}: ${row.reason ?? 'it is not JSON'}`;
          addLost(lost, reason);
          yield* this.#context.skipped(where, reason, 'part');
        }
      }
      from = last.seq + 1;
      const reached: TrajectoryCursor = { seq: last.seq, lost: [...lost] };
      this.#trajectories.set(session, reached);
      yield { kind: 'heartbeat', cursor: { key: this.#trajectoryKey(session), value: writeTrajectoryCursor(reached) } };
      if (last.seq >= top) return;
    }
  }

  #rowsOf(session: string, known: ReturnType<typeof readRowCursor>): SessionRows {
    return new SessionRows(this.#context, this.#store, this.#agent, this.#file, session, known);
  }

  dispose(): void {
    this.#store.dispose();
  }
}
