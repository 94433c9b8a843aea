/**
 * Who the lines of one version are from in a later one. Between two versions that one call made, a diff's choice is as good as any
 * other. Across a change that nobody recorded it is not: there a line keeps its origin only where no other way to lay the two
 * versions side by side would give it another one.
 */
import { diffArrays } from 'diff';
import { sameOrigin, unknown, unsure } from './lines';
import type { Cell, Origin } from './lines';

/** What a diff may cost; beyond it the lines between the common beginning and end are not told apart. */
const editLimit = 4000;
const diffMs = 250;
/** So many lines that stand nowhere else one after the other are no coincidence, even if none of them is the only one of its kind. */
const tellingRun = 3;
/** Lines compared to know that; where there are more, they may stand elsewhere. */
const runComparisons = 500_000;

interface Pairing {
  /** For each new line the old one it is, or -1. */
  readonly oldOf: Int32Array;
  /** False: what is between the common beginning and end was not compared. */
  readonly complete: boolean;
}

/** `trusted`: one call made the new version out of the old one, and knew what stood there. */
export function carry(old: readonly Cell[], lines: readonly string[], fresh: Origin, trusted: boolean): readonly Origin[] {
  const { oldOf, complete } = pair(old, lines);
  const origins = Array.from(oldOf, (at) => (at < 0 ? (complete ? fresh : unsure) : (old[at]?.origin ?? unknown)));
  if (!trusted) {
    doubtCoincidences(old, lines, oldOf, origins);
    doubtSlides(old, lines, oldOf, origins);
  }
  return origins;
}

function pair(old: readonly Cell[], lines: readonly string[]): Pairing {
  const oldOf = new Int32Array(lines.length).fill(-1);
  const shorter = Math.min(old.length, lines.length);
  let head = 0;
  while (head < shorter && old[head]?.text === lines[head]) oldOf[head] = head++;
  let tail = 0;
  while (tail < shorter - head && old[old.length - 1 - tail]?.text === lines[lines.length - 1 - tail]) {
    oldOf[lines.length - 1 - tail] = old.length - 1 - tail;
    tail += 1;
  }
  const oldMiddle = old.slice(head, old.length - tail);
  const newMiddle = lines.slice(head, lines.length - tail);
  if (oldMiddle.length === 0 || newMiddle.length === 0) return { oldOf, complete: true };
  // Numbers compare fast; what was not seen is like nothing else.
  const numbers = new Map<string, number>();
  const numberOf = (text: string): number => {
    const known = numbers.get(text);
    if (known !== undefined) return known;
    numbers.set(text, numbers.size);
    return numbers.size - 1;
  };
  const before = oldMiddle.map(({ text }, at) => (text === null ? -1 - at : numberOf(text)));
  const changes = diffArrays(before, newMiddle.map(numberOf), { maxEditLength: editLimit, timeout: diffMs });
  if (changes === undefined) return { oldOf, complete: false };
  let from = head;
  let to = head;
  for (const { added, removed, count } of changes) {
    if (added) to += count;
    else if (removed) from += count;
    else for (let i = 0; i < count; i++) oldOf[to++] = from++;
  }
  return { oldOf, complete: true };
}

function countsOf(texts: Iterable<string | null>): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const text of texts) if (text !== null) counts.set(text, (counts.get(text) ?? 0) + 1);
  return counts;
}

function tells(text: string): boolean {
  return /[\p{L}\p{N}]/u.test(text);
}

/** A line between two changes, with a text that stands elsewhere too, may be another one: a brace, an empty line, a `return`. */
function doubtCoincidences(old: readonly Cell[], lines: readonly string[], oldOf: Int32Array, origins: Origin[]): void {
  const oldTexts = old.map(({ text }) => text);
  const inOld = countsOf(oldTexts);
  const inNew = countsOf(lines);
  const work = { left: runComparisons };
  for (let start = 0; start < lines.length;) {
    if ((oldOf[start] ?? -1) < 0) {
      start += 1;
      continue;
    }
    let end = start + 1;
    while (end < lines.length && (oldOf[end] ?? -1) === (oldOf[end - 1] ?? -1) + 1) end += 1;
    const first = oldOf[start] ?? 0;
    const last = oldOf[end - 1] ?? 0;
    const anchored = (start === 0 && first === 0) || (end === lines.length && last === old.length - 1);
    const run = lines.slice(start, end);
    const telling = run.filter(tells);
    const only = telling.some((text) => inOld.get(text) === 1 && inNew.get(text) === 1);
    const coincidence = (): boolean => telling.length < tellingRun || !standsOnce(run, lines, work) || !standsOnce(run, oldTexts, work);
    if (!anchored && !only && coincidence()) origins.fill(unsure, start, end);
    start = end;
  }
}

function standsOnce(run: readonly string[], lines: readonly (string | null)[], work: { left: number }): boolean {
  let found = 0;
  for (let at = 0; at + run.length <= lines.length; at++) {
    let same = 0;
    while (same < run.length && lines[at + same] === run[same]) same += 1;
    work.left -= same + 1;
    if (work.left < 0) return false;
    if (same === run.length && ++found > 1) return false;
  }
  return found === 1;
}

/** A block that was put in or taken out could as well begin some lines earlier or later, where the lines repeat. */
function doubtSlides(old: readonly Cell[], lines: readonly string[], oldOf: Int32Array, origins: Origin[]): void {
  const doubt = (at: number, other: Origin | undefined): void => {
    const mine = origins[at];
    if (mine !== undefined && other !== undefined && !sameOrigin(mine, other)) origins[at] = unsure;
  };
  for (let start = 0; start < lines.length;) {
    if ((oldOf[start] ?? 0) >= 0) {
      start += 1;
      continue;
    }
    let end = start + 1;
    while (end < lines.length && (oldOf[end] ?? 0) < 0) end += 1;
    const was = origins.slice();
    for (let by = 0; end + by < lines.length && lines[start + by] === lines[end + by]; by++) {
      doubt(start + by, was[end + by]);
      doubt(end + by, was[start + by]);
    }
    for (let by = 1; start - by >= 0 && lines[start - by] === lines[end - by]; by++) {
      doubt(start - by, was[end - by]);
      doubt(end - by, was[start - by]);
    }
    start = end;
  }
  // Taken out: between two lines that now stand together.
  for (let at = 0; at <= lines.length; at++) {
    const above = at === 0 ? -1 : (oldOf[at - 1] ?? -2);
    const below = at === lines.length ? old.length : (oldOf[at] ?? -2);
    if (above === -2 || below === -2 || below <= above + 1) continue;
    if ((at > 0 && above < 0) || (at < lines.length && below < 0)) continue;
    const first = above + 1;
    const last = below - 1;
    for (let by = 0; at + by < lines.length && old[first + by]?.text === lines[at + by]; by++) doubt(at + by, old[first + by]?.origin);
    for (let by = 0; at - 1 - by >= 0 && old[last - by]?.text === lines[at - 1 - by]; by++) doubt(at - 1 - by, old[last - by]?.origin);
  }
}
