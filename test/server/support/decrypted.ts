/** Everything a store holds, opened with its key: every value of every column of every table, as text. */
import { DatabaseSync } from 'node:sqlite';
import { StoreError } from '../../../server/src/store/errors';
import { SealedBox } from '../../../server/src/store/sealedBox';

export interface Decrypted {
  readonly texts: readonly string[];
  /** How many of them were sealed: that this read anything at all. */
  readonly sealed: number;
}

export function decryptedStore(path: string, key: Uint8Array): Decrypted {
  const box = new SealedBox(key);
  const db = new DatabaseSync(path, { readOnly: true });
  const texts: string[] = [];
  let sealed = 0;
  try {
    const tables = db.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all() as { name: string }[];
    for (const { name } of tables) {
      for (const row of db.prepare(`SELECT * FROM "${name}"`).iterate() as Iterable<Record<string, unknown>>) {
        for (const value of Object.values(row)) {
          if (!(value instanceof Uint8Array)) {
            texts.push(String(value));
            continue;
          }
          const opened = unsealed(box, value);
          if (opened !== null) sealed += 1;
          texts.push(opened ?? Buffer.from(value).toString('latin1'));
        }
      }
    }
    return { texts, sealed };
  } finally {
    db.close();
  }
}

/** null: it is a hash, or another kind of bytes. */
function unsealed(box: SealedBox, bytes: Uint8Array): string | null {
  try {
    return box.open(bytes);
  } catch (error) {
    if (StoreError.is(error)) return null;
    throw error;
  }
}
