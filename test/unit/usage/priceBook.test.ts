import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { emptyBook, priceFingerprint, readBook } from '../../../server/src/usage/book';
import { modelGlob } from '../../../server/src/usage/modelGlob';
import { bookEntry } from '../../../server/src/usage/price';

const price = { model: 'gpt-5.4', input: 1, output: 2 };

describe('the price book', () => {
  it('tells of each bad entry what is wrong, and takes none of it', () => {
    const bad: readonly (readonly [unknown, string | null, string])[] = [
      ['gpt-5.4', null, 'not-an-object'],
      [null, null, 'not-an-object'],
      [[], null, 'not-an-object'],
      [{ input: 1, output: 2 }, 'model', 'model-missing'],
      [{ ...price, model: ' ' }, 'model', 'model-missing'],
      [{ ...price, model: 5 }, 'model', 'not-a-text'],
      [{ ...price, provider: 5 }, 'provider', 'not-a-text'],
      [{ ...price, note: 'x'.repeat(501) }, 'note', 'too-long'],
      [{ ...price, cacheread: 1 }, 'cacheread', 'unknown-field'],
      [{ ...price, input: '1' }, 'input', 'not-a-price'],
      [{ ...price, input: -1 }, 'input', 'not-a-price'],
      [{ ...price, input: Number.NaN }, 'input', 'not-a-price'],
      [{ ...price, output: 1e6 }, 'output', 'too-dear'],
      [{ ...price, from: '2026-02-30' }, 'from', 'not-a-date'],
      [{ ...price, from: 'yesterday' }, 'from', 'not-a-date'],
      [{ ...price, insteadOfReported: 'yes' }, 'insteadOfReported', 'not-a-yes-or-no'],
      [{ model: 'x' }, null, 'no-price'],
      [{ model: 'x', input: 1 }, 'output', 'input-or-output-missing'],
      [{ model: 'x', output: 1, cacheRead: 1 }, 'input', 'input-or-output-missing'],
      [{ ...price, perHour: 1 }, 'perHour', 'two-kinds-of-price'],
    ];
    for (const [entry, field, problem] of bad) {
      const { book, problems } = readBook([price, entry, { ...price, model: 'other' }]);
      expect(problems, JSON.stringify(entry)).toContainEqual({ index: 1, field, problem });
      expect(book.entries.map(({ model }) => model)).toEqual(['gpt-5.4', 'other']);
    }
  });

  it('is empty for what is no list, and keeps to its bound', () => {
    for (const nothing of [undefined, null, []]) expect(readBook(nothing)).toEqual({ book: emptyBook, problems: [] });
    for (const other of ['x', 5, { model: 'x' }])
      expect(readBook(other).problems).toEqual([{ index: null, field: null, problem: 'not-a-list' }]);
    const { book, problems } = readBook(Array.from({ length: 501 }, () => price));
    expect(book.entries).toHaveLength(500);
    expect(problems).toEqual([{ index: 500, field: null, problem: 'too-many-entries' }]);
  });

  it('never throws, whatever stands in the setting', () => {
    const field = fc.constantFrom(
      'model',
      'provider',
      'input',
      'output',
      'cacheRead',
      'perHour',
      'from',
      'note',
      'insteadOfReported',
      '__proto__',
    );
    fc.assert(
      fc.property(fc.oneof(fc.anything(), fc.array(fc.dictionary(field, fc.anything()))), (setting) => {
        const { book } = readBook(setting);
        expect(book.globs).toHaveLength(book.entries.length);
        for (const { input, output, perHour } of book.entries)
          expect(perHour === undefined ? (input ?? -1) + (output ?? -1) : perHour).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  it('has the last entry that speaks of the call', () => {
    const { book } = readBook([
      { model: '*', input: 1, output: 1 },
      { model: 'claude-*', provider: 'Anthropic', input: 2, output: 2 },
      { model: 'claude-opus-*', from: '2026-06-01', input: 3, output: 3 },
      { model: 'nvidia/*', provider: 'nvidia-prod', input: 4, output: 4 },
    ]);
    const inputOf = (provider: string | null, model: string | null, day: string | null, registryProvider: string | null = null) =>
      bookEntry({ provider, registryProvider, model, time: day === null ? null : Date.parse(day) }, book)?.input ?? null;
    expect(inputOf('openai', 'gpt-5.4', '2026-11-20')).toBe(1);
    expect(inputOf(null, 'gpt-5.4', null)).toBe(1);
    expect(inputOf('anthropic', 'claude-haiku-4-5', '2026-11-20')).toBe(2);
    expect(inputOf('openrouter', 'claude-haiku-4-5', '2026-11-20')).toBe(1);
    expect(inputOf('openrouter', 'claude-opus-5', '2026-06-01T00:00:00Z')).toBe(3);
    expect(inputOf('anthropic', 'claude-opus-5', '2026-05-31T23:59:59Z')).toBe(2);
    expect(inputOf('anthropic', 'claude-opus-5', null)).toBe(3);
    expect(inputOf('inference', 'nvidia/nemotron', null, 'nvidia-prod')).toBe(4);
    expect(inputOf('inference', 'inference/nvidia/nemotron', null, 'nvidia-prod')).toBe(4);
    expect(inputOf('inference', 'nvidia/nemotron', null, 'openrouter')).toBe(1);
    expect(inputOf('openai', null, null)).toBeNull();
    expect(inputOf('openai', 'x'.repeat(1e6), null)).toBeNull();
    expect(bookEntry({ provider: 'openai', registryProvider: null, model: 'x', time: null }, emptyBook)).toBeNull();
  });

  it('changes its fingerprint with what it holds, and with nothing else', () => {
    const of = (setting: unknown) => priceFingerprint(readBook(setting).book);
    expect(of([price])).toBe(of([{ ...price }]));
    expect(of([])).toBe(priceFingerprint(emptyBook));
    const all = [[], [price], [{ ...price, input: 1.5 }], [{ ...price, insteadOfReported: true }], [price, { ...price, model: 'x' }]].map(
      of,
    );
    expect(new Set(all).size).toBe(all.length);
    expect(of([price])).toMatch(/^[0-9a-f]{16}$/);
  });
});

describe('a pattern over model ids', () => {
  it('stands for what it says, whatever the case', () => {
    for (const [pattern, model, is] of [
      ['gpt-5.4', 'GPT-5.4', true],
      ['gpt-5.4', 'gpt-5x4', false],
      ['gpt-5.4', 'gpt-5.4-mini', false],
      ['*', '', true],
      ['gpt-*', 'gpt-', true],
      ['*-mini', 'gpt-5.4-mini', true],
      ['a*a', 'a', false],
      ['a*a', 'aa', true],
      ['a*b*c', 'axxbyyc', true],
      ['a*b*c', 'acb', false],
      ['a*bc*c', 'abc', false],
      ['**', 'x', true],
      ['(a+)+$', 'aaaa', false],
      ['(a+)+$', '(a+)+$', true],
    ] as const)
      expect(modelGlob(pattern)(model), `${pattern} ${model}`).toBe(is);
  });

  it('agrees with a regular expression', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '.', '*'), maxLength: 12 });
    fc.assert(
      fc.property(text, text, (pattern, model) => {
        const same = new RegExp(
          `^${pattern
            .split('*')
            .map((part) => part.replaceAll('.', '\\.'))
            .join('[^]*')}$`,
        );
        expect(modelGlob(pattern)(model)).toBe(same.test(model));
      }),
      { numRuns: 1000 },
    );
  });

  it('looks at a text a bounded number of times, however many stars it has', () => {
    // Two hundred stars over a text that holds all but the last part would take a backtracking matcher longer than the sun shines.
    const pattern = `${'*a'.repeat(200)}*b`;
    expect(modelGlob(pattern)('a'.repeat(300))).toBe(false);
    expect(modelGlob(pattern)(`${'a'.repeat(299)}b`)).toBe(true);
  });
});
