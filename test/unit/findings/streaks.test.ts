// What the detectors count, at their edges and in noise, and what they keep of it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readSettings } from '../../../client/src/connection/settings';
import type { CallRef, Candidate } from '../../../server/src/findings/detector';
import { SessionFindings } from '../../../server/src/findings/sessionFindings';
import { candidatesPerCode, spansPerCandidate, Streaks } from '../../../server/src/findings/streaks';
import { lowest, usual } from '../../../server/src/findings/thresholds';
import { SessionFold } from '../../../server/src/model/sessionFold';
import { accountFor } from '../../../server/src/usage/account';
import { emptyBook } from '../../../server/src/usage/book';
import { eventsOf, found, strengths } from './transcript';
import type { MadeCall } from './transcript';

const times = (count: number, call: (index: number) => MadeCall): readonly MadeCall[] => Array.from({ length: count }, (_, i) => call(i));
const wait: MadeCall = { args: { command: 'test -f done' }, text: 'waiting' };
const other: MadeCall = { args: { command: 'ls' }, text: 'a b' };

describe('repeated-calls', () => {
  it('counts how often in a row, from the lowest threshold on', () => {
    expect(strengths([{ calls: times(lowest.repeatedCalls - 1, () => wait) }], 'repeated-calls')).toEqual([]);
    expect(strengths([{ calls: times(lowest.repeatedCalls, () => wait) }], 'repeated-calls')).toEqual([lowest.repeatedCalls]);
    expect(strengths([{ calls: [...times(5, () => wait), other, ...times(4, () => wait)] }], 'repeated-calls')).toEqual([5, 4]);
  });

  it('counts a cycle by its whole rounds', () => {
    const steps = ['a', 'b', 'c'].map((command): MadeCall => ({ args: { command }, text: command }));
    const [cycle] = found([{ calls: times(13, (i) => steps[i % 3] ?? wait) }]);
    expect(cycle).toMatchObject({ code: 'repeated-calls', strength: 4 });
    expect(cycle?.spanIds).toHaveLength(13);
  });

  it('is not fired by other arguments, another result, or the next turn', () => {
    expect(found([{ calls: times(9, (i) => ({ ...wait, args: { command: 'cat x', offset: i } })) }])).toEqual([]);
    expect(found([{ calls: times(9, (i) => ({ ...wait, text: `${i} of 9` })) }])).toEqual([]);
    expect(found(times(9, () => wait).map((call) => ({ calls: [call, call], reply: 'Not yet.' })))).toEqual([]);
  });

  it('counts calls that were asked for at once', () => {
    expect(
      strengths(
        [
          {
            calls: [
              [wait, wait],
              [wait, wait],
            ],
          },
        ],
        'repeated-calls',
      ),
    ).toEqual([4]);
  });
});

describe('no-progress', () => {
  const files = ['a', 'b', 'c', 'd', 'e'].map((path): MadeCall => ({ name: 'read', args: { path }, text: `text of ${path}` }));
  // No cycle of up to six is gone through three times.
  const wandering = [0, 1, 3, 2, 4, 2, 0, 3, 1, 0, 4, 1, 3, 2, 0, 4, 3].map((i) => files[i] ?? wait);

  it('counts the calls in a row that tell what was told before', () => {
    expect(strengths([{ calls: [...files, ...wandering] }], 'no-progress')).toEqual([wandering.length]);
    expect(strengths([{ calls: [...files, ...wandering.slice(0, lowest.noProgressCalls - 1)] }], 'no-progress')).toEqual([]);
  });

  it('begins anew with whatever is new', () => {
    const half = wandering.slice(0, lowest.noProgressCalls - 1);
    expect(strengths([{ calls: [...files, ...half, other, ...half] }], 'no-progress')).toEqual([]);
  });

  it('leaves a cycle to the other detector', () => {
    const all = found([{ calls: times(40, () => wait) }]);
    expect(all.map(({ code }) => code)).toEqual(['repeated-calls']);
  });
});

describe('failing-tool', () => {
  const fails = (i: number): MadeCall => ({ args: { command: `make ${i}` }, text: `no rule ${i}`, exitCode: 2 });

  it('counts failures of one tool, whatever other tools do between', () => {
    const read = (i: number): MadeCall => ({ name: 'read', args: { path: `${i}` }, text: `${i}` });
    expect(strengths([{ calls: times(5, fails).flatMap((call, i) => [call, read(i)]) }], 'failing-tool')).toEqual([5]);
  });

  it('begins anew with a success, a written file, another turn', () => {
    const two = times(2, fails);
    const write: MadeCall = { name: 'write', args: { path: 'x' }, text: 'written' };
    for (const between of [other, write]) expect(strengths([{ calls: [...two, between, ...two] }], 'failing-tool')).toEqual([]);
    expect(strengths([{ calls: two }, { calls: two }], 'failing-tool')).toEqual([]);
    expect(strengths([{ calls: [...two, { ...write, isError: true }, ...two] }], 'failing-tool')).toEqual([4]);
  });

  it('takes a command that answers no for what it is', () => {
    const asks = ['grep -r TODO src', 'cd app && rg x', 'cat a | diff - b', '[ -f x ]', '/usr/bin/test -d y', 'which tsc'];
    const calls = asks.map((command): MadeCall => ({ args: { command }, exitCode: 1 }));
    expect(strengths([{ calls }], 'failing-tool')).toEqual([]);
    expect(strengths([{ calls: calls.map((call) => ({ ...call, exitCode: 2 })) }], 'failing-tool')).toEqual([asks.length]);
  });
});

describe('claimed-success', () => {
  const failed: MadeCall = { args: { command: 'npm test' }, text: '1 failing', exitCode: 1 };
  const claims = (reply: string, calls: readonly (MadeCall | readonly MadeCall[])[] = [failed]): number =>
    strengths([{ calls, reply }], 'claimed-success').length;

  it('goes by what the reply says', () => {
    for (const reply of [
      'All tests pass now.',
      'The bug is fixed.',
      'Done! The module was installed successfully.',
      'Fixed: the discount.',
    ])
      expect.soft(claims(reply), reply).toBe(1);
    for (const reply of [
      'The tests still fail.',
      'The code is done, but one test does not pass.',
      'I could not run the tests.',
      'It is implemented; the test run exited with exit code 1.',
      'Once the tests pass, the bug is fixed.',
      "It isn't fixed.",
      'Here is the list you asked for.',
      '',
    ])
      expect.soft(claims(reply), reply).toBe(0);
  });

  it('goes by the last calls of the turn', () => {
    expect(claims('All tests pass.', [failed, { ...failed, exitCode: 0, text: 'ok' }])).toBe(0);
    expect(claims('All tests pass.', [other, [other, failed]])).toBe(1);
    expect(strengths([{ calls: [failed] }, { calls: [], reply: 'Done.' }], 'claimed-success')).toEqual([]);
  });
});

describe('all of them', () => {
  it('find nothing in calls that each tell something new, however many', () => {
    const call = fc.record({ name: fc.constantFrom('exec', 'read', 'web_fetch'), command: fc.constantFrom('a', 'b', 'c') });
    fc.assert(
      fc.property(fc.array(call, { maxLength: 120 }), (calls) => {
        const made = calls.map(({ name, command }, i) => ({ name, args: { command }, text: `result ${i}` }));
        expect(found([{ calls: made, reply: 'Done.' }])).toEqual([]);
      }),
      { numRuns: 30 },
    );
  });

  it('judge nothing that a fork copied', () => {
    const turn = { calls: times(9, () => ({ ...wait, exitCode: 2 })), reply: 'Done.' };
    expect(found([turn]).map(({ code }) => code)).toEqual(['repeated-calls', 'failing-tool', 'claimed-success']);
    expect(found([turn], false)).toEqual([]);
  });

  it('keep also what was given up as the weakest once it is stronger than another', () => {
    const streaks = new Streaks({ agent: 'main', session: 's' }, 'secret-exposed');
    const call = (index: number): CallRef => ({ entryId: `e${index}`, block: 0 });
    const weak = streaks.begin('warning', 1, 'weak', [call(0)]);
    for (let i = 0; i < candidatesPerCode; i++) streaks.begin('warning', 2, `other ${i}`, [call(i + 1)]);
    const told = (): readonly string[] => streaks.candidates.map(({ message }) => message);
    expect(told()).not.toContain('weak');
    streaks.grow(weak, 2, 'no stronger', call(100));
    expect(told()).not.toContain('no stronger');
    const before = streaks.revision;
    streaks.grow(weak, 3, 'strong', call(101));
    expect(streaks.revision).toBeGreaterThan(before);
    expect(streaks.candidates.at(-1)).toMatchObject({ message: 'strong', strength: 3 });
    expect(streaks.candidates.at(-1)?.spanIds).toHaveLength(3);
    expect(told()).toHaveLength(candidatesPerCode);
    expect(told()).not.toContain('other 0');
    // It is one of the kept now, once.
    streaks.grow(weak, 4, 'stronger', null);
    expect(told().filter((message) => message.startsWith('strong'))).toEqual(['stronger']);
  });

  it('keep the strongest of many, and of a long one its first spans and the last', () => {
    const weak = times(candidatesPerCode * 3, (i) => ({ args: { command: `${i}` }, text: 'x' })).flatMap((call) => [call, call, call]);
    const calls = [...times(300, () => wait), ...weak, ...times(50, () => other)];
    const all = found([{ calls }]);
    expect(all).toHaveLength(candidatesPerCode);
    expect(
      all
        .map(({ strength }) => strength)
        .sort((a, b) => b - a)
        .slice(0, 3),
    ).toEqual([300, 50, 3]);
    expect(all[0]?.spanIds).toHaveLength(spansPerCandidate);
    expect(new Set(all[0]?.spanIds).size).toBe(spansPerCandidate);
  });

  it('come to the same step by step as at once, and say when they changed', () => {
    const call = fc.record({
      name: fc.constantFrom('exec', 'read', 'write'),
      args: fc.record({ command: fc.constantFrom('a', 'cat .env', 'curl https://example.com/') }),
      text: fc.constantFrom('x', 'y', 'token=ghp_q7…4WbN'),
      exitCode: fc.constantFrom(0, 0, 1, 2),
    });
    const steps = fc.array(fc.oneof(call, fc.array(call, { minLength: 1, maxLength: 3 })), { maxLength: 25 });
    const turns = fc.array(fc.record({ calls: steps, reply: fc.constantFrom('Done.', 'It failed.') }), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(turns, fc.array(fc.nat(6), { minLength: 1 }), (made, pieces) => {
        const events = eventsOf(made);
        const findings = new SessionFindings({ agent: 'main', session: 's' });
        const fold = new SessionFold('main', 's', (asked) => accountFor(asked, { registryProvider: null, book: emptyBook }), findings);
        expect(findings.take()).toEqual([]);
        let shown: readonly Candidate[] = [];
        for (let at = 0, i = 0; at < events.length; i++) {
          const size = 1 + (pieces[i % pieces.length] ?? 0);
          fold.append(events.slice(at, at + size), { owns: () => true, ownsCall: () => true });
          at += size;
          shown = findings.take() ?? shown;
          expect(findings.take()).toBeNull();
          expect(shown).toEqual(findings.candidates);
        }
        expect(shown).toEqual(found(made));
      }),
      { numRuns: 60 },
    );
  });

  it('have the thresholds that the settings have', () => {
    const { contributes } = JSON.parse(readFileSync(join(import.meta.dirname, '../../../package.json'), 'utf8')) as {
      contributes: { configuration: readonly { properties: Readonly<Record<string, { default: unknown; minimum: unknown }>> }[] };
    };
    const properties = contributes.configuration[0]?.properties ?? {};
    for (const name of ['repeatedCalls', 'noProgressCalls', 'failuresInARow'] as const) {
      expect(properties[`sandglass.findings.${name}`]).toMatchObject({ default: usual[name], minimum: lowest[name] });
    }
    expect(readSettings(() => undefined).findings).toEqual(usual);
    expect(readSettings(() => 0).findings).toEqual(lowest);
  });
});
