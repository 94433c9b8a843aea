import { describe, expect, it } from 'vitest';
import type { AttributeValue, Span } from '../../../server/src/protocol/document';
import { traceStrings } from '../../../webviews/contract/traceStrings';
import { makeStrings } from '../../../webviews/kit/strings';
import { ownPriceHelps, spanCost, sumCost, totalCost } from '../../../webviews/trace/cost';

const t = makeStrings<keyof typeof traceStrings>(traceStrings, () => ({}));

function chat(cost: Readonly<Record<string, AttributeValue>>): Span {
  const attributes = Object.fromEntries(Object.entries(cost).map(([name, value]) => [`sandglass.cost.${name}`, value]));
  return { kind: 'chat', attributes } as unknown as Span;
}

describe('the cost of a call on the trace page', () => {
  it('says where its price is from, and of which day', () => {
    const priced = chat({ usd: 0.05, basis: 'priced', source: 'Anthropic claude-opus-4-6', date: '2026-09-23' });
    expect(spanCost(t, priced)).toEqual({
      text: '$0.0500',
      basis: 'list price',
      word: 'list price',
      title: 'by public list prices · Anthropic claude-opus-4-6 · as of 2026-09-23',
    });
    expect(spanCost(t, priced, true)).toMatchObject({
      basis: 'API equivalent, list price',
      title: expect.stringMatching(/^what the API would/),
    });
    const reported = chat({ usd: 0.05, basis: 'reported', source: null, date: null });
    expect(spanCost(t, reported)?.title).toBe('as the provider billed it');
  });

  it('shows a note of the user as plain text', () => {
    const noted = chat({ usd: 0.05, basis: 'user', source: 'price book: a\u202eb\nc', date: null });
    expect(spanCost(t, noted)?.title).not.toMatch(/[\u202e\n]/);
  });

  it('says why there is no price', () => {
    expect(spanCost(t, chat({ usd: null, basis: 'unknown', reason: 'free-trial' }))).toEqual({
      text: 'no price',
      basis: '',
      word: '',
      title: 'The list has it at zero as a free trial, which is no price',
    });
    for (const reason of [null, 'something newer'])
      expect(spanCost(t, chat({ usd: null, basis: 'unknown', reason }))?.title).toBe('no price is known');
  });

  it("is zero where nothing is paid, on hardware of one's own, and money where an hour has a price", () => {
    expect(spanCost(t, chat({ usd: 0, basis: 'local', source: 'runs on own hardware' }), true)).toMatchObject({
      text: '$0',
      basis: 'own hardware',
    });
    expect(spanCost(t, chat({ usd: 0.002, basis: 'local', source: 'price book' }))).toMatchObject({
      text: '$0.0020',
      basis: 'own hardware',
    });
    expect(totalCost(t, { usd: 0, byBasis: { local: 0 }, unpricedCalls: 0 }, true)).toMatchObject({ text: '$0', basis: 'own hardware' });
    expect(totalCost(t, { usd: 0.5, byBasis: { local: 0.5 }, unpricedCalls: 0 })).toMatchObject({ text: '$0.50', basis: 'own hardware' });
  });

  it('offers a price where one helps', () => {
    expect(
      ['vendor-unknown', 'model-unknown', 'no-usage', 'counts-impossible', 'new'].map((reason) =>
        ownPriceHelps(chat({ usd: null, reason })),
      ),
    ).toEqual([true, true, false, false, false]);
    expect(ownPriceHelps(chat({ usd: 1, basis: 'user', reason: 'model-unknown' }))).toBe(false);
  });
});

describe('the cost of several calls on the trace page', () => {
  it('says each way in which it is known, most of it first, and is a lower bound where some have no price', () => {
    expect(totalCost(t, { usd: 0.5, byBasis: { overlay: 0.1, priced: 0.1, reported: 0.3 }, unpricedCalls: 2 })).toEqual({
      text: '≥ $0.50',
      basis: 'reported + list price',
      word: 'reported + list price',
      title: [
        '$0.30 as the provider billed it',
        "$0.10 by Sandglass's own dated prices",
        '$0.10 by public list prices',
        '2 LLM calls have no price and are not in this sum',
      ].join('\n'),
    });
    expect(totalCost(t, { usd: 0.00001, byBasis: { priced: 0.00001 }, unpricedCalls: 1 }).text).toBe('> $0');
  });

  it('is never zero for want of a price', () => {
    expect(totalCost(t, { usd: null, byBasis: {}, unpricedCalls: 3 })).toMatchObject({ text: 'no price', basis: '' });
    expect(totalCost(t, { usd: null, byBasis: {}, unpricedCalls: 0 }).text).toBe('no cost');
    expect(sumCost(t, { usd: null, byBasis: {}, unpricedCalls: 0 })).toBeNull();
  });
});
