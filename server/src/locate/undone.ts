/**
 * How a file was before its calls, worked out backwards from how it is now: a change is taken back where it can only have been made
 * in one place. It ends where that is not so, or where what a call saw was something else. Pure.
 */
import type { FileEvent, TextEdit } from './blame/events';
import { withoutFinal } from './blame/lines';
import { hunksOf, placeChunks, standsAt } from './blame/patches';
import type { Chunk, Work } from './blame/patches';

export interface DatedEvent {
  readonly event: FileEvent;
  /** Zero-based, as the tool told it. */
  readonly firstChanged: number | null;
}

/** How many lines compared, and files searched, in taking all back: both are made by others. */
const workLimit = 20_000_000;

/**
 * The lines before the event of that number, the earliest that can be told; all events behind it are taken back. `from` is the number
 * of events where none can be.
 */
export function linesBefore(
  events: readonly (readonly DatedEvent[])[],
  now: readonly string[],
): { readonly from: number; readonly lines: readonly string[] } {
  let lines = now;
  const work: Work = { left: workLimit };
  for (let at = events.length - 1; at >= 0; at--) {
    let before: readonly string[] | null = lines;
    for (const event of [...(events[at] ?? [])].reverse()) {
      work.left -= before === null || event.event.kind === 'seen' ? 0 : before.length;
      if (before !== null) before = work.left < 0 ? null : takenBack(event, before, work);
    }
    if (before === null) return { from: at + 1, lines };
    lines = before;
  }
  return { from: 0, lines };
}

function takenBack({ event, firstChanged }: DatedEvent, lines: readonly string[], work: Work): readonly string[] | null {
  switch (event.kind) {
    case 'seen': {
      const seen = event.end ? withoutFinal(event.lines, (line) => line === '') : event.lines;
      return seen.every((line, i) => lines[event.start + i] === line) ? lines : null;
    }
    case 'edit':
      return editTakenBack(event.edits, event.patch, firstChanged, lines);
    case 'update':
      return patchTakenBack(event.chunks, lines, work);
    case 'write':
    case 'delete':
    case 'moved':
    case 'maybe':
      return null;
  }
}

function editTakenBack(
  edits: readonly TextEdit[],
  patch: string | null,
  firstChanged: number | null,
  lines: readonly string[],
): readonly string[] | null {
  const hunks = hunksOf(patch);
  if (hunks !== null) {
    const before = [...lines];
    for (const { newStart, newLines, oldLines } of [...hunks].reverse()) {
      if (!newLines.every(({ text }, i) => before[newStart + i] === text)) return null;
      before.splice(newStart, newLines.length, ...oldLines);
    }
    return before;
  }
  let text = lines.join('\n');
  for (const { oldText, newText } of [...edits].reverse()) {
    const at = newText === '' ? -1 : onlyPlace(text, newText, edits.length === 1 ? firstChanged : null);
    if (at < 0) return null;
    text = text.slice(0, at) + oldText + text.slice(at + newText.length);
  }
  return text.split('\n');
}

const placesTried = 64;

/** Where it stands, and nowhere else; of several places the one that begins at the line or a little before. -1: not told. */
function onlyPlace(text: string, wanted: string, line: number | null): number {
  const first = text.indexOf(wanted);
  if (first < 0 || text.indexOf(wanted, first + 1) < 0) return first;
  if (line === null) return -1;
  const height = wanted.split('\n').length;
  let found = -1;
  let tried = 0;
  for (let at = first; at >= 0; at = text.indexOf(wanted, at + 1)) {
    if (++tried > placesTried) return -1;
    const begins = linesTo(text, at);
    if (begins > line || begins + height <= line) continue;
    if (found >= 0) return -1;
    found = at;
  }
  return found;
}

function linesTo(text: string, end: number): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at >= 0 && at < end; at = text.indexOf('\n', at + 1)) count += 1;
  return count;
}

function patchTakenBack(chunks: readonly Chunk[], lines: readonly string[], work: Work): readonly string[] | null {
  const before = [...lines];
  let end = lines.length;
  for (const { oldLines, newLines } of [...chunks].reverse()) {
    const wanted = newLines.map(({ text }) => text);
    if (wanted.length === 0) return null;
    let found = -1;
    for (let at = 0; at + wanted.length <= end; at++) {
      const here = standsAt(lines, wanted, at, work);
      if (work.left < 0) return null;
      if (!here) continue;
      if (found >= 0) return null;
      found = at;
    }
    if (found < 0) return null;
    before.splice(found, wanted.length, ...oldLines);
    end = found;
  }
  // The tool looks from above: it must come to the same places.
  const left = withoutFinal(before, (line) => line === '');
  const placed = placeChunks(left, chunks, work);
  if (placed === null) return null;
  const again = [...left];
  for (const { at, removed, lines: put } of [...placed].sort((a, b) => b.at - a.at))
    again.splice(at, removed, ...put.map(({ text }) => text));
  const wanted = withoutFinal(lines, (line) => line === '');
  return again.length === wanted.length && again.every((line, i) => line === wanted[i]) ? before : null;
}
