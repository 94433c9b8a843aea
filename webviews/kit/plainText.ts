/**
 * Untrusted text for show. The browser runs none of it when it is set as text, but control and bidirectional characters
 * could still make it read as something else; so they are written out (`␛`, `⟨U+202E⟩`) instead of taking effect.
 */

// C0 and C1 controls but tab and newline; whatever reorders or hides text (bidirectional marks, zero-width characters, tags,
// fillers) but the emoji's selector; line separators, lone surrogates.
const acting =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\ufff9-\ufffb]|(?!\ufe0f)[\p{Cf}\p{Default_Ignorable_Code_Point}]|\p{Cs}/gu;

/** Text of several lines: newlines and tabs stay. */
export function visibleText(text: string): string {
  return text.replace(/\r\n?/g, '\n').replace(acting, (char) => {
    const code = char.codePointAt(0) ?? 0;
    if (code < 0x20) return String.fromCodePoint(0x2400 + code);
    if (code === 0x7f) return '\u2421';
    return `\u27e8U+${code.toString(16).toUpperCase().padStart(4, '0')}\u27e9`;
  });
}

/** One line, cut to `limit`. */
export function visibleLine(text: string, limit = 400): string {
  const cut = text.length > limit ? `${text.slice(0, limit)}…` : text;
  return visibleText(cut).replace(/[\n\t]+/g, ' ');
}
