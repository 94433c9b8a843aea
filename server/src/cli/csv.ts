/** Comma-separated values (RFC 4180) that a spreadsheet takes for what they are, whatever a sandbox wrote into them. */
import { plainLine } from '../decode/preview';

export type Cell = string | number | null;

const cellLimit = 1000;

/** null is an empty cell: not observed is no zero. */
export function csv(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  return [head, ...rows].map((row) => `${row.map(cellText).join(',')}\n`).join('');
}

function cellText(cell: Cell): string {
  if (cell === null) return '';
  // Our own numbers; whole digits, as a sum of them is wanted to the last.
  if (typeof cell === 'number') return plainNumber(cell);
  const text = guarded(plainLine(cell, cellLimit));
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** A spreadsheet would run it as a formula, also in the wide letters of East Asia. */
function guarded(text: string): string {
  return /^[=+\-@\t\r\n＝＋－＠]/u.test(text) ? `'${text}` : text;
}

/** Never in the way of `1e-7`. */
function plainNumber(value: number): string {
  const text = String(value);
  return text.includes('e') ? value.toFixed(12).replace(/\.?0+$/, '') : text;
}
