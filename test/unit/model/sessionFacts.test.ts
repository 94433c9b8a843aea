// What the index says of a session, held against what its transcript says.
import { describe, expect, it } from 'vitest';
import type { SourceRecord } from '../../../server/src/attach/record';
import { parentAmong } from '../../../server/src/model/foldSession';
import { recording } from '../../fixtures/recordings';
import { recordsOf, traceOfBatches } from '../support/traces';

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
  it('failed when its last turn did, unless the index knows better', async () => {
    const broken = (document: ReturnType<typeof traceOfBatches>): readonly string[] =>
      document.sessions
        .filter(({ state, spans }) => {
          const last = spans.findLast((span) => span.kind === 'invoke_agent');
          return state === 'live' && last !== undefined && ['error', 'aborted'].includes(last.status);
        })
        .map(({ status }) => status);
    const before = broken(traceOfBatches([await saidRunning(1)]));
    expect(before.length).toBeGreaterThan(0);
    expect(new Set(before)).toEqual(new Set(['failed']));
    const later = broken(traceOfBatches([await saidRunning(Date.UTC(2100, 0))]));
    expect(new Set(later)).toEqual(new Set(['running']));
  });
});

describe('the parent of a session', () => {
  it('is the one that had the key when the child was made', () => {
    const sessions = [{ created: 10 }, { created: 20 }, { created: 30 }];
    expect(parentAmong(sessions, 25)).toBe(sessions[1]);
    expect(parentAmong(sessions, 30)).toBe(sessions[2]);
    expect(parentAmong(sessions, 5)).toBe(sessions[0]);
    expect(parentAmong([], 5)).toBeNull();
  });
});
