// What things cost where agents write what they like: times at the ends of the calendar, sums beyond all numbers, sessions below themselves.
import { describe, expect, it } from 'vitest';
import type { SourceRecord } from '../../../server/src/attach/record';
import { Ingest } from '../../../server/src/collect/ingest';
import type { CostBy, CostQuery, CostScope } from '../../../server/src/protocol/cost';
import { Costs } from '../../../server/src/query/costs';
import type { CostSource } from '../../../server/src/query/costs';
import { traceDocument } from '../../../server/src/query/document';
import type { Store } from '../../../server/src/store/store';
import { info, memoryStore } from '../support/traces';

const began = Date.parse('2026-06-01T12:00:00Z');
const everything: CostScope = { sourceId: null, sessionId: null, withSubagents: false, from: null, to: null };
const query = (by: CostBy, scope: Partial<CostScope> = {}, timeZone = 'UTC'): CostQuery => ({
  scope: { ...everything, ...scope },
  by,
  limit: 1000,
  timeZone,
});

interface Said {
  readonly session?: string;
  readonly at: number;
  readonly usd?: number;
  /** The record's own time; null: none that can be read. */
  readonly time?: number | null;
  readonly content?: readonly unknown[];
}

/** An answer of the model as it stands in a transcript, with a reported cost. */
function said({
  session = 's',
  at,
  usd = 1,
  time = began + at + (session.codePointAt(0) ?? 0) * 1000,
  content = [{ type: 'text', text: 'hello' }],
}: Said): SourceRecord {
  const message = {
    role: 'assistant',
    api: 'openai-completions',
    provider: 'inference',
    model: 'm',
    content,
    usage: { input: 10, output: 1, cacheRead: 0, cacheWrite: 0, cost: { total: usd } },
    stopReason: 'stop',
    timestamp: time,
  };
  const text = JSON.stringify({
    type: 'message',
    id: `${session}${at}`,
    parentId: at === 0 ? null : `${session}${at - 1}`,
    timestamp: time,
    message,
  });
  return { kind: 'transcript', agent: 'main', session, file: `${session}.jsonl`, state: 'live', ordinal: at, text };
}

function asked(session: string, at: number): SourceRecord {
  const message = { role: 'user', content: [{ type: 'text', text: 'do it' }], timestamp: began + at };
  const text = JSON.stringify({
    type: 'message',
    id: `${session}${at}`,
    parentId: null,
    timestamp: new Date(began + at).toISOString(),
    message,
  });
  return { kind: 'transcript', agent: 'main', session, file: `${session}.jsonl`, state: 'live', ordinal: at, text };
}

function take(store: Store, records: readonly SourceRecord[], id = 'test'): CostSource {
  const row = store.transaction(() => store.sources.ensure(id, { info, registryProvider: null }));
  using ingest = new Ingest(store, row);
  ingest.apply(records);
  ingest.settle();
  return { id, row, name: id };
}

describe('costs that are reported far too high', () => {
  it('take no session from the store, however many there are, and are the same in its trace', () => {
    using store = memoryStore();
    const dear = Array.from({ length: 1500 }, (_, at) => said({ at, usd: 8000 }));
    const source = take(store, [...dear, said({ at: 1500, usd: 20_000 })]);
    const { total } = new Costs(store).answer(query('day'), [source]);
    const [session] = traceDocument(store, source.row, null).sessions;
    expect(total.usd).toBe(session?.totals.cost.usd);
    expect(total.calls).toBe(1501);
    expect(total.unpricedCalls).toBe(session?.totals.cost.unpricedCalls);
    expect(total.usd).toBe(1500 * 8000);
  });
});

describe('times at the ends of the calendar', () => {
  it('have a day like all others', () => {
    using store = memoryStore();
    const times = [
      8.64e15,
      8.64e15 - 1,
      Date.parse('9999-12-31T23:59:00Z'),
      Date.parse('+010000-01-01T00:01:00Z'),
      began,
      0,
      1,
      -1,
      1e15,
      null,
    ];
    const source = take(
      store,
      times.map((time, at) => said({ at, time })),
    );
    for (const timeZone of ['UTC', 'Pacific/Kiritimati', 'Asia/Kathmandu', 'Australia/Lord_Howe']) {
      const { total, rows } = new Costs(store).answer(query('day', {}, timeZone), [source]);
      expect(total.calls).toBe(times.length);
      expect(rows.reduce((sum, { spend }) => sum + spend.calls, 0)).toBe(times.length);
      expect(rows.find(({ label }) => label === '2026-06-01' || label === '2026-06-02')?.spend.calls).toBe(1);
    }
    const { rows } = new Costs(store).answer(query('day'), [source]);
    expect(rows.find(({ label }) => label === '10000-01-01')?.spend.calls).toBe(1);
    expect(rows.find(({ label }) => label === '9999-12-31')?.spend.calls).toBe(1);
  });

  it('are in no bounded time when none is known', () => {
    using store = memoryStore();
    const source = take(store, [said({ at: 0 }), said({ at: 1, time: null })]);
    const costs = new Costs(store);
    expect(costs.answer(query('day'), [source]).total.calls).toBe(2);
    for (const from of ['1969-12-01T00:00:00Z', '1969-12-01T00:00:01Z', '1970-01-01T00:00:00Z'])
      expect([from, costs.answer(query('day', { from }), [source]).total.calls]).toEqual([from, 1]);
  });
});

describe('what is asked', () => {
  it('is refused with a reason where it makes no sense, and shows nothing where it shows no rows', () => {
    using store = memoryStore();
    const source = take(store, [said({ at: 0 })]);
    const costs = new Costs(store);
    expect(() => costs.answer(query('day', {}, 'Mars/Olympus'), [source])).toThrow(RangeError);
    expect(() => costs.answer(query('model', {}, 'Mars/Olympus'), [source])).not.toThrow();
    expect(() => costs.answer(query('colour' as CostBy), [source])).toThrow();
    expect(() => costs.answer(query('model', { from: 'yesterday' }), [source])).toThrow(RangeError);
    for (const limit of [NaN, -1, 0]) {
      const { total, rows, more } = costs.answer({ ...query('model'), limit }, [source]);
      expect([total.calls, rows.length, more?.spend.calls]).toEqual([1, 0, 1]);
    }
    expect(costs.answer({ ...query('model'), limit: 1e9 }, [source]).rows).toHaveLength(1);
    expect(costs.answer(query('model', { sourceId: 'other' }), [source]).empty).toBe('nothing-attached');
    expect(costs.answer(query('model', { sessionId: 'other' }), [source]).empty).toBe('no-calls');
  });
});

describe('a sandbox that went on after it was recorded', () => {
  it('is with its sub-agents at least what it is without', () => {
    using store = memoryStore();
    const child = (at: number): SourceRecord => said({ session: 'child', at });
    const index: SourceRecord[] = [
      indexed('parent', 'agent:main:main', null),
      indexed('child', 'agent:main:subagent:1', 'agent:main:main'),
    ];
    const recorded = take(store, [...index, said({ session: 'parent', at: 0 }), child(0)], 'recording');
    const live = take(store, [...index, ...[0, 1, 2, 3, 4].map((at) => said({ session: 'parent', at })), child(0), child(1)], 'live');
    const { total, rows } = new Costs(store).answer(query('session'), [recorded, live]);
    const parent = rows.find(({ session }) => session?.sessionId === 'parent');
    expect(total.calls).toBe(7);
    expect(parent?.spend.calls).toBe(5);
    expect(parent?.withSubagents?.calls).toBe(7);
  });
});

describe('two sessions that name each other', () => {
  it('count once each', () => {
    using store = memoryStore();
    const source = take(store, [
      indexed('a', 'agent:main:a', 'agent:main:b'),
      indexed('b', 'agent:main:b', 'agent:main:a'),
      asked('a', 0),
      said({ session: 'a', at: 1, content: [spawn('1')] }),
      spawned('a', 2, '1', 'agent:main:b'),
      said({ session: 'b', at: 0, content: [spawn('2')] }),
      spawned('b', 1, '2', 'agent:main:a'),
    ]);
    const costs = new Costs(store);
    for (const by of ['session', 'turn', 'agent', 'subagent'] as const) {
      const { total, rows } = costs.answer(query(by), [source]);
      expect(total.calls).toBe(2);
      for (const row of rows) expect([by, row.withSubagents?.calls ?? 0]).toEqual([by, Math.min(2, row.withSubagents?.calls ?? 0)]);
    }
    for (const sessionId of ['a', 'b'])
      expect(costs.answer(query('model', { sourceId: 'test', sessionId, withSubagents: true }), [source]).total.calls).toBe(2);
  });
});

function spawn(id: string): unknown {
  return { type: 'toolCall', id, name: 'sessions_spawn', arguments: { task: 'work' } };
}

function spawned(session: string, at: number, id: string, childSessionKey: string): SourceRecord {
  const details = { status: 'accepted', childSessionKey, runId: `run-${id}` };
  const message = {
    role: 'toolResult',
    toolCallId: id,
    toolName: 'sessions_spawn',
    content: [{ type: 'text', text: JSON.stringify(details) }],
    details,
    isError: false,
    timestamp: began + at,
  };
  const text = JSON.stringify({
    type: 'message',
    id: `${session}${at}`,
    parentId: `${session}${at - 1}`,
    timestamp: new Date(began + at).toISOString(),
    message,
  });
  return { kind: 'transcript', agent: 'main', session, file: `${session}.jsonl`, state: 'live', ordinal: at, text };
}

function indexed(session: string, key: string, spawnedBy: string | null): SourceRecord {
  const text = JSON.stringify({ sessionKey: key, sessionId: session, updatedAt: began, spawnedBy });
  return { kind: 'index', agent: 'main', text };
}
