/** Which call touched which path of a sandbox, and when. */
import type { Database } from './database';

/** A path a call touched, absolute in the sandbox. */
export interface Touch {
  readonly spanId: string;
  readonly path: string;
  /** Epoch milliseconds of the call's start. */
  readonly start: number | null;
  /** The call changed the file, and it worked. */
  readonly writes: boolean;
}

export interface StoredTouch {
  readonly session: number;
  readonly source: number;
  readonly spanId: string;
}

export interface TouchingCall {
  readonly session: number;
  readonly spanId: string;
  /** Epoch milliseconds of the call's start. */
  readonly start: number | null;
  readonly digest: string;
}

export class TouchStore {
  readonly #db: Database;
  constructor(db: Database) {
    this.#db = db;
  }

  add(session: number, { spanId, path, start, writes }: Touch): void {
    const { box } = this.#db;
    this.#db
      .prepare('INSERT OR REPLACE INTO touch(session, span_id, path_blind, base_blind, start, writes, body) VALUES (?, ?, ?, ?, ?, ?, ?)')
      .run(session, spanId, box.blind(path), box.blind(baseName(path)), start, writes ? 1 : 0, box.seal(path));
  }

  remove(session: number, spanId: string): void {
    this.#db.prepare('DELETE FROM touch WHERE session = ? AND span_id = ?').run(session, spanId);
  }

  /** A path by the hex of its blind, as the ledger names files. */
  pathOf(blind: string): string | null {
    const row = this.#db.prepare('SELECT body FROM touch WHERE path_blind = unhex(?) LIMIT 1').get(blind) as
      { body: Uint8Array } | undefined;
    return row === undefined ? null : this.#db.box.open(row.body);
  }

  /** Paths that end in this name and were touched, each once with the source it lies in. */
  pathsNamed(base: string): readonly { readonly source: number; readonly path: string }[] {
    const { box } = this.#db;
    const rows = this.#db
      .prepare(
        `SELECT s.source, min(t.body) AS body FROM touch t JOIN session s ON s.id = t.session
          WHERE t.base_blind = ? GROUP BY s.source, t.path_blind`,
      )
      .all(box.blind(base)) as { source: number; body: Uint8Array }[];
    return rows.map((row) => ({ source: row.source, path: box.open(row.body) }));
  }

  /** Calls that touched a path, newest first, and how many there are in all. */
  ofPath(source: number, path: string, limit: number): { readonly total: number; readonly newest: readonly StoredTouch[] } {
    const blind = this.#db.box.blind(path);
    const { n } = this.#db
      .prepare('SELECT count(*) AS n FROM touch t JOIN session s ON s.id = t.session WHERE s.source = ? AND t.path_blind = ?')
      .get(source, blind) as { n: number };
    const newest = this.#db
      .prepare(
        `SELECT t.session, s.source, t.span_id AS spanId FROM touch t JOIN session s ON s.id = t.session
          WHERE s.source = ? AND t.path_blind = ? ORDER BY t.start DESC, t.span_id LIMIT ?`,
      )
      .all(source, blind, limit) as unknown as StoredTouch[];
    return { total: n, newest };
  }

  /** As `ofPath`, oldest first, each with what tells whether its span is still the same. */
  callsOf(source: number, path: string, limit: number): { readonly total: number; readonly calls: readonly TouchingCall[] } {
    const blind = this.#db.box.blind(path);
    const rows = this.#db
      .prepare(
        `SELECT t.session, t.span_id AS spanId, t.start, hex(p.digest) AS digest
           FROM touch t JOIN session s ON s.id = t.session JOIN span p ON p.session = t.session AND p.span_id = t.span_id
          WHERE s.source = ? AND t.path_blind = ? ORDER BY t.start DESC, t.span_id DESC LIMIT ?`,
      )
      .all(source, blind, limit) as unknown as TouchingCall[];
    const total = rows.length < limit ? rows.length : this.ofPath(source, path, 0).total;
    return { total, calls: rows.reverse() };
  }

  pathsOfCall(session: number, spanId: string): readonly string[] {
    const { box } = this.#db;
    const rows = this.#db.prepare('SELECT body FROM touch WHERE session = ? AND span_id = ?').all(session, spanId) as {
      body: Uint8Array;
    }[];
    return rows.map(({ body }) => box.open(body));
  }

  /** Paths that calls of a session touched, the last touched first. */
  pathsOfSession(session: number, limit: number): readonly string[] {
    const { box } = this.#db;
    const rows = this.#db
      .prepare('SELECT min(body) AS body FROM touch WHERE session = ? GROUP BY path_blind ORDER BY max(start) DESC LIMIT ?')
      .all(session, limit) as { body: Uint8Array }[];
    return rows.map(({ body }) => box.open(body));
  }

  /** When a call last changed this file, as epoch milliseconds; null when none did. */
  lastWrite(source: number, path: string): number | null {
    const row = this.#db
      .prepare(
        'SELECT max(t.start) AS last FROM touch t JOIN session s ON s.id = t.session WHERE s.source = ? AND t.path_blind = ? AND t.writes = 1',
      )
      .get(source, this.#db.box.blind(path)) as { last: number | null };
    return row.last;
  }
}

export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
