/**
 * A text cut where a tokenizer would part it anyway, so that the sum over its pieces is the count of the whole: after a line, or before
 * a word. Where there is no such place for long, it is cut all the same, and the sum may be one or two more.
 */

/** UTF-16 units. One piece takes a worker some 15 ms: the longest that anyone else waits, or that goes on after nobody wants it. */
export const pieceChars = 64 * 1024;
/** How far back a good place is looked for. */
const backChars = 4096;

/** Where the piece that begins at `from` ends. */
export function pieceEnd(text: string, from: number, most = pieceChars): number {
  const limit = from + most;
  if (limit >= text.length) return text.length;
  const least = Math.max(from + 1, limit - backChars);
  for (let at = limit; at >= least; at--) if (afterLine(text, at)) return at;
  for (let at = limit; at >= least; at--) if (beforeWord(text, at)) return at;
  // Not within a character.
  return isLow(text.charCodeAt(limit)) && isHigh(text.charCodeAt(limit - 1)) ? limit - 1 : limit;
}

/** A newline, and then what neither is white space nor joins a newline to a token (`/`). */
function afterLine(text: string, at: number): boolean {
  return text[at - 1] === '\n' && /[^\s/]/.test(text[at] ?? ' ');
}

/** A space between a word and a word. */
function beforeWord(text: string, at: number): boolean {
  return text[at] === ' ' && /[A-Za-z]/.test(text[at + 1] ?? '') && /[^\s]/.test(text[at - 1] ?? ' ');
}

function isHigh(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}
function isLow(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}
