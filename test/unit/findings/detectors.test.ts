// Every detector on the recording that fires it and the one that nearly does, and on all the others.
import { describe, expect, it } from 'vitest';
import { detectorCodes } from '../../../server/src/findings/detector';
import { recordings } from '../../fixtures/recordings';
import { traceOf } from '../support/traces';
import { bySession, pairsTrace } from './recording';

/** Sessions of the pairs that fire each; no other session of them may. */
const fires: Readonly<Record<(typeof detectorCodes)[number], readonly string[]>> = {
  'repeated-calls': ['cycle'],
  'no-progress': ['stuck'],
  'failing-tool': ['failing'],
  'claimed-success': ['claim'],
  'secret-exposed': ['leak', 'exfil', 'exfilnear'],
  'secret-then-request': ['exfil'],
};
/** Of the recordings that were not made for this, the sessions in which something is to be found. */
const expected: Readonly<Record<string, readonly string[]>> = { loop: ['repeated-calls'] };

describe.each(detectorCodes)('%s', (code) => {
  it('fires in the session made for it and in no other of the pairs', async () => {
    const sessions = bySession(await pairsTrace());
    const fired = sessions.filter(({ findings }) => findings.some((finding) => finding.code === code)).map(({ name }) => name);
    expect(fired.sort()).toEqual([...fires[code]].sort());
    for (const name of fires[code]) expect(sessions.map((session) => session.name)).toContain(name.endsWith('near') ? name : `${name}near`);
  });

  it('names its evidence: calls of that session, each once', async () => {
    const trace = await pairsTrace();
    const found = trace.findings.filter((finding) => finding.code === code);
    expect(found.length).toBeGreaterThan(0);
    for (const { spanIds, preview, message } of found) {
      expect(new Set(spanIds).size).toBe(spanIds.length);
      const session = trace.sessions.find(({ spans }) => spans.some(({ id }) => id === spanIds[0]));
      const calls = new Set(session?.spans.filter(({ kind }) => kind === 'execute_tool').map(({ id }) => id));
      expect(spanIds.filter((id) => !calls.has(id))).toEqual([]);
      expect(preview).toBe(true);
      expect(message).toContain(session?.id);
    }
  });
});

describe('the clean recordings', () => {
  it('have no findings but where something is to be found', async () => {
    const counts: string[] = [];
    let sessions = 0;
    let calls = 0;
    for (const recording of recordings()) {
      const trace = await traceOf(recording.root);
      sessions += trace.sessions.length;
      calls += trace.sessions.reduce((sum, { totals }) => sum + totals.toolCalls, 0);
      for (const { name, findings } of bySession(trace)) {
        const codes = findings.map((finding) => finding.code).sort();
        expect.soft(codes, `${recording.name} ${name}`).toEqual(expected[name] ?? []);
        if (codes.length > 0) counts.push(`${recording.name}/${name}: ${codes.join(', ')}`);
      }
    }
    console.log(`${counts.length} of ${sessions} sessions (${calls} calls) have findings:\n  ${counts.join('\n  ')}`);
    expect(sessions).toBeGreaterThan(50);
  });
});
