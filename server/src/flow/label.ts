/**
 * Untrusted text to what may stand in a diagram. Two steps: `plainText` makes one short line without control, format or
 * bidirectional characters; `escapeLabel` writes it with Mermaid's entity codes, so that nothing of it is syntax: no quote
 * or bracket ends the label, no `%%{`, `---`, `click`, HTML tag, Markdown backtick or `style …:#` is ever seen by Mermaid.
 */

// Everything Unicode calls a control, format character (all bidirectional marks, zero-width, tags, BOM), surrogate, private
// use or unassigned, and every kind of space or line separator.
const invisible = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Z}\u115f\u1160\u3164\uffa0\u2800\ufe00-\ufe0f]+/gu;
// Stacks of combining marks paint over their neighbours.
const markStack = /(\p{M}{2})\p{M}+/gu;
// Colour and cursor codes: without their escape character they would stay behind as noise.
const terminalCodes = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]{0,2000}(?:\u0007|\u001b\\)?|[@-Z\\-_])/g;
/** How much of a text is looked at, as a multiple of the limit: a label of a 10 MB line must not cost 10 MB. */
const lookAhead = 8;

/** One line of at most `limit` characters (code points), `…` at its end when something was cut. */
export function plainText(text: string, limit: number): string {
  const window = text.slice(0, limit * lookAhead);
  const line = window.replace(terminalCodes, '').replace(invisible, ' ').replace(markStack, '$1').replace(/ {2,}/g, ' ').trim();
  const points = [...line];
  if (points.length > limit)
    return `${points
      .slice(0, limit - 1)
      .join('')
      .trimEnd()}…`;
  return window.length < text.length && line !== '' ? `${line.trimEnd()}…` : line;
}

const literal = /^[\p{L}\p{N} .,/_]$/u;

/**
 * Lines that `plainText` made, joined by our own `<br/>`. A single line ends with one: Mermaid's sanitizer decodes entity
 * codes only in a text that has a tag in it, and an empty second line takes no room.
 */
export function escapeLabel(lines: readonly string[]): string {
  return lines.length === 1 ? `${lines.map(escapeLine).join('')}<br/>` : lines.map(escapeLine).join('<br/>');
}

function escapeLine(line: string): string {
  let out = '';
  for (const point of line.normalize('NFC')) {
    // The ligature and the pilcrow stand in Mermaid's own code for an entity; a backslash before n is its line break.
    if (point === '\ufb02') out += 'fl';
    else if (point === '\u00b6') out += '#8267;';
    else if (point === '\\') out += '#8726;';
    else if (literal.test(point)) out += point;
    else out += `#${point.codePointAt(0)};`;
  }
  return out;
}
