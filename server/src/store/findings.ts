/** What the detectors found, by session: all of a session at once, as it stood after its last fold. */
import type { Candidate } from '../findings/detector';
import type { Database } from './database';

export interface SessionCandidates {
  readonly row: number;
  readonly session: string;
  readonly candidates: readonly Candidate[];
}

interface Row {
  readonly row: number;
  readonly session: string;
  readonly body: Uint8Array;
}

export class FindingStore {
  readonly #db: Database;
  constructor(db: Database) {
    this.#db = db;
  }

  put(session: number, candidates: readonly Candidate[]): void {
    if (candidates.length === 0) this.#db.prepare('DELETE FROM finding WHERE session = ?').run(session);
    else
      this.#db
        .prepare('INSERT OR REPLACE INTO finding(session, body) VALUES (?, ?)')
        .run(session, this.#db.box.seal(JSON.stringify(candidates)));
  }

  /** Of the sessions of a source that have any, by start, or of one of them. */
  of(source: number, session?: number): readonly SessionCandidates[] {
    const one = session === undefined ? '' : 'AND s.id = ?2';
    const rows = this.#db
      .prepare(
        `SELECT f.session AS row, s.session, f.body FROM finding f CROSS JOIN session s ON s.id = f.session
          WHERE s.source = ?1 ${one} ORDER BY s.start, s.session`,
      )
      .all(...(session === undefined ? [source] : [source, session])) as unknown as Row[];
    return this.#opened(rows);
  }

  /** Of the sessions last written in, so many are looked at, however many there are. */
  ofNewest(source: number, sessions: number): readonly SessionCandidates[] {
    const rows = this.#db
      .prepare(
        `SELECT s.id AS row, s.session, f.body
           FROM (SELECT id, session, last_time FROM session INDEXED BY session_by_last WHERE source = ? AND body IS NOT NULL
                  ORDER BY last_time DESC, id DESC LIMIT ?) s
           CROSS JOIN finding f ON f.session = s.id ORDER BY s.last_time DESC, s.id DESC`,
      )
      .all(source, sessions);
    return this.#opened(rows as unknown as Row[]);
  }

  /** All of a source that have any, so many at a time: those after this row of a session. */
  after(source: number, row: number, limit: number): readonly SessionCandidates[] {
    const rows = this.#db
      .prepare(
        `SELECT f.session AS row, s.session, f.body FROM finding f CROSS JOIN session s ON s.id = f.session
          WHERE f.session > ? AND s.source = ? ORDER BY f.session LIMIT ?`,
      )
      .all(row, source, limit);
    return this.#opened(rows as unknown as Row[]);
  }

  #opened(rows: readonly Row[]): readonly SessionCandidates[] {
    return rows.map(({ row, session, body }) => ({ row, session, candidates: JSON.parse(this.#db.box.open(body)) as Candidate[] }));
  }
}
