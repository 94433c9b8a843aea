/** Objects and lists in the words of a text: their parts, with what is nested within passed over. */
import type { Token, Tokens } from './jsTokens';

/** How many words may still be looked at, in all: whoever looks for one thing after the other gives the same to each. */
export interface Steps {
  left: number;
}

export interface Property {
  readonly key: Token;
  /** Where its value begins, in the list of words, and where what follows it does. Of a shorthand it is the key itself. */
  readonly from: number;
  readonly to: number;
}

/** `open`: place of the `{`. A key that is computed, and what is spread, is passed over. */
export function* properties({ list, close }: Tokens, open: number, steps: Steps): Generator<Property> {
  const end = close.get(open) ?? list.length;
  for (let at = open + 1; at < end;) {
    const to = partEnd(list, close, at, end, steps);
    let named = at;
    // `async name() {}` and the like: what it is called stands after it.
    while (isModifier(list[named]) && (list[named + 1]?.kind === 'name' || list[named + 1]?.kind === 'string')) named += 1;
    const key = list[named];
    if (key !== undefined && key.kind !== 'other') {
      const next = list[named + 1]?.text;
      const colon = list[named + 1]?.kind === 'other' && next === ':';
      yield { key, from: colon ? named + 2 : named + (to > named + 1 ? 1 : 0), to };
    }
    at = to + 1;
  }
}

/**
 * The one property of this name: null if there is none, and if what it is can't be told, because it stands there twice or what is spread
 * after it may have it too.
 */
export function property(tokens: Tokens, open: number, name: string, steps: Steps): Property | null {
  let found: Property | null = null;
  for (const one of properties(tokens, open, steps)) {
    if (one.key.text !== name) continue;
    if (found !== null) return null;
    found = one;
  }
  if (found === null || isSpreadAfter(tokens, open, found.to, steps)) return null;
  // What was not looked through to its end may have more.
  return steps.left < 0 ? null : found;
}

function isSpreadAfter(tokens: Tokens, open: number, from: number, steps: Steps): boolean {
  const { list, close } = tokens;
  const end = close.get(open) ?? list.length;
  for (let at = from + 1; at < end; at = partEnd(list, close, at, end, steps) + 1) {
    const token = list[at];
    if (token?.kind === 'other' && token.text === '...') return true;
  }
  return false;
}

/** Where each part of a list, or of the arguments of a call, begins. */
export function* parts({ list, close }: Tokens, open: number, steps: Steps): Generator<{ readonly from: number; readonly to: number }> {
  const end = close.get(open) ?? list.length;
  for (let at = open + 1; at < end;) {
    const to = partEnd(list, close, at, end, steps);
    if (to > at) yield { from: at, to };
    at = to + 1;
  }
}

function partEnd(list: readonly Token[], close: ReadonlyMap<number, number>, from: number, end: number, steps: Steps): number {
  let at = from;
  while (at < end) {
    if (--steps.left < 0) return end;
    const token = list[at];
    if (token?.kind === 'other' && token.text === ',') return at;
    const closing = close.get(at);
    // Nothing can be told of what is never closed.
    if (closing === undefined && token?.kind === 'other' && (token.text === '{' || token.text === '(' || token.text === '[')) return end;
    // What ends one part of a template may begin the next.
    at = closing === undefined ? at + 1 : close.has(closing) ? closing : closing + 1;
  }
  return end;
}

function isModifier(token: Token | undefined): boolean {
  return token?.kind === 'name' && (token.text === 'async' || token.text === 'get' || token.text === 'set' || token.text === 'static');
}
