import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { documentName, escapedMarkdown, plainText, withoutIcons, withoutLinks, withoutUnseen } from '../../../client/src/plainText';

const hostile: readonly (readonly [string, string, string])[] = [
  ['colours', '\u001b[31mred\u001b[0m', 'red'],
  ['a window title', '\u001b]0;owned\u0007after', 'after'],
  ['a hyperlink', '\u001b]8;;https://evil.example\u001b\\click\u001b]8;;\u001b\\', 'click'],
  ['C1 forms', '\u009b31mred\u009d0;t\u009cx', 'redx'],
  ['a device string', '\u001bPq#0\u001b\\x', 'x'],
  ['an unended string', 'a\u001b]0;never ends', 'a'],
  ['bidirectional overrides', 'user\u202egnp.exe\u202c \u2066x\u2069', 'usergnp.exe x'],
  ['invisible tags and marks', 'a\u200bb\u{e0041}c\ufeff\u00add', 'abcd'],
  [
    'tags, fillers and selectors that spell nothing',
    `a${[...'hidden'].map((c) => String.fromCodePoint(0xe0000 + c.charCodeAt(0))).join('')}\u{e0000}\u{e007f}\u{e0100}\u3164\u115f\u1160\uffa0\u034f\u180b\ufe00b`,
    'ab',
  ],
  ['controls', 'a\u0000b\u0008c\u007fd', 'abcd'],
  ['lines', 'a\r\nb\tc\u2028d\u0085e', 'a b c d e'],
  ['a lone surrogate', 'a\ud800b', 'a\ufffdb'],
  ['emoji that need their joiner', '👩\u200d💻 ☂\ufe0f', '👩\u200d💻 ☂\ufe0f'],
];

describe('plainText', () => {
  it.each(hostile)('takes out %s', (_name, text, expected) => expect(plainText(text)).toBe(expected));

  it('keeps lines and tabs where asked, and nothing else of that kind', () => {
    expect(plainText('a\r\n\tb\u001b[2Jc\u0007\u2029d', { multiline: true })).toBe('a\n\tbc\nd');
  });

  it('is bounded and does not split a pair', () => {
    expect(plainText('x'.repeat(500))).toHaveLength(200);
    expect(plainText('😀😀😀😀', { maxLength: 4 })).toBe('😀…');
    const long = plainText('\u001b[31m'.repeat(100_000), { maxLength: 10 });
    expect(long.length).toBeLessThanOrEqual(10);
  });

  it('lets no control, format or surrogate character through, whatever comes', () => {
    const nasty = fc
      .array(fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('\u001b', '[', ']', '\u009b', '\u202e', '\u0007', '\n', '\u{e0020}')))
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(nasty, fc.boolean(), (text, multiline) => {
        const result = plainText(text, { multiline });
        expect(result).not.toMatch(multiline ? /[^\P{C}\n\t\u200c\u200d\p{Cn}\p{Co}]/u : /[^\P{C}\u200c\u200d\p{Cn}\p{Co}]/u);
        expect(result.length).toBeLessThanOrEqual(200);
      }),
    );
  });
});

describe('what the editor would make of text', () => {
  it('icons stay text', () => {
    expect(withoutIcons('run $(trash) $(sync~spin) \\$(x) $HOME $(a b)')).toBe('run \\$(trash) \\$(sync~spin) \\$(x) $HOME $(a b)');
  });
  it('links in notifications stay text', () => {
    expect(withoutLinks('[run](command:evil) [a]( b)')).not.toMatch(/\]\(/);
  });
  it('markdown keeps no mark unescaped', () => {
    const text = escapedMarkdown(
      '[x](command:y) ![i](https://e.example/i.png) <img src=x> **b** `c` a|b https://e.example www.e.example a@b.example $(trash)',
    );
    expect(text.replace(/\\[!-/:-@[-`{-~]/g, '')).toMatch(/^[\w ]*$/);
  });
  it('fenced markdown keeps its fences: nothing joins over what is replaced', () => {
    const runs = (text: string): number => Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
    for (const between of ['\u202e', '\u001b[0m', '\u{e0041}', '\u0000', '\u200b', '\r', '\ud800'])
      expect(runs(withoutUnseen(`\`\`\`${between}\`\``, 100)), JSON.stringify(between)).toBe(3);
    expect(withoutUnseen('a\u202eb\r\n\tc', 100)).toBe('a\ufffdb\n\tc');
    expect(withoutUnseen('x'.repeat(50), 10)).toHaveLength(10);
  });
  it('document names hold no path', () => {
    expect(documentName('../../etc/passwd', 'call')).toBe('etc passwd');
    expect(documentName('..\\..\\x:y\u0000', 'call')).toBe('x y');
    expect(documentName('\u001b[31m', 'call')).toBe('call');
  });
});
