/**
 * Places that a tool's output names: stack frames and `file:line[:column]`. Read in linear time whatever the output is: a
 * pattern that tries every start would take minutes for a line made to be slow.
 */
import { copyOf } from '../preview';

export interface PlaceRef {
  readonly path: string;
  /** One-based. */
  readonly line: number;
}

export const placeRefLimit = 16;
/** Output before this is not searched; the end is what matters, since a failure is told last. */
const searchedChars = 32 * 1024;
const examined = 2000;
const pathChars = 512;

const pythonFrame = /File "([^"\n]{1,512})", line (\d{1,7})/g;
const lineNumber = /:(\d{1,7})(?!\d)/g;
const mayName = /:\d/;
/** What a path can't hold when it is written before `:line`. */
const delimiter = /[\s():"'`,;<>[\]{}|=]/;

export function placeRefs(output: string): readonly PlaceRef[] {
  const text = output.length > searchedChars ? output.slice(-searchedChars) : output;
  const refs = new Map<string, PlaceRef>();
  const add = (path: string, line: number): void => {
    if (line >= 1) refs.set(`${path}:${line}`, { path: copyOf(path), line });
  };
  // Most output names no place: a search for what all of them hold costs a fraction of a match.
  if (text.includes('File "')) for (const match of text.matchAll(pythonFrame)) add(match[1] ?? '', Number(match[2]));
  if (refs.size === 0 && mayName.test(text)) {
    let seen = 0;
    for (const match of text.matchAll(lineNumber)) {
      if (++seen > examined) break;
      const path = pathBefore(text, match.index);
      if (path !== null) add(path, Number(match[1]));
    }
  }
  return [...refs.values()].slice(-placeRefLimit);
}

/** The path that ends where `:line` begins, if it looks like one: absolute, or a name with an extension. */
function pathBefore(text: string, end: number): string | null {
  let start = end;
  while (start > 0 && end - start < pathChars && !delimiter.test(text[start - 1] ?? ' ')) start -= 1;
  const path = text.slice(start, end).replace(/^\/\/(?=\/)/, '');
  // A time of day, a host with its port and a version look alike.
  if (path === '' || /^[\d.]+$/.test(path) || (path.startsWith('//') && text[start - 1] === ':')) return null;
  return path.startsWith('/') ||
    (/\.[A-Za-z][A-Za-z0-9]{0,7}$/.test(path) && !/^(?:www\.|[a-z0-9-]+\.(?:com|net|org|local|io|dev)$)/i.test(path))
    ? path
    : null;
}
