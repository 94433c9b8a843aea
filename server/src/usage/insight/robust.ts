/** Statistics that a few wild runs in a history don't move: medians, and deviations from them. */

/** By linear interpolation between the two nearest; NaN of nothing. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const low = sorted[Math.floor(at)] ?? NaN;
  const high = sorted[Math.ceil(at)] ?? NaN;
  return low + (high - low) * (at - Math.floor(at));
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** Median of the distances from the median. */
export function medianDeviation(values: readonly number[]): number {
  const middle = median(values);
  return median(values.map((value) => Math.abs(value - middle)));
}

export interface Compared {
  readonly value: number;
  readonly median: number;
  /** How often the median goes into it; both at least `least`. */
  readonly times: number;
  /** How many spreads of the history it lies above the median. */
  readonly score: number;
}

/** Makes a median deviation that of a normal distribution's standard deviation. */
const normal = 1.4826;
/** Where all of a history is the same, a tenth more or less is still the same. */
const leastSpread = Math.log(1.1);

/**
 * One value against a history of its like. Costs and times spread by factors, not by sums: a history of 1, 2 and 4 is as wide above as
 * below. So logarithms are compared. What lies below `least` counts as `least`: nobody cares by which factor cents differ.
 */
export function compare(value: number, history: readonly number[], least: number): Compared {
  const of = (one: number): number => Math.log(Math.max(one, least));
  const logs = history.map(of);
  // The fewer there are, the more their own spread is chance: a tenth of a spread less of certainty at forty, half of one at eight.
  const spread = Math.max(normal * medianDeviation(logs), leastSpread) * (1 + fewness / history.length);
  const difference = of(value) - median(logs);
  return { value, median: median(history), times: Math.exp(difference), score: difference / spread };
}

const fewness = 4;
