// How costs are written in lenses and hovers: by what they are known, by which price, and what is left out of them.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { basisWord } from '../../../client/src/costWords';
import { basisWords, callLabel, costLabel, costLines, costTooltip, priceNote, reasonWords } from '../../../server/src/editor/costWords';
import { definitionHover } from '../../../server/src/editor/definitionHover';
import { definitionLenses } from '../../../server/src/editor/definitionLenses';
import { costOf } from '../../../server/src/model/spanCost';
import type { CallCost, UnpricedReason } from '../../../server/src/protocol/cost';
import type { CostBasis, CostTotals } from '../../../server/src/protocol/document';
import type { UsedDefinition } from '../../../server/src/query/definitions';
import type { UseSums } from '../../../server/src/store/uses';
import { costStrings } from '../../../webviews/contract/costStrings';
import { reasonStrings } from '../../../webviews/contract/reasonStrings';
import { traceStrings } from '../../../webviews/contract/traceStrings';
import { translate } from '../client/translate';

const hostile = '[x](command:y) $(flame) <img src=x> **b** \u202e\u0000\n# h';
const listed: CallCost = { usd: 0.02, basis: 'priced', source: 'A seller a-model', date: '2026-09-23', reason: null };
const noPrice = (reason: UnpricedReason | null): CallCost => ({ usd: null, basis: 'unknown', source: null, date: null, reason });
const cost = (more: Partial<CostTotals> = {}): CostTotals => ({ usd: null, byBasis: {}, unpricedCalls: 0, ...more });

describe('a cost in words', () => {
  it('is the same in all faces', () => {
    for (const [basis, word] of Object.entries(basisWords) as [CostBasis, string][]) {
      expect(basisWord(basis, translate)).toBe(word);
      expect(costStrings[`basis.${basis}`]).toBe(word);
      expect(traceStrings[`cost.basis.${basis}`]).toBe(word);
    }
    for (const [reason, words] of Object.entries(reasonWords) as [UnpricedReason, string][])
      expect(reasonStrings[`reason.${reason}`]).toBe(words);
    expect(Object.keys(reasonStrings).length).toBe(Object.keys(reasonWords).length);
  });

  it('has how it is known, most of it first, and each word once', () => {
    expect(costLabel(cost({ usd: 0.02, byBasis: { priced: 0.02 } }))).toBe('$0.02 list price');
    expect(costLabel(cost({ usd: 0.06, byBasis: { priced: 0.01, overlay: 0.02, user: 0.025 } }))).toBe('$0.06 list price + your price');
    expect(costLabel(cost({ usd: 0.5, byBasis: { reported: 0.5 } }), true)).toBe('$0.50 API equivalent, reported');
  });

  it('is never zero for want of a price, and a lower bound where some is unpriced', () => {
    expect(costLabel(cost())).toBeNull();
    expect(costLabel(cost({ unpricedCalls: 2 }))).toBe('no price');
    expect(costLabel(cost({ usd: 0.02, byBasis: { user: 0.02 }, unpricedCalls: 2 }))).toBe('≥ $0.02 your price');
    expect(costLabel(cost({ usd: 0.00001, byBasis: { user: 0.00001 }, unpricedCalls: 2 }))).toBe('> $0 your price');
    expect(costLabel(cost({ usd: 0, byBasis: { local: 0 } }), true)).toBe('$0 own hardware');
    expect(callLabel(noPrice('no-usage'))).toBe('no price');
    const call = fc.record({
      basis: fc.constantFrom<CostBasis>('reported', 'user', 'overlay', 'priced', 'local', 'unknown'),
      usd: fc.double({ min: 0, max: 10, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(call, { minLength: 1, maxLength: 8 }), fc.boolean(), (calls, flatRate) => {
        const sum = costOf(calls.map(({ basis, usd }) => ({ basis, usd: basis === 'unknown' ? null : usd })));
        const label = costLabel(sum, flatRate) ?? '';
        const unpriced = calls.filter(({ basis }) => basis === 'unknown').length;
        expect(label === 'no price').toBe(unpriced === calls.length);
        if (unpriced > 0 && unpriced < calls.length) expect(label).toMatch(/^[≥>] \$/);
        for (const { basis } of calls) if (basis !== 'unknown') expect(label).toContain(basisWords[basis]);
      }),
    );
  });

  it('tells source and day of a price, and why there is none with what helps', () => {
    expect(priceNote(listed)).toBe('A seller a-model, as of 2026-09-23');
    expect(priceNote({ ...listed, source: null, date: null })).toBeNull();
    expect(priceNote(noPrice('model-unknown'))).toBe('The model is in no price list; the command “Sandglass: Prices of Models…” sets one');
    expect(priceNote(noPrice('counts-impossible'))).toBe('The recorded counts contradict each other');
    expect(priceNote(noPrice('something-newer' as UnpricedReason))).toBeNull();
  });

  it('has its parts and what is left out in its tooltip, bounded and without icons', () => {
    const sum = cost({ usd: 0.5, byBasis: { priced: 0.1, reported: 0.4 }, unpricedCalls: 1 });
    expect(costLines(sum)).toEqual(['$0.40 reported', '$0.10 list price', '1 LLM call has no price']);
    const many = Array.from({ length: 9 }, (_, at) => ({ ...listed, source: `${at} ${hostile}` }));
    const tooltip = costTooltip(costOf(many), many) ?? '';
    expect(tooltip.split('\n').length).toBe(6);
    expect(tooltip).toContain('and 4 more');
    expect(tooltip).not.toMatch(/\$\(|\u202e|\u0000/);
    expect(costTooltip(cost({ usd: 1, byBasis: { reported: 1 } }))).toBeNull();
  });
});

describe('a definition', () => {
  const range = { start: { line: 0, character: 0 }, end: { line: 0, character: 4 } };
  const sums: UseSums = {
    calls: 3,
    failed: 0,
    denied: 0,
    reads: 0,
    writes: 0,
    sessions: 1,
    sources: 1,
    first: null,
    last: null,
    timed: 0,
    estimated: 0,
    p50: null,
    p95: null,
    messages: 3,
    cost: cost({ usd: 0.05, byBasis: { user: 0.05 }, unpricedCalls: 1 }),
    priced: [
      { session: 1, spanId: 'a' },
      { session: 1, spanId: 'b' },
      { session: 1, spanId: 'gone' },
    ],
  };
  const used = { definition: { kind: 'plugin-tool', name: 'look', range }, sums, sessions: null, sources: [], pluginId: null };
  const prices = new Map<string, CallCost>([
    ['a', { ...listed, basis: 'user', source: `price book: ${hostile}` }],
    ['b', noPrice('model-unknown')],
  ]);

  it('has a lens with a lower bound and its basis', () => {
    const [lens] = definitionLenses('file:///a.ts', [used as unknown as UsedDefinition]);
    expect(lens?.command?.title).toBe('3 calls · ≥ $0.05 your price');
    expect(lens?.command?.tooltip).toBe('1 LLM call has no price');
  });

  it('says in its hover by which prices, with nothing alive of what a note holds', () => {
    const hover = definitionHover([used as unknown as UsedDefinition], ({ spanId }) => prices.get(spanId) ?? null, true);
    const text = (hover?.contents as { readonly value: string }).value;
    expect(text).toContain('≥ $0.05 API equivalent, your price: asked for by 3 LLM calls, with all else these asked for.');
    expect(text).toContain('- 1 LLM call has no price');
    expect(text).toMatch(/- your price.*price book.*as of 2026\\-09\\-23/);
    expect(text).toContain('no price\\: The model is in no price list; the command');
    expect(text).not.toMatch(/(?<!\\)\]\(|(?<!\\)<img|\$\(flame|\u202e|\u0000|\n# h/);
  });
});
