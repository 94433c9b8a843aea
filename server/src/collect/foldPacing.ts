/**
 * When a session may be folded again. A fold goes over the whole session, so a long one that streams is folded less often
 * than it grows: folding takes a fifth of the time at most, and a short session is folded with each batch.
 */
const restFactor = 4;
/** While a history pours in, what is there so far is shown this often. */
const bulkEveryMs = 1000;
/** Sessions whose rest is remembered; those longest folded are forgotten first, and may then be folded at once. */
const remembered = 1000;

export class FoldPacing {
  /** Time from which on a session may be folded again, by row; in the order they were folded. */
  readonly #rests = new Map<number, number>();
  #lastFold = 0;

  /** `bulk`: more is waiting to be taken in right now. */
  due(row: number, now: number, bulk: boolean): boolean {
    if (bulk && now - this.#lastFold < bulkEveryMs) return false;
    return now >= (this.#rests.get(row) ?? 0);
  }

  /** Milliseconds until the first of these may be folded; null when there is none. */
  wait(rows: Iterable<number>, now: number): number | null {
    let first: number | null = null;
    for (const row of rows) {
      const wait = Math.max(0, (this.#rests.get(row) ?? 0) - now);
      if (first === null || wait < first) first = wait;
    }
    return first;
  }

  /** Every session may be folded again at once. */
  rested(): void {
    this.#rests.clear();
  }

  folded(row: number, began: number, ended: number): void {
    this.#lastFold = ended;
    this.#rests.delete(row);
    this.#rests.set(row, ended + restFactor * (ended - began));
    for (const oldest of this.#rests.keys()) {
      if (this.#rests.size <= remembered) break;
      this.#rests.delete(oldest);
    }
  }
}
