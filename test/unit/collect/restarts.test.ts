// After a sandbox was started anew its process ids are given to other processes: what was done then is laid to calls as before.
import { describe, expect, it } from 'vitest';
import type { SourceRecord } from '../../../server/src/attach/record';
import { recording } from '../../fixtures/recordings';
import { denial, opened, request, session, started } from '../support/joining';
import { isStartOfSandbox, replayed } from '../support/restarted';
import { recordsOf, traceOfBatches } from '../support/traces';

const anHour = 3_600_000;

/** What was decided of what a process asked for, and whether a call is known to have asked. */
function decisions(batches: readonly (readonly SourceRecord[])[]): readonly (readonly [string, boolean, number])[] {
  return traceOfBatches(batches)
    .policy.filter((event) => event.attributes['sandglass.policy.action'] !== null && event.attributes['server.address'] !== null)
    .map((event) => [String(event.attributes['server.address']), event.callId !== null, event.candidates.length] as const);
}

describe.each(['generation-c', 'openclaw-2026.7.1', 'zstd-2026.9.6'] as const)('%s, twice with a start between', (name) => {
  it('is laid to calls the second time as the first', async () => {
    const records = await recordsOf(recording(name).root);
    const once = decisions([records]);
    const joined = once.filter(([, laid]) => laid).length;
    expect(joined).toBeGreaterThan(4);
    expect(decisions([[...records, ...replayed(records, anHour)]])).toEqual([...once, ...once]);
  });

  it('is not, without a start between: one process may have done both', async () => {
    const records = await recordsOf(recording(name).root);
    const again = replayed(records, anHour).filter((record) => !isStartOfSandbox(record));
    expect(decisions([[...records, ...again]]).filter(([, laid]) => laid)).toEqual([]);
  });
});

/** Of each, the session of the call that asked; or of those that may have. */
function askedBy(records: readonly SourceRecord[]): readonly (string | readonly string[])[] {
  const { policy, sessions } = traceOfBatches([records]);
  const sessionOf = (call: string): string => sessions.find(({ spans }) => spans.some(({ id }) => id === call))?.id ?? 'none';
  return policy
    .filter((event) => event.attributes['server.address'] !== null)
    .map(({ callId, candidates }) => (callId === null ? candidates.map(sessionOf).toSorted() : sessionOf(callId)));
}

describe('a start of the sandbox', () => {
  it('ends what ran: a call that never got a result asks for nothing after it', () => {
    const calls = [...session('s', null), ...session('t', 601_000, 599_000)];
    const asked = [denial(200, 7), denial(600_000, 8)];
    expect(askedBy([...calls, ...asked, started(300_000)])).toEqual(['s', 't']);
    expect(askedBy([...calls, ...asked])).toEqual(['s', ['s', 't']]);
  });

  it('ends processes: one that asked before it and one that asked after it are two', () => {
    const calls = [...session('s', 1000), ...session('t', 601_000, 599_000)];
    const asked = [denial(200, 7), denial(600_000, 7)];
    expect(askedBy([...calls, ...asked, started(300_000)])).toEqual(['s', 't']);
    expect(askedBy([...calls, ...asked])).toEqual([[], []]);
  });

  it('ends connections: a request after it is on none that was opened before', () => {
    const calls = [...session('s', null), ...session('t', null, 20_000)];
    const asked = [opened(19_000, 7), opened(20_500, 8), request(21_000)];
    expect(askedBy([...calls, ...asked, started(19_500)])).toEqual(['s', 't', 't']);
    expect(askedBy([...calls, ...asked])).toEqual(['s', ['s', 't'], ['s', 't']]);
  });
});
