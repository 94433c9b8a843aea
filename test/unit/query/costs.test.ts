// What things cost, from the ledger: the same as the trace says, whatever it is parted by, in whatever order it came, and once.
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SourceRecord } from '../../../server/src/attach/record';
import { Ingest } from '../../../server/src/collect/ingest';
import { Pricing } from '../../../server/src/collect/pricing';
import type { CostBy, CostQuery, CostScope, Spend } from '../../../server/src/protocol/cost';
import type { SessionTotals } from '../../../server/src/protocol/document';
import { Costs } from '../../../server/src/query/costs';
import type { CostSource } from '../../../server/src/query/costs';
import { traceDocument } from '../../../server/src/query/document';
import type { Store } from '../../../server/src/store/store';
import { recording } from '../../fixtures/recordings';
import { info, memoryStore, readInto, recordsOf } from '../support/traces';

const everything: CostScope = { sourceId: null, sessionId: null, withSubagents: false, from: null, to: null };
const query = (by: CostBy, scope: Partial<CostScope> = {}): CostQuery => ({
  scope: { ...everything, ...scope },
  by,
  limit: 1000,
  timeZone: 'Europe/Berlin',
});
const parts: readonly CostBy[] = ['day', 'model', 'sandbox', 'agent', 'session', 'subagent', 'turn', 'trigger', 'tool', 'file'];
const names = ['openclaw-2026.7.1', 'openclaw-2026.9.5', 'rotation-2026.7.1', 'thinking-off-2026.9.5', 'retry-2026.7.1'] as const;

const source = (row: number, id = 'test'): CostSource => ({ id, row, name: id });

function tokensOf({ usage }: Pick<Spend, 'usage'>): readonly number[] {
  return [usage.input, usage.output, usage.cacheRead, usage.cacheWrite];
}

function sumOf(spends: readonly Spend[]): {
  readonly tokens: readonly number[];
  readonly usd: number;
  readonly calls: number;
  readonly unpriced: number;
} {
  return {
    tokens: [0, 1, 2, 3].map((at) => spends.reduce((sum, spend) => sum + (tokensOf(spend)[at] ?? 0), 0)),
    usd: spends.reduce((sum, { usd }) => sum + (usd ?? 0), 0),
    calls: spends.reduce((sum, { calls }) => sum + calls, 0),
    unpriced: spends.reduce((sum, { unpricedCalls }) => sum + unpricedCalls, 0),
  };
}

function sumOfTotals(totals: readonly SessionTotals[]): ReturnType<typeof sumOf> {
  return sumOf(totals.map(({ usage, cost, llmCalls }) => ({ calls: llmCalls, usage, ...cost })));
}

function expectSame(one: ReturnType<typeof sumOf>, other: ReturnType<typeof sumOf>): void {
  expect(one.usd).toBeCloseTo(other.usd, 9);
  expect(one.calls).toBeCloseTo(other.calls, 6);
  expect(one.unpriced).toBeCloseTo(other.unpriced, 6);
  for (const [at, tokens] of one.tokens.entries()) expect(tokens).toBeCloseTo(other.tokens[at] ?? NaN, 5);
}

describe.each(names)('what %s cost', (name) => {
  let store: Store;
  let row: number;
  let costs: Costs;
  beforeAll(async () => {
    store = memoryStore();
    row = await readInto(store, recording(name).root);
    costs = new Costs(store);
  });
  afterAll(() => store[Symbol.dispose]());

  it('is what its trace says, and what was counted by itself', () => {
    const { total } = costs.answer(query('day'), [source(row)]);
    expectSame(sumOf([total]), sumOfTotals(traceDocument(store, row, null).sessions.map(({ totals }) => totals)));
    const { own } = recording(name).expected.totals;
    expect(tokensOf(total)).toEqual([own.tokens.input, own.tokens.output, own.tokens.cacheRead, own.tokens.cacheWrite]);
    expect(total.calls).toBe(own.llmCalls);
    expect(total.calls).toBeGreaterThan(0);
  });

  it('counts the tokens of calls without a price', () => {
    const { unpricedTokens } = costs.answer(query('day'), [source(row)]);
    const unpriced = traceDocument(store, row, null).sessions.flatMap(({ spans }) =>
      spans.filter(
        ({ kind, attributes }) =>
          kind === 'chat' && attributes['sandglass.inherited'] !== true && attributes['sandglass.cost.usd'] === null,
      ),
    );
    const tokens = unpriced.flatMap(({ attributes }) => [
      attributes['gen_ai.usage.input_tokens'],
      attributes['gen_ai.usage.output_tokens'],
    ]);
    expect(unpricedTokens).toBe(tokens.reduce<number>((sum, count) => sum + (typeof count === 'number' ? count : 0), 0));
  });

  it.each(parts)('adds up by %s', (by) => {
    const { total, rows, more } = costs.answer(query(by), [source(row)]);
    expect(rows.length).toBeGreaterThan(0);
    expectSame(sumOf([...rows.map(({ spend }) => spend), ...(more === null ? [] : [more.spend])]), sumOf([total]));
    const some = costs.answer({ ...query(by), limit: 1 }, [source(row)]);
    expect(some.rows).toHaveLength(1);
    expect(some.more?.rows ?? 0).toBe(rows.length - 1);
    expectSame(sumOf([...some.rows.map(({ spend }) => spend), ...(some.more === null ? [] : [some.more.spend])]), sumOf([total]));
  });

  it('is of each session what its trace says, and with those below it each once', () => {
    for (const session of traceDocument(store, row, null).sessions) {
      const scope = { sourceId: 'test', sessionId: session.id };
      expectSame(sumOf([costs.answer(query('model', scope), [source(row)]).total]), sumOfTotals([session.totals]));
    }
    const { sessions } = traceDocument(store, row, null);
    const parents = sessions.filter(({ id }) => sessions.some(({ parentSessionId }) => parentSessionId === id));
    for (const parent of parents) {
      const below = (id: string): readonly string[] =>
        sessions.filter(({ parentSessionId }) => parentSessionId === id).flatMap((child) => [child.id, ...below(child.id)]);
      const all = new Set([parent.id, ...below(parent.id)]);
      const { total, rows } = costs.answer(query('subagent', { sourceId: 'test', sessionId: parent.id, withSubagents: true }), [
        source(row),
      ]);
      expectSame(sumOf([total]), sumOfTotals(sessions.filter(({ id }) => all.has(id)).map(({ totals }) => totals)));
      expect(rows.length).toBeGreaterThan(1);
      const listed = costs.answer(query('session'), [source(row)]).rows.find(({ session }) => session?.sessionId === parent.id);
      expectSame(sumOf(listed?.withSubagents ? [listed.withSubagents] : []), sumOf([total]));
    }
    if (name.startsWith('openclaw-')) expect(parents.length).toBeGreaterThan(0);
  });

  it('is parted at any moment without loss', () => {
    const { total } = costs.answer(query('day'), [source(row)]);
    const starts = traceDocument(store, row, null)
      .sessions.flatMap(({ spans }) => spans.filter(({ kind }) => kind === 'chat').map(({ startTime }) => startTime))
      .filter((time) => time !== null)
      .sort();
    const middle = starts[Math.floor(starts.length / 2)] ?? '';
    for (const by of ['day', 'tool', 'session'] as const) {
      const before = costs.answer(query(by, { to: middle }), [source(row)]);
      const after = costs.answer(query(by, { from: middle }), [source(row)]);
      expect(before.total.calls * after.total.calls).toBeGreaterThan(0);
      expectSame(sumOf([before.total, after.total]), sumOf([total]));
      expectSame(sumOf(before.rows.map(({ spend }) => spend)), sumOf([before.total]));
    }
  });
});

describe('a sandbox and its recording, both attached', () => {
  it('count once, also where one of them goes further', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sandglass-twins-'));
    try {
      cpSync(recording('openclaw-2026.7.1').root, folder, { recursive: true });
      using store = memoryStore();
      const costs = new Costs(store);
      const whole = await readInto(store, folder, 'whole');
      const records = (await recordsOf(folder)).filter(({ kind }) => kind === 'transcript');
      const half = store.transaction(() => store.sources.ensure('half', { info, registryProvider: null }));
      using ingest = new Ingest(store, half);
      ingest.apply(records.slice(0, Math.floor(records.length / 2)));
      ingest.settle();
      const alone = costs.answer(query('day'), [source(whole, 'whole')]).total;
      const part = costs.answer(query('day'), [source(half, 'half')]).total;
      expect(part.calls).toBeGreaterThan(0);
      expect(part.calls).toBeLessThan(alone.calls);
      for (const sources of [
        [source(whole, 'whole'), source(half, 'half')],
        [source(half, 'half'), source(whole, 'whole')],
      ])
        for (const by of parts) {
          const { total, rows } = costs.answer(query(by), sources);
          expect(total).toEqual(alone);
          expectSame(sumOf(rows.map(({ spend }) => spend)), sumOf([alone]));
        }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe('sums', () => {
  let records: readonly SourceRecord[];
  beforeAll(async () => {
    records = await recordsOf(recording('openclaw-2026.7.1').root);
  });

  it('depend on no order, repetition or cut', { timeout: 300_000 }, () => {
    const answers = (batches: readonly (readonly SourceRecord[])[]): unknown => {
      using store = memoryStore();
      const row = store.transaction(() => store.sources.ensure('test', { info, registryProvider: null }));
      using ingest = new Ingest(store, row);
      for (const batch of batches) ingest.apply(batch);
      ingest.settle();
      const costs = new Costs(store);
      return (['day', 'model', 'session', 'trigger', 'turn'] as const).map((by) => {
        const { total, rows } = costs.answer(query(by), [source(row)]);
        return { total, rows: rows.map(({ label, spend }) => JSON.stringify([label, spend])).sort() };
      });
    };
    const expected = answers([records]);
    fc.assert(
      fc.property(
        fc.array(fc.nat(records.length), { maxLength: 4 }),
        fc.shuffledSubarray([...records.keys()], { minLength: records.length, maxLength: records.length }),
        fc.boolean(),
        (cuts, order, repeat) => {
          const shuffled = order.flatMap((at) => records[at] ?? []);
          const places = [0, ...cuts, records.length].sort((a, b) => a - b);
          const batches = places.slice(1).map((to, at) => shuffled.slice(places[at] ?? 0, to));
          expect(answers(repeat ? [...batches, ...batches] : batches)).toEqual(expected);
        },
      ),
      { numRuns: 8 },
    );
  });

  it('follow the price book, to and fro', async () => {
    using store = memoryStore();
    const row = await readInto(store, recording('openclaw-2026.7.1').root);
    const costs = new Costs(store);
    const before = costs.answer(query('model'), [source(row)]);
    const model = before.rows[0]?.label ?? '';
    using ingest = new Ingest(store, row);
    Pricing.of(store).set([{ model, input: 1, output: 2, cacheRead: 0.5, cacheWrite: 4, insteadOfReported: true }]);
    ingest.settle();
    const [priced] = costs.answer(query('model'), [source(row)]).rows.filter(({ label }) => label === model);
    const usage = priced?.spend.usage;
    expect(priced?.spend.byBasis.user).toBeCloseTo(
      ((usage?.input ?? 0) * 1 + (usage?.output ?? 0) * 2 + (usage?.cacheRead ?? 0) * 0.5 + (usage?.cacheWrite ?? 0) * 4) / 1e6,
      9,
    );
    expectSame(
      sumOf([costs.answer(query('day'), [source(row)]).total]),
      sumOfTotals(traceDocument(store, row, null).sessions.map(({ totals }) => totals)),
    );
    Pricing.of(store).set([]);
    ingest.settle();
    expect(costs.answer(query('model'), [source(row)])).toEqual(before);
  });
});
