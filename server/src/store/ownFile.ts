/**
 * Is a file ours to be opened as the store? Asked before anything of it is changed: any SQLite file would do for SQLite, and would
 * be another's no more afterwards. Looked at as immutable, so that nothing is made beside it either.
 */
import { copyFileSync, existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { StoreError } from './errors';

/** "SGLS" in the header of the file. */
export const applicationId = 0x53474c53;
/** What a store had before it had that mark. */
const tables = ['meta', 'source', 'session', 'entry'];
const notADatabase = 26;

/** A file that is missing or empty is ours to begin. Throws StoreError. */
export function mustBeOurs(path: string): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isFile())
    throw new StoreError('unusable', `${path} is ${found.isDirectory() ? 'a directory' : 'no regular file'}: name a file`);
  if (found.size === 0) return;
  if (isOurs(path)) return;
  throw new StoreError('foreign', `${path} is a database of something else and was left as it is: name a file that does not exist yet`);
}

type Owner = 'us' | 'another' | 'nobody yet';

function isOurs(path: string): boolean {
  const url = pathToFileURL(path);
  url.searchParams.set('immutable', '1');
  const owner = ownerOf(url, path);
  return owner === 'us' || (owner === 'nobody yet' && existsSync(`${path}-wal`) && isOursWithLog(path));
}

/** Its writer was killed before anything of its log came into the file. To read a log changes what lies there, so a copy is read. */
function isOursWithLog(path: string): boolean {
  const dir = mkdtempSync(join(tmpdir(), 'sandglass-store-'));
  try {
    const copy = join(dir, 'copy.sqlite');
    for (const suffix of ['', '-wal']) copyFileSync(path + suffix, copy + suffix);
    return ownerOf(copy, path) === 'us';
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function ownerOf(file: URL | string, path: string): Owner {
  let db: DatabaseSync | null = null;
  try {
    db = new DatabaseSync(file, { readOnly: true });
    const { application_id: id } = db.prepare('PRAGMA application_id').get() as { application_id: number };
    if (id !== 0) return id === applicationId ? 'us' : 'another';
    const found = db
      .prepare(
        "SELECT count(*) AS n, count(*) FILTER (WHERE name IN (SELECT value FROM json_each(?))) AS own FROM sqlite_master WHERE type = 'table'",
      )
      .get(JSON.stringify(tables)) as { n: number; own: number };
    return found.own === tables.length ? 'us' : found.n === 0 ? 'nobody yet' : 'another';
  } catch (error) {
    if ((error as { errcode?: number }).errcode === notADatabase)
      throw new StoreError('lost-key', `${path} is no store of Sandglass and was left as it is: name a file that does not exist yet`, {
        cause: error,
      });
    throw error;
  } finally {
    db?.close();
  }
}
