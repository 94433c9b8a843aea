// A transcript may bring several headers; which of them counts does not hang on which came first.
import { describe, expect, it } from 'vitest';
import type { SourceRecord } from '../../../server/src/attach/record';
import { firstHeader } from '../../../server/src/model/foldSession';
import type { SessionHeader } from '../../../server/src/model/events';
import { traceOfBatches } from '../support/traces';

function header(entryId: string, time: number | null, ordinal = 0): SessionHeader {
  return { kind: 'header', agent: 'main', session: 'own', entryId, time, ordinal, cwd: null, previousSession: null };
}

describe.each([
  ['that was written first', header('other', 1), [header('own', 2), header('else', 3)]],
  ['of the session itself, of several of one time', header('own', 1, 9), [header('a', 1), header('z', 1)]],
  ['of the session itself, of several without a time', header('own', null, 9), [header('a', null), header('z', null)]],
  ['with the first id, of several of others', header('a', 1, 9), [header('b', 1, 3), header('c', 1)]],
  ['that stands first, of several alike', header('a', 1, 1), [header('a', 1, 2), header('a', 1, 3)]],
])('the header %s', (_, counts, [one, two]) => {
  it('counts, in any order', () => {
    if (one === undefined || two === undefined) throw new Error('two others');
    for (const all of [
      [counts, one, two],
      [one, counts, two],
      [two, one, counts],
      [two, counts, one],
    ])
      expect(firstHeader(all)).toBe(counts);
  });
});

describe('a session with the header of the one it copies, of the same time', () => {
  it('is the same whichever came first, and in whatever batch', () => {
    const record = (ordinal: number, json: object): SourceRecord => ({
      kind: 'transcript',
      agent: 'main',
      session: 'own',
      state: 'live',
      file: 'own.jsonl',
      ordinal,
      text: JSON.stringify(json),
    });
    const timestamp = '2026-01-01T00:00:00Z';
    const copied = record(0, { type: 'session', id: 'copied', timestamp, cwd: '/copied', parentSession: 'before-copied' });
    const own = record(1, { type: 'session', id: 'own', timestamp, cwd: '/own', parentSession: 'before-own' });
    const said = record(2, { type: 'message', id: 'e', timestamp: '2026-01-01T00:00:01Z', message: { role: 'user', content: 'x' } });
    const whole = traceOfBatches([[own, copied, said]]);
    expect(whole.sessions.map(({ previousSessionId }) => previousSessionId)).toEqual(['before-own']);
    for (const batches of [[[copied, own, said]], [[said], [copied], [own]], [[said], [own], [copied]], [[copied], [said, own]]])
      expect(traceOfBatches(batches)).toEqual(whole);
  });
});
