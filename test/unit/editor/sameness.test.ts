// What is told as the same failure again: the same attempt, failing in the same way but for what differs from one time to the next.
import { describe, expect, it } from 'vitest';
import { Ingest } from '../../../server/src/collect/ingest';
import { sessionProblems } from '../../../server/src/editor/diagnostics';
import { failsTheSame } from '../../../server/src/editor/sameness';
import type { Places } from '../../../server/src/query/places';
import type { PlaceSource } from '../../../server/src/query/placeSource';
import { info, memoryStore } from '../support/traces';

interface Failed {
  readonly name: string;
  readonly args: object;
  readonly error: string;
  readonly exitCode?: number;
}

const inTranscript = { kind: 'transcript', agent: 'main', session: 's', state: 'live', file: 's.jsonl' } as const;
const noPlaces = { round: () => ({ anchorsOf: () => Promise.resolve([]) }) } as unknown as Places;

/** How often each problem of a session with these calls happened. */
async function times(calls: readonly Failed[]): Promise<readonly number[]> {
  using store = memoryStore();
  const row = store.transaction(() => store.sources.ensure('failures', { info, registryProvider: null }));
  using ingest = new Ingest(store, row);
  const lines = calls.flatMap(({ name, args, error, exitCode }, i) => {
    const time = Date.UTC(2026, 10, 21) + i * 1000;
    const timestamp = new Date(time).toISOString();
    const call = { type: 'toolCall', id: `c${i}`, name, arguments: args };
    const result = { role: 'toolResult', toolCallId: call.id, toolName: name, content: [{ type: 'text', text: error }], timestamp: time };
    const ended = exitCode === undefined ? { isError: true } : { isError: false, details: { exitCode, status: 'completed' } };
    return [
      { type: 'message', id: `a${i}`, timestamp, message: { role: 'assistant', timestamp: time, provider: 'p', content: [call] } },
      { type: 'message', id: `r${i}`, timestamp, message: { ...result, ...ended } },
    ];
  });
  ingest.apply(lines.map((line, ordinal) => ({ ...inTranscript, ordinal, text: JSON.stringify(line) })));
  ingest.settle();
  const source = { id: '0123456789abcdef', row } as unknown as PlaceSource;
  const [view] = store.sessions.list(row);
  if (view === undefined) throw new Error('there is no session');
  const { placed } = await sessionProblems(store, noPlaces, source, view, new AbortController().signal);
  return placed.map(({ call }) => call?.times ?? 0);
}

describe('failures of a session', () => {
  const fetched = (error: string): Failed => ({ name: 'web_fetch', args: { url: 'https://a.example/x' }, error });
  const ran = (command: string, error = 'failed', exitCode = 1): Failed => ({ name: 'exec', args: { command }, error, exitCode });

  it('are the same again where only the time, its length, a process or an address is another', async () => {
    expect(await times(['0.12', '3.4'].map((took) => ran('pytest', `FAILED (failures=1) in ${took}s`)))).toEqual([2]);
    expect(await times(['0x7f3a5c2d1e40', '0x7f91b2c3d4f0'].map((at) => fetched(`<Session object at ${at}> is closed`)))).toEqual([2]);
  });

  it('are not the same for another answer of the same server', async () => {
    expect(
      await times(['HTTP 500', 'HTTP 404', 'Web fetch failed (404): Not Found', 'Web fetch failed (403): Forbidden'].map(fetched)),
    ).toEqual([1, 1, 1, 1]);
    expect(await times([fetched('HTTP 500'), fetched('HTTP 404'), fetched('HTTP 500')])).toHaveLength(2);
  });

  it('are not the same where commands differ behind what is shown of them', async () => {
    const long = `cd /sandbox/project && PYTHONPATH=${'lib:'.repeat(80)} python -m pytest tests/`;
    expect(await times([ran(`${long}test_cart.py`), ran(`${long}test_vat.py`), ran(`${long}test_cart.py`)])).toHaveLength(2);
    expect(await times([ran('pytest', 'failed', 1), ran('pytest', 'failed', 2)])).toHaveLength(2);
  });
});

describe('the reasons of two failures', () => {
  it.each([
    ['Ran 12 tests in 0.004s', 'Ran 12 tests in 0.1s'],
    ['timed out after 1500 ms', 'timed out after 1.5 seconds'],
    ['took 1m23s', 'took 4s'],
    ['2026-11-21T19:17:56.123Z lost', '2026-11-22T01:02:03Z lost'],
    ['2026-11-21 19:17:56,123 ERROR x', '2026-11-21 19:18:00,001 ERROR x'],
    ['[19:17:56] no such host', '[19:18:01] no such host'],
    ['process 1234 exited', 'process 77 exited'],
    ['killed (pid=1234)', 'killed (pid=9)'],
    ['PID: 12 is gone', 'PID: 13 is gone'],
    ['sshd[123]: refused', 'sshd[4567]: refused'],
    ['(node:123) Warning: x', '(node:4567) Warning: x'],
    ['bash: line 1:  1234 Segmentation fault', 'bash: line 1:  77 Segmentation fault'],
    ['<A object at 0x7f3a5c2d1e40>', '<A object at 0x55d0c0ffee10>'],
    ['SIGSEGV: addr=0x10 pc=0x4a2f', 'SIGSEGV: addr=0x28 pc=0x4b00'],
  ])('are the same: %s', (a, b) => {
    expect(failsTheSame(a)).toBe(failsTheSame(b));
  });

  it.each([
    ['HTTP 500', 'HTTP 404'],
    ['FAILED (failures=1)', 'FAILED (failures=2)'],
    ['a.py:10:22: error', 'a.py:11:22: error'],
    ['a.go:10:22:33 error', 'a.go:10:22:34 error'],
    ['cannot connect to db:5432', 'cannot connect to db:5433'],
    ['items[3]: is required', 'items[4]: is required'],
    ['error 0x80070005', 'error 0x80070002'],
    ['TS2322: not assignable', 'TS2345: not assignable'],
    ['exit status 1', 'exit status 2'],
    ['E1101 in line 5', 'E1101 in line 6'],
    ['the certificate ended on 2026-11-20', 'the certificate ended on 2026-11-21'],
    ['python 3.11 is needed', 'python 3.12 is needed'],
  ])('are not the same: %s', (a, b) => {
    expect(failsTheSame(a)).not.toBe(failsTheSame(b));
  });

  it('are compared fast, however they are made', () => {
    for (const part of ['1m', '0x', '12:34:', 'pid ', '1.1', 'a[1', '20:20:20.', '2026-11-21 ']) {
      const text = part.repeat(20_000);
      expect(failsTheSame(text).length).toBeLessThanOrEqual(text.length);
    }
  });
});
