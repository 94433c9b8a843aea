/** How often the last few of a row of things stand there in a row: one thing alone, or a cycle of several. */

/** Things in a cycle, at most. */
export const longestCycle = 6;

export interface Repeats {
  readonly period: number;
  /** How often the cycle was gone through, wholly. */
  readonly times: number;
}

export class Repetition {
  /** The last ones, newest last. */
  #recent: string[] = [];
  /** By period: how many of the last ones are the same as the one a period before. */
  readonly #same: number[] = new Array<number>(longestCycle + 1).fill(0);

  clear(): void {
    this.#recent = [];
    this.#same.fill(0);
  }

  add(key: string): void {
    for (let period = 1; period <= longestCycle; period++) {
      this.#same[period] = this.#recent.at(-period) === key ? (this.#same[period] ?? 0) + 1 : 0;
    }
    this.#recent.push(key);
    if (this.#recent.length > longestCycle) this.#recent.shift();
  }

  times(period: number): number {
    const same = this.#same[period] ?? 0;
    return same === 0 ? 0 : Math.floor(same / period) + 1;
  }

  /** The shortest cycle that was gone through so often; null: none. */
  found(atLeast: number): Repeats | null {
    for (let period = 1; period <= longestCycle; period++) if (this.times(period) >= atLeast) return { period, times: this.times(period) };
    return null;
  }
}
