/**
 * Lines that a transcript holds with a secret masked: of the secret its beginning, an ellipsis and its end. The file has the secret
 * itself, so the line in it is another text, though nobody changed it. Pure.
 */
import type { Cell } from './lines';

/** What stands before and behind each ellipsis of one line. */
export type MaskedLine = readonly string[];

/** Masked lines of one file that are looked for; each changed line is held against all of them. */
export const maskedKept = 256;

const masked = /[\w.-]{6}…[\w.+/=-]{4}/;

export function maskedLines(cells: readonly Cell[]): readonly MaskedLine[] {
  const texts = new Set<string>();
  for (const { text } of cells) {
    if (texts.size >= maskedKept) break;
    if (text !== null && masked.test(text)) texts.add(text);
  }
  return [...texts].map((text) => text.split('…'));
}

/** Whether it may be one of those lines, with the secret in it. */
export function mayBeMasked(line: string, lines: readonly MaskedLine[]): boolean {
  return lines.some((parts) => fits(line, parts));
}

function fits(line: string, parts: MaskedLine): boolean {
  const last = parts.length - 1;
  const [first = ''] = parts;
  if (!line.startsWith(first)) return false;
  let end = first.length;
  for (let i = 1; i <= last; i++) {
    const part = parts[i] ?? '';
    const at = i === last ? line.length - part.length : line.indexOf(part, end);
    // No secret that is masked so has a blank in it.
    if (at < end || !line.startsWith(part, at) || /\s/.test(line.slice(end, at))) return false;
    end = at + part.length;
  }
  return true;
}
