import { describe, expect, it } from 'vitest';
import { byteCount, clock, costText, dollars, shortCostText, spendText, tokenCount, totalTokens } from '../../../client/src/format';
import { translate } from './translate';

describe('numbers as people read them', () => {
  it.each([
    [0, '0'],
    [999, '999'],
    [1000, '1.0k'],
    [8412, '8.4k'],
    [9949, '9.9k'],
    [9951, '10k'],
    [41_300, '41k'],
    [999_499, '999k'],
    [999_500, '1.0M'],
    [12_345_678, '12M'],
  ])('%d tokens', (count, text) => expect(tokenCount(count)).toBe(text));

  it.each([
    [0, '$0'],
    [0.00004, '<$0.0001'],
    [0.0042, '$0.0042'],
    [0.02, '$0.02'],
    [12.3, '$12.30'],
    [1234.5, '$1235'],
  ])('%d dollars', (usd, text) => expect(dollars(usd)).toBe(text));

  it.each([
    [-5000, '0 s'],
    [12_900, '12 s'],
    [60_000, '1:00'],
    [130_000, '2:10'],
    [3_723_000, '1:02:03'],
  ])('%d ms', (ms, text) => expect(clock(ms)).toBe(text));

  it('bytes', () => expect([0, 812, 8100, 2_000_000].map(byteCount)).toEqual(['0 B', '812 B', '8.1 KB', '2.0 MB']));

  it('tokens count input, output and cache once; reasoning is part of output', () => {
    expect(totalTokens({ input: 1, output: 2, cacheRead: 4, cacheWrite: 8, reasoning: 2 })).toBe(15);
  });
});

describe('cost', () => {
  it('says what is not known instead of zero', () => {
    expect(costText({ usd: null, byBasis: {}, unpricedCalls: 3 }, translate)).toBe('no price');
    expect(costText({ usd: null, byBasis: {}, unpricedCalls: 0 }, translate)).toBeNull();
    expect(costText({ usd: 0.021, byBasis: { priced: 0.021 }, unpricedCalls: 0 }, translate)).toBe('$0.02');
    expect(costText({ usd: 0.021, byBasis: { priced: 0.021 }, unpricedCalls: 1 }, translate)).toBe('$0.02 + 1 call without price');
    expect(costText({ usd: 0.021, byBasis: { priced: 0.021 }, unpricedCalls: 2 }, translate)).toBe('$0.02 + 2 calls without price');
    expect(shortCostText({ usd: 0.021, byBasis: { priced: 0.021 }, unpricedCalls: 2 }, translate)).toBe('≥ $0.02');
    expect(shortCostText({ usd: null, byBasis: {}, unpricedCalls: 2 }, translate)).toBe('no price');
    expect(costText({ usd: 0, byBasis: { local: 0 }, unpricedCalls: 0 }, translate)).toBe('$0 own hardware');
  });

  it('with a flat rate comes after the tokens, and is no bill', () => {
    const usage = { input: 300, output: 100, cacheRead: 40_000, cacheWrite: 600, reasoning: 90 };
    const none = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0, reasoning: null };
    const priced = { usd: 0.021, byBasis: { priced: 0.021 }, unpricedCalls: 1, usage };
    expect(spendText(priced, false, translate)).toBe('≥ $0.02 · 41k tokens');
    expect(spendText(priced, true, translate)).toBe('41k tokens · ≥ $0.02 API equivalent');
    expect(spendText({ usd: null, byBasis: {}, unpricedCalls: 1, usage }, true, translate)).toBe('41k tokens · no price');
    expect(spendText({ usd: null, byBasis: {}, unpricedCalls: 1, usage: none }, true, translate)).toBe('no price');
    expect(spendText({ usd: null, byBasis: {}, unpricedCalls: 0, usage: none }, false, translate)).toBeNull();
  });
});
