/**
 * Holds anchors against a label: README.md's rules as code. An anchor is a file below the agent's workspace (symbolic links resolved)
 * and a line of it, or the file alone.
 */
import { WORKSPACE } from './labels';
import type { Followed, Label, Place } from './labels';

export interface Anchor {
  readonly path: string;
  readonly line: number | null;
}
/** `open`: neither right nor wrong. */
export type Verdict = 'right' | 'wrong' | 'open';

const isOpen = (label: Label, path: string) => label.open?.some((open) => open === '*' || open === path) ?? false;

/** The lines of a place that an anchor may name; none when the place is a file only. */
export function linesOfPlace(place: Place): readonly (readonly [number, number])[] {
  if (place.first === null || place.last === null) return [];
  if (place.whole) return [[1, 1], ...(place.changed ?? [])];
  if (place.gap) return [[Math.max(1, place.first - 1), place.first], ...(place.span ? [place.span] : [])];
  return [[place.first, place.last], ...(place.span ? [place.span] : [])];
}
const within = (ranges: readonly (readonly [number, number])[], line: number) =>
  ranges.some(([first, last]) => line >= first && line <= last);

/** At the time of the call. */
export function judge(label: Label, anchor: Anchor): Verdict {
  for (const place of label.places) {
    if (anchor.line === null && (place.dir === anchor.path || place.dir === `${WORKSPACE}/${anchor.path}`)) return 'right';
    if (place.path !== anchor.path && place.from_ !== anchor.path) continue;
    if (anchor.line === null) return 'right';
    if (place.path === anchor.path && within(linesOfPlace(place), anchor.line)) return 'right';
  }
  return isOpen(label, anchor.path) ? 'open' : 'wrong';
}

/** The places that none of the anchors found, of those that have to be found. */
export function missed(label: Label, anchors: readonly Anchor[]): readonly Place[] {
  return label.places.filter(
    (place) =>
      place.path !== undefined &&
      !isOpen(label, place.path) &&
      !place.optional &&
      !place.implied &&
      !anchors.some(
        (anchor) =>
          anchor.path === place.path &&
          (anchor.line === null ? place.first === null || place.whole === true : within(linesOfPlace(place), anchor.line)),
      ),
  );
}

/** Whether a line of a later file is one of the place's lines. */
function holds(place: Place, followed: Followed, anchor: Anchor): Verdict {
  if (followed.path !== anchor.path || anchor.line === null) return 'wrong';
  const allowed = linesOfPlace(place);
  for (const [from, count, to] of followed.runs) {
    const then = from + anchor.line - to;
    if (then >= from && then < from + count && within(allowed, then)) return 'right';
  }
  return (followed.again ?? []).some(([then, now]) => now === anchor.line && within(allowed, then)) ? 'open' : 'wrong';
}

/** An anchor carried into the final files or those after the human edits, and not marked stale. */
export function judgeLater(label: Label, anchor: Anchor, which: 'final' | 'edited'): Verdict {
  let verdict: Verdict = isOpen(label, anchor.path) ? 'open' : 'wrong';
  for (const place of label.places) {
    const followed = place[which];
    if (!followed) {
      // A file without lines, that is still there under its name, says nothing of lines.
      if (anchor.line === null && place.path === anchor.path) return 'right';
      continue;
    }
    if (anchor.line === null && followed.path === anchor.path) return 'right';
    const held = holds(place, followed, anchor);
    if (held === 'right') return held;
    if (held === 'open') verdict = held;
  }
  return verdict;
}
