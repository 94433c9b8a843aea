/**
 * A running sum that is the same whatever order its numbers came in: adding fractions one after the other rounds each time,
 * and in another order gives another last digit. Kept as parts that add up exactly (Shewchuk), rounded once when asked.
 */
export class ExactSum {
  /** By growing magnitude, none overlapping another; a few, however many numbers were added. */
  #parts: number[] = [];

  add(value: number): void {
    const parts: number[] = [];
    let sum = value;
    for (const part of this.#parts) {
      const [large, small] = Math.abs(sum) < Math.abs(part) ? [part, sum] : [sum, part];
      sum = large + small;
      const rest = small - (sum - large);
      if (rest !== 0) parts.push(rest);
    }
    parts.push(sum);
    this.#parts = parts;
  }

  get value(): number {
    const parts = [...this.#parts];
    let sum = parts.pop() ?? 0;
    for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
      const before = sum;
      sum = before + part;
      const rest = part - (sum - before);
      if (rest === 0) continue;
      // Halfway between two numbers, what comes after decides.
      const next = parts.at(-1) ?? 0;
      const twice = rest * 2;
      if ((rest < 0 && next < 0) || (rest > 0 && next > 0)) if (twice === sum + twice - sum) sum += twice;
      break;
    }
    return sum;
  }
}
