// Budgets as time goes by: a day ends by itself, what is long past is no news, what is still being read waits, and one window tells.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Budgeting } from '../../server/src/budgeting';
import type { AttachState } from '../../server/src/protocol/messages';
import type { BudgetNotice, Budgets, CostAnswer, CostQuery, Spend } from '../../server/src/protocol/cost';
import { Ingest } from '../../server/src/collect/ingest';
import { Costs } from '../../server/src/query/costs';
import type { Store } from '../../server/src/store/store';
import { info, memoryStore } from './support/traces';

interface Made {
  readonly budgeting: Budgeting;
  readonly told: BudgetNotice[];
  readonly asked: CostQuery[];
  states: number;
}

const hourMs = 3_600_000;
let store: Store;
let state: AttachState;
let kind: 'container' | 'directory' | 'sample';
let trusted: boolean;
let usd: (query: CostQuery) => number;
let budgets: Budgets;
/** What things cost by the store; else by `usd`. */
let costs: Costs | null;
const made: Budgeting[] = [];
beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse('2026-10-24T21:00:00Z') });
  store = memoryStore();
  state = { kind: 'live', way: 'node', tried: [] };
  kind = 'container';
  trusted = true;
  usd = () => 0;
  budgets = { day: { usd: 10 } };
  costs = null;
});
afterEach(() => {
  for (const budgeting of made.splice(0)) budgeting[Symbol.dispose]();
  store[Symbol.dispose]();
  vi.useRealTimers();
});

const sourceId = '0123456789abcdef';
const spend = (of: number): Spend => ({
  calls: 1,
  usage: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0, reasoning: null },
  usd: of,
  byBasis: {},
  unpricedCalls: 0,
});

function window(folders: readonly string[] = []): Made {
  const source = { id: sourceId, row: 1, kind: kind, state, source: {} };
  const told: BudgetNotice[] = [];
  const asked: CostQuery[] = [];
  const budgeting = new Budgeting({
    store,
    hub: {
      all: () => [{ ...source, kind, state }],
      get: () => ({ ...source, kind, state }),
      node: () => ({ name: 'my-assistant', state: 'running' }),
      get settings() {
        return { budgets };
      },
      get trusted() {
        return trusted;
      },
    } as never,
    costs: (query): CostAnswer => {
      asked.push(query);
      if (costs !== null) return costs.answer(query, [{ id: sourceId, row: 1, name: 'test' }]);
      const total = spend(usd(query));
      const row = { label: 's', detail: null, spend: total, withSubagents: null, session: { sourceId, sessionId: 's' }, span: null };
      return { total, unpricedTokens: 0, rows: total.usd === 0 ? [] : [row], more: null, notObserved: [], empty: null };
    },
    folders: () => folders,
    tell: (notice) => told.push(notice),
    onChange: () => undefined,
    onStates: () => void (one.states += 1),
    onError: (error) => {
      throw error;
    },
    timeZone: 'Europe/Berlin',
  });
  made.push(budgeting);
  const one: Made = { budgeting, told, asked, states: 0 };
  return one;
}
const round = (...windows: readonly Made[]): void => {
  for (const { budgeting } of windows) budgeting.refresh();
  vi.advanceTimersByTime(1000);
};
const dayState = ({ budgeting }: Made): unknown => budgeting.statesFor({ row: -1 } as never, sourceId).find((one) => one.kind === 'day');

describe('the budget of a day', () => {
  it('is over with the day where the machine is, by itself, also on the day when clocks are moved', () => {
    // 23:00 on the 24th in Berlin; the 25th has 25 hours.
    usd = ({ scope }) => (scope.from === '2026-10-23T22:00:00.000Z' ? 12 : scope.from === '2026-10-24T22:00:00.000Z' ? 9 : 0);
    const one = window();
    round(one);
    expect(dayState(one)).toMatchObject({ used: 12, level: 'passed' });
    expect(one.told.map(({ level }) => level)).toEqual(['passed']);
    const before = one.states;
    vi.advanceTimersByTime(hourMs);
    expect(dayState(one)).toMatchObject({ used: 9, level: 'warning' });
    expect(one.states).toBeGreaterThan(before);
    // Another day is told of anew, once.
    expect(one.told.map(({ level }) => level)).toEqual(['passed', 'warning']);
    vi.advanceTimersByTime(24.5 * hourMs);
    expect(dayState(one)).toMatchObject({ used: 9 });
    vi.advanceTimersByTime(hourMs);
    expect(dayState(one)).toMatchObject({ used: 0, level: null });
    expect(one.told).toHaveLength(2);
  });

  it('is told by one of several windows, and not again by one that comes later', () => {
    usd = () => 9;
    const [first, second] = [window(), window()];
    round(first, second);
    expect([...first.told, ...second.told].map(({ level }) => level)).toEqual(['warning']);
    const later = window();
    usd = () => 11;
    round(first, second, later);
    expect([...first.told, ...second.told, ...later.told].map(({ level }) => level)).toEqual(['warning', 'passed']);
    round(window());
    expect(made).toHaveLength(4);
    expect([...first.told, ...second.told, ...later.told]).toHaveLength(2);
  });

  it('waits for a history that is being read, but not for one that is followed meanwhile', () => {
    usd = () => 11;
    state = { kind: 'attaching' };
    const one = window();
    round(one);
    expect([dayState(one), one.told]).toMatchObject([{ level: 'passed' }, []]);
    state = { kind: 'attaching', follows: true };
    round(one);
    expect(one.told).toHaveLength(1);
  });

  it('is told of no sample', () => {
    usd = () => 11;
    kind = 'sample';
    const one = window();
    round(one);
    expect(one.told).toEqual([]);
  });

  it('offers to pause what runs in a container, in a trusted workspace', () => {
    const pausable = (limit: number): boolean | undefined => {
      budgets = { day: { usd: limit } };
      usd = () => limit;
      const one = window();
      round(one);
      return one.told[0]?.pausable;
    };
    expect(pausable(1)).toBe(true);
    trusted = false;
    expect(pausable(2)).toBe(false);
    trusted = true;
    kind = 'directory';
    expect(pausable(3)).toBe(false);
  });
});

describe('a budget that is not set', () => {
  it('asks nothing of what things cost, and what was said of it goes', () => {
    usd = () => 11;
    const one = window();
    round(one);
    expect(dayState(one)).toMatchObject({ level: 'passed' });
    budgets = {};
    const before = one.asked.length;
    round(one);
    expect(dayState(one)).toBeUndefined();
    expect(one.asked).toHaveLength(before);
  });
});

describe('the budget of a workspace', () => {
  it('is another of other folders, in whatever order they are', () => {
    budgets = { workspace: { usd: 10 } };
    usd = () => 11;
    const tell = (folders: readonly string[]): number => {
      const one = window(folders);
      round(one);
      return one.told.length;
    };
    expect([['/a', '/b'], ['/b', '/a'], ['/a']].map(tell)).toEqual([1, 0, 1]);
  });
});

describe('the budget of a turn', () => {
  it('is told of no turn of long ago, though its session goes on', () => {
    costs = new Costs(store);
    budgets = { turn: { tokens: 100 } };
    const row = store.transaction(() => store.sources.ensure(sourceId, { info, registryProvider: null }));
    expect(row).toBe(1);
    using ingest = new Ingest(store, row);
    const line = (ordinal: number, time: number, message: object): void => {
      const parentId = ordinal === 0 ? null : `e${ordinal - 1}`;
      const timestamp = new Date(time).toISOString();
      const text = JSON.stringify({ type: 'message', id: `e${ordinal}`, parentId, timestamp, message: { ...message, timestamp: time } });
      ingest.apply([{ kind: 'transcript', agent: 'main', session: 's', file: 's.jsonl', state: 'live', ordinal, text }]);
      ingest.settle();
    };
    const turn = (ordinal: number, time: number, input: number): void => {
      line(ordinal, time, { role: 'user', content: 'go on' });
      const usage = { input, output: 0, cacheRead: 0, cacheWrite: 0 };
      line(ordinal + 1, time + 1000, { role: 'assistant', provider: 'p', model: 'm', content: [], usage, stopReason: 'stop' });
    };
    turn(0, Date.now() - 20 * 24 * hourMs, 900);
    turn(2, Date.now() - hourMs, 10);
    const one = window();
    round(one);
    const session = store.sessions.list(row)[0]?.row ?? NaN;
    expect(one.budgeting.placedAt(session)).toMatchObject([{ state: { kind: 'turn', used: 900, level: 'passed' } }]);
    expect(one.told).toEqual([]);
    turn(4, Date.now(), 200);
    one.budgeting.touch(session);
    round(one);
    expect(one.told).toMatchObject([{ level: 'passed', others: 0, state: { kind: 'turn', used: 200 } }]);
  });
});
