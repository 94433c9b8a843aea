// What could make text read as something else is written out on the page, never left to take effect.
import { describe, expect, it } from 'vitest';
import { visibleLine, visibleText } from '../../../webviews/kit/plainText';

describe('text on the page', () => {
  it.each([
    ['an override', 'a\u202eb', 'a⟨U+202E⟩b'],
    ['an isolate', 'a\u2066b', 'a⟨U+2066⟩b'],
    ['a tag', 'a\u{e0041}b', 'a⟨U+E0041⟩b'],
    ['the first tag, which is no character', 'a\u{e0000}b', 'a⟨U+E0000⟩b'],
    ['a filler', 'a\u3164b', 'a⟨U+3164⟩b'],
    ['a grapheme joiner', 'a\u034fb', 'a⟨U+034F⟩b'],
    ['a selector', 'a\ufe00b', 'a⟨U+FE00⟩b'],
    ['an escape', 'a\u001b[31mb', 'a␛[31mb'],
    ['a lone surrogate', 'a\ud800b', 'a⟨U+D800⟩b'],
    ['an emoji as it is', '☂\ufe0f', '☂\ufe0f'],
  ])('shows %s', (_name, text, expected) => expect(visibleText(text)).toBe(expected));

  it('keeps lines where there may be lines', () => {
    expect(visibleText('a\r\n\tb')).toBe('a\n\tb');
    expect(visibleLine('a\r\n\tb')).toBe('a b');
  });

  it('hides nothing in any tag', () => {
    for (let tag = 0xe0000; tag <= 0xe007f; tag += 1) expect(visibleText(String.fromCodePoint(tag))).toMatch(/^⟨U\+E00[0-7]/);
  });
});
