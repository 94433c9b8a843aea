/**
 * The store's database: one SQLite file in the extension's global storage (or in memory), shared by the windows of the editor,
 * its schema migrated step by step. Columns hold ids, times, numbers and enums; `body`, `raw` and `blind` columns go through
 * SealedBox. Who may read sandboxes into it is another question (lease.ts).
 */
import { randomUUID } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import { chmodSync, closeSync, existsSync, mkdirSync, openSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { StoreError } from './errors';
import { applicationId, mustBeOurs } from './ownFile';
import { NumberedStatement, withoutNumbers } from './numbered';
import type { Statement } from './numbered';
import { migrations } from './schema';
import { SealedBox } from './sealedBox';

const canary = 'sandglass';
const identity = 'identity';
/** As long as another window's longest transaction takes: that of a history that pours in. */
const busyTimeoutMs = 5000;

export interface OpenStore {
  /** A file's path, or `:memory:`. */
  readonly path: string;
  readonly key: Uint8Array;
  /** A store that the key does not open, and that no living window has open, is deleted and begun anew; else that is an error. */
  readonly replaceUnreadable: boolean;
}

export class Database implements Disposable {
  readonly box: SealedBox;
  /** The key no longer fitted, so what was stored before is gone. */
  readonly replaced: boolean;
  /** Of the store, not of its path: one that was begun anew is another. */
  readonly identity: string;
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, Statement>();
  #inTransaction = false;

  private constructor(opened: OpenedFile, box: SealedBox, replaced: boolean) {
    this.#db = opened.db;
    this.identity = opened.identity;
    this.box = box;
    this.replaced = replaced;
  }

  static open(options: OpenStore): Database {
    const box = new SealedBox(options.key);
    try {
      return new Database(openFile(options.path, box), box, false);
    } catch (error) {
      if (!StoreError.is(error, 'lost-key') || !options.replaceUnreadable || options.path === ':memory:' || inUse(options.path))
        throw error;
      for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(options.path + suffix, { force: true });
      return new Database(openFile(options.path, box), box, true);
    }
  }

  /** Prepared once; the texts are ours and few. */
  prepare(sql: string): Statement {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      const plain = withoutNumbers(sql);
      statement = plain === null ? this.#db.prepare(sql) : new NumberedStatement(this.#db.prepare(plain.sql), plain.order);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  transaction<T>(body: () => T): T {
    return this.#within('BEGIN IMMEDIATE', body);
  }

  /** Everything that is read in it is of one moment, whatever another window writes meanwhile. */
  snapshot<T>(body: () => T): T {
    return this.#inTransaction ? body() : this.#within('BEGIN', body);
  }

  #within<T>(begin: string, body: () => T): T {
    this.#db.exec(begin);
    this.#inTransaction = true;
    try {
      const result = body();
      this.#db.exec('COMMIT');
      return result;
    } catch (error) {
      this.#db.exec('ROLLBACK');
      throw error;
    } finally {
      this.#inTransaction = false;
    }
  }

  /** Another number than before: another connection changed something. */
  get version(): number {
    return (this.prepare('PRAGMA data_version').get() as { data_version: number }).data_version;
  }

  [Symbol.dispose](): void {
    this.#statements.clear();
    this.#db.close();
  }
}

/**
 * Has another process it open? Whoever has holds a lock on the file, which no one can leave the log against, and which the
 * operating system lets go when its holder dies: what a dead one left in the store says nothing, for its pid is soon another's.
 */
function inUse(path: string): boolean {
  let db: DatabaseSync | null = null;
  try {
    db = new DatabaseSync(path, { timeout: 0 });
    db.exec('PRAGMA journal_mode = DELETE');
    return false;
  } catch (error) {
    // What is no database at all, no one has open.
    return StoreError.is(toStoreError(error), 'locked');
  } finally {
    db?.close();
  }
}

interface OpenedFile {
  readonly db: DatabaseSync;
  readonly identity: string;
}

/** Windows that begin at the same moment make its log one after the other, and not all of that waits by itself. */
function openFile(path: string, box: SealedBox): OpenedFile {
  for (const end = performance.now() + busyTimeoutMs; ; Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20)) {
    try {
      return tryToOpen(path, box);
    } catch (error) {
      if (!StoreError.is(error, 'locked') || performance.now() > end) throw error;
    }
  }
}

function tryToOpen(path: string, box: SealedBox): OpenedFile {
  let db: DatabaseSync | null = null;
  try {
    if (path !== ':memory:') prepareFile(path);
    db = new DatabaseSync(path, { timeout: busyTimeoutMs });
    mark(db);
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON');
    return { db, identity: migrate(db, box) };
  } catch (error) {
    db?.close();
    throw toStoreError(error);
  }
}

function prepareFile(path: string): void {
  if (!existsSync(path)) {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    // Made before SQLite does, so that it is never readable for others.
    closeSync(openSync(path, 'a', 0o600));
  }
  mustBeOurs(path);
  chmodSync(path, 0o600);
}

/** Before there is a log, so that it stands in the file itself from the first moment on. */
function mark(db: DatabaseSync): void {
  const { application_id: id } = db.prepare('PRAGMA application_id').get() as { application_id: number };
  if (id !== applicationId) db.exec(`PRAGMA application_id = ${applicationId}`);
}

function toStoreError(error: unknown): unknown {
  if (StoreError.is(error) || !(error instanceof Error)) return error;
  const { code: fileCode, path } = error as NodeJS.ErrnoException;
  if (fileCode !== undefined && path !== undefined)
    return new StoreError('unusable', `${path}: ${fileReasons.get(fileCode) ?? fileCode}: name a file in a directory of your own`, {
      cause: error,
    });
  // The extended codes say more than matters here: a log that another window is just mending is locked too.
  const code = ((error as { errcode?: number }).errcode ?? 0) & 0xff;
  if (code === 5 || code === 6) return new StoreError('locked', 'another process holds the store', { cause: error });
  if (code === 26) return new StoreError('lost-key', 'the store is no database of ours', { cause: error });
  return new StoreError('unusable', error.message, { cause: error });
}

const fileReasons: ReadonlyMap<string, string> = new Map([
  ['EACCES', 'permission denied'],
  ['EPERM', 'permission denied'],
  ['EROFS', 'the file system is read-only'],
  ['ENOTDIR', 'a part of the path is no directory'],
  ['EEXIST', 'a part of the path is no directory'],
  ['ENOENT', 'it leads nowhere'],
  ['ELOOP', 'its links lead in a circle'],
  ['ENAMETOOLONG', 'the name is too long'],
  ['ENOSPC', 'the disk is full'],
]);

/** Answers the store's identity. The version is asked for within the transaction: two windows may begin at the same moment. */
function migrate(db: DatabaseSync, box: SealedBox): string {
  db.exec('BEGIN IMMEDIATE');
  try {
    const version = Number((db.prepare('PRAGMA user_version').get() as { user_version: number }).user_version);
    if (version > migrations.length) throw new StoreError('newer-schema', `the store was written by a newer version (schema ${version})`);
    for (let step = version; step < migrations.length; step++) db.exec(migrations[step] ?? '');
    if (version < migrations.length) db.exec(`PRAGMA user_version = ${migrations.length}`);
    if (kept(db, box, 'canary', canary) !== canary) throw new StoreError('lost-key', 'the store does not open with this key');
    const own = kept(db, box, identity, randomUUID());
    db.exec('COMMIT');
    return own;
  } catch (error) {
    db.exec('ROLLBACK');
    throw error;
  }
}

/** What is kept under a name, or from now on. */
function kept(db: DatabaseSync, box: SealedBox, name: string, initial: string): string {
  const row = db.prepare('SELECT body FROM meta WHERE name = ?').get(name) as { body: Uint8Array } | undefined;
  if (row !== undefined) return box.open(row.body);
  db.prepare('INSERT INTO meta(name, body) VALUES (?, ?)').run(name, box.seal(initial));
  return initial;
}
