import { describe, expect, it } from 'vitest';
import { anomaliesOf, nearest } from '../../../../server/src/usage/insight/anomalies';
import { median, medianDeviation, quantile } from '../../../../server/src/usage/insight/robust';
import { historyLimit, leastHistory } from '../../../../server/src/usage/insight/runs';
import { callOf, numbers, runOf, spread, times } from './made';

const dear = { input: 40_000, cacheRead: 0, output: 2000 };
/** $0.15 a call. */
const dearCalls = (count: number, more = {}): ReturnType<typeof callOf>[] => times(count, () => callOf({ ...dear, ...more }));

describe('medians', () => {
  it('stand where the middle is, and are not moved by what is wild', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    expect(quantile([0, 10], 0.9)).toBe(9);
    expect(median([])).toBeNaN();
    // Distances from 3: 2 1 0 1 997; their median is 1.
    expect(medianDeviation([1, 2, 3, 4, 1000])).toBe(1);
  });
});

describe('a run against its like', () => {
  const history = times(12, (index) => runOf(dearCalls(3 + (index % 3))));

  it('is named when it costs far more, with what grew and the figures of both', () => {
    const run = runOf(dearCalls(40));
    const found = anomaliesOf(run, [...history, run]);
    expect(found.map(({ measure }) => measure)).toEqual(['usd', 'duration']);
    const [usd] = found;
    // 40 calls of $0.15 against 4 of them.
    expect(usd?.value).toBeCloseTo(6, 9);
    expect(usd?.usual).toBeCloseTo(0.6, 9);
    expect(usd?.times).toBeCloseTo(10, 9);
    expect(usd?.of).toBe(12);
    expect(usd?.bases).toEqual(['priced']);
    expect(usd?.grew.map(({ part, value, usual }) => [part, value, usual])).toEqual([['calls', 40, 4]]);
    expect(usd?.grew[0]?.share).toBeCloseTo(1, 9);
  });

  it('is not named when it costs what others did, twice at most, or less than anybody cares for', () => {
    for (const calls of [3, 4, 5, 6, 7]) expect(anomaliesOf(runOf(dearCalls(calls, { durationMs: 1 })), history)).toEqual([]);
    // A hundred times as much: a few tenths of a cent, and 5,000 tokens.
    const cents = times(20, () => runOf([callOf({ input: 50, cacheRead: 0, output: 0, durationMs: 1 })]));
    expect(anomaliesOf(runOf([callOf({ input: 5000, cacheRead: 0, output: 0, durationMs: 1 })]), cents)).toEqual([]);
  });

  it('says nothing with too few of its like, and takes others for none of them', () => {
    const run = runOf(dearCalls(40));
    expect(anomaliesOf(run, history.slice(0, leastHistory - 1))).toEqual([]);
    expect(anomaliesOf(run, history.slice(0, leastHistory))).toHaveLength(2);
    for (const other of [
      { agent: 'other' },
      { trigger: 'user' as const },
      { sourceId: 'two' },
      { kind: 'session' as const },
      { ended: false },
    ])
      expect(
        anomaliesOf({ ...run, ...other, ended: true }, other.ended === false ? history.map((one) => ({ ...one, ended: false })) : history),
      ).toEqual([]);
    // What came after it is no history of it.
    expect(anomaliesOf({ ...run, start: 0 }, history)).toEqual([]);
    expect(anomaliesOf({ ...run, start: null }, history)).toEqual([]);
  });

  it('may still run: it only grows', () => {
    const run = runOf(dearCalls(40), { ended: false, durationMs: null });
    expect(anomaliesOf(run, history).map(({ measure }) => measure)).toEqual(['usd']);
  });

  it('is compared with the latest of its like', () => {
    const cheap = times(historyLimit, (index) => runOf(dearCalls(1), { start: index }));
    const lately = times(historyLimit, (index) => runOf(dearCalls(30), { start: historyLimit + index }));
    const run = runOf(dearCalls(30), { start: 1000 });
    expect(anomaliesOf(run, cheap)).toHaveLength(2);
    expect(anomaliesOf(run, [...lately, ...cheap])).toEqual([]);
  });

  it('is not made usual by wild runs before it', () => {
    const wild = times(3, () => runOf(dearCalls(400)));
    expect(anomaliesOf(runOf(dearCalls(40)), [...history, ...wild]).map(({ measure }) => measure)).toEqual(['usd', 'duration']);
  });

  it('is weighed in tokens where a price is missing on either side, never in both', () => {
    const unpriced = runOf([...dearCalls(39), ...dearCalls(1, { rate: null })]);
    const [found] = anomaliesOf(unpriced, history);
    expect(found).toMatchObject({ measure: 'tokens', value: 40 * 42_000, usual: 4 * 42_000, bases: [] });
    const free = history.map((run) => ({ ...run, calls: run.calls.map((call) => ({ ...call, usd: 0, basis: 'local' as const })) }));
    expect(anomaliesOf(runOf(dearCalls(40)), free)[0]?.measure).toBe('tokens');
    const reported = history.map((run) => ({ ...run, calls: run.calls.map((call) => ({ ...call, basis: 'reported' as const })) }));
    expect(anomaliesOf(runOf(dearCalls(40)), reported)[0]?.measure).toBe('tokens');
    // Of those priced alike there are enough: only these are its like.
    expect(anomaliesOf(runOf(dearCalls(40)), [...reported, ...history])[0]).toMatchObject({ measure: 'usd', of: 12 });
    const silent = history.map((run) => ({ ...run, calls: run.calls.map((call) => ({ ...call, tokens: null, usd: null })) }));
    expect(anomaliesOf(runOf(dearCalls(40)), silent).map(({ measure }) => measure)).toEqual(['duration']);
  });

  it.each([
    ['prompt', { input: 400_000 }, 'prompt'],
    ['output', { output: 60_000 }, 'output'],
    ['price', { rate: 30 }, 'price'],
  ])('tells which part grew: %s', (_, more, part) => {
    const [found] = anomaliesOf(runOf(dearCalls(4, more)), history);
    expect(found?.grew.map((grown) => grown.part)).toEqual([part]);
    // The parts add up to the whole: the other things are as usual, but for the number of calls, whose median is 4.
    expect(found?.grew[0]?.share).toBeCloseTo(1, 6);
  });

  it('divides what several brought together, and all of it', () => {
    // Ten times the calls, each with ten times the prompt: each brought half of it, whichever is taken first.
    const like = times(12, () => runOf(times(4, () => callOf({ input: 40_000, cacheRead: 0, output: 0 }))));
    const run = runOf(times(40, () => callOf({ input: 400_000, cacheRead: 0, output: 0 })));
    const [found] = anomaliesOf(run, like);
    expect(found?.grew.map(({ part, share }) => [part, share.toFixed(6)])).toEqual([
      ['calls', '0.500000'],
      ['prompt', '0.500000'],
    ]);
    const random = numbers(9);
    for (let trial = 0; trial < 200; trial++) {
      const drawn = (): ReturnType<typeof callOf>[] =>
        times(1 + Math.floor(random() * 5), () =>
          callOf({ input: random() * 5000, cacheRead: random() * 50_000, output: random() * 900, rate: 1 + random() * 5 }),
        );
      const usual = runOf(drawn());
      const wild = runOf([...drawn(), ...drawn(), ...times(60, () => drawn()).flat()], { below: drawn() });
      // All of one history alike, so that its medians belong to one run.
      const [each] = anomaliesOf(
        wild,
        times(8, () => ({ ...usual, start: 0 })),
      );
      const sum = (each?.grew ?? []).reduce((all, { share }) => all + share, 0);
      // Parts that shrank, and those that brought less than a tenth, are not named.
      expect(sum).toBeGreaterThan(0.75);
    }
  });

  it('tells that the cache was missed', () => {
    const cached = times(12, () => runOf(times(10, () => callOf({ input: 1000, cacheRead: 99_000, output: 100 }))));
    const run = runOf(times(10, () => callOf({ input: 100_000, cacheRead: 0, output: 100 })));
    const [found] = anomaliesOf(run, cached);
    expect(found?.grew[0]).toMatchObject({ part: 'cacheMisses', value: 1, usual: 0.01 });
    expect(found?.grew).toHaveLength(1);
  });

  it('tells that the sub-agents grew', () => {
    const run = runOf(dearCalls(4), { below: dearCalls(60) });
    const [found] = anomaliesOf(run, history);
    expect(found?.grew.map(({ part }) => part)).toEqual(['below']);
    expect(found?.grew[0]?.value).toBeCloseTo(9, 9);
  });

  it('tells whether the model or a tool took the time', () => {
    const quick = times(10, () =>
      runOf(dearCalls(2), {
        durationMs: 30_000,
        toolMs: new Map([
          ['exec', 20_000],
          ['read', 100],
        ]),
      }),
    );
    const run = runOf(dearCalls(2), {
      durationMs: 930_000,
      toolMs: new Map([
        ['exec', 900_000],
        ['read', 100],
      ]),
    });
    const [found] = anomaliesOf(run, quick);
    expect(found).toMatchObject({
      measure: 'duration',
      value: 930_000,
      usual: 30_000,
      grew: [{ part: 'toolTime', tool: 'exec', value: 900_000, usual: 20_000 }],
    });
    const slow = runOf(dearCalls(2, { durationMs: 300_000 }), { durationMs: 620_000, toolMs: new Map([['exec', 20_000]]) });
    expect(anomaliesOf(slow, quick)[0]?.grew).toMatchObject([{ part: 'modelTime', value: 600_000, usual: 10_000 }]);
  });

  it('is said of the turn and not again of its session', () => {
    const turn = anomaliesOf(runOf(dearCalls(40), { sessionId: 'a' }), history);
    const sessions = history.map((run) => ({ ...run, kind: 'session' as const, turnId: null }));
    const session = anomaliesOf(runOf(dearCalls(44), { sessionId: 'a', kind: 'session', turnId: null }), sessions);
    const elsewhere = anomaliesOf(runOf(dearCalls(44), { sessionId: 'b', kind: 'session', turnId: null }), sessions);
    const many = anomaliesOf(runOf(dearCalls(400), { sessionId: 'a', kind: 'session', turnId: null }), sessions);
    expect(nearest([...turn, ...session, ...elsewhere])).toEqual([...turn, ...elsewhere]);
    expect(nearest([...turn, ...many])).toEqual([...turn, ...many]);
  });
});

describe('over many histories that spread by chance', () => {
  const trials = 2000;
  /** Calls of one run, whose whole cost is spread so. */
  const drawn = (random: () => number, sigma: number, factor = 1): ReturnType<typeof runOf> =>
    runOf([callOf({ input: spread(random, 200_000, sigma) * factor, cacheRead: 0, output: 0, durationMs: 1 })]);

  it.each([
    [8, 0.5],
    [20, 0.5],
    [100, 0.5],
    [8, 1],
    [20, 1],
    [100, 1],
  ])('%i runs with a spread of %f: few false alarms, and ten spreads above is seen', (length, sigma) => {
    const random = numbers(length * 10 + sigma);
    let alarms = 0;
    let seen = 0;
    for (let trial = 0; trial < trials; trial++) {
      const history = times(length, () => drawn(random, sigma));
      if (anomaliesOf(drawn(random, sigma), history).length > 0) alarms += 1;
      if (anomaliesOf(drawn(random, sigma, Math.exp(sigma * 10)), history).length > 0) seen += 1;
    }
    console.log(
      `history of ${length}, spread ${sigma}: ${((alarms / trials) * 100).toFixed(2)} % false alarms, ${((seen / trials) * 100).toFixed(1)} % seen`,
    );
    expect(alarms / trials).toBeLessThan(0.02);
    expect(seen / trials).toBeGreaterThan(0.9);
  });
});
