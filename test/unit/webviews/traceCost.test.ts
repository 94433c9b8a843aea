import { describe, expect, it } from 'vitest';
import type { AttributeValue, Span } from '../../../server/src/protocol/document';
import { traceStrings } from '../../../webviews/contract/traceStrings';
import { makeStrings } from '../../../webviews/kit/strings';
import { spanCost, totalCost } from '../../../webviews/trace/cost';

const t = makeStrings<keyof typeof traceStrings>(traceStrings, () => ({}));

function chat(cost: Readonly<Record<string, AttributeValue>>): Span {
  const attributes = Object.fromEntries(Object.entries(cost).map(([name, value]) => [`sandglass.cost.${name}`, value]));
  return { kind: 'chat', attributes } as unknown as Span;
}

describe('the cost of a call on the trace page', () => {
  it('says where its price is from, and of which day', () => {
    const priced = chat({ usd: 0.05, basis: 'priced', source: 'Anthropic claude-opus-4-6', date: '2026-09-23' });
    expect(spanCost(t, priced)).toEqual({ text: '$0.0500', title: 'by public list prices · Anthropic claude-opus-4-6 · 2026-09-23' });
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
      title: 'The list has it at zero as a free trial, which is no price',
    });
    for (const reason of [null, 'something newer'])
      expect(spanCost(t, chat({ usd: null, basis: 'unknown', reason }))?.title).toBe('no price is known');
  });

  it('is local where nothing is paid, and money where an hour has a price', () => {
    expect(spanCost(t, chat({ usd: 0, basis: 'local', source: 'runs on own hardware' }))?.text).toBe('local');
    expect(spanCost(t, chat({ usd: 0.002, basis: 'local', source: 'price book' }))?.text).toBe('$0.0020');
    expect(totalCost(t, { usd: 0, byBasis: { local: 0 }, unpricedCalls: 0 }, 1).value).toBe('local');
    expect(totalCost(t, { usd: 0.5, byBasis: { local: 0.5 }, unpricedCalls: 0 }, 1)).toMatchObject({ value: '$0.50', note: 'local' });
  });
});
