/**
 * Raw records by their identity. The same record twice changes nothing; a known entry that comes back changed is kept
 * beside the first version; one that vanished is marked, never deleted.
 */
import { hash } from 'node:crypto';
import type { SessionState } from '../protocol/document';
import type { Database } from './database';
import { foldsWanted } from './folding';

export type RecordKind = 'transcript' | 'index' | 'trajectory';
const kindCodes: Readonly<Record<RecordKind, number>> = { transcript: 0, index: 1, trajectory: 2 };
const kindNames: readonly RecordKind[] = ['transcript', 'index', 'trajectory'];

export interface SessionRow {
  readonly id: number;
  readonly agent: string;
  readonly session: string;
  readonly created: number;
}

export interface NewRecord {
  readonly kind: RecordKind;
  readonly entryId: string;
  readonly ordinal: number;
  readonly file: string | null;
  /** Identity of the model call it records, if it does. */
  readonly callKey: string | null;
  readonly text: string;
}

export interface StoredRecord {
  readonly kind: RecordKind;
  readonly entryId: string;
  readonly ordinal: number;
  readonly text: string;
}

export interface Rewritten {
  readonly agent: string;
  readonly session: string;
  readonly sessionRow: number;
  readonly entryId: string;
  readonly what: 'changed' | 'vanished';
  readonly explained: boolean;
}

export function recordDigest(text: string): Buffer {
  return hash('sha256', text, 'buffer').subarray(0, 16);
}

export class EntryStore {
  readonly #db: Database;
  constructor(db: Database) {
    this.#db = db;
  }

  /** The row of a session; made when it is new. */
  ensureSession(source: number, agent: string, session: string): { readonly row: number; readonly made: boolean } {
    const known = this.#db.prepare('SELECT id FROM session WHERE source = ? AND agent = ? AND session = ?').get(source, agent, session) as
      { id: number } | undefined;
    if (known !== undefined) return { row: known.id, made: false };
    const { lastInsertRowid } = this.#db
      .prepare('INSERT INTO session(source, agent, session) VALUES (?, ?, ?)')
      .run(source, agent, session);
    return { row: Number(lastInsertRowid), made: true };
  }

  /** Records of it came that are to be folded; the fold clears it. */
  markDirty(session: number): void {
    this.#db.prepare('UPDATE session SET dirty = 1 WHERE id = ?').run(session);
  }

  /** To be folded, whichever version folded last. */
  dirty(source: number): readonly number[] {
    const rows = this.#db
      .prepare('SELECT id FROM session INDEXED BY session_dirty WHERE source = ? AND folded_as < ? ORDER BY id')
      .all(source, foldsWanted) as { id: number }[];
    return rows.map((row) => row.id);
  }

  sessionRow(id: number): SessionRow {
    const row = this.#db.prepare('SELECT agent, session, header_time, first_time FROM session WHERE id = ?').get(id) as {
      agent: string;
      session: string;
      header_time: number | null;
      first_time: number | null;
    };
    return { id, agent: row.agent, session: row.session, created: row.header_time ?? row.first_time ?? 0 };
  }

  /** Keeps the times that tell the age of a session; true when its age changed. */
  noteTimes(session: number, headerTime: number | null, entryTime: number | null): boolean {
    const known = this.#db.prepare('SELECT header_time, first_time FROM session WHERE id = ?').get(session) as {
      header_time: number | null;
      first_time: number | null;
    };
    const header = earlier(known.header_time, headerTime);
    const first = earlier(known.first_time, entryTime);
    // As with nearly every record: asked, but not written.
    if (header === known.header_time && first === known.first_time) return false;
    this.#db.prepare('UPDATE session SET header_time = ?, first_time = ? WHERE id = ?').run(header, first, session);
    return (header ?? first ?? 0) !== (known.header_time ?? known.first_time ?? 0);
  }

  /** `known`: it was there. `changed`: another version of a known entry. */
  add(session: number, record: NewRecord): 'new' | 'known' | 'changed' {
    const { box } = this.#db;
    const kind = kindCodes[record.kind];
    const digest = recordDigest(record.text);
    const versions = this.#db
      .prepare('SELECT id, version, digest, vanished FROM entry WHERE session = ? AND kind = ? AND entry_id = ? ORDER BY version')
      .all(session, kind, record.entryId) as { id: number; version: number; digest: Uint8Array; vanished: number }[];
    const same = versions.find((version) => digest.equals(version.digest));
    const file = record.file === null ? null : box.blind(record.file);
    if (same !== undefined) {
      // Back, or written again elsewhere: the file it was last seen in is the one whose loss would matter.
      this.#db.prepare('UPDATE entry SET vanished = 0, file = ? WHERE id = ?').run(file, same.id);
      return same.vanished > 0 ? 'new' : 'known';
    }
    if (record.kind === 'index' && versions[0] !== undefined) {
      // The index is a state, not a history.
      this.#db.prepare('UPDATE entry SET digest = ?, raw = ? WHERE id = ?').run(digest, box.seal(record.text), versions[0].id);
      return 'new';
    }
    this.#db
      .prepare(
        'INSERT INTO entry(session, kind, entry_id, version, ordinal, digest, file, call_blind, raw) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
      )
      .run(
        session,
        kind,
        record.entryId,
        versions.length,
        record.ordinal,
        digest,
        file,
        record.callKey === null ? null : box.blind(record.callKey),
        box.seal(record.text),
      );
    return versions.length === 0 ? 'new' : 'changed';
  }

  /** First versions of everything known of a session, for the fold. */
  *records(session: number): Iterable<StoredRecord> {
    const rows = this.#db
      .prepare('SELECT kind, entry_id, ordinal, raw FROM entry WHERE session = ? AND version = 0')
      .iterate(session) as Iterable<{
      kind: number;
      entry_id: string;
      ordinal: number;
      raw: Uint8Array;
    }>;
    for (const row of rows) {
      const kind = kindNames[row.kind];
      if (kind !== undefined) yield { kind, entryId: row.entry_id, ordinal: row.ordinal, text: this.#db.box.open(row.raw) };
    }
  }

  /** The text of one entry of a session; `version` 0 is what was seen first. */
  raw(session: number, entryId: string, version = 0): string | null {
    const row = this.#db
      .prepare('SELECT raw FROM entry WHERE session = ? AND kind = 0 AND entry_id = ? AND version = ?')
      .get(session, entryId, version) as { raw: Uint8Array } | undefined;
    return row === undefined ? null : this.#db.box.open(row.raw);
  }

  /** What the index says of a session now; null: nothing. `known`: the digest of a text that is not wanted again. */
  indexRow(session: number, known: string | null): { readonly digest: string; readonly text: string | null } | null {
    const where = "FROM entry WHERE session = ? AND kind = 1 AND entry_id = '#index' AND version = 0";
    const row = this.#db.prepare(`SELECT digest ${where}`).get(session) as { digest: Uint8Array } | undefined;
    if (row === undefined) return null;
    const digest = Buffer.from(row.digest).toString('base64');
    if (digest === known) return { digest, text: null };
    const { raw } = this.#db.prepare(`SELECT raw ${where}`).get(session) as { raw: Uint8Array };
    return { digest, text: this.#db.box.open(raw) };
  }

  setFileState(session: number, file: string, state: SessionState | null): boolean {
    const blind = this.#db.box.blind(file);
    if (state === null) return Number(this.#db.prepare('DELETE FROM file WHERE session = ? AND blind = ?').run(session, blind).changes) > 0;
    const row = this.#db.prepare('SELECT state FROM file WHERE session = ? AND blind = ?').get(session, blind) as
      { state: string } | undefined;
    if (row?.state === state) return false;
    this.#db
      .prepare('INSERT INTO file(session, blind, state) VALUES (?, ?, ?) ON CONFLICT(session, blind) DO UPDATE SET state = excluded.state')
      .run(session, blind, state);
    return true;
  }

  fileStates(session: number): readonly SessionState[] {
    return (this.#db.prepare('SELECT state FROM file WHERE session = ?').all(session) as { state: SessionState }[]).map((row) => row.state);
  }

  /** Ids of the entries last seen in a file and still there. */
  idsInFile(session: number, file: string): readonly string[] {
    const rows = this.#db
      .prepare('SELECT entry_id FROM entry WHERE session = ? AND kind = 0 AND version = 0 AND vanished = 0 AND file = ?')
      .all(session, this.#db.box.blind(file)) as { entry_id: string }[];
    return rows.map((row) => row.entry_id);
  }

  markVanished(session: number, entryId: string, explained: boolean): void {
    this.#db
      .prepare('UPDATE entry SET vanished = ? WHERE session = ? AND kind = 0 AND entry_id = ? AND version = 0')
      .run(explained ? 2 : 1, session, entryId);
  }

  /** Of the source, or of one session of it. Asked often: by its index alone, never over all entries or all sessions. */
  rewritten(source: number, session?: number): readonly Rewritten[] {
    const one = session === undefined ? '' : 'AND e.session = ?2';
    const rows = this.#db
      .prepare(
        `SELECT s.id AS sessionRow, s.agent, s.session, e.entry_id, e.version, e.vanished
           FROM entry e INDEXED BY entry_rewritten CROSS JOIN session s ON s.id = e.session
          WHERE s.source = ?1 ${one} AND e.kind = 0 AND (e.version > 0 OR e.vanished > 0) ORDER BY e.id`,
      )
      .all(...(session === undefined ? [source] : [source, session])) as {
      sessionRow: number;
      agent: string;
      session: string;
      entry_id: string;
      version: number;
      vanished: number;
    }[];
    return rows.map((row) => ({
      agent: row.agent,
      session: row.session,
      sessionRow: row.sessionRow,
      entryId: row.entry_id,
      what: row.vanished > 0 ? 'vanished' : 'changed',
      explained: row.vanished === 2,
    }));
  }

  /** Ids of this session's entries that an older session of the same agent has too. */
  foreignEntries(source: number, session: SessionRow): ReadonlySet<string> {
    const rows = this.#db
      .prepare(
        `SELECT DISTINCT mine.entry_id AS id
           FROM entry mine
           JOIN entry other ON other.entry_id = mine.entry_id AND other.kind = 0 AND other.session <> mine.session
           JOIN session s ON s.id = other.session
          WHERE mine.session = ?1 AND mine.kind = 0 AND mine.version = 0 AND s.source = ?2 AND s.agent = ?3
            AND (coalesce(s.header_time, s.first_time, 0) < ?4 OR (coalesce(s.header_time, s.first_time, 0) = ?4 AND s.session < ?5))`,
      )
      .all(session.id, source, session.agent, session.created, session.session) as { id: string }[];
    return new Set(rows.map((row) => row.id));
  }

  /** Entries of this session that record a model call an older session of the source records too. */
  foreignCalls(source: number, session: SessionRow): ReadonlySet<string> {
    const rows = this.#db
      .prepare(
        `SELECT DISTINCT mine.entry_id AS id
           FROM entry mine
           JOIN entry other ON other.call_blind = mine.call_blind AND other.session <> mine.session
           JOIN session s ON s.id = other.session
          WHERE mine.session = ?1 AND mine.version = 0 AND mine.call_blind IS NOT NULL AND s.source = ?2
            AND (coalesce(s.header_time, s.first_time, 0) < ?3 OR (coalesce(s.header_time, s.first_time, 0) = ?3 AND s.session < ?4))`,
      )
      .all(session.id, source, session.created, session.session) as { id: string }[];
    return new Set(rows.map((row) => row.id));
  }

  /** Other sessions of the source that share entries or model calls with this one: their ownership may change with it. */
  related(source: number, session: number): readonly number[] {
    const rows = this.#db
      .prepare(
        `SELECT DISTINCT other.session AS id FROM entry mine
           JOIN entry other ON other.entry_id = mine.entry_id AND other.kind = 0 AND other.session <> mine.session
           JOIN session s ON s.id = other.session AND s.source = ?2
          WHERE mine.session = ?1 AND mine.kind = 0
         UNION
         SELECT DISTINCT other.session FROM entry mine
           JOIN entry other ON other.call_blind = mine.call_blind AND other.session <> mine.session
           JOIN session s ON s.id = other.session AND s.source = ?2
          WHERE mine.session = ?1 AND mine.call_blind IS NOT NULL`,
      )
      .all(session, source) as { id: number }[];
    return rows.map((row) => row.id);
  }

  /** Whether an older session of the same agent has this entry. */
  isForeignEntry(source: number, session: SessionRow, entryId: string): boolean {
    const row = this.#db
      .prepare(
        `SELECT 1 FROM entry e JOIN session s ON s.id = e.session
          WHERE e.kind = 0 AND e.entry_id = ?1 AND e.session <> ?2 AND s.source = ?3 AND s.agent = ?4
            AND (coalesce(s.header_time, s.first_time, 0) < ?5 OR (coalesce(s.header_time, s.first_time, 0) = ?5 AND s.session < ?6)) LIMIT 1`,
      )
      .get(entryId, session.id, source, session.agent, session.created, session.session);
    return row !== undefined;
  }

  /** Whether an older session of the source records this model call. */
  isForeignCall(source: number, session: SessionRow, callKey: string): boolean {
    const row = this.#db
      .prepare(
        `SELECT 1 FROM entry e JOIN session s ON s.id = e.session
          WHERE e.call_blind IS NOT NULL AND e.call_blind = ?1 AND e.session <> ?2 AND s.source = ?3
            AND (coalesce(s.header_time, s.first_time, 0) < ?4 OR (coalesce(s.header_time, s.first_time, 0) = ?4 AND s.session < ?5)) LIMIT 1`,
      )
      .get(this.#db.box.blind(callKey), session.id, source, session.created, session.session);
    return row !== undefined;
  }

  /** Younger sessions of the source that have this entry or model call of a session too: they are not theirs any more. */
  heirs(source: number, session: SessionRow, entryId: string, callKey: string | null): readonly number[] {
    const blind = callKey === null ? null : this.#db.box.blind(callKey);
    const younger = '(coalesce(s.header_time, s.first_time, 0) > ?3 OR (coalesce(s.header_time, s.first_time, 0) = ?3 AND s.session > ?4))';
    const rows = this.#db
      .prepare(
        `SELECT DISTINCT e.session AS id FROM entry e JOIN session s ON s.id = e.session
          WHERE e.session <> ?1 AND s.source = ?2 AND ${younger} AND e.kind = 0 AND e.entry_id = ?5
         UNION
         SELECT DISTINCT e.session FROM entry e JOIN session s ON s.id = e.session
          WHERE e.session <> ?1 AND s.source = ?2 AND ${younger} AND e.call_blind IS NOT NULL AND e.call_blind = ?6`,
      )
      .all(session.id, source, session.created, session.session, entryId, blind) as { id: number }[];
    return rows.map((row) => row.id);
  }
}

function earlier(known: number | null, time: number | null): number | null {
  return known === null || time === null ? (known ?? time) : Math.min(known, time);
}
