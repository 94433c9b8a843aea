import { describe, expect, it } from 'vitest';
import { forecastOf } from '../../../../server/src/usage/insight/forecast';
import { median, quantile } from '../../../../server/src/usage/insight/robust';
import { leastHistory, usdOf } from '../../../../server/src/usage/insight/runs';
import type { CallFigures, Run } from '../../../../server/src/usage/insight/runs';
import { callOf, numbers, runOf, spread, times } from './made';

const even = (count: number): CallFigures[] => times(count, () => callOf());
const running = (calls: readonly CallFigures[], more: Partial<Run> = {}): Run => runOf(calls, { ended: false, durationMs: null, ...more });
const each = callOf().usd ?? NaN;

describe('the forecast of a turn', () => {
  it('is what turns came to that went on for as long', () => {
    // Ten turns of 10 calls, and ten of 2, which a turn of 3 calls is none of.
    const history = [...times(10, () => runOf(even(10))), ...times(10, () => runOf(even(2)))];
    const forecast = forecastOf(running(even(3)), history);
    expect(forecast).toMatchObject({ unit: 'usd', of: 10, bases: ['priced'] });
    expect(forecast?.soFar).toBeCloseTo(3 * each, 12);
    for (const value of [forecast?.low, forecast?.median, forecast?.high]) expect(value).toBeCloseTo(10 * each, 12);
  });

  it('is none with too few, of a turn that is over, and of one that has not begun', () => {
    const history = times(leastHistory, () => runOf(even(10)));
    expect(forecastOf(running(even(3)), history)).not.toBeNull();
    expect(forecastOf(running(even(3)), history.slice(1))).toBeNull();
    expect(forecastOf(running(even(11)), history)).toBeNull();
    expect(forecastOf(runOf(even(3)), history)).toBeNull();
    expect(forecastOf(running([]), history)).toBeNull();
    expect(forecastOf(running(even(3), { trigger: 'user' }), history)).toBeNull();
  });

  it('is in tokens where a price is missing', () => {
    const unpriced = times(3, () => callOf({ rate: null }));
    const history = times(8, () => runOf(even(10)));
    expect(forecastOf(running(unpriced), history)).toMatchObject({ unit: 'tokens', soFar: 3 * 10_500, median: 10 * 10_500, bases: [] });
  });

  it('is never below what was spent, and counts what runs below once', () => {
    const history = times(8, () => runOf(even(3), { below: even(5) }));
    const before = forecastOf(running(even(3)), history);
    expect(before?.median).toBeCloseTo(8 * each, 12);
    const after = forecastOf(running(even(3), { below: even(5) }), history);
    expect(after?.soFar).toBeCloseTo(8 * each, 12);
    expect(after?.median).toBeCloseTo(8 * each, 12);
  });
});

describe('against what came', () => {
  /** Turns of 1 to 40 calls, whose prompt begins at some length and grows with each call; output spreads. */
  const turn = (random: () => number): CallFigures[] => {
    const calls = Math.max(1, Math.min(40, Math.round(spread(random, 8, 0.6))));
    const begin = spread(random, 15_000, 0.4);
    return times(calls, (index) =>
      callOf({ input: spread(random, 1500, 0.5), cacheRead: begin + index * 1500, output: spread(random, 600, 0.6) }),
    );
  };
  const usd = (calls: readonly CallFigures[]): number => usdOf(calls)?.value ?? NaN;

  it('it is nearer than the median of all turns, and its spread holds what it says', () => {
    const random = numbers(5);
    const history = times(100, () => runOf(turn(random)));
    const errors = { forecast: [] as number[], ends: [] as number[], all: [] as number[] };
    let held = 0;
    const all = median(history.map(({ calls }) => usd(calls)));
    for (const calls of times(400, () => turn(random))) {
      const done = Math.max(1, Math.floor(calls.length / 2));
      const forecast = forecastOf(running(calls.slice(0, done), { start: 1e9 }), history);
      if (forecast === null) continue;
      const real = usd(calls);
      const off = (value: number): number => Math.abs(Math.log(value / real));
      const like = history.filter((other) => other.calls.length >= done).map((other) => usd(other.calls));
      errors.forecast.push(off(forecast.median));
      errors.ends.push(off(Math.max(median(like), forecast.soFar)));
      errors.all.push(off(Math.max(all, forecast.soFar)));
      if (real >= forecast.low && real <= forecast.high) held += 1;
    }
    const factor = (values: readonly number[], share: number): string => `×${Math.exp(quantile(values, share)).toFixed(2)}`;
    const count = errors.forecast.length;
    for (const [name, values] of Object.entries(errors))
      console.log(
        `half way, ${count} turns, by ${name}: half are off by less than ${factor(values, 0.5)}, nine in ten by less than ${factor(values, 0.9)}`,
      );
    console.log(`within low and high: ${((held / count) * 100).toFixed(0)} % (80 % is meant)`);
    expect(count).toBeGreaterThan(300);
    expect(median(errors.forecast)).toBeLessThan(median(errors.ends));
    expect(median(errors.forecast)).toBeLessThan(median(errors.all));
    expect(held / count).toBeGreaterThan(0.7);
  });
});
