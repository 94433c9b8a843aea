/** One agent's database, if it holds transcripts at all: up to 2026.7.1 a file of that name holds only the memory index. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { SourceRecord } from '../record';
import type { ReaderContext } from './context';
import { addLost } from './fileCursor';
import { isArchiveOf } from './names';
import { reduceTrajectory } from './reduce';
import { readRowCursor, readTrajectoryCursor, writeTrajectoryCursor, type TrajectoryCursor } from './rowCursor';
import { SessionRows } from './sessionRows';
import { changedIndexEntries, type IndexMemory } from './sqliteIndex';
import { appVersion, archivedSessions, eventRows, generations, sessionTops, type SessionTop } from './sqliteRows';
import { SqliteStore } from './sqliteStore';
import { StoreError } from './storeError';

/** The index is asked for at most this often while rows stream. */
const INDEX_EVERY_MS = 200;
/** Sessions compared as a whole in one look, before what is new gets its turn again. */
const VERIFY_AT_ONCE = 8;
const RETRIES = 5;
const RETRY_MS = 60;
const AFTER_FAILURE_MS = 1000;

export class AgentStore {
  readonly #context: ReaderContext;
  readonly #agent: string;
  readonly #file: string;
  readonly #store: SqliteStore;
  readonly #sessions = new Map<string, SessionRows>();
  readonly #trajectories = new Map<string, TrajectoryCursor>();
  readonly #index: IndexMemory = { sent: new Map(), nodes: new Map() };
  #stamp: string | null;
  #indexFrom = 0;
  #indexOwed = false;
  #queue: SessionRows[] = [];
  #verifyFrom = 0;
  #verifyOwed = false;
  #cursorOwed = false;
  #recalled = false;
  /** The last look failed; that was told, and is not waited for again. */
  #failing = false;
  #generations: ReadonlyMap<string, string> = new Map();
  #version: string | null = null;

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

  /** Is there something to do though nothing changes? */
  due(now: number): boolean {
    return this.#queue.length > 0 || (this.#indexOwed && now >= this.#indexFrom) || (this.#verifyOwed && now >= this.#verifyFrom);
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
      if (stamp === this.#stamp && !this.due(Date.now())) return;
      try {
        if (stamp === null) {
          this.#stamp = null;
          yield* this.#gone(new Set(), () => false);
          yield* this.#trajectoriesGone(new Set());
        } else {
          yield* this.#look(stamp, siblings);
          yield* this.#context.mended(this.#file);
        }
        this.#failing = false;
        return;
      } catch (error) {
        if (!StoreError.is(error)) throw error;
        this.#index.sent.clear(); // what was about to be told may not have been
        this.#indexFrom = this.#verifyFrom = Date.now() + AFTER_FAILURE_MS;
        if (error.passing && attempt < RETRIES && !this.#failing) {
          await sleep(RETRY_MS);
          continue;
        }
        this.#failing = true;
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
    const found = this.#store.read((reading) => {
      if (reading.columns('transcript_events').size === 0) return null;
      const index = now >= this.#indexFrom ? [...changedIndexEntries(reading, this.#index)] : null;
      this.#generations = generations(reading);
      this.#version ??= appVersion(reading);
      return {
        index,
        tops: sessionTops(reading, 'transcript_events'),
        trajectories: sessionTops(reading, 'trajectory_runtime_events'),
        archived: archivedSessions(reading),
      };
    });
    if (!found) {
      this.#stamp = stamp;
      // OpenClaw makes it so a moment before it writes to it; in a recording it was cut off.
      if (!this.#store.isEmpty) yield* this.#context.mended(this.#file, 'end');
      else if (this.#context.tellsUnfinished)
        yield* this.#context.skipped(this.#file, 'the database is empty (0 bytes): copy it again, with its -wal', 'end');
      yield* this.#gone(new Set(), () => false);
      yield* this.#trajectoriesGone(new Set());
      return;
    }
    yield* this.#context.mended(this.#file, 'end');
    this.#indexOwed = found.index === null;
    if (found.index) this.#indexFrom = now + INDEX_EVERY_MS;
    for (const text of found.index ?? []) yield { kind: 'index', agent: this.#agent, text };
    const before = [...this.#sessions.values()];
    if (changed) {
      for (const { session, top } of found.tops) {
        let rows = this.#sessions.get(session);
        if (!rows) this.#sessions.set(session, (rows = this.#rowsOf(session, null)));
        yield* rows.scan(top, this.#generations.get(session) ?? null);
      }
      yield* this.#gone(
        new Set(found.tops.map(({ session }) => session)),
        (session) => found.archived.has(session) || siblings.some((name) => isArchiveOf(name, `${session}.jsonl`)),
      );
      for (const trajectory of found.trajectories) yield* this.#trajectory(trajectory);
      yield* this.#trajectoriesGone(new Set(found.trajectories.map(({ session }) => session)));
    }
    this.#cursorOwed ||= changed;
    yield* this.#verify(before, changed, now);
    this.#stamp = stamp;
    if (this.#cursorOwed && this.#queue.length === 0 && !this.#verifyOwed) {
      this.#cursorOwed = false;
      yield { kind: 'heartbeat', cursor: { key: `store:${this.#file}`, value: stamp } };
    }
  }

  /** A database does not tell which rows changed: after a change all that was read is compared, in portions, and not too often. */
  async *#verify(before: readonly SessionRows[], changed: boolean, now: number): AsyncGenerator<SourceRecord> {
    if (changed) this.#verifyOwed = true;
    if (this.#verifyOwed && this.#queue.length === 0 && now >= this.#verifyFrom) {
      this.#queue = [...before]; // what was read for the first time just now is what it is
      this.#verifyFrom = now + this.#context.verifyEveryMs;
      this.#verifyOwed = false;
    }
    const portion = this.#context.follow ? this.#queue.splice(0, VERIFY_AT_ONCE) : this.#queue.splice(0);
    for (const rows of portion)
      if (this.#sessions.get(rows.session) === rows) yield* rows.verify(this.#generations.get(rows.session) ?? null);
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
    }
  }

  #rowsOf(session: string, known: ReturnType<typeof readRowCursor>): SessionRows {
    return new SessionRows(this.#context, this.#store, this.#agent, this.#file, session, known);
  }

  dispose(): void {
    this.#store.dispose();
  }
}
