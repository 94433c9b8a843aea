/** What the cost page works out by itself: when days begin, shares, orders, bars, words. */
import { describe, expect, it } from 'vitest';
import { hostileStrings } from '../flow/hostile';
import type { CostBy, CostRow, Spend } from '../../../server/src/protocol/cost';
import { costStrings } from '../../../webviews/contract/costStrings';
import type { CostString } from '../../../webviews/contract/costStrings';
import { cacheHitRate, chartDays, dayBars, measureOf, shareOf, sorted } from '../../../webviews/cost/parts';
import { boundsOf, dayOf, dayText, isInOrder } from '../../../webviews/cost/period';
import {
  basisParts,
  callCount,
  detailOf,
  dollars,
  exactDollars,
  labelOf,
  moneyOf,
  notObservedText,
  percent,
  spendLine,
} from '../../../webviews/cost/words';
import { makeStrings } from '../../../webviews/kit/strings';

const t = makeStrings<CostString>(costStrings, () => ({}));
const usage = { input: 20, cacheRead: 60, cacheWrite: 5, output: 15, reasoning: null };

function spend(usd: number | null, more: Partial<Spend> = {}): Spend {
  return { calls: 2, usage, usd, byBasis: usd === null ? {} : { priced: usd }, unpricedCalls: usd === null ? 2 : 0, ...more };
}
function row(label: string | null, usd: number | null, more: Partial<Spend> = {}): CostRow {
  return { label, detail: null, spend: spend(usd, more), withSubagents: null, session: null, span: null };
}

/** In a place that moves its clocks, whatever the machine's own is. */
function inZone<T>(zone: string, work: () => T): T {
  const before = process.env['TZ'];
  process.env['TZ'] = zone;
  try {
    return work();
  } finally {
    if (before === undefined) delete process.env['TZ'];
    else process.env['TZ'] = before;
  }
}

describe('periods', () => {
  it('begin at midnight of the place, also where days have 23 or 25 hours', () => {
    inZone('Europe/Berlin', () => {
      const now = new Date('2026-03-30T10:00:00Z');
      expect(boundsOf({ kind: 'today' }, now)).toEqual({ from: '2026-03-29T22:00:00.000Z', to: null });
      // The clocks went forward on the 29th.
      expect(boundsOf({ kind: 'week' }, now)).toEqual({ from: '2026-03-23T23:00:00.000Z', to: null });
      expect(boundsOf({ kind: 'month' }, now)).toEqual({ from: '2026-02-28T23:00:00.000Z', to: null });
      expect(boundsOf({ kind: 'days', from: '2026-03-29', to: '2026-03-29' }, now)).toEqual({
        from: '2026-03-28T23:00:00.000Z',
        to: '2026-03-29T22:00:00.000Z',
      });
      expect(boundsOf({ kind: 'days', from: '2026-10-25', to: null }, now)).toEqual({ from: '2026-10-24T22:00:00.000Z', to: null });
      expect(boundsOf({ kind: 'days', from: null, to: '2026-10-25' }, now)).toEqual({ from: null, to: '2026-10-25T23:00:00.000Z' });
    });
    expect(boundsOf({ kind: 'all' }, new Date())).toEqual({ from: null, to: null });
  });

  it('are of days of the calendar, in order', () => {
    expect(dayOf('2026-02-29')).toBeNull();
    expect(dayOf('2028-02-29')).not.toBeNull();
    expect(dayOf('2026-2-9')).toBeNull();
    expect(dayOf(null)).toBeNull();
    expect(dayText(new Date(2026, 0, 5))).toBe('2026-01-05');
    expect(isInOrder({ kind: 'days', from: '2026-01-02', to: '2026-01-01' })).toBe(false);
    expect(isInOrder({ kind: 'days', from: '2026-01-01', to: '2026-01-01' })).toBe(true);
    expect(isInOrder({ kind: 'days', from: null, to: '2026-01-01' })).toBe(true);
  });
});

describe('parts', () => {
  it('are a share of the money, or of the tokens where a flat rate is paid or no money is known', () => {
    const total = spend(4);
    expect(measureOf(total, false)).toBe('usd');
    expect(measureOf(total, true)).toBe('tokens');
    expect(measureOf(spend(null), false)).toBe('tokens');
    // All of it on own hardware: shares of nothing say nothing.
    expect(measureOf(spend(0), false)).toBe('tokens');
    expect(shareOf(spend(1), total, 'usd')).toBe(0.25);
    expect(shareOf(spend(null), total, 'usd')).toBeNull();
    expect(shareOf(spend(null), total, 'tokens')).toBe(1);
    expect(shareOf(spend(1), spend(0), 'usd')).toBeNull();
  });

  it('come in the order asked for, what is not known last', () => {
    const rows = [row('b', 1), row('a', null), row('c', 3, { calls: 1 }), row('d', 2)];
    const labels = (sort: Parameters<typeof sorted>[1]): string =>
      sorted(rows, sort, ({ label }) => label ?? '')
        .map(({ label }) => label)
        .join('');
    expect(labels(null)).toBe('bacd');
    expect(labels({ column: 'usd', descending: true })).toBe('cdba');
    expect(labels({ column: 'usd', descending: false })).toBe('bdca');
    expect(labels({ column: 'label', descending: false })).toBe('abcd');
    expect(labels({ column: 'calls', descending: false })).toBe('cbad');
    expect(labels({ column: 'withSubagents', descending: true })).toBe('bacd');
  });

  it('hit the cache as often as what was sent came from it', () => {
    expect(cacheHitRate(usage)).toEqual({ rate: 60 / 85, sent: 85 });
    expect(cacheHitRate({ ...usage, input: 0, cacheRead: 0, cacheWrite: 0 })).toBeNull();
  });
});

describe('bars of days', () => {
  it('have one for each day, with those on which nothing was called', () => {
    const bars = dayBars([row('2026-03-01', 2), row('2026-02-27', 4), row('2026-02-26', null), row(null, 9)], 'usd');
    expect(bars.map(({ day, row: own, height }) => [day, own !== null, height])).toEqual([
      ['2026-02-26', true, null],
      ['2026-02-27', true, 1],
      ['2026-02-28', false, null],
      ['2026-03-01', true, 0.5],
    ]);
  });

  it('are none for a single day, and no more than fit', () => {
    expect(dayBars([row('2026-03-01', 2)], 'usd')).toEqual([]);
    expect(dayBars([], 'tokens')).toEqual([]);
    const bars = dayBars([row('2026-03-01', 1), row('1970-01-01', 1)], 'usd');
    expect(bars).toHaveLength(chartDays);
    expect(bars.at(-1)).toMatchObject({ day: '2026-03-01', height: 1 });
  });
});

describe('words', () => {
  it.each([
    [0, '$0'],
    [0.00001, '<$0.0001'],
    [0.00423, '$0.0042'],
    [0.07, '$0.07'],
    [12.345, '$12.35'],
    [1234.5, '$1,235'],
  ])('%d dollars are %s', (usd, text) => expect(dollars(usd)).toBe(text));

  it.each([
    [0.9, '$0.90'],
    [0.000123, '$0.000123'],
    [12, '$12.00'],
    [1.005, '$1.005'],
    [0.1 + 0.2, '$0.30'],
  ])('exactly, %d dollars are %s', (usd, text) => expect(exactDollars(usd)).toBe(text));

  it('never call money that is not known zero', () => {
    expect(moneyOf(t, spend(null))).toMatchObject({ text: 'no price', known: false });
    expect(moneyOf(t, spend(null, { calls: 0, unpricedCalls: 0 }))).toMatchObject({ text: '—', known: false });
    expect(moneyOf(t, spend(1, { unpricedCalls: 1 }))).toMatchObject({ text: '≥ $1.00', basis: 'list price' });
    expect(moneyOf(t, spend(1, { unpricedCalls: 1 })).title).toContain('1 of 2 calls have no price');
    expect(moneyOf(t, spend(0, { byBasis: { local: 0 } }))).toMatchObject({ text: '$0', basis: 'own hardware' });
    expect(moneyOf(t, spend(3, { byBasis: { reported: 1, priced: 2 } }))).toMatchObject({
      basis: 'mixed',
      title: '$2.00 by public list prices\n$1.00 as the provider billed it',
    });
    expect(basisParts(t, spend(3.5, { byBasis: { overlay: 1, reported: 0.5, priced: 2 } })).map(({ text }) => text)).toEqual([
      '$3.00 list price',
      '$0.50 reported',
    ]);
  });

  it('call next to nothing no number, and parts of calls no whole ones', () => {
    expect(moneyOf(t, spend(0.00001, { unpricedCalls: 1 })).text).toBe('> $0');
    expect([0, 3, 1200, 0.04, 0.333, 2.5, 99.6].map(callCount)).toEqual(['0', '3', '1,200', '<0.1', '0.3', '2.5', '100']);
  });

  it('say money first, or tokens where a flat rate is paid', () => {
    expect(spendLine(t, spend(1), false)).toBe('$1.00 · 100 tokens');
    expect(spendLine(t, spend(1), true)).toBe('100 tokens · $1.00 API equivalent');
    expect(spendLine(t, spend(null), false)).toBe('100 tokens · no price');
    // No API would charge what own hardware did.
    expect(spendLine(t, spend(0, { byBasis: { local: 0 } }), true)).toBe('100 tokens · $0');
  });

  it('have one for each kind of part that has no name, and for what was not observed', () => {
    const by: readonly CostBy[] = ['day', 'model', 'sandbox', 'agent', 'session', 'subagent', 'turn', 'trigger', 'tool', 'file'];
    for (const each of by) {
      expect(labelOf(t, each, { label: null })).not.toBe('');
      expect(labelOf(t, each, { label: '  ' })).toBe(labelOf(t, each, { label: null }));
    }
    expect(labelOf(t, 'day', { label: '2026-03-01' })).toContain('2026');
    expect(labelOf(t, 'trigger', { label: 'subagent' })).toBe('sub-agent task');
    expect(labelOf(t, 'trigger', { label: 'toString' })).toBe('toString');
    for (const kind of ['compactions', 'retries', 'cutOff', 'unrecordedSessions'] as const) {
      expect(notObservedText(t, { kind, count: 1 })).toMatch(/^One /);
      expect(notObservedText(t, { kind, count: 1200 })).toMatch(/^1,200 /);
    }
    expect(percent(t, 0.004)).toBe('<1 %');
    expect(percent(t, 0)).toBe('0 %');
    expect(percent(t, 0.125)).toBe('13 %');
  });

  it('tell equal labels apart, and do not say the same twice', () => {
    expect(detailOf({ label: 'gpt-5', detail: 'openai' })).toBe('openai');
    expect(detailOf({ label: null, detail: 'my-assistant · main' })).toBe('my-assistant · main');
    expect(detailOf({ label: 'Fix the tests and run them', detail: 'Fix the tests…' })).toBe('');
    expect(detailOf({ label: 'Fix the tests…', detail: 'Fix the tests and run them' })).toBe('');
    expect(detailOf({ label: 'x', detail: null })).toBe('');
  });

  it('make hostile labels visible', () => {
    for (const text of hostileStrings)
      expect(labelOf(t, 'file', { label: text })).not.toMatch(/[\u0000-\u0008\u001b\u202a-\u202e\u2066-\u2069\n]/u);
  });
});
