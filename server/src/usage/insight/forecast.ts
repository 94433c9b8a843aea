/**
 * What a turn that runs will have come to by its end, from turns of its like that had at least as many LLM calls as it has now: what
 * they came to after that call is added to what it came to so far, so a forecast is never below what was spent.
 */
import type { CostBasis } from '../../protocol/document';
import { quantile } from './robust';
import { leastHistory, likeOf, sameBases, tokensOf, usdOf } from './runs';
import type { CallFigures, Run, Sum } from './runs';

export interface Forecast {
  readonly unit: 'usd' | 'tokens';
  readonly soFar: number;
  readonly median: number;
  /** Of the turns of its like, one in ten came to less, and one in ten to more. */
  readonly low: number;
  readonly high: number;
  /** How many turns it is made from. */
  readonly of: number;
  readonly bases: readonly CostBasis[];
}

const low = 0.1;
const high = 0.9;

/** null: it is over, or too few of its like went on for so long. */
export function forecastOf(run: Run, runs: readonly Run[]): Forecast | null {
  const done = run.calls.length;
  if (run.ended || done === 0) return null;
  const like = likeOf(run, runs).filter((other) => other.calls.length >= done);
  return inUnit(run, like, usdOf) ?? inUnit(run, like, tokensOf);
}

function inUnit(run: Run, like: readonly Run[], sumOf: (calls: readonly CallFigures[]) => Sum | null): Forecast | null {
  const sum = sumOf([...run.calls, ...run.below]);
  if (sum === null) return null;
  const further = like.flatMap((other) => {
    const whole = sumOf([...other.calls, ...other.below]);
    const until = sumOf(other.calls.slice(0, run.calls.length));
    if (whole === null || until === null || !sameBases(whole, sum)) return [];
    // What runs below has no place among the calls: until it is seen here, all of it is still to come.
    const belowSeen = run.below.length === 0 ? 0 : whole.value - (sumOf(other.calls)?.value ?? whole.value);
    return [whole.value - until.value - belowSeen];
  });
  if (further.length < leastHistory) return null;
  const at = (share: number): number => sum.value + quantile(further, share);
  return { unit: sum.unit, soFar: sum.value, median: at(0.5), low: at(low), high: at(high), of: further.length, bases: sum.bases };
}
