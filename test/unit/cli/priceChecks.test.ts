import { describe, expect, it } from 'vitest';
import { checkBook, checkTable } from '../../../server/src/cli/priceChecks';
import { readBook } from '../../../server/src/usage/book';
import type { PricedModel } from '../../../server/src/protocol/cost';
import { overlayDate, overlayRows } from '../../../server/src/usage/overlay';

const none = { input: 1, output: 1, cacheRead: null, cacheWrite: null, cacheWrite1h: null };
const check = (entries: readonly unknown[], seen: readonly PricedModel[] | null = null): readonly unknown[] =>
  checkBook(readBook(entries), seen).map(({ row, check: what, detail }) => [row, what, detail]);
const entry = (more: object): object => ({ input: 1, output: 1, ...more });
const called = (model: string | null, provider: string | null = 'inference', vendor: string | null = null): PricedModel => ({
  model,
  provider,
  vendor,
  spend: {
    calls: 1,
    usage: { input: 1, output: 1, cacheRead: 0, cacheWrite: 0, reasoning: null },
    usd: null,
    byBasis: {},
    unpricedCalls: 1,
  },
  basis: 'unknown',
  rates: null,
  tiers: [],
  source: null,
  date: null,
  reason: 'model-unknown',
});

describe('checks of our own table', () => {
  it('hold of the table as it is', () => {
    expect(overlayRows().length).toBeGreaterThan(10);
    expect(checkTable(overlayRows(), overlayDate)).toEqual([]);
  });

  it('find prices below zero, prices of nothing, and a missing date', () => {
    const rows = [
      { provider: 'a', model: 'fine', rates: { ...none, cacheRead: 0 } },
      { provider: 'a', model: 'low', rates: { ...none, cacheWrite: -0.1 } },
      { provider: 'a', model: 'nan', rates: { ...none, output: NaN } },
      { provider: 'a', model: 'free', rates: { ...none, input: 0, output: 0, cacheRead: 0 } },
    ];
    expect(checkTable(rows, '2026-09-22').map(({ row, model, field, check: what }) => [row, model, field, what])).toEqual([
      [2, 'low', 'cacheWrite', 'negative'],
      [3, 'nan', 'output', 'negative'],
      [4, 'free', null, 'zero'],
    ]);
    for (const date of ['', 'soon', '2026-13-41']) expect(checkTable([], date).map(({ check: what }) => what)).toEqual(['date-missing']);
  });
});

describe('checks of a price book', () => {
  it('find entries that never hold, since a later one speaks of all that they speak of', () => {
    const pairs: readonly (readonly [object, object, boolean])[] = [
      [{ model: 'a' }, { model: 'a' }, true],
      [{ model: 'A-1' }, { model: 'a-*' }, true],
      [{ model: 'a-*' }, { model: 'a-1' }, false],
      [{ model: 'a-*-b' }, { model: 'a*b' }, true],
      [{ model: 'a*b' }, { model: 'a-*-b' }, false],
      [{ model: 'a', provider: 'p' }, { model: 'a' }, true],
      [{ model: 'a' }, { model: 'a', provider: 'p' }, false],
      [{ model: 'a', provider: 'p' }, { model: 'a', provider: 'q' }, false],
      [{ model: 'a' }, { model: 'a', from: '2026-01-01' }, false],
      [{ model: 'a', from: '2026-01-01' }, { model: 'a', from: '2026-01-01' }, true],
      [{ model: 'a', from: '2026-02-01' }, { model: 'a', from: '2026-01-01' }, true],
      [{ model: 'a', from: '2025-02-01' }, { model: 'a', from: '2026-01-01' }, false],
    ];
    for (const [first, later, shadowed] of pairs)
      expect(check([entry(first), entry(later)]), JSON.stringify([first, later])).toEqual(shadowed ? [[1, 'shadowed', 'by entry 2']] : []);
  });

  it('find prices of nothing that no note explains', () => {
    const zero = { model: 'a', input: 0, output: 0 };
    expect(check([zero])).toEqual([[1, 'zero', null]]);
    expect(check([{ ...zero, note: 'given to us' }])).toEqual([]);
    expect(check([{ ...zero, cacheRead: 0.1 }])).toEqual([]);
    // An own machine may cost nothing by the hour.
    expect(check([{ model: 'a', perHour: 0 }])).toEqual([]);
  });

  it('find entries of no model that was called', () => {
    const seen = [called('nvidia/nemotron-3', 'inference', 'nvidia-prod'), called(null)];
    const entries = [
      entry({ model: 'other' }),
      entry({ model: 'nvidia/*', provider: 'nvidia-prod' }),
      entry({ model: 'NVIDIA/n*', provider: 'openai' }),
    ];
    expect(check(entries, seen)).toEqual([
      [1, 'matches-nothing', null],
      [3, 'matches-nothing', null],
    ]);
    expect(check(entries)).toEqual([]);
  });

  it('name what is left out by its place in the list', () => {
    expect(check([{ model: 'a' }, entry({ model: 'b' }), entry({ model: 'c', output: -1 }), entry({ model: 'b' }), 'x'])).toEqual([
      [1, 'invalid', 'it has no price'],
      [2, 'shadowed', 'by entry 4'],
      [3, 'negative', 'output: a price is meant: US dollars, not below zero'],
      [5, 'invalid', 'an entry with a model and its prices is meant'],
    ]);
    expect(check({} as never)).toEqual([[null, 'invalid', 'a list of prices is meant']]);
  });
});
