/**
 * Is a file ours to be opened as the store? Asked before anything of it is changed: any SQLite file would do for SQLite, and would
 * be another's no more afterwards. Looked at as immutable, so that nothing is made beside it either.
 */
import { statSync } from 'node:fs';
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

function isOurs(path: string): boolean {
  const url = pathToFileURL(path);
  url.searchParams.set('immutable', '1');
  let db: DatabaseSync | null = null;
  try {
    db = new DatabaseSync(url, { readOnly: true });
    const { application_id: id } = db.prepare('PRAGMA application_id').get() as { application_id: number };
    if (id !== 0) return id === applicationId;
    const known = db.prepare("SELECT count(*) AS n FROM sqlite_master WHERE type = 'table' AND name IN (SELECT value FROM json_each(?))");
    return (known.get(JSON.stringify(tables)) as { n: number }).n === tables.length;
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
