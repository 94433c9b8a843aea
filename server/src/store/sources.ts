/** Sources, their cursors and what of them could not be read. */
import type { SandboxInfo, Skipped, SourceInfo } from '../protocol/document';
import type { AttachState } from '../protocol/messages';
import type { Database } from './database';

export interface StoredSource {
  readonly info: SourceInfo;
  /** Vendor behind the provider `inference`, as the sandbox registry names it. */
  readonly registryProvider: string | null;
}

/** How far the reading of a source is; told by the process that reads, shown by all. */
export interface ReadingState {
  readonly attach: AttachState;
  /** Which request to read it this answers. */
  readonly asked: string;
}

/** What is needed to list a sandbox that is not there any more. Times are epoch milliseconds. */
export interface StoredSandbox {
  readonly sourceId: string;
  /** Of OpenShell. */
  readonly id: string;
  readonly name: string;
  readonly layout: SandboxInfo['layout'];
  readonly runtime: string | null;
  readonly provider: string | null;
  readonly model: string | null;
  readonly gateway: string | null;
  /** The engine it was in, however that is named: it is gone only when that one says so. */
  readonly engine: string;
  readonly firstSeen: number;
  readonly lastSeen: number;
}

/** Sandboxes of which is known what they were called, those first read last; all are gone through for each view. */
export const rememberedSandboxes = 200;

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

  /** The row of a source that was opened before. */
  find(sourceId: string): number | null {
    const row = this.#db.prepare('SELECT id FROM source WHERE blind = ?').get(this.#db.box.blind(sourceId)) as { id: number } | undefined;
    return row?.id ?? null;
  }

  /** All that there are. */
  rows(): readonly number[] {
    return (this.#db.prepare('SELECT id FROM source ORDER BY id').all() as { id: number }[]).map(({ id }) => id);
  }

  setState(source: number, state: ReadingState): void {
    this.#db.prepare('UPDATE source SET state = ? WHERE id = ?').run(this.#db.box.seal(JSON.stringify(state)), source);
  }

  /** null: no one reads it, or has since it was let go. */
  state(source: number): ReadingState | null {
    const row = this.#db.prepare('SELECT state FROM source WHERE id = ?').get(source) as { state: Uint8Array | null } | undefined;
    return row === undefined || row.state === null ? null : (JSON.parse(this.#db.box.open(row.state)) as ReadingState);
  }

  /** What was said of the reading of sources but these holds no more: whoever said it is gone. */
  forgetStates(but: ReadonlySet<number>): void {
    for (const { id } of this.#db.prepare('SELECT id FROM source WHERE state IS NOT NULL').all() as { id: number }[]) {
      if (!but.has(id)) this.#db.prepare('UPDATE source SET state = NULL WHERE id = ?').run(id);
    }
  }

  setSandbox(source: number, sandbox: StoredSandbox): void {
    this.#db.prepare('UPDATE source SET sandbox = ? WHERE id = ?').run(this.#db.box.seal(JSON.stringify(sandbox)), source);
    this.#db
      .prepare(
        `UPDATE source SET sandbox = NULL WHERE sandbox IS NOT NULL AND id <=
           (SELECT id FROM source WHERE sandbox IS NOT NULL ORDER BY id DESC LIMIT 1 OFFSET ?)`,
      )
      .run(rememberedSandboxes);
  }

  sandbox(source: number): StoredSandbox | null {
    const row = this.#db.prepare('SELECT sandbox FROM source WHERE id = ?').get(source) as { sandbox: Uint8Array | null } | undefined;
    return row === undefined || row.sandbox === null ? null : (JSON.parse(this.#db.box.open(row.sandbox)) as StoredSandbox);
  }

  /** Sandboxes of which there are sessions, with their rows. */
  sandboxes(): readonly (StoredSandbox & { readonly row: number })[] {
    const rows = this.#db
      .prepare('SELECT id, sandbox FROM source s WHERE sandbox IS NOT NULL AND EXISTS (SELECT 1 FROM session WHERE source = s.id)')
      .all() as { id: number; sandbox: Uint8Array }[];
    return rows.map(({ id, sandbox }) => ({ ...(JSON.parse(this.#db.box.open(sandbox)) as StoredSandbox), row: id }));
  }

  /** Every session that can be shown, with how often it changed; nothing is decrypted. */
  revisions(source: number): readonly { readonly row: number; readonly session: string; readonly revision: number }[] {
    return this.#db
      .prepare('SELECT id AS row, session, revision FROM session WHERE source = ? AND body IS NOT NULL')
      .all(source) as unknown as readonly { row: number; session: string; revision: number }[];
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
