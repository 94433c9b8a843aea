// Which call a denial belongs to does not depend on what came first, or in which batch.
import { afterAll, describe, expect, it } from 'vitest';
import type { SourceRecord } from '../../../server/src/attach/record';
import { Ingest } from '../../../server/src/collect/ingest';
import { traceDocument } from '../../../server/src/query/document';
import { recording } from '../../fixtures/recordings';
import { denial, iso, laterTurn, session, t0 } from '../support/joining';
import { info, memoryStore, recordsOf, traceOfBatches } from '../support/traces';

/** Every way to cut these records into batches, in this order. */
function* cuts(records: readonly SourceRecord[]): Iterable<readonly (readonly SourceRecord[])[]> {
  for (let mask = 0; mask < 2 ** (records.length - 1); mask++) {
    const batches: SourceRecord[][] = [[]];
    for (const [i, record] of records.entries()) {
      batches.at(-1)?.push(record);
      if (mask & (1 << i)) batches.push([]);
    }
    yield batches.filter((batch) => batch.length > 0);
  }
}

function* orders<T>(items: readonly T[]): Iterable<readonly T[]> {
  if (items.length <= 1) yield items;
  for (const [i, item] of items.entries()) for (const rest of orders([...items.slice(0, i), ...items.slice(i + 1)])) yield [item, ...rest];
}

const store = memoryStore();
let made = 0;
afterAll(() => store[Symbol.dispose]());

function joins(batches: readonly (readonly SourceRecord[])[]): unknown {
  // One store for all of them: to make one takes longer than what is done in it.
  const row = store.transaction(() => store.sources.ensure(`test ${made++}`, { info, registryProvider: null }));
  using ingest = new Ingest(store, row);
  for (const batch of batches) ingest.apply(batch);
  ingest.settle();
  const { policy, sessions } = traceDocument(store, row, null);
  store.transaction(() => store.sources.remove(row));
  const spans = sessions.flatMap((each) => each.spans);
  return {
    policy: policy.map(({ startTime, callId, candidates }) => ({ startTime, joined: callId !== null, candidates: candidates.length })),
    denied: spans.filter(({ status }) => status === 'denied').length,
  };
}

describe.each([
  ['long after the call ended', [...session('s', 1000), denial(300_000, 7)], { joined: 0 }],
  ['while a call without a result may still run', [...session('s', null), denial(120_000, 7)], { joined: 1 }],
  ['before a later turn began', [...session('s', null), laterTurn('s', 180_000), denial(120_000, 7)], { joined: 1 }],
  ['after a later turn began', [...session('s', null), laterTurn('s', 60_000), denial(120_000, 7)], { joined: 0 }],
  ['of a process that lives on after the call', [...session('s', 400), denial(200, 7), denial(600_000, 7)], { joined: 0 }],
  ['of a process that lived within the call', [...session('s', 400), denial(200, 7), denial(600_000, 8)], { joined: 1 }],
])('a denial %s', (_, records, { joined }) => {
  it('is joined or not, whatever came first', () => {
    const expected = joins([records]) as { policy: { joined: boolean }[] };
    expect(expected.policy.filter((event) => event.joined).length).toBe(joined);
    for (const order of orders(records)) for (const batches of cuts(order)) expect(joins(batches)).toEqual(expected);
  });
});

describe('a fork that was read before the session it copies', () => {
  it('leaves the denials to the calls of the older one', async () => {
    const records = await recordsOf(recording('openclaw-2026.7.1').root);
    const document = traceOfBatches([records]);
    const callId = document.policy.find((event) => event.callId !== null)?.callId;
    const original = document.sessions.find(({ spans }) => spans.some(({ id }) => id === callId));
    if (original === undefined) throw new Error('no denial was joined to a call');
    const forkId = '00000000-0000-4000-8000-000000000001';
    const own = records.filter((record) => record.kind === 'transcript' && record.session === original.id);
    const logs = records.filter((record) => record.kind === 'log');
    const fork = own.flatMap((record) => {
      if (record.kind !== 'transcript') return [];
      const json = JSON.parse(record.text) as Record<string, unknown>;
      const text =
        json['type'] === 'session' ? JSON.stringify({ ...json, id: forkId, timestamp: '2026-12-31T00:00:00.000Z' }) : record.text;
      return [{ ...record, session: forkId, file: record.file.replaceAll(original.id, forkId), text }];
    });
    expect(joins([fork, [...own, ...logs]])).toEqual(joins([[...fork, ...own, ...logs]]));
    expect(joins([logs, fork, own])).toEqual(joins([[...fork, ...own, ...logs]]));
  });
});

describe('calls that never got a result', () => {
  it('are asked for only while they may still run', () => {
    const row = store.transaction(() => store.sources.ensure('unanswered', { info, registryProvider: null }));
    using ingest = new Ingest(store, row);
    const many = 40;
    const records = Array.from({ length: many }, (_, n) => {
      const at = (ms: number): { timestamp: string } => ({ timestamp: iso(n * 10_000 + ms) });
      const entry = (k: number, json: object): SourceRecord => ({
        kind: 'transcript',
        agent: 'main',
        session: 'long',
        state: 'live',
        file: 'long.jsonl',
        ordinal: n * 2 + k,
        text: JSON.stringify({ type: 'message', id: `e${n}-${k}`, ...at(k), ...json }),
      });
      const call = { type: 'toolCall', id: `c${n}`, name: 'exec', arguments: { command: 'ls' } };
      return [
        entry(0, { message: { role: 'user', content: 'Go on.' } }),
        entry(1, {
          message: { role: 'assistant', provider: 'p', model: 'm', responseId: `r${n}`, stopReason: 'toolUse', content: [call] },
        }),
      ];
    });
    for (const batch of records) {
      ingest.apply(batch);
      ingest.settle();
    }
    expect(store.spans.calls(row, t0 - 1, Infinity)).toHaveLength(many);
    expect(store.spans.calls(row, t0 + many * 10_000, Infinity)).toMatchObject([{ start: t0 + (many - 1) * 10_000 + 1, end: null }]);
  });
});
