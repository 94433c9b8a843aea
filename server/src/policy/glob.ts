/**
 * Wildcards as OpenShell's policy engine reads them: `*` and `?` stay within a part, `**` goes across parts, `[…]` and `{…}` are
 * as in other shells. Matched by walking both together, since a pattern that backtracks can be made to take forever.
 */

/** A pattern with more steps than this matches nothing: no policy needs one, and steps cost time. */
const maxSteps = 512;
const maxAlternatives = 32;
/** Hosts and paths are shorter; a longer text matches nothing, nor does a longer pattern. */
const maxText = { '/': 8192, '.': 255 } as const;

type Step =
  | { readonly kind: 'char'; readonly char: string }
  /** One character that is no separator. */
  | { readonly kind: 'one' }
  | { readonly kind: 'set'; readonly negated: boolean; readonly ranges: readonly (readonly [string, string])[] }
  /** Any number of characters, separators among them or not. */
  | { readonly kind: 'any'; readonly across: boolean }
  /** `**` and the separator after it: nothing at all, or whole parts. */
  | { readonly kind: 'parts' };

/** A pattern that was read: each of its alternatives. */
type Glob = readonly (readonly Step[])[];

/** By the part of a document that a pattern is of, which never changes: each is read once, and forgotten with its document. */
const known = new WeakMap<object, Glob>();
let read = 0;

/** How often a pattern was read, for tests that none is read twice. */
export function globsRead(): number {
  return read;
}

/** `separator`: `/` in paths, `.` in hosts. `of`: the part of a document that the pattern is written in, which holds no other. */
export function globMatches(pattern: string, text: string, separator: '/' | '.', of?: object): boolean {
  if (text.length > maxText[separator]) return false;
  let glob = of === undefined ? undefined : known.get(of);
  if (glob === undefined) {
    glob = globOf(pattern, separator);
    if (of !== undefined) known.set(of, glob);
  }
  return glob.some((steps) => walk(steps, text, separator));
}

function globOf(pattern: string, separator: '/' | '.'): Glob {
  read += 1;
  if (pattern.length > maxText[separator]) return [];
  return alternatives(pattern).flatMap((one) => {
    const steps = parse(one, separator);
    return steps === null ? [] : [steps];
  });
}

/** Whether anything in it is read as more than itself. */
export function hasWildcard(text: string): boolean {
  return /[*?[\]{}!\\]/.test(text);
}

/** `a{b,c}` is `ab` and `ac`; braces within braces and those that are not closed match nothing. */
function alternatives(pattern: string): readonly string[] {
  let made: string[] = [''];
  for (let at = 0; at < pattern.length; at++) {
    if (pattern[at] !== '{') {
      made = made.map((text) => text + pattern[at]);
      continue;
    }
    const end = pattern.indexOf('}', at);
    const inner = pattern.slice(at + 1, end);
    if (end < 0 || inner.includes('{')) return [];
    made = made.flatMap((text) => inner.split(',').map((choice) => text + choice));
    if (made.length > maxAlternatives) return [];
    at = end;
  }
  return made;
}

function parse(pattern: string, separator: string): readonly Step[] | null {
  const steps: Step[] = [];
  for (let at = 0; at < pattern.length; at++) {
    if (steps.length > maxSteps) return null;
    const char = pattern[at] ?? '';
    if (char === '*' && pattern[at + 1] === '*') {
      const begins = at === 0 || pattern[at - 1] === separator;
      if (begins && pattern[at + 2] === separator && separator === '/') {
        steps.push({ kind: 'parts' });
        at += 2;
      } else {
        steps.push({ kind: 'any', across: true });
        at += 1;
      }
    } else if (char === '*') steps.push({ kind: 'any', across: false });
    else if (char === '?') steps.push({ kind: 'one' });
    else if (char === '[') {
      const set = parseSet(pattern, at);
      if (set === null) return null;
      steps.push(set.step);
      at = set.end;
    } else if (char === '\\') {
      at += 1;
      if (at >= pattern.length) return null;
      steps.push({ kind: 'char', char: pattern[at] ?? '' });
    } else steps.push({ kind: 'char', char });
  }
  return steps;
}

function parseSet(pattern: string, at: number): { readonly step: Step; readonly end: number } | null {
  const negated = pattern[at + 1] === '!' || pattern[at + 1] === '^';
  const first = at + (negated ? 2 : 1);
  const end = pattern.indexOf(']', first + 1);
  if (end < 0) return null;
  const ranges: (readonly [string, string])[] = [];
  for (let i = first; i < end; i++) {
    const from = pattern[i] ?? '';
    const to = pattern[i + 1] === '-' && i + 2 < end ? (pattern[i + 2] ?? '') : from;
    ranges.push([from, to]);
    if (to !== from || pattern[i + 1] === '-') i += i + 2 < end ? 2 : 0;
  }
  return { step: { kind: 'set', negated, ranges }, end };
}

/** All steps that the text so far may stand at, character by character. */
function walk(steps: readonly Step[], text: string, separator: string): boolean {
  let here = new Set<number>();
  const enter = (into: Set<number>, at: number): void => {
    if (into.has(at)) return;
    into.add(at);
    const step = steps[at];
    // What may be nothing at all may be passed at once.
    if (step?.kind === 'any' || step?.kind === 'parts') enter(into, at + 1);
  };
  enter(here, 0);
  for (const char of text) {
    const next = new Set<number>();
    for (const at of here) {
      const step = steps[at];
      if (step === undefined) continue;
      switch (step.kind) {
        case 'char':
          if (step.char === char) enter(next, at + 1);
          break;
        case 'one':
          if (char !== separator) enter(next, at + 1);
          break;
        case 'set':
          if (char !== separator && step.ranges.some(([from, to]) => from <= char && char <= to) !== step.negated) enter(next, at + 1);
          break;
        case 'any':
          if (step.across || char !== separator) enter(next, at);
          break;
        case 'parts':
          // Within the parts it stays; a separator may end them.
          next.add(at);
          if (char === separator) enter(next, at + 1);
          break;
      }
    }
    // `parts` that stays must not let what follows begin in the middle of a part: it was added without entering it.
    here = next;
    if (here.size === 0) return false;
  }
  return here.has(steps.length);
}
