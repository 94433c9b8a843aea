/** What the detectors found, by session: all of a session at once, as it stood after its last fold. */
import type { Candidate } from '../findings/detector';
import type { Database } from './database';

export interface SessionCandidates {
  readonly row: number;
  readonly session: string;
  readonly candidates: readonly Candidate[];
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
      .all(...(session === undefined ? [source] : [source, session])) as { row: number; session: string; body: Uint8Array }[];
    return rows.map(({ row, session: name, body }) => ({
      row,
      session: name,
      candidates: JSON.parse(this.#db.box.open(body)) as Candidate[],
    }));
  }
}
