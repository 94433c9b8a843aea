/**
 * The constants of a source: names that the whole file gives to one thing only. Without a parser it is not known where a name means what,
 * so one that anything else may be called by (a parameter, what is taken apart, what is imported or assigned) is none.
 */
import type { Token, Tokens } from './jsTokens';

/** A type between a name and its value has no more words than this. */
const typeWords = 24;
const declaring: ReadonlySet<string> = new Set(['const', 'let', 'var']);
const naming: ReadonlySet<string> = new Set(['function', 'class', 'enum', 'namespace']);
const heads: ReadonlySet<string> = new Set(['if', 'while', 'for', 'switch', 'with']);

/** Where the value of each begins; null: it is no constant, or has none that stands there. */
export function constants({ list, close }: Tokens): ReadonlyMap<string, number | null> {
  const values = new Map<string, number | null>();
  /** Up to here each name is one that something is given. */
  let until = 0;
  for (let at = 0; at < list.length; at++) {
    const token = list[at];
    if (token === undefined) continue;
    const before = list[at - 1];
    if (token.kind === 'other') {
      if (isParameters(list, close, at)) until = Math.max(until, close.get(at) ?? at);
      continue;
    }
    if (token.kind !== 'name' || isOther(before, '.')) continue;
    if (token.text === 'import') until = Math.max(until, importEnd(list, at + 1));
    const next = list[at + 1];
    if (declaring.has(token.text) && isOther(next, '{', '[')) until = Math.max(until, close.get(at + 1) ?? at);
    else if (at < until) values.set(token.text, null);
    else if (before?.kind === 'name' && declaring.has(before.text))
      values.set(token.text, before.text === 'const' && !values.has(token.text) ? valueAfter(list, close, at + 1) : null);
    else if (isOther(next, '=', '=>') || (before?.kind === 'name' && naming.has(before.text))) values.set(token.text, null);
  }
  return values;
}

/** What stands in front of `=>` or of a body, or of a type in front of these. */
function isParameters(list: Tokens['list'], close: Tokens['close'], open: number): boolean {
  const closing = isOther(list[open], '(') ? close.get(open) : undefined;
  if (closing === undefined || !isOther(list[closing + 1], '=>', '{', ':')) return false;
  const before = list[open - 1];
  return before?.kind !== 'name' || !heads.has(before.text);
}

/** `from`: behind the word. Of `import(…)` and `import.meta` nothing is a name. */
function importEnd(list: Tokens['list'], from: number): number {
  let at = from;
  while (at < list.length) {
    const token = list[at];
    const named = token?.kind === 'name' && token.text !== 'import' && !declaring.has(token.text);
    if (!named && !isOther(token, '{', '}', ',', '*')) break;
    at += 1;
  }
  return at;
}

/** Where the value begins, after `=` or after a type and `=`. */
function valueAfter(list: Tokens['list'], close: Tokens['close'], from: number): number | null {
  if (!isOther(list[from], '=', ':')) return null;
  for (let at = from, words = 0; at < list.length && words < typeWords; words++) {
    const token = list[at];
    if (isOther(token, '=')) return at + 1;
    if (isOther(token, ';')) return null;
    at = (close.get(at) ?? at) + 1;
  }
  return null;
}

function isOther(token: Token | undefined, ...texts: readonly string[]): boolean {
  return token?.kind === 'other' && texts.includes(token.text);
}
