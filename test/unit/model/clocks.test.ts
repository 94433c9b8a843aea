// Clocks are set back and entries come without a time: what a session did is still the same.
import { describe, expect, it } from 'vitest';
import type { SourceRecord } from '../../../server/src/attach/record';
import type { TraceDocument } from '../../../server/src/protocol/document';
import { recordings } from '../../fixtures/recordings';
import { recordsOf, traceOfBatches } from '../support/traces';

type Change = (entry: Record<string, unknown>, indexInSession: number) => Record<string, unknown>;

/** Entries of the transcripts with another top-level time; that of a model call is inside its message and stays. */
function withTimes(records: readonly SourceRecord[], change: Change): SourceRecord[] {
  const seen = new Map<string, number>();
  return records.map((record) => {
    if (record.kind !== 'transcript') return record;
    const entry = JSON.parse(record.text) as Record<string, unknown>;
    if (entry['type'] === 'session') return record;
    const key = `${record.agent} ${record.session}`;
    const index = seen.get(key) ?? 0;
    seen.set(key, index + 1);
    return { ...record, text: JSON.stringify(change(entry, index)) };
  });
}

/** Not the turns: which entry opens one is told by their order, and that of a branch without its times is lost. */
function totals(document: TraceDocument): unknown {
  return document.sessions
    .map(({ agent, id, totals: { turns: _turns, ...sums } }) => ({ agent, id, sums }))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}

const hourMs = 3_600_000;

describe.each(recordings())('$name', ({ root }) => {
  it('counts the same when the clock is set back an hour in the middle of a session', async () => {
    const records = await recordsOf(root);
    const back = withTimes(records, (entry, index) =>
      index % 7 < 4 ? entry : { ...entry, timestamp: new Date(Date.parse(String(entry['timestamp'])) - hourMs).toISOString() },
    );
    expect(totals(traceOfBatches([back]))).toEqual(totals(traceOfBatches([records])));
  });

  it('counts the same when entries have no time', async () => {
    const records = await recordsOf(root);
    const timeless = withTimes(records, (entry, index) => {
      if (index % 3 !== 1) return entry;
      const { timestamp: _timestamp, ...rest } = entry;
      return rest;
    });
    expect(totals(traceOfBatches([timeless]))).toEqual(totals(traceOfBatches([records])));
  });
});
