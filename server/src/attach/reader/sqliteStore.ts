/**
 * Opens an agent's database for reading without leaving a trace. Opening a cleanly closed WAL database, even read-only, leaves
 * `-wal` and `-shm` behind, and opening one whose writer is gone writes its `-shm` anew; so: no `-wal`, then as immutable; `-wal`
 * and `-shm` there, then with the `-shm` read-only too, which SQLite builds again in memory where no writer holds it; a `-wal`
 * alone (a copied directory), then from a private copy. A connection lives for one short reading, never between two looks: it
 * would keep the writer from tidying up its log.
 *
 * As root nothing but a private copy will do: for root, SQLite gives `-wal` and `-shm` to the owner of the database whenever it
 * opens them, and that changes their times even where it changes no owner.
 */
import { closeSync, lstatSync, readSync } from 'node:fs';
import type * as Sqlite from 'node:sqlite';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { irregular, openRegularSync } from '../regularFile';
import { privateCopy } from './privateCopy';
import { dataStampOf, stampOf } from './stamp';
import { StoreError } from './storeError';

/** A private copy of more than this is not made; such a database is open at the place it was copied from, or was. */
const MAX_COPY_BYTES = 4 * 1024 * 1024 * 1024;
const BUSY_TIMEOUT_MS = 2000;
/** A private copy that took longer than this is the database for as many times as long, so that it costs a part of the time at most. */
const QUICK_COPY_MS = 25;
const COPY_HOLD_FACTOR = 10;
const MAX_COPY_HOLD_MS = 60_000;
/** With its two salts, which change whenever the log begins anew. */
const WAL_HEADER_BYTES = 32;
/** Why a database is not read where no copy of it may be made, though one could be: said by the reader in Python too. */
export const NEEDS_COPY =
  'its -wal has no -shm beside it: nobody has it open, and reading it would write into the sandbox; it is read when OpenClaw runs again';
/** All that may be asked for. `auth_profile_store` holds secrets and is none of them. */
export type Table =
  | 'transcript_events'
  | 'transcript_rewrite_watermarks'
  | 'trajectory_runtime_events'
  | 'session_nodes'
  | 'session_windows'
  | 'session_transcript_archives'
  | 'session_transcript_cold_archives'
  | 'schema_meta';

const TABLES: Readonly<Record<Table, true>> = {
  transcript_events: true,
  transcript_rewrite_watermarks: true,
  trajectory_runtime_events: true,
  session_nodes: true,
  session_windows: true,
  session_transcript_archives: true,
  session_transcript_cold_archives: true,
  schema_meta: true,
};

type Access = 'immutable' | 'live' | 'copy';

interface Copy {
  readonly database: DatabaseSync;
  /** What it is a copy of. */
  readonly stamp: string;
  readonly heldUntil: number;
}

export class SqliteStore {
  readonly #path: string;
  readonly #mayCopy: boolean;
  #copy: Copy | null = null;
  readonly #schema = new SchemaFacts();
  readonly #urls = new Map<string, URL>();

  constructor(path: string, mayCopy: boolean) {
    this.#path = path;
    this.#mayCopy = mayCopy;
  }

  /** Changes with every transaction; null: there is no database. */
  stamp(): string | null {
    return this.#held()?.stamp ?? this.#stampNow();
  }

  /** Why what is in its place is no database that may be read; null: there is nothing. */
  obstacle(): string | null {
    const stat = lstatSync(this.#path, { throwIfNoEntry: false });
    if (!stat || stat.isFile()) return null;
    if (stat.isSymbolicLink()) return 'it is a symbolic link, and none is followed: put the database itself there';
    return `it is ${stat.isDirectory() ? 'a directory' : 'no regular file'}, not a database: copy it there again`;
  }

  get isEmpty(): boolean {
    return sizeOf(this.#path) === 0 && !sizeOf(`${this.#path}-wal`);
  }

  /** Runs `read` on an open database; synchronous, so that no transaction outlives it. */
  read<T>(read: (database: Reading) => T): T {
    const held = this.#held();
    if (held) return this.#readBy('copy', held.stamp, read);
    const stamp = this.#stampNow();
    if (stamp === null) throw new StoreError('it is gone', { passing: true });
    const access = this.#access();
    try {
      return this.#readBy(access, stamp, read);
    } catch (error) {
      // A directory that we may not write: the database is fine, but its shared memory can't be used.
      if (access === 'live' && this.#mayCopy && StoreError.is(error) && error.unusable) return this.#readBy('copy', stamp, read);
      throw error;
    }
  }

  #held(): Copy | null {
    return this.#copy !== null && performance.now() < this.#copy.heldUntil ? this.#copy : null;
  }

  #stampNow(): string | null {
    const main = fileStamp(this.#path, stampOf);
    // Where reading itself changes the ctime of the log, that says nothing.
    const log = fileStamp(`${this.#path}-wal`, isRoot() && !this.#mayCopy ? dataStampOf : stampOf);
    return main === null ? null : `${main}|${log ?? '-'}`;
  }

  #readBy<T>(access: Access, stamp: string, read: (database: Reading) => T): T {
    try {
      const database = this.#open(access, stamp);
      try {
        harden(database);
        const result = read(new Reading(database, this.#schema.of(database, stamp.slice(0, stamp.indexOf(':')))));
        // A writer came in between: what an immutable reading saw may be torn.
        if (access === 'immutable' && this.#stampNow() !== stamp) throw new StoreError('it changed while being read', { passing: true });
        return result;
      } finally {
        if (access !== 'copy') database.close();
      }
    } catch (error) {
      throw StoreError.is(error) ? error : sqliteError(error);
    }
  }

  #access(): Access {
    const wal = this.#beside('-wal');
    const shm = this.#beside('-shm') !== null;
    if (wal === null || (wal === 0 && !shm)) return 'immutable';
    if (!shm || (isRoot() && this.#mayCopy)) return 'copy';
    this.#beside('-journal');
    return 'live';
  }

  /** The size of what SQLite is about to open beside the database; null: not there. A pipe in its place would hold it up for good. */
  #beside(suffix: '-wal' | '-shm' | '-journal'): number | null {
    const stat = lstatSync(this.#path + suffix, { throwIfNoEntry: false });
    const reason = stat ? irregular(stat) : null;
    if (reason !== null) throw new StoreError(reason.replace(/^it /, `its ${suffix} `), { passing: true });
    return stat?.size ?? null;
  }

  #open(access: Access, stamp: string): DatabaseSync {
    const Database = databaseClass();
    if (access !== 'copy') this.dispose();
    switch (access) {
      case 'immutable':
        return new Database(this.#url('immutable'), { readOnly: true, timeout: BUSY_TIMEOUT_MS });
      case 'live':
        this.#mustKeepOwners();
        return new Database(this.#url('readonly_shm'), { readOnly: true, timeout: BUSY_TIMEOUT_MS });
      case 'copy':
        if (this.#copy?.stamp !== stamp) {
          const started = performance.now();
          const database = this.#privateCopy(Database);
          const ended = performance.now();
          const took = ended - started;
          const hold = took < QUICK_COPY_MS ? 0 : Math.min(MAX_COPY_HOLD_MS, took * COPY_HOLD_FACTOR);
          this.#copy = { database, stamp, heldUntil: ended + hold };
        }
        return this.#copy.database;
    }
  }

  /** As root inside a sandbox no copy may be made, and opening it must not give a file to someone else. */
  #mustKeepOwners(): void {
    if (!isRoot()) return;
    const owner = ownerOf(this.#path);
    for (const suffix of ['-wal', '-shm']) {
      const found = ownerOf(this.#path + suffix);
      if (found !== null && found !== owner)
        throw new StoreError(
          `it and its ${suffix} belong to different users, and reading it as root would change that: give them one owner`,
        );
    }
  }

  #url(option: 'immutable' | 'readonly_shm'): URL {
    return known(this.#urls, option, () => {
      const url = pathToFileURL(this.#path);
      url.searchParams.set('mode', 'ro');
      url.searchParams.set(option, '1');
      return url;
    });
  }

  #privateCopy(Database: typeof DatabaseSync): DatabaseSync {
    if (!this.#mayCopy) throw new StoreError(NEEDS_COPY, { passing: true });
    this.dispose();
    if ((sizeOf(this.#path) ?? 0) + (sizeOf(`${this.#path}-wal`) ?? 0) > MAX_COPY_BYTES)
      throw new StoreError(
        `it needs a private copy and is larger than ${MAX_COPY_BYTES / 1024 ** 3} GB: ${isRoot() ? 'read it as a user other than root' : 'end OpenClaw, which then puts its -wal into it'}`,
      );
    return privateCopy({ path: this.#path, Database, timeout: BUSY_TIMEOUT_MS, mark: () => this.#logMark() });
  }

  /** The same before and after: the log was not begun anew; where there is none, the database was not written. */
  #logMark(): string {
    return walHeader(`${this.#path}-wal`) ?? fileStamp(this.#path, stampOf) ?? 'gone';
  }

  dispose(): void {
    this.#copy?.database.close();
    this.#copy = null;
  }
}

/** What was asked of a schema, until it changes: it is asked again at every look, and changes with a new version of OpenClaw. */
interface Facts {
  /** Another file in its place may have the same version. */
  readonly inode: string;
  readonly version: number;
  /** A text: why what has the name of the table is not asked for anything. */
  readonly columns: Map<Table, ReadonlySet<string> | string>;
  /** By table and column; bounded by the two of each that are asked for. */
  readonly indexed: Map<string, boolean>;
  readonly numbered: Map<Table, boolean>;
}

class SchemaFacts {
  #facts: Facts | null = null;

  of(database: DatabaseSync, inode: string): Facts {
    const { schema_version: version } = database.prepare('PRAGMA schema_version').get() as { readonly schema_version: number };
    if (this.#facts?.version !== version || this.#facts.inode !== inode)
      this.#facts = { inode, version, columns: new Map(), indexed: new Map(), numbered: new Map() };
    return this.#facts;
  }
}

/** One reading. Only the tables named above can be asked for; `auth_profile_store` is none of them. */
export class Reading {
  readonly #database: DatabaseSync;
  readonly #facts: Facts;
  /** By their text; there are some ten. */
  readonly #statements = new Map<string, StatementSync>();

  constructor(database: DatabaseSync, facts: Facts) {
    this.#database = database;
    this.#facts = facts;
  }

  /** Empty: there is no such table, or none that may be asked. */
  columns(table: Table): ReadonlySet<string> {
    const found = this.#look(table);
    return typeof found === 'string' ? new Set() : found;
  }

  /** Why what has the name of a table is not read: of each that is there and is none, or none that is no more than its rows. */
  refused(): readonly string[] {
    return (Object.keys(TABLES) as Table[]).map((table) => this.#look(table)).filter((found) => typeof found === 'string');
  }

  #look(table: Table): ReadonlySet<string> | string {
    return known(this.#facts.columns, table, () => columnsOf(this.#database, table));
  }

  /** Can its rows be asked for by the order in which they came? */
  isNumbered(table: Table): boolean {
    const columns = this.columns(table);
    return known(this.#facts.numbered, table, () => columns.size > 0 && !columns.has('rowid') && !isWithoutRowid(this.#database, table));
  }

  /** Is a row found by this column without a search through all of them? */
  isIndexedBy(table: Table, column: string): boolean {
    if (!this.columns(table).has(column)) return false;
    return known(this.#facts.indexed, `${table} ${column}`, () => {
      const indexes = this.#database.prepare(`PRAGMA index_list(${table})`).all() as { readonly name: string; readonly partial: number }[];
      return indexes.some(({ name, partial }) => {
        const [first] = this.#database.prepare(`PRAGMA index_info("${name.replaceAll('"', '""')}")`).all() as { readonly name: string }[];
        return partial === 0 && first?.name === column;
      });
    });
  }

  /** `sql` is ours, never text from a trace. */
  rows(sql: string, ...values: (string | number | bigint)[]): IterableIterator<Row> {
    return known(this.#statements, sql, () => this.#database.prepare(sql)).iterate(...values) as IterableIterator<Row>;
  }
}

/**
 * A database is what an agent's user made of it: a view in the place of a table runs a statement of theirs, which may have no end, and so
 * does a column that is computed. Only what holds nothing but rows is asked.
 */
function columnsOf(database: DatabaseSync, table: Table): ReadonlySet<string> | string {
  const named = database
    .prepare(
      "SELECT type = 'table' AND rootpage > 0 AND sql LIKE 'CREATE TABLE %' AS plain FROM sqlite_master WHERE name = ? COLLATE NOCASE",
    )
    .all(table) as { readonly plain: number | null }[];
  if (named.length === 0) return new Set();
  if (named.length > 1 || named[0]?.plain !== 1) return `${table} is no table: it is not read`;
  const columns = database.prepare(`PRAGMA table_xinfo(${table})`).all() as { readonly name: string; readonly hidden: number }[];
  if (columns.some(({ hidden }) => hidden !== 0)) return `${table} has columns that are computed: it is not read`;
  return new Set(columns.map(({ name }) => name));
}

/** Its rows are kept by their key, and have no number of their own. */
function isWithoutRowid(database: DatabaseSync, table: Table): boolean {
  try {
    database.prepare(`SELECT rowid FROM ${table} LIMIT 0`);
    return false;
  } catch (error) {
    if (error instanceof Error && error.message.includes('no such column')) return true;
    throw error;
  }
}

/** For this connection alone; nothing is written. What a Node does not have yet is a second lock on a door that is shut. */
function harden(database: DatabaseSync): void {
  database.exec('PRAGMA trusted_schema = OFF');
  const young = database as Partial<Pick<DatabaseSync, 'enableDefensive'>>;
  young.enableDefensive?.(true);
}

function known<K, V>(facts: Map<K, V>, key: K, ask: () => V): V {
  let fact = facts.get(key);
  if (fact === undefined) facts.set(key, (fact = ask()));
  return fact;
}

export type Row = Readonly<Record<string, string | number | bigint | Uint8Array | null>>;

function databaseClass(): typeof DatabaseSync {
  // Not an import: a Node without it must still be able to say so.
  const sqlite = process.getBuiltinModule('node:sqlite') as typeof Sqlite | undefined;
  if (!sqlite) throw new StoreError(`this Node (${process.versions.node}) has no node:sqlite`);
  return sqlite.DatabaseSync;
}

/** Stamps of regular files only: a link could lead anywhere. */
function fileStamp(path: string, of: typeof stampOf): string | null {
  const stat = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  return stat?.isFile() ? of(stat) : null;
}

/** null: there is no log, or nothing in it. */
function walHeader(path: string): string | null {
  if (fileStamp(path, stampOf) === null) return null;
  const file = openRegularSync(path);
  try {
    const header = Buffer.alloc(WAL_HEADER_BYTES);
    return readSync(file, header, 0, header.length, 0) === header.length ? header.toString('hex') : null;
  } finally {
    closeSync(file);
  }
}

function ownerOf(path: string): string | null {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  return stat ? `${stat.uid}:${stat.gid}` : null;
}

function isRoot(): boolean {
  return process.geteuid?.() === 0;
}

function sizeOf(path: string): number | null {
  return lstatSync(path, { throwIfNoEntry: false })?.size ?? null;
}

function sqliteError(cause: unknown): StoreError {
  const message = cause instanceof Error ? cause.message : String(cause);
  if (/not a database|malformed|disk image/.test(message))
    return new StoreError('the database is damaged or cut off: copy it again, together with its -wal', { cause });
  if (/readonly|unable to open|permission/.test(message))
    return new StoreError('the database could not be opened for reading: check who may read it, its -wal and its -shm', {
      unusable: true,
      cause,
    });
  if (/locked|busy/.test(message))
    return new StoreError('the database is locked; it is tried again', { passing: true, unusable: true, cause });
  return new StoreError(message, { cause });
}
