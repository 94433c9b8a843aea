/** One agent's database, if it holds transcripts at all: up to 2026.7.1 a file of that name holds only the memory index. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { SourceRecord } from '../record';
import type { Piece } from './backlog';
import type { ReaderContext } from './context';
import { cpuTime } from './cpuTime';
import { isArchiveOf } from './names';
import { RowCheck } from './rowCheck';
import { hintsSince, marksOf, type RowMarks } from './rowHints';
import { readRowCursor } from './rowCursor';
import { SessionRows } from './sessionRows';
import { indexEntriesOf, indexPart, type IndexMemory, type IndexPart } from './sqliteIndex';
import {
  appVersion,
  archivedSessions,
  BATCH_BYTES,
  datedSessions,
  generations,
  sessionTops,
  stateOf,
  type EventRow,
  type SessionState,
} from './sqliteRows';
import { SqliteStore, type Reading } from './sqliteStore';
import { StoreError } from './storeError';
import { StorePace } from './storePace';
import { TrajectoryRows } from './trajectoryRows';

/** While rows come, what the index says of their sessions is asked for this often. */
const INDEX_EVERY_MS = 1000;
const RETRIES = 5;
const RETRY_MS = 60;

interface NewIn {
  readonly state: SessionState;
  /** Its new rows, as far as they were read along. */
  readonly ahead: readonly EventRow[] | null;
}

export class AgentStore {
  readonly #context: ReaderContext;
  readonly #agent: string;
  readonly #file: string;
  readonly #store: SqliteStore;
  readonly #sessions = new Map<string, SessionRows>();
  readonly #trajectories: TrajectoryRows;
  readonly #pace: StorePace;
  readonly #check: RowCheck;
  readonly #index: IndexMemory = new Map();
  #stamp: string | null;
  /** Sessions that are being read piece by piece, and those of them that a look passed over meanwhile. */
  readonly #reading = new Set<string>();
  readonly #passedOver = new Set<string>();
  /** How far the last look came; null: only a look at everything will do. */
  #marks: RowMarks | null = null;
  /** What the database was when its history began to be read: as long as it is that, what was read in this life is what it is. */
  #readAt: string | null = null;
  /** What it was at the last look while its history is read. */
  #hintedAt: string | null = null;
  #indexFrom = 0;
  /** Sessions with new rows for which the index was not asked yet. */
  readonly #indexOwed = new Set<string>();
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
    this.#trajectories = new TrajectoryRows(context, this.#store, agent, file);
    this.#pace = new StorePace(context.follow);
    this.#check = new RowCheck(context, (rows) => this.#sessions.get(rows.session) === rows);
    this.#stamp = context.takeCursor(`store:${file}`) ?? null;
    for (const key of context.cursorKeys(`rows:${file}#`)) {
      const session = key.slice(`rows:${file}#`.length);
      const known = readRowCursor(context.takeCursor(key));
      if (known) this.#sessions.set(session, this.#rowsOf(session, known));
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
    if (this.#context.inBacklog) return this.#pace.againAt;
    return this.#pace.dueAt(Math.min(this.#check.dueAt, this.#indexOwed.size > 0 ? this.#indexFrom : Infinity));
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
      const read = (session: string): AsyncGenerator<SourceRecord> => this.#piece(session);
      return unread.map(({ session, newest }) => ({ newest, session, name: session, read }));
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
  async *#session({ session, top, generation, trajectory }: SessionState, ahead: NewIn['ahead'] = null): AsyncGenerator<SourceRecord> {
    if (top !== null) yield* this.#known(session).scan(top, generation, ahead);
    if (trajectory !== null) yield* this.#trajectories.scan({ session, top: trajectory });
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

  /** Returns the milliseconds of processor time that it took here, without those in which nobody asked for more. */
  async *#wholeIndex(): AsyncGenerator<SourceRecord, number> {
    let took = 0;
    for (let after: string | null = ''; after !== null;) {
      const began = cpuTime();
      const from: string = after;
      const part: IndexPart = this.#store.read((reading) => indexPart(reading, this.#index, from));
      took += cpuTime() - began;
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
      if (stamp === this.#stamp && this.dueAt > performance.now()) return;
      const marks = this.#marks;
      try {
        if (stamp === null) {
          this.#stamp = null;
          this.#marks = null;
          yield* this.#gone(new Set(), () => false);
          yield* this.#trajectories.gone(new Set());
        } else if (this.#context.inBacklog) {
          this.#pace.begin(performance.now(), stamp !== this.#hintedAt);
          this.#hintedAt = stamp;
          // Rows were taken away: what came with that is found by the look at everything, and what comes from now on is hinted at.
          if (!(yield* this.#hinted()) && marks !== null) this.#marks = this.#store.read(marksOf);
        } else {
          yield* this.#look(stamp, siblings);
          yield* this.#context.mended(this.#file);
        }
        this.#failing = false;
        this.#pace.succeeded();
        return;
      } catch (error) {
        if (!StoreError.is(error)) throw error;
        this.#index.clear(); // what was about to be told may not have been
        // While the history is read there is no look at everything that would find what was hinted at and not read.
        this.#marks = this.#context.inBacklog ? marks : null;
        this.#pace.oweWide();
        if (error.passing && attempt < RETRIES && !this.#failing) {
          await sleep(RETRY_MS);
          continue;
        }
        this.#failing = true;
        this.#pace.failed(performance.now(), error.passing);
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
    yield* this.#trajectories.recall();
  }

  async *#look(stamp: string, siblings: readonly string[]): AsyncGenerator<SourceRecord> {
    const changed = stamp !== this.#stamp;
    const now = performance.now();
    // What is read for the first time just now is what it is.
    const before = this.#check.beginsAt(now, changed) ? [...this.#sessions.values()] : null;
    const at = this.#pace.begin(now, changed);
    if (changed) {
      this.#cursorOwed = true;
      this.#check.owe();
    }
    // Without the marks of an earlier look, or when they say nothing any more, everything is looked at.
    const hinted = at !== 'all' && (at === 'new' || this.#indexIsDue(now)) ? yield* this.#hinted(changed) : at === 'nothing';
    if (!hinted) yield* this.#everything(siblings);
    this.#stamp = stamp;
    yield* this.#check.run(stamp === this.#readAt ? (before?.filter((rows) => !rows.verified) ?? null) : before);
    const settled = this.#check.settled && this.#pace.settled && this.#indexOwed.size === 0;
    if (this.#cursorOwed && settled && this.#refused.length === 0) {
      this.#cursorOwed = false;
      yield { kind: 'heartbeat', cursor: { key: `store:${this.#file}`, value: stamp } };
    }
  }

  #indexIsDue(now: number): boolean {
    return this.#indexOwed.size > 0 && now >= this.#indexFrom;
  }

  /** What came since the last look. False: that can't be told. `changed`: there may be more than what is hinted at. */
  async *#hinted(changed = true): AsyncGenerator<SourceRecord, boolean> {
    const marks = this.#marks;
    if (marks === null) return false;
    const now = performance.now();
    // One reading for all of it: what costs is to begin one.
    const found = this.#store.read((reading) => {
      let hints = hintsSince(reading, marks, now >= this.#indexFrom);
      // What a new session is called comes before what is in it.
      if (now < this.#indexFrom && hints?.transcripts.some((session) => !this.#sessions.has(session))) hints = hintsSince(reading, marks);
      if (!hints) return null;
      const hinted = [...new Set([...hints.transcripts, ...hints.trajectories])];
      for (const session of hinted) if (this.#reading.has(session)) this.#passedOver.add(session);
      const states = hinted.filter((session) => !this.#reading.has(session)).map((session) => stateOf(reading, session));
      const asked = hints.index === null ? null : new Set([...this.#indexOwed, ...hints.index]);
      return { hints, news: this.#ahead(reading, states), asked, texts: asked ? indexEntriesOf(reading, this.#index, asked) : [] };
    });
    this.#marks = found?.hints.marks ?? null;
    if (!found) return false;
    if (found.asked) {
      this.#indexOwed.clear();
      this.#indexFrom = now + INDEX_EVERY_MS;
    } else for (const session of found.hints.transcripts) this.#indexOwed.add(session);
    if (changed || found.news.length > 0 || found.texts.length > 0) this.#pace.oweWide();
    yield* this.#told(found.texts);
    for (const { state, ahead } of found.news) yield* this.#session(state, ahead);
    return true;
  }

  /** Rows that are read along, as many as are held of one session at most. */
  #ahead(reading: Reading, states: readonly SessionState[]): readonly NewIn[] {
    let held = 0;
    return states.map((state) => {
      const ahead = held < BATCH_BYTES ? (this.#sessions.get(state.session)?.ahead(reading) ?? null) : null;
      for (const row of ahead ?? []) held += row.text?.length ?? 0;
      return { state, ahead };
    });
  }

  async *#everything(siblings: readonly string[]): AsyncGenerator<SourceRecord> {
    const began = cpuTime();
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
    const took = cpuTime() - began;
    this.#pace.wideBegan();
    this.#indexOwed.clear();
    yield* this.#context.mended(this.#file, 'part', this.#refused);
    for (const reason of this.#refused) yield* this.#context.skipped(this.#file, reason, 'part');
    if (!found) {
      this.#marks = null;
      // OpenClaw makes it so a moment before it writes to it; in a recording it was cut off.
      if (!this.#store.isEmpty) yield* this.#context.mended(this.#file, 'end');
      else if (this.#context.tellsUnfinished)
        yield* this.#context.skipped(this.#file, 'the database is empty (0 bytes): copy it again, with its -wal', 'end');
      yield* this.#gone(new Set(), () => false);
      yield* this.#trajectories.gone(new Set());
      return;
    }
    yield* this.#context.mended(this.#file, 'end');
    const all = took + (yield* this.#wholeIndex());
    this.#pace.wideEnded(performance.now(), all);
    for (const { session, top } of found.tops) yield* this.#known(session).scan(top, this.#generations.get(session) ?? null);
    yield* this.#gone(
      new Set(found.tops.map(({ session }) => session)),
      (session) => found.archived.has(session) || siblings.some((name) => isArchiveOf(name, `${session}.jsonl`)),
    );
    for (const trajectory of found.trajectories) yield* this.#trajectories.scan(trajectory);
    yield* this.#trajectories.gone(new Set(found.trajectories.map(({ session }) => session)));
  }

  *#gone(there: ReadonlySet<string>, explained: (session: string) => boolean): Generator<SourceRecord> {
    for (const [session, rows] of this.#sessions) {
      if (there.has(session)) continue;
      this.#sessions.delete(session);
      yield* rows.gone(explained(session));
    }
  }

  #rowsOf(session: string, known: ReturnType<typeof readRowCursor>): SessionRows {
    return new SessionRows(this.#context, this.#store, this.#agent, this.#file, session, known);
  }

  dispose(): void {
    this.#store.dispose();
  }
}
