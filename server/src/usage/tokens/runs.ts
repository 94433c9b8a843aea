/**
 * Runs without a place where a tokenizer parts them (10 MB of one letter, white space, `/` and newlines in turn) cost it the square of
 * their length: a minute for 200 KB. Such runs are cut, which makes their count at most a little larger.
 */

/** UTF-16 units: no word, and no indentation, that a person wrote is longer. */
export const runChars = 256;

/** Each alternative covers whole tokens of both vocabularies' patterns; a mark goes with letters and with signs. */
const run = /[\r\n/]+|[\p{L}\p{M}]+|\s+|[^\s\p{L}\p{N}]+/gu;

/** Parts to be counted each for itself; the text as a whole where no run is too long. */
export function cutRuns(text: string): readonly string[] {
  const parts: string[] = [];
  let from = 0;
  run.lastIndex = 0;
  for (let found = run.exec(text); found !== null; found = run.exec(text)) {
    const length = found[0].length;
    if (length <= runChars) continue;
    if (found.index > from) parts.push(text.slice(from, found.index));
    const end = found.index + length;
    for (let at = found.index; at < end;) {
      let next = Math.min(at + runChars, end);
      // Not within a character.
      if (next < end && isHighBefore(text, next)) next -= 1;
      parts.push(text.slice(at, next));
      at = next;
    }
    from = end;
  }
  if (parts.length === 0) return [text];
  if (from < text.length) parts.push(text.slice(from));
  return parts;
}

function isHighBefore(text: string, at: number): boolean {
  const unit = text.charCodeAt(at - 1);
  return unit >= 0xd800 && unit <= 0xdbff;
}
