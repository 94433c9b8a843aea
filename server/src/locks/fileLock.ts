/**
 * A lock between processes: an exclusive lock on a small file. The operating system lets it go the moment its holder dies, however it
 * dies, so whoever gets the lock of another knows that the other is dead.
 */
import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseSync } from 'node:sqlite';

/** SQLite's code for it; above its lowest byte stands why. */
const busy = 5;
const codeMask = 0xff;
const tryEveryMs = 15;

export class FileLock implements Disposable {
  readonly #path: string;
  readonly #db: DatabaseSync;

  private constructor(path: string, db: DatabaseSync) {
    this.#path = path;
    this.#db = db;
  }

  /** null: another has it. Never waits. Throws when the file can't be made or locked at all. */
  static take(path: string): FileLock | null {
    const db = new DatabaseSync(path, { timeout: 0 });
    try {
      // Nothing is ever written in it, so there is nothing to go back to either.
      db.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
      return new FileLock(path, db);
    } catch (error) {
      db.close();
      if ((((error as { errcode?: number }).errcode ?? 0) & codeMask) === busy) return null;
      throw error;
    }
  }

  /** Waits for it, for at most so long. */
  static async wait(path: string, forMs: number): Promise<FileLock> {
    for (const end = performance.now() + forMs; ; await sleep(tryEveryMs)) {
      const lock = FileLock.take(path);
      if (lock !== null) return lock;
      if (performance.now() > end) throw new Error(`another process holds ${path} for more than ${forMs / 1000} s`);
    }
  }

  /** For one that no one will ask for again. */
  remove(): void {
    this.#db.close();
    rmSync(this.#path, { force: true });
  }

  [Symbol.dispose](): void {
    this.#db.close();
  }
}
