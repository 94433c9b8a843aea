// What the status bar says of today: never older than what changed, and no more often added up than it may cost.
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { CostAnswer, Spend } from '../../../server/src/protocol/cost';
import type { Costs } from '../../../server/src/query/costs';
import { CostsNow } from '../../../server/src/query/costNow';
import type { Store } from '../../../server/src/store/store';
import { memoryStore } from '../support/traces';

let store: Store;
let spent: number;
let asked: number;
let later: number;
let now: CostsNow;
const day = { name: '2026-11-21', from: 0, to: 86_400_000 };
const source = { id: '0123456789abcdef', row: 1, name: 'box' };
beforeEach(() => {
  vi.useFakeTimers();
  store = memoryStore();
  [spent, asked, later] = [1, 0, 0];
  const answer = (): CostAnswer => {
    asked += 1;
    const usage = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0, reasoning: null };
    const total: Spend = { calls: 1, usage, usd: spent, byBasis: {}, unpricedCalls: 0 };
    return { total, unpricedTokens: 0, rows: [], more: null, notObserved: [], empty: null };
  };
  now = new CostsNow(store, { answer } as unknown as Costs, () => (later += 1));
});
afterEach(() => {
  now[Symbol.dispose]();
  store[Symbol.dispose]();
  vi.useRealTimers();
});
const usd = (): number | null | undefined => now.of({ source: 1, row: 1 } as never, source.id, [source], day).today?.usd;

it('is added up once while nothing changes', () => {
  expect([usd(), usd()]).toEqual([1, 1]);
  vi.advanceTimersByTime(60_000);
  expect([usd(), asked, later]).toEqual([1, 1, 0]);
});

it('is asked for once more where it was asked for too soon after a change', () => {
  usd();
  for (spent = 2; spent < 5; spent += 1) {
    now.changed();
    expect(usd()).toBe(1);
  }
  expect([asked, later]).toEqual([1, 0]);
  vi.advanceTimersByTime(1000);
  expect(later).toBe(1);
  expect([usd(), asked]).toEqual([5, 2]);
});

it('is of another day, or of other sandboxes, at once', () => {
  usd();
  spent = 3;
  expect(now.of({ source: 1, row: 1 } as never, source.id, [source], { ...day, name: '2026-11-22' }).today?.usd).toBe(3);
  expect(now.of({ source: 1, row: 1 } as never, source.id, [], day).today?.usd).toBe(3);
});
