/**
 * The store's database: one SQLite file in the extension's global storage (or in memory), opened exclusively, its schema
 * migrated step by step. Columns hold ids, times, numbers and enums; `body`, `raw` and `blind` columns go through SealedBox.
 */
import { DatabaseSync } from 'node:sqlite';
import type { StatementSync } from 'node:sqlite';
import { chmodSync, closeSync, existsSync, mkdirSync, openSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { StoreError } from './errors';
import { applicationId, mustBeOurs } from './ownFile';
import { migrations } from './schema';
import { SealedBox } from './sealedBox';

const canary = 'sandglass';
const busyTimeoutMs = 500;

export interface OpenStore {
  /** A file's path, or `:memory:`. */
  readonly path: string;
  readonly key: Uint8Array;
  /** A store that the key does not open is deleted and begun anew; else that is an error. */
  readonly replaceUnreadable: boolean;
}

export class Database implements Disposable {
  readonly box: SealedBox;
  /** The key no longer fitted, so what was stored before is gone. */
  readonly replaced: boolean;
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  private constructor(db: DatabaseSync, box: SealedBox, replaced: boolean) {
    this.#db = db;
    this.box = box;
    this.replaced = replaced;
  }

  static open(options: OpenStore): Database {
    const box = new SealedBox(options.key);
    try {
      return new Database(openFile(options.path, box), box, false);
    } catch (error) {
      if (!StoreError.is(error, 'lost-key') || !options.replaceUnreadable || options.path === ':memory:') throw error;
      for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(options.path + suffix, { force: true });
      return new Database(openFile(options.path, box), box, true);
    }
  }

  /** Prepared once; the texts are ours and few. */
  prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  transaction<T>(body: () => T): T {
    this.#db.exec('BEGIN IMMEDIATE');
    let result: T;
    try {
      result = body();
    } catch (error) {
      this.#db.exec('ROLLBACK');
      throw error;
    }
    this.#db.exec('COMMIT');
    return result;
  }

  [Symbol.dispose](): void {
    this.#statements.clear();
    this.#db.close();
  }
}

function openFile(path: string, box: SealedBox): DatabaseSync {
  let db: DatabaseSync | null = null;
  try {
    if (path !== ':memory:') prepareFile(path);
    db = new DatabaseSync(path, { timeout: busyTimeoutMs });
    mark(db);
    db.exec(
      'PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON',
    );
    migrate(db, box);
    return db;
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
  const code = (error as { errcode?: number }).errcode;
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

function migrate(db: DatabaseSync, box: SealedBox): void {
  const version = Number((db.prepare('PRAGMA user_version').get() as { user_version: number }).user_version);
  if (version > migrations.length) throw new StoreError('newer-schema', `the store was written by a newer version (schema ${version})`);
  db.exec('BEGIN EXCLUSIVE');
  try {
    for (let step = version; step < migrations.length; step++) db.exec(migrations[step] ?? '');
    db.exec(`PRAGMA user_version = ${migrations.length}`);
    const row = db.prepare('SELECT body FROM meta WHERE name = ?').get('canary') as { body: Uint8Array } | undefined;
    if (row === undefined) db.prepare('INSERT INTO meta(name, body) VALUES (?, ?)').run('canary', box.seal(canary));
    else if (box.open(row.body) !== canary) throw new StoreError('lost-key', 'the store does not open with this key');
    db.exec('COMMIT');
  } catch (error) {
    db.exec('ROLLBACK');
    throw error;
  }
}
