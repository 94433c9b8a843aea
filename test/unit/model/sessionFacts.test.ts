// What the index says of a session, held against what its transcript says.
import { describe, expect, it } from 'vitest';
import type { SourceRecord } from '../../../server/src/attach/record';
import { recording } from '../../fixtures/recordings';
import { info, memoryStore, recordsOf, traceOfBatches } from '../support/traces';

const { root } = recording('openclaw-2026.7.1');

/** The recording with every session said to be running, as of this time. */
async function saidRunning(updatedAt: number): Promise<SourceRecord[]> {
  return (await recordsOf(root)).map((record) =>
    record.kind === 'index'
      ? { ...record, text: JSON.stringify({ ...(JSON.parse(record.text) as object), status: 'running', updatedAt }) }
      : record,
  );
}

describe('a session that the index calls running', () => {
  const states = (records: readonly SourceRecord[]): Readonly<Record<string, readonly [turn: string | undefined, session: string]>> =>
    Object.fromEntries(
      traceOfBatches([records]).sessions.map(({ id, status, spans }) => [
        id,
        [spans.findLast((span) => span.kind === 'invoke_agent')?.status, status],
      ]),
    );
  const aborted = '75e1931e-3053-4ca3-887d-8b4de88dc763';
  /** Its run ended, says the trajectory. */
  const refused = 'a4fbb157-b298-446e-9f40-b30b1c4e2c28';
  /** Nothing but its last message says that its run ended; the recorded index calls it running for good. */
  const broken = 'd089d9ca-e8da-44ad-9d3d-37d37628ec06';

  it('failed when its last turn was aborted or ended in an error, unless the index knows better', async () => {
    const before = states(await saidRunning(1));
    expect(before[aborted]).toEqual(['aborted', 'failed']);
    expect(before[refused]).toEqual(['error', 'failed']);
    expect(before[broken]).toEqual(['error', 'failed']);
    const later = states(await saidRunning(Date.UTC(2100, 0)));
    for (const id of [aborted, refused, broken]) expect(later[id]?.[1]).toBe('running');
  });

  it('runs on only after errors that are answered by compacting', async () => {
    const records = await saidRunning(1);
    const after = (message: string): string | undefined => {
      const other = records.map((record) =>
        record.kind === 'transcript' && record.session === broken
          ? { ...record, text: record.text.replaceAll('500 upstream always explodes', message) }
          : record,
      );
      expect(JSON.stringify(other)).toContain(message);
      return states(other)[broken]?.[1];
    };
    for (const message of ['prompt is too long: 210000 tokens > 200000 maximum', "400 This model's maximum context length is 8192 tokens"])
      expect.soft(after(message), message).toBe('running');
    for (const message of [
      "429 This request would exceed your organization's rate limit of 30,000 input tokens per minute",
      'Request rate limit exceeded',
      'context canceled',
    ])
      expect.soft(after(message), message).toBe('failed');
  });

  it('is done when the run it names replied, and not while a later run has said nothing yet', async () => {
    const stopped = 'ca40eabb';
    const records = await recordsOf(root);
    const recorded = records.find((record) => record.kind === 'index' && record.text.includes(`"sessionId":"${stopped}`));
    if (recorded?.kind !== 'index') throw new Error('the recording has no such session');
    const index = JSON.parse(recorded.text) as { readonly sessionId: string; readonly status: string };
    expect(index.status).toBe('running');
    expect(states(records)[index.sessionId]).toEqual(['ok', 'done']);
    const text = JSON.stringify({ ...index, startedAt: Date.UTC(2100, 0), updatedAt: Date.UTC(2100, 0) });
    const later = records.map((record) => (record === recorded ? { ...recorded, text } : record));
    expect(states(later)[index.sessionId]?.[1]).toBe('running');
  });

  it('runs on after an overflow: it compacts, and asks again', async () => {
    const overflow = '4e68349e-cec6-417a-90e4-a7cc8fd0c2dd';
    const records = await saidRunning(1);
    const failedAt = records.find(
      (record) => record.kind === 'transcript' && record.session === overflow && record.text.includes('"stopReason":"error"'),
    );
    const until = records.filter(
      (record) =>
        record.kind !== 'transcript' ||
        record.session !== overflow ||
        record.ordinal <= (failedAt?.kind === 'transcript' ? failedAt.ordinal : 0),
    );
    expect(until.length).toBeLessThan(records.length);
    expect(states(until)[overflow]).toEqual(['error', 'running']);
  });
});

describe('the parent of a session', () => {
  it('is the one that had the key when the child was made', () => {
    using store = memoryStore();
    const source = store.transaction(() => store.sources.ensure('test', { info, registryProvider: null }));
    for (const [session, created] of [
      ['c', 30],
      ['a', 10],
      ['b', 20],
    ] as const) {
      const { row } = store.entries.ensureSession(source, 'main', session);
      store.entries.noteTimes(row, created, null);
      store.sessions.setKeys(row, 'agent:main:main', null);
    }
    const parent = (created: number): string | null => store.sessions.parentUnderKey(source, 'agent:main:main', created);
    expect(parent(25)).toBe('b');
    expect(parent(30)).toBe('c');
    expect(parent(5)).toBe('a');
    expect(store.sessions.parentUnderKey(source, 'agent:main:other', 5)).toBeNull();
  });
});
