/** Sources, their cursors and what of them could not be read. */
import type { Skipped, SourceInfo } from '../protocol/document';
import type { Database } from './database';

export interface StoredSource {
  readonly info: SourceInfo;
  /** Vendor behind the provider `inference`, as the sandbox registry names it. */
  readonly registryProvider: string | null;
}

/** A hostile trace may hold any number of things that can't be read, and all that is kept of them goes out with every inventory. */
export const skippedPerSource = 200;
/** Names and reasons are cut to this: an agent chooses the names. */
export const skippedChars = 500;
const more: Skipped = { where: 'and more', reason: `more than ${skippedPerSource} things could not be read` };

export class SourceStore {
  readonly #db: Database;
  constructor(db: Database) {
    this.#db = db;
  }

  /** The row of a source; made when it is new. */
  ensure(sourceId: string, initial: StoredSource): number {
    const { box } = this.#db;
    const blind = box.blind(sourceId);
    const row = this.#db.prepare('SELECT id FROM source WHERE blind = ?').get(blind) as { id: number } | undefined;
    if (row !== undefined) return row.id;
    return Number(
      this.#db.prepare('INSERT INTO source(blind, body) VALUES (?, ?)').run(blind, box.seal(JSON.stringify(initial))).lastInsertRowid,
    );
  }

  update(source: number, stored: StoredSource): void {
    this.#db.prepare('UPDATE source SET body = ? WHERE id = ?').run(this.#db.box.seal(JSON.stringify(stored)), source);
  }

  get(source: number): StoredSource | null {
    const row = this.#db.prepare('SELECT body FROM source WHERE id = ?').get(source) as { body: Uint8Array } | undefined;
    return row === undefined ? null : (JSON.parse(this.#db.box.open(row.body)) as StoredSource);
  }

  remove(source: number): void {
    this.#db.prepare('DELETE FROM source WHERE id = ?').run(source);
  }

  cursors(source: number): ReadonlyMap<string, string> {
    const map = new Map<string, string>();
    for (const row of this.#db.prepare('SELECT body FROM cursor WHERE source = ?').iterate(source) as Iterable<{ body: Uint8Array }>) {
      const [key, value] = JSON.parse(this.#db.box.open(row.body)) as [string, string];
      map.set(key, value);
    }
    return map;
  }

  setCursor(source: number, key: string, value: string): void {
    const { box } = this.#db;
    this.#db
      .prepare('INSERT INTO cursor(source, blind, body) VALUES (?, ?, ?) ON CONFLICT(source, blind) DO UPDATE SET body = excluded.body')
      .run(source, box.blind(key), box.seal(JSON.stringify([key, value])));
  }

  /** Keeps up to skippedPerSource of these; that there are more is then said too, but not which. false: nothing changed. */
  addSkipped(source: number, told: Skipped): boolean {
    const skipped: Skipped = { where: brief(told.where), reason: brief(told.reason) };
    if (this.#hasSkipped(source, skipped)) return false;
    const { n } = this.#db.prepare('SELECT count(*) AS n FROM skipped WHERE source = ?').get(source) as { n: number };
    const kept = n < skippedPerSource ? skipped : more;
    if (kept !== skipped && this.#hasSkipped(source, kept)) return false;
    const { box } = this.#db;
    this.#db
      .prepare('INSERT INTO skipped(source, blind, body) VALUES (?, ?, ?)')
      .run(source, this.#blindOf(kept), box.seal(JSON.stringify(kept)));
    return true;
  }

  #hasSkipped(source: number, skipped: Skipped): boolean {
    return this.#db.prepare('SELECT 1 FROM skipped WHERE source = ? AND blind = ?').get(source, this.#blindOf(skipped)) !== undefined;
  }

  #blindOf({ where, reason }: Skipped): Buffer {
    return this.#db.box.blind(JSON.stringify([where, reason]));
  }

  /** Nothing that was told of this place holds any more. That there are more is said as long as any is: which they were is not known. */
  mendSkipped(source: number, place: string): void {
    const where = brief(place);
    const all = this.skipped(source);
    const still = all.filter((skipped) => skipped.where !== where);
    const over = still.every((skipped) => skipped.where === more.where) ? all : all.filter((skipped) => skipped.where === where);
    for (const skipped of over) this.#db.prepare('DELETE FROM skipped WHERE source = ? AND blind = ?').run(source, this.#blindOf(skipped));
  }

  /** What could not be read is found anew at each attach. */
  clearSkipped(source: number): void {
    this.#db.prepare('DELETE FROM skipped WHERE source = ?').run(source);
  }

  skipped(source: number): readonly Skipped[] {
    const rows = this.#db.prepare('SELECT body FROM skipped WHERE source = ?').all(source) as { body: Uint8Array }[];
    return rows
      .map((row) => JSON.parse(this.#db.box.open(row.body)) as Skipped)
      .sort((a, b) => (a.where < b.where ? -1 : a.where > b.where ? 1 : a.reason < b.reason ? -1 : 1));
  }
}

function brief(text: string): string {
  return text.length > skippedChars ? `${text.slice(0, skippedChars)}…` : text;
}
