/**
 * Places that a tool's output names: stack frames and `file:line[:column]`. Read in linear time whatever the output is: a
 * pattern that tries every start would take minutes for a line made to be slow.
 */
import { copyOf } from '../preview';

export interface PlaceRef {
  readonly path: string;
  /** One-based. */
  readonly line: number;
  /** What the output shows of that line, as a search does: the whole of it. */
  readonly text: string | null;
  /** Of a language that names a file without its directory: the end of its path, as the package tells it. */
  readonly inPackage: boolean;
}

export const placeRefLimit = 32;
/** Output before this is not searched; the end is what matters, since a failure is told last. */
const searchedChars = 32 * 1024;
const examined = 2000;
const pathChars = 512;
const textChars = 512;

const pythonFrame = /File "([^"\n]{1,512})", line (\d{1,7})/g;
const lineNumber = /:(\d{1,7})(?!\d)|\((\d{1,7}),\d{1,7}\)/g;
const mayName = /:\d|\(\d+,\d/;
/** What a path can't hold when it is written before `:line`. */
const delimiter = /[\s():"'`,;<>[\]{}|=]/;
const named = /(?:[^/\s]\.[A-Za-z][A-Za-z0-9]{0,7}|(?:^|\/)Makefile)$/;
/** A method with its class and package. */
const qualified = /^(?:[\w.-]+\/)?([a-z_]\w*(?:\.[a-z_]\w*)*)\.[A-Z$][\w$]*\.[\w$<>]+$/;

export function placeRefs(output: string): readonly PlaceRef[] {
  const text = output.length > searchedChars ? output.slice(-searchedChars) : output;
  const refs = new Map<string, PlaceRef & { readonly at: number }>();
  const add = (at: number, path: string, line: number, shown: string | null, inPackage: boolean): void => {
    const key = `${path}:${line}`;
    if (line < 1) return;
    refs.delete(key);
    refs.set(key, { path: copyOf(path), line, text: shown === null ? null : copyOf(shown), inPackage, at });
  };
  // Most output names no place: a search for what all of them hold costs a fraction of a match.
  if (text.includes('File "'))
    for (const match of text.matchAll(pythonFrame)) add(match.index, match[1] ?? '', Number(match[2]), null, false);
  if (mayName.test(text)) {
    let seen = 0;
    for (const match of text.matchAll(lineNumber)) {
      if (++seen > examined) break;
      const line = Number(match[1] ?? match[2]);
      const shown = match[2] === undefined ? shownAfter(text, match.index + match[0].length) : null;
      const whole = wholeBefore(text, match.index);
      if (whole !== null) add(match.index, whole, line, shown, false);
      const path = pathBefore(text, match.index);
      if (path === null) continue;
      const directory = path.includes('/') ? null : packageBefore(text, match.index - path.length);
      if (directory === null) add(match.index, path, line, shown, false);
      else add(match.index, `${directory}/${path}`, line, null, true);
    }
  }
  return [...refs.values()]
    .sort((a, b) => a.at - b.at)
    .slice(-placeRefLimit)
    .map(({ path, line, text: shown, inPackage }) => ({ path, line, text: shown, inPackage }));
}

/** The path that ends where `:line` begins, if it looks like one: absolute, or a name with an extension. */
function pathBefore(text: string, end: number): string | null {
  let start = end;
  while (start > 0 && end - start < pathChars && !delimiter.test(text[start - 1] ?? ' ')) start -= 1;
  const path = text.slice(start, end).replace(/^\/\/(?=\/)/, '');
  // A time of day, a host with its port and a version look alike.
  if (path === '' || /^[\d.]+$/.test(path) || (path.startsWith('//') && text[start - 1] === ':')) return null;
  return path.startsWith('/') || (named.test(path) && !/^(?:www\.|[a-z0-9-]+\.(?:com|net|org|local|io|dev)$)/i.test(path)) ? path : null;
}

/** All that stands before it in its line, where that may be a name with blanks or brackets. */
function wholeBefore(text: string, end: number): string | null {
  let start = end;
  let other = false;
  while (start > 0 && text[start - 1] !== '\n') {
    const char = text[start - 1] ?? '';
    if (end - start >= pathChars || char === ':' || char === '"' || char === '\t') return null;
    if (delimiter.test(char)) other = true;
    start -= 1;
  }
  const path = text.slice(start, end);
  return other && !/^[\s>|+-]/.test(path) && named.test(path) ? path : null;
}

/** The line as a search shows it behind its number. */
function shownAfter(text: string, at: number): string | null {
  if (text[at] !== ':') return null;
  const end = text.indexOf('\n', at);
  const rest = text.slice(at + 1, Math.min(end < 0 ? text.length : end, at + 1 + textChars + 16));
  return rest.length > textChars ? null : rest;
}

/** `com/shop` before `(`, where a frame names a method of a class in a package. */
function packageBefore(text: string, open: number): string | null {
  if (text[open - 1] !== '(') return null;
  let start = open - 1;
  while (start > 0 && open - start < pathChars && !/[\s(]/.test(text[start - 1] ?? ' ')) start -= 1;
  const found = qualified.exec(text.slice(start, open - 1));
  return found?.[1]?.replaceAll('.', '/') ?? null;
}
