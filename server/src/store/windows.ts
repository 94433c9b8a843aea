/**
 * The windows of the editor that share the store: which live, what each wants read, what a person detached from, and what they
 * tell each other. Everything that can name something is sealed.
 */
import type { Database } from './database';

/** How sandboxes are looked for: what decides it is another window's than the reader's own. */
export interface LookQuestion {
  readonly home: string;
  readonly env: Readonly<Record<string, string>>;
  readonly dockerHost: string;
}

/** One source that a window wants read. `nonce` tells one request from the next; `at` orders those of several windows. */
export type Wanted = { readonly id: string; readonly nonce: string; readonly at: number } & (
  { readonly kind: 'sandbox' } | { readonly kind: 'directory'; readonly path: string } | { readonly kind: 'sample'; readonly speed: number }
);

export interface Wish {
  /** Where its pid has a meaning. */
  readonly machine: string;
  /** null: in an untrusted workspace no sandbox is looked for. */
  readonly look: LookQuestion | null;
  readonly wanted: readonly Wanted[];
}

export interface StoredWindow {
  readonly id: string;
  readonly pid: number;
  readonly beat: number;
  readonly wish: Wish;
}

export interface ChangedSession {
  readonly row: number;
  readonly session: string;
  readonly revision: number;
  /** Ids of the calls that are new or other than before; null: too many to name. */
  readonly spans: readonly string[] | null;
}

export type Notice =
  /** What windows want read is other than before. */
  | { readonly kind: 'wishes' }
  /** What is listed is other than before, for a reason of no source. */
  | { readonly kind: 'inventory' }
  /** Another window reads from now on: what the one before it wrote last, it may not have told. */
  | { readonly kind: 'everything' }
  /** How far the reading of a source is. */
  | { readonly kind: 'state'; readonly sourceId: string }
  /** What is known of a source grew. */
  | {
      readonly kind: 'records';
      readonly source: number;
      readonly sessions: readonly ChangedSession[];
      readonly policyChanged: boolean;
      readonly skippedChanged: boolean;
    };

/** Whoever is further behind reads everything anew. */
export const noticeLimit = 2000;
/** More than anyone detaches from; the oldest are forgotten. */
export const detachedLimit = 1000;

export class WindowStore {
  readonly #db: Database;
  constructor(db: Database) {
    this.#db = db;
  }

  put(id: string, pid: number, wish: Wish): void {
    this.#db
      .prepare('INSERT INTO window(id, pid, body) VALUES (?, ?, ?) ON CONFLICT(id) DO UPDATE SET body = excluded.body, beat = beat + 1')
      .run(id, pid, this.#db.box.seal(JSON.stringify(wish)));
  }

  remove(id: string): void {
    this.#db.prepare('DELETE FROM window WHERE id = ?').run(id);
  }

  all(): readonly StoredWindow[] {
    const rows = this.#db.prepare('SELECT id, pid, beat, body FROM window ORDER BY id').all() as {
      id: string;
      pid: number;
      beat: number;
      body: Uint8Array;
    }[];
    return rows.map(({ id, pid, beat, body }) => ({ id, pid, beat, wish: JSON.parse(this.#db.box.open(body)) as Wish }));
  }

  /** Is any other window there? */
  others(id: string): boolean {
    return this.#db.prepare('SELECT 1 FROM window WHERE id <> ? LIMIT 1').get(id) !== undefined;
  }

  detach(sourceId: string): void {
    const { box } = this.#db;
    this.#db
      .prepare('INSERT OR REPLACE INTO detached(blind, body) VALUES (?, ?)')
      .run(box.blind(sourceId), box.seal(JSON.stringify(sourceId)));
    this.#db.prepare('DELETE FROM detached WHERE rowid NOT IN (SELECT rowid FROM detached ORDER BY rowid DESC LIMIT ?)').run(detachedLimit);
  }

  attach(sourceId: string): void {
    this.#db.prepare('DELETE FROM detached WHERE blind = ?').run(this.#db.box.blind(sourceId));
  }

  /** What was detached from holds while any of the windows lives that were there. */
  forgetDetached(): void {
    this.#db.prepare('DELETE FROM detached').run();
  }

  isDetached(sourceId: string): boolean {
    return this.#db.prepare('SELECT 1 FROM detached WHERE blind = ?').get(this.#db.box.blind(sourceId)) !== undefined;
  }

  tell(window: string, notice: Notice): void {
    const { lastInsertRowid } = this.#db
      .prepare('INSERT INTO notice(window, body) VALUES (?, ?)')
      .run(window, this.#db.box.seal(JSON.stringify(notice)));
    this.#db.prepare('DELETE FROM notice WHERE id <= ?').run(Number(lastInsertRowid) - noticeLimit);
  }

  /** The number of the last notice. */
  lastNotice(): number {
    const row = this.#db.prepare("SELECT seq FROM sqlite_sequence WHERE name = 'notice'").get() as { seq: number } | undefined;
    return row?.seq ?? 0;
  }

  /** What others told after this notice; `missed`: some of it is not there any more. */
  since(last: number, reader: string): { readonly last: number; readonly notices: readonly Notice[]; readonly missed: boolean } {
    const rows = this.#db.prepare('SELECT id, window, body FROM notice WHERE id > ? ORDER BY id').all(last) as {
      id: number;
      window: string;
      body: Uint8Array;
    }[];
    const [first] = rows;
    return {
      last: rows.at(-1)?.id ?? last,
      notices: rows.filter(({ window }) => window !== reader).map(({ body }) => JSON.parse(this.#db.box.open(body)) as Notice),
      missed: first !== undefined && first.id > last + 1,
    };
  }
}
