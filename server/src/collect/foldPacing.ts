/**
 * When a session may be folded again. What only grew is folded with each batch. A fold over everything goes over the whole
 * session, so a long one that keeps asking for that is folded less often: such folds take a fifth of the time at most.
 */
const restFactor = 4;
/** While a history pours in, what is there so far is shown this often. */
const bulkEveryMs = 1000;
/** Sessions whose rest is remembered; those longest folded are forgotten first, and may then be folded at once. */
const remembered = 1000;

export class FoldPacing {
  /** Time from which on a session may be folded anew again, by row; in the order they were folded. */
  readonly #rests = new Map<number, number>();
  #lastFold = 0;

  /** `bulk`: more is waiting to be taken in right now. `grew`: whether a session only grew; asked when that matters. */
  due(row: number, now: number, bulk: boolean, grew: (row: number) => boolean): boolean {
    if (bulk && now - this.#lastFold < bulkEveryMs) return false;
    return this.#wait(row, now, grew) === 0;
  }

  /** Milliseconds until the first of these may be folded; null when there is none. */
  wait(rows: Iterable<number>, now: number, grew: (row: number) => boolean): number | null {
    let first: number | null = null;
    for (const row of rows) {
      const wait = this.#wait(row, now, grew);
      if (first === null || wait < first) first = wait;
    }
    return first;
  }

  #wait(row: number, now: number, grew: (row: number) => boolean): number {
    const rest = Math.max(0, (this.#rests.get(row) ?? 0) - now);
    return rest > 0 && grew(row) ? 0 : rest;
  }

  /** The last fold left some that were due: while a history pours in, they wait as long as it took, so that half of the time is for that. */
  cut(now: number, took: number): void {
    this.#lastFold = now - bulkEveryMs + Math.min(took, bulkEveryMs);
  }

  /** Every session may be folded again at once. */
  rested(): void {
    this.#rests.clear();
  }

  /** `anew`: over everything. */
  folded(row: number, began: number, ended: number, anew: boolean): void {
    this.#lastFold = ended;
    if (!anew) return;
    this.#rests.delete(row);
    this.#rests.set(row, ended + restFactor * (ended - began));
    for (const oldest of this.#rests.keys()) {
      if (this.#rests.size <= remembered) break;
      this.#rests.delete(oldest);
    }
  }
}
