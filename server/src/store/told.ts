/** What was told to a person. Of all windows that share the store the first that claims it tells it, and none again. */
import type { Database } from './database';

/** What is older than so many others is forgotten, and would be told again. */
export const toldLimit = 20_000;

export class ToldStore {
  readonly #db: Database;
  constructor(db: Database) {
    this.#db = db;
  }

  /** Whoever gets `true` tells it. All of the names count as told from now on; the first of them is what it is about. */
  claim([first, ...others]: readonly string[]): boolean {
    if (first === undefined) return false;
    return this.#db.transaction(() => {
      const mine = this.#put(first);
      for (const name of others) this.#put(name);
      if (mine) this.#db.prepare('DELETE FROM told WHERE id <= (SELECT max(id) FROM told) - ?').run(toldLimit);
      return mine;
    });
  }

  #put(name: string): boolean {
    return this.#db.prepare('INSERT OR IGNORE INTO told(blind) VALUES (?)').run(this.#db.box.blind(name)).changes === 1;
  }
}
