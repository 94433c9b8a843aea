/**
 * What stands for sure in a JSON5 text that may be half typed: entries of objects and of lists up to the first word that does not belong
 * there. Behind it a value may be taken for a key, and a value may be a secret.
 */
import type { Token, Tokens } from './jsTokens';

export interface Json5 {
  readonly tokens: Tokens;
  /** As many words are well-formed. */
  readonly sound: number;
}

export interface Entry {
  readonly key: Token;
  /** Where its value stands in the list of words. */
  readonly value: number;
}

export function json5(text: string, tokens: Tokens): Json5 {
  return { tokens, sound: soundWords(text, tokens.list) };
}

/** Entries of the object whose `{` stands at `open`, by their keys: of the same key twice the last counts, in the place of the first. */
export function entries(read: Json5, open: number): ReadonlyMap<string, Entry> {
  const found = new Map<string, Entry>();
  const { list } = read.tokens;
  for (const at of items(read, open)) {
    const key = list[at];
    if (key !== undefined && at + 2 < read.sound) found.set(key.text, { key, value: at + 2 });
  }
  return found;
}

/** Where each entry of an object, or of a list, begins. */
export function* items({ tokens: { list, close }, sound }: Json5, open: number): Generator<number> {
  const end = Math.min(close.get(open) ?? sound, sound);
  for (let at = open + 1; at < end;) {
    yield at;
    while (at < end && !isOther(list[at], ',')) {
      const closing = close.get(at);
      at = closing === undefined ? (isOpening(list[at]) ? end : at + 1) : closing + 1;
    }
    at += 1;
  }
}

export function isObject({ tokens, sound }: Json5, at: number): boolean {
  return at < sound && isOther(tokens.list[at], '{');
}

export function isList({ tokens, sound }: Json5, at: number): boolean {
  return at < sound && isOther(tokens.list[at], '[');
}

type Expected = 'value' | 'value or ]' | 'key or }' | ':' | ', or end';

function soundWords(text: string, list: readonly Token[]): number {
  const open: string[] = [];
  let expected: Expected = 'value';
  for (let at = 0; at < list.length;) {
    const token = list[at];
    if (token === undefined) return at;
    if (expected === ':') {
      if (!isOther(token, ':')) return at;
      expected = 'value';
      at += 1;
    } else if (expected === 'key or }' && !isOther(token, '}')) {
      // Without what must follow it, it may be something else than a key.
      if (!isKey(text, token) || !isOther(list[at + 1], ':')) return at;
      expected = ':';
      at += 1;
    } else if (expected === ', or end' && isOther(token, ',')) {
      if (open.length === 0) return at;
      expected = open.at(-1) === '}' ? 'key or }' : 'value or ]';
      at += 1;
    } else if (token.kind === 'other' && (token.text === '}' || token.text === ']')) {
      if (expected === 'value' || open.pop() !== token.text) return at;
      expected = ', or end';
      at += 1;
    } else if (expected === ', or end') {
      return at;
    } else if (isOpening(token)) {
      open.push(token.text === '{' ? '}' : ']');
      expected = token.text === '{' ? 'key or }' : 'value or ]';
      at += 1;
    } else {
      const words = token.kind === 'string' ? (isWhole(text, token) ? 1 : 0) : plainWords(list, at);
      if (words === 0) return at;
      expected = ', or end';
      at += words;
    }
  }
  return list.length;
}

const plain = /^(?:true|false|null|[+-]?(?:Infinity|NaN|0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?))$/;
/** A number has no more words: sign, digits, point, digits with an exponent, its sign, its digits. */
const plainWordsAtMost = 6;

/** Of how many words the number, or the word that is a value, consists that stands here; 0: none does. */
function plainWords(list: readonly Token[], at: number): number {
  let written = '';
  let words = 0;
  for (; words < plainWordsAtMost; words++) {
    const token = list[at + words];
    if (token === undefined || token.kind === 'string' || (words > 0 && token.start !== list[at + words - 1]?.end)) break;
    if (token.kind === 'other' && !/^[+.-]$/.test(token.text)) break;
    written += token.text;
  }
  return plain.test(written) ? words : 0;
}

function isKey(text: string, token: Token): boolean {
  return token.kind === 'string' ? isWhole(text, token) : token.kind === 'name' && !/^\d/.test(token.text);
}

/** No template, and with its end. */
function isWhole(text: string, { start, end }: Token): boolean {
  const quote = text[start];
  return (quote === '"' || quote === "'") && end - start >= 2 && text[end - 1] === quote;
}

function isOpening(token: Token | undefined): boolean {
  return isOther(token, '{') || isOther(token, '[');
}

function isOther(token: Token | undefined, text: string): boolean {
  return token?.kind === 'other' && token.text === text;
}
