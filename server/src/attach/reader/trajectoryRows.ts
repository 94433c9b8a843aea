/** The trajectories of the sessions in an agent's database. Their events carry their own identity, so nothing is compared. */
import type { SourceRecord } from '../record';
import type { ReaderContext } from './context';
import { addLost } from './fileCursor';
import { reduceTrajectory } from './reduce';
import { readTrajectoryCursor, writeTrajectoryCursor, type TrajectoryCursor } from './rowCursor';
import { eventRows, type SessionTop } from './sqliteRows';
import type { SqliteStore } from './sqliteStore';

export class TrajectoryRows {
  readonly #context: ReaderContext;
  readonly #store: SqliteStore;
  readonly #agent: string;
  readonly #file: string;
  readonly #known = new Map<string, TrajectoryCursor>();

  constructor(context: ReaderContext, store: SqliteStore, agent: string, file: string) {
    this.#context = context;
    this.#store = store;
    this.#agent = agent;
    this.#file = file;
    const prefix = this.#key('');
    for (const key of context.cursorKeys(prefix)) {
      const known = readTrajectoryCursor(context.takeCursor(key));
      if (known) this.#known.set(key.slice(prefix.length), known);
    }
  }

  #key(session: string): string {
    return `trajectoryRows:${this.#file}#${session}`;
  }

  #place(session: string): string {
    return `${this.#file} trajectory ${session}`;
  }

  /** What an earlier life could not read. */
  *recall(): Generator<SourceRecord> {
    for (const [session, { lost }] of this.#known)
      for (const reason of lost) yield* this.#context.skipped(this.#place(session), reason, 'part');
  }

  async *scan({ session, top }: SessionTop): AsyncGenerator<SourceRecord> {
    const known = this.#known.get(session);
    if (top === known?.seq) return;
    // Fewer than before: the oldest were dropped and the rest numbered anew.
    const anew = known === undefined || top < known.seq;
    const where = this.#place(session);
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
      this.#known.set(session, reached);
      yield { kind: 'heartbeat', cursor: { key: this.#key(session), value: writeTrajectoryCursor(reached) } };
      if (last.seq >= top) return;
    }
  }

  /** Nothing is missed with them but what could not be read of them. */
  *gone(there: ReadonlySet<string>): Generator<SourceRecord> {
    for (const session of this.#known.keys()) {
      if (there.has(session)) continue;
      this.#known.delete(session);
      yield* this.#context.gone(this.#place(session));
      yield { kind: 'heartbeat', cursor: { key: this.#key(session), value: '' } };
    }
  }
}
