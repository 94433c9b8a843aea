// Where it can't be told which call asked, none is said to have, and those that may have are named; nothing is laid to a wrong one.
import { describe, expect, it } from 'vitest';
import type { SourceRecord } from '../../../server/src/attach/record';
import type { PolicySpan } from '../../../server/src/protocol/document';
import { recording } from '../../fixtures/recordings';
import { denial, opened, request, session } from '../support/joining';
import { replayed } from '../support/restarted';
import { recordsOf, traceOfBatches } from '../support/traces';

const names = ['generation-c', 'openclaw-2026.7.1', 'zstd-2026.9.6'] as const;
const asked = (records: readonly SourceRecord[]): readonly PolicySpan[] =>
  traceOfBatches([records]).policy.filter((event) => event.attributes['server.address'] !== null);
const isLog = ({ kind }: SourceRecord): boolean => kind === 'log';

describe.each(names)('denials of %s', (name) => {
  it('are laid to no other call by clocks that are a fifth of a second apart', async () => {
    const records = await recordsOf(recording(name).root);
    const truth = asked(records).map(({ callId }) => callId);
    for (const apart of [-200, -100, 100, 200]) {
      const found = asked([...records.filter((record) => !isLog(record)), ...replayed(records.filter(isLog), apart)]);
      expect(found.map(({ callId, candidates }, at) => callId === truth[at] || candidates.includes(truth[at] ?? ''))).not.toContain(false);
    }
  });

  it('are of either, when two agents did the same at once', async () => {
    const records = await recordsOf(recording(name).root);
    const laid = asked(records).filter(({ callId }) => callId !== null);
    expect(laid.length).toBeGreaterThan(4);
    const calls = new Set(laid.map(({ callId }) => callId));
    // A millisecond later, by processes of their own; OpenClaw's stays what it is.
    const twin = replayed(records, 1).map((record) =>
      record.kind === 'log' ? { ...record, text: record.text.replace(/\/curl\((\d+)\) ->/, '/curl(9$1) ->') } : record,
    );
    const found = asked([...records.filter((record) => record.kind !== 'log' || record.origin !== 'jsonl'), ...twin]);
    expect(found.filter(({ callId }) => callId !== null)).toEqual([]);
    const named = found.filter(({ candidates }) => candidates.some((call) => calls.has(call)));
    expect(named.length).toBeGreaterThanOrEqual(2 * laid.length);
    for (const { candidates } of named) expect(candidates).toHaveLength(2);
  });
});

describe('what was asked', () => {
  const of = (records: readonly SourceRecord[]): readonly (readonly [boolean, number])[] =>
    asked(records).map(({ callId, candidates }) => [callId !== null, candidates.length]);

  it('on a connection of which is told later may be of whatever runs', () => {
    expect(of([...session('s', 1000), request(500), opened(503, 7)])).toEqual([
      [false, 1],
      [true, 0],
    ]);
  });

  it('on a connection that was opened in an earlier batch is of who opened it', () => {
    const batches = [[opened(500, 7)], session('s', 1000), [denial(510, 8, 'other.example')], [request(520)]];
    expect(traceOfBatches(batches).policy.map(({ callId, candidates }) => [callId !== null, candidates.length])).toEqual([
      [true, 0],
      [false, 1],
      [true, 0],
    ]);
  });
});
