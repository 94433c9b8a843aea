// What the file of suppressions says, what is wrong with it and where, and which findings it settles.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  parseSuppressions,
  problemsListed,
  suppressionFor,
  suppressionsBytes,
  suppressionsListed,
} from '../../../server/src/findings/suppressions';

const codes = ['repeated-calls', 'secret-exposed'];
const parse = (text: string): ReturnType<typeof parseSuppressions> => parseSuppressions(text, codes);
const list = (...items: readonly string[]): string => `suppressions:\n${items.map((item) => `  - { ${item} }\n`).join('')}`;
const good = 'code: repeated-calls, reason: it waits for the build';

describe('the file', () => {
  it('is a list of what was settled, and why', () => {
    const text = [
      '# Looked at together.',
      'suppressions:',
      '  - code: secret-exposed',
      '    contains: 3fa9c1d2',
      "    reason: the key of the test account, in everybody's hands",
      '    until: 2027-01-31',
      '',
      '  - code: repeated-calls',
      '    sessionKey: agent:main:nightly',
      '    reason: it waits for the build',
    ].join('\n');
    const { suppressions, problems } = parse(text);
    expect(problems).toEqual([]);
    const none = { agent: null, session: null, sessionKey: null, span: null, contains: null, until: null };
    expect(suppressions).toEqual([
      {
        ...none,
        code: 'secret-exposed',
        contains: '3fa9c1d2',
        until: '2027-01-31',
        reason: "the key of the test account, in everybody's hands",
        line: 2,
      },
      { ...none, code: 'repeated-calls', sessionKey: 'agent:main:nightly', reason: 'it waits for the build', line: 7 },
    ]);
  });

  it('may be empty', () => {
    for (const text of ['', '# nothing yet\n', 'suppressions: []\n']) expect(parse(text)).toEqual({ suppressions: [], problems: [] });
  });

  it('is told what is wrong with it, at its line, and an entry that is wrong suppresses nothing', () => {
    const wrong: readonly (readonly [string, string])[] = [
      ['code: repeated-calls', 'A "reason" is missing'],
      ['reason: because', 'A "code" is missing'],
      ['code: repeated, reason: because', 'There is no finding "repeated"; there are repeated-calls, secret-exposed.'],
      ['code: repeated-calls, reason: ""', 'text that is not empty'],
      ['code: repeated-calls, reason: because, span: 1234567890123456', '"span" is to be text that is not empty, in quotes'],
      ['code: repeated-calls, reason: because, agnet: main', '"agnet" is nothing that a suppression has'],
      ['code: repeated-calls, reason: because, until: 2027-02-30', '"2027-02-30" is no day'],
      ['code: repeated-calls, reason: because, until: soon', '"soon" is no day'],
      ['code: history-rewritten, reason: because', '"history-rewritten" is always a problem'],
      ['code: repeated-calls, reason: because, reason: other', '"reason" is given twice'],
      [`code: repeated-calls, reason: ${'x'.repeat(501)}`, 'longer than 500'],
    ];
    for (const [item, message] of wrong) {
      const { suppressions, problems } = parse(list(good, item, good));
      expect
        .soft(
          problems.map(({ line }) => line),
          item,
        )
        .toContain(2);
      expect.soft(problems.map((problem) => problem.message).join(' '), item).toContain(message);
      expect
        .soft(
          suppressions.map(({ line }) => line),
          item,
        )
        .toEqual([1, 3]);
    }
    expect(parse(`suppressions:\n  - just text\n`).problems).toEqual([{ line: 1, message: expect.stringContaining('"code"') as string }]);
  });

  it('is no use when it is not what it should be', () => {
    for (const text of ['- a\n', 'suppressions: yes\n', 'suppression: []\n', 'text', 'a: [\n', `suppressions:\n\t- x\n`, 'a: 1\na: 2\n']) {
      const { suppressions, problems } = parse(text);
      expect.soft([suppressions.length, problems.length > 0], text).toEqual([0, true]);
    }
    expect(parse('x'.repeat(suppressionsBytes + 1)).problems).toHaveLength(1);
    const many = parse(list(...Array.from({ length: suppressionsListed + 5 }, () => good)));
    expect([many.suppressions.length, many.problems.length]).toEqual([suppressionsListed, 1]);
    expect(parse(list(...Array.from({ length: problemsListed + 5 }, () => 'code: x'))).problems).toHaveLength(problemsListed);
    const twice = parse(`${list(good)}${list(good)}`);
    expect([twice.suppressions.length, twice.problems]).toEqual([1, [{ line: 2, message: expect.stringContaining('already') as string }]]);
    const other = parse(`version: 2\n${list(good)}`);
    expect(other.problems).toEqual([{ line: 0, message: '"version" means nothing here; only "suppressions" does.' }]);
    expect(other.suppressions).toHaveLength(1);
  });

  it('is read whatever it holds', () => {
    const some = fc.oneof(
      fc.string(),
      fc.string({ unit: 'binary' }),
      fc.json(),
      fc.constant('a: &a [x]\nb: [*a, *a]\n<<: *a\n? [1]\n: 2\n'),
    );
    fc.assert(
      fc.property(some, (text) => {
        expect(parse(text).suppressions).toEqual([]);
        expect(Array.isArray(parse(`suppressions:\n  - ${text}\n`).problems)).toBe(true);
      }),
    );
  });
});

describe('a finding', () => {
  const finding = { code: 'repeated-calls', message: 'exec was called 6 times', spanIds: ['aaaaaaaaaaaaaaaa', 'bbbbbbbbbbbbbbbb'] };
  const where = { agent: 'main', session: 's1', sessionKey: 'agent:main:nightly' };
  const now = Date.parse('2027-01-31T23:59:59Z');
  const settled = (...items: readonly string[]): string | null => {
    const { suppressions, problems } = parse(list(...items));
    expect(problems).toEqual([]);
    return suppressionFor(finding, where, suppressions, now)?.reason ?? null;
  };

  it('is settled where everything that is given holds', () => {
    expect(settled(good)).toBe('it waits for the build');
    for (const more of [
      'agent: main',
      'session: s1',
      'sessionKey: "agent:main:nightly"',
      'span: bbbbbbbbbbbbbbbb',
      'contains: exec was',
      'until: 2027-01-31',
      'agent: main, session: s1, span: aaaaaaaaaaaaaaaa',
    ])
      expect.soft(settled(`${good}, ${more}`), more).not.toBeNull();
  });

  it('is not where one of them does not', () => {
    expect(settled('code: secret-exposed, reason: other')).toBeNull();
    for (const more of [
      'agent: other',
      'session: s',
      'sessionKey: nightly',
      'span: cccccccccccccccc',
      'contains: read',
      'until: 2027-01-30',
      'agent: main, session: s2',
    ])
      expect.soft(settled(`${good}, ${more}`), more).toBeNull();
  });

  it('is settled by the first that does', () => {
    expect(
      settled(
        'code: repeated-calls, reason: one, agent: other',
        'code: repeated-calls, reason: two',
        'code: repeated-calls, reason: three',
      ),
    ).toBe('two');
  });
});
