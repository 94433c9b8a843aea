// An entry is added to the file as a person keeps it: what stood there stands there still, and what is not sure to come out right is left.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { entryFor, newSuppression, withInserts } from '../../../server/src/findings/newSuppression';
import type { NewEntry } from '../../../server/src/findings/newSuppression';
import { parseSuppressions, suppressionsBytes } from '../../../server/src/findings/suppressions';

const span = '0123456789abcdef';
const finding = { code: 'repeated-calls', message: 'In session s-1: exec was called 5 times', spanIds: [span, 'ffff'] };
const entry: NewEntry = { code: 'repeated-calls', session: 's-1', span, contains: null, reason: 'it waits for the build' };
const of = { agent: 'main', session: 's-1', sessionKey: null };
const added = (text: string, more: Partial<NewEntry> = {}): string => {
  const change = newSuppression(text, { ...entry, ...more }, finding, of);
  if (change.kind === 'none') throw new Error(change.why);
  return withInserts(text, change.edits);
};
const refused = (text: string): string => {
  const change = newSuppression(text, entry, finding, of);
  return change.kind === 'none' ? change.why : 'changed';
};
const item = (indent = '  '): string =>
  [`- code: repeated-calls`, `  session: s-1`, `  span: "${span}"`, `  reason: it waits for the build`]
    .map((line) => indent + line)
    .join('\n');

describe('a new entry', () => {
  it('makes a file, and goes beneath comments and other keys', () => {
    expect(added('')).toBe(`suppressions:\n${item()}\n`);
    expect(added('# Ours.')).toBe(`# Ours.\nsuppressions:\n${item()}\n`);
    expect(added('# Ours.\n\n')).toBe(`# Ours.\n\nsuppressions:\n${item()}\n`);
  });

  it('goes after the last one, in its indentation, and nothing else changes', () => {
    const text = [
      '# Looked at together.',
      'suppressions:',
      '- code: repeated-calls # the nightly one',
      '  reason: "old"',
      '  # more to come',
      '',
      '- {code: repeated-calls, reason: older} # short',
      '# the end',
      '',
    ].join('\n');
    const lines = added(text).split('\n');
    expect(lines.filter((line) => text.split('\n').includes(line)).join('\n')).toBe(text);
    expect(added(text)).toContain(`reason: older} # short\n${item('')}\n# the end\n`);
    expect(parseSuppressions(added(text), ['repeated-calls']).suppressions).toHaveLength(3);
  });

  it('keeps the ends of lines, and a last line that has none', () => {
    const text = 'suppressions:\r\n    - code: repeated-calls\r\n      reason: old';
    expect(added(text)).toBe(`${text}\r\n${item('    ').replaceAll('\n', '\r\n')}`);
    const block = 'suppressions:\n  - code: repeated-calls\n    reason: |\n      old\n      older\n';
    expect(added(block)).toBe(`${block}${item()}\n`);
  });

  it('fills an empty list, and keeps what is said of it', () => {
    for (const text of [
      'suppressions: []\n',
      'suppressions:\n',
      'suppressions: [ ] # none\n',
      'suppressions: # none\n',
      'suppressions: null\n',
    ])
      expect(parseSuppressions(added(text), ['repeated-calls']), text).toMatchObject({
        suppressions: [{ reason: entry.reason }],
        problems: [],
      });
    expect(added('suppressions: [] # none yet\n')).toMatch(/^suppressions: {2}# none yet\n {2}- code/);
  });

  it('is refused where it can not be sure', () => {
    expect(refused('suppressions: [{code: repeated-calls, reason: x}]\n')).toBe('style');
    expect(refused('{suppressions: []}\n')).toBe('style');
    expect(refused('suppressions: text\n')).toBe('style');
    expect(refused('- a\n- b\n')).toBe('style');
    expect(refused('suppressions: [\n')).toBe('not-yaml');
    expect(refused('a: 1\n---\nb: 2\n')).not.toBe('changed');
    expect(refused(`# ${'x'.repeat(suppressionsBytes - 20)}\n`)).toBe('too-large');
  });

  it('tells a person’s reason as it was given, whatever stands in it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 200 }), (raw) => {
        const reason = raw.replace(/[\s\p{Cc}\p{Cs}]+/gu, ' ').trim();
        if (reason === '') return;
        for (const text of ['', 'suppressions:\n  - code: repeated-calls\n    reason: old\n']) {
          const last = parseSuppressions(added(text, { reason }), ['repeated-calls']).suppressions.at(-1);
          expect(last).toMatchObject({ reason, session: 's-1', span });
        }
      }),
    );
  });

  it('is of one finding: where another has the same evidence, by its own words', () => {
    const secret = (hash: string): typeof finding => ({
      code: 'secret-exposed',
      message: `In session s-1: a token (${hash})`,
      spanIds: [span],
    });
    expect(entryFor(secret('3fa9c1d2'), [], 's-1', 'r')).toMatchObject({ span, contains: null });
    expect(entryFor(secret('3fa9c1d2'), [secret('00c1d2ff')], 's-1', 'r')).toMatchObject({ contains: '3fa9c1d2' });
    expect(entryFor(finding, [{ ...finding, message: 'another' }], 's-1', 'r')).toMatchObject({ contains: finding.message });
    expect(entryFor(finding, [{ ...finding, spanIds: ['other'] }], 's-1', 'r')).toMatchObject({ contains: null });
  });
});
