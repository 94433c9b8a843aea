// What nobody reads any more is priced like the rest.
import { describe, expect, it } from 'vitest';
import { Pricing } from '../../../server/src/collect/pricing';
import { Refolding } from '../../../server/src/collect/refolding';
import type { RefoldingOptions } from '../../../server/src/collect/refolding';
import type { Store } from '../../../server/src/store/store';
import { traceDocument } from '../../../server/src/query/document';
import { recording } from '../../fixtures/recordings';
import { memoryStore, readInto } from '../support/traces';

const prices = [{ model: '*', input: 1, output: 1, insteadOfReported: true }];

function refoldingOf(
  store: Store,
  more: Partial<RefoldingOptions> = {},
): { readonly refolding: Refolding; readonly folded: string[]; readonly errors: unknown[] } {
  const folded: string[] = [];
  const errors: unknown[] = [];
  const refolding = new Refolding({
    store,
    mayFold: () => true,
    isRead: () => false,
    onResult: (row, { sessions }) => folded.push(...sessions.map(({ session }) => `${row} ${session}`)),
    onError: (error) => errors.push(error),
    ...more,
  });
  return { refolding, folded, errors };
}

const bases = (store: Store, row: number): ReadonlySet<string> =>
  new Set(traceDocument(store, row, null).sessions.flatMap(({ totals }) => Object.keys(totals.cost.byBasis)));

describe('sessions of sources that nobody reads', () => {
  it('are folded again by other prices, each once, and told', async () => {
    using store = memoryStore();
    const rows = [
      await readInto(store, recording('rotation-2026.7.1').root, 'one'),
      await readInto(store, recording('retry-2026.7.1').root, 'two'),
    ];
    const { refolding, folded, errors } = refoldingOf(store);
    Pricing.of(store).set(prices);
    await expect
      .poll(() => rows.map((row) => store.sessions.pricedOtherwise(row, Pricing.of(store).fingerprint).length), { timeout: 20_000 })
      .toEqual([0, 0]);
    await refolding[Symbol.asyncDispose]();
    for (const row of rows) expect([...bases(store, row)]).toEqual(['user']);
    expect(errors).toEqual([]);
    expect(new Set(folded).size).toBe(rows.flatMap((row) => store.sessions.list(row)).length);
  });

  it('are left to whoever reads them, and to the one process that folds', async () => {
    using store = memoryStore();
    const read = await readInto(store, recording('rotation-2026.7.1').root, 'one');
    const other = await readInto(store, recording('retry-2026.7.1').root, 'two');
    let may = false;
    const { refolding, folded } = refoldingOf(store, { mayFold: () => may, isRead: (row) => row === read });
    Pricing.of(store).set(prices);
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    expect(folded).toEqual([]);
    may = true;
    refolding.begin();
    await expect.poll(() => store.sessions.pricedOtherwise(other, Pricing.of(store).fingerprint).length, { timeout: 20_000 }).toBe(0);
    await refolding[Symbol.asyncDispose]();
    expect(folded.length).toBeGreaterThan(0);
    expect(folded.every((told) => told.startsWith(`${other} `))).toBe(true);
    expect(store.sessions.pricedOtherwise(read, Pricing.of(store).fingerprint).length).toBeGreaterThan(0);
  });

  it('wait for none of which the fold fails', async () => {
    using store = memoryStore();
    const failing = await readInto(store, recording('rotation-2026.7.1').root, 'one');
    const other = await readInto(store, recording('retry-2026.7.1').root, 'two');
    const { refolding, errors } = refoldingOf(store, {
      onResult: (row) => {
        if (row === failing) throw new Error('it can not be shown');
      },
    });
    Pricing.of(store).set(prices);
    await expect.poll(() => store.sessions.pricedOtherwise(other, Pricing.of(store).fingerprint).length, { timeout: 20_000 }).toBe(0);
    await refolding[Symbol.asyncDispose]();
    expect(errors).toEqual([new Error('it can not be shown')]);
  });
});
