/**
 * The words of a JavaScript, TypeScript or JSON5 text, with their places and the brackets that belong together. One way through the
 * text, whatever stands in it: a file may come from anyone, and may be half typed. A regular
 * expression after a bracket it can tell only where the bracket is of an `if`, `while` or `for`: the rest would take a whole parser.
 */
import { nameLimit } from './definition';

export interface Token {
  readonly kind: 'name' | 'string' | 'other';
  /** Of a string what it holds; empty where that is longer than any name. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
  /** Brackets open around it. */
  readonly depth: number;
}

export interface Tokens {
  readonly list: readonly Token[];
  /** Of an opening bracket, by its place in the list, that of its closing one; there is none where it is never closed. */
  readonly close: ReadonlyMap<number, number>;
  /** There was more than is looked at. */
  readonly cut: boolean;
}

export const maxTokens = 200_000;
/** What is longer is not taken for a regular expression. */
export const maxRegexChars = 1000;
/** What looked like one and was none costs at most as many times the text, or a row of such beginnings costs the square of it. */
const vainLooks = 4;

const beforeRegex: ReadonlySet<string> = new Set([
  ...['return', 'typeof', 'case', 'in', 'of', 'do', 'else', 'void', 'delete', 'throw', 'new', 'instanceof', 'yield', 'await'],
]);
const beforeHead: ReadonlySet<string> = new Set(['if', 'while', 'for', 'with']);
const opens: ReadonlyMap<string, string> = new Map([
  ['(', ')'],
  ['[', ']'],
  ['{', '}'],
]);
const closers: ReadonlySet<string> = new Set(opens.values());
const longOthers = ['...', '=>', '===', '==', '?.'] as const;

export function jsTokens(text: string): Tokens {
  return new Scan(text).all();
}

class Scan {
  readonly #text: string;
  readonly #list: Token[] = [];
  readonly #close = new Map<number, number>();
  /** Places of open brackets; '`' stands for the braces within a template. */
  readonly #open: { readonly closer: string; readonly token: number }[] = [];
  #at = 0;
  /** Characters that may still be looked at in vain. */
  #vain: number;
  /** Place in the list of the last bracket that ends what `if`, `for` and the like stand before; no operand, so no division follows. */
  #head = -1;

  constructor(text: string) {
    this.#text = text;
    this.#vain = vainLooks * text.length;
  }

  all(): Tokens {
    const text = this.#text;
    while (this.#at < text.length && this.#list.length < maxTokens) this.#next();
    return { list: this.#list, close: this.#close, cut: this.#at < text.length };
  }

  #next(): void {
    const text = this.#text;
    const char = text.charAt(this.#at);
    if (isSpace(char)) this.#at += 1;
    else if (char === '/' && text[this.#at + 1] === '/') this.#at = orEnd(lineEnd(text, this.#at), text);
    else if (char === '/' && text[this.#at + 1] === '*') this.#at = after(text, '*/', this.#at + 2);
    else if (char === '"' || char === "'") this.#string(char);
    else if (char === '`') this.#template(this.#at + 1);
    else if (isWord(char)) this.#word();
    else if (char === '/' && this.#mayBeRegex()) this.#regex();
    else this.#other(char);
  }

  #push(kind: Token['kind'], text: string, start: number): void {
    this.#list.push({ kind, text, start, end: this.#at, depth: this.#open.length });
  }

  /** Ends with its line, if nothing else ends it. */
  #string(quote: string): void {
    const start = this.#at;
    let at = start + 1;
    for (; at < this.#text.length; at++) {
      const char = this.#text[at];
      if (char === '\\') at += 1;
      else if (char === quote || char === '\n') break;
    }
    this.#at = Math.min(at + 1, this.#text.length);
    this.#push(
      'string',
      this.#text[at] === quote ? valueOf(this.#text.slice(start + 1, Math.min(at, start + 1 + 2 * nameLimit))) : '',
      start,
    );
  }

  /** From the beginning of a template, or from where something within it ended, to its end or to what is within it next. */
  #template(from: number): void {
    const start = this.#at;
    let at = from;
    for (; at < this.#text.length; at++) {
      const char = this.#text[at];
      if (char === '\\') at += 1;
      else if (char === '`' || (char === '$' && this.#text[at + 1] === '{')) break;
    }
    const whole = this.#text[at] === '`' && this.#text[start] === '`';
    if (this.#text[at] === '$') {
      this.#at = Math.min(at + 2, this.#text.length);
      this.#open.push({ closer: '`', token: this.#list.length });
      this.#push('other', '${', start);
      return;
    }
    this.#at = Math.min(at + 1, this.#text.length);
    if (whole) this.#push('string', valueOf(this.#text.slice(start + 1, Math.min(at, start + 1 + 2 * nameLimit))), start);
    else this.#push('other', '`', start);
  }

  #word(): void {
    const start = this.#at;
    while (this.#at < this.#text.length && isWord(this.#text.charAt(this.#at))) this.#at += 1;
    this.#push('name', this.#text.slice(start, Math.min(this.#at, start + 2 * nameLimit)), start);
  }

  #mayBeRegex(): boolean {
    const last = this.#list.at(-1);
    if (last === undefined) return true;
    if (last.kind === 'string') return false;
    if (last.kind === 'name') return beforeRegex.has(last.text);
    return this.#head === this.#list.length - 1 || (!closers.has(last.text) && last.text !== '`');
  }

  #regex(): void {
    const start = this.#at;
    const end = Math.min(this.#text.length, start + maxRegexChars, start + this.#vain);
    let inClass = false;
    let at = start + 1;
    for (; at < end; at++) {
      const char = this.#text[at];
      if (char === '\n') break;
      if (char === '\\') at += 1;
      else if (char === '[') inClass = true;
      else if (char === ']') inClass = false;
      else if (char === '/' && !inClass) {
        this.#at = at + 1;
        this.#push('other', '/regex/', start);
        return;
      }
    }
    this.#vain -= Math.min(at, end) - start;
    this.#other('/');
  }

  #other(char: string): void {
    const start = this.#at;
    const top = this.#open.at(-1);
    if (char === '}' && top?.closer === '`') {
      this.#open.pop();
      this.#close.set(top.token, this.#list.length);
      this.#template(start + 1);
      return;
    }
    const word = longOthers.find((one) => this.#text.startsWith(one, start)) ?? char;
    this.#at += word.length;
    if (top !== undefined && word === top.closer) {
      this.#open.pop();
      this.#close.set(top.token, this.#list.length);
      if (word === ')' && this.#isHead(top.token)) this.#head = this.#list.length;
    }
    this.#push('other', word, start);
    const closer = opens.get(word);
    if (closer !== undefined) this.#open.push({ closer, token: this.#list.length - 1 });
  }

  /** `open`: place of the bracket in the list. */
  #isHead(open: number): boolean {
    const word = this.#list[open - 1];
    const before = this.#list[open - 2];
    if (word?.kind !== 'name' || (before?.kind === 'other' && (before.text === '.' || before.text === '?.'))) return false;
    return beforeHead.has(word.text) || (word.text === 'await' && before?.kind === 'name' && before.text === 'for');
  }
}

function isSpace(char: string): boolean {
  return char === ' ' || char === '\n' || char === '\t' || char === '\r' || char === '\ufeff' || char === '\u00a0';
}

function isWord(char: string): boolean {
  return (
    (char >= 'a' && char <= 'z') ||
    (char >= 'A' && char <= 'Z') ||
    (char >= '0' && char <= '9') ||
    char === '_' ||
    char === '$' ||
    char > '\u007f'
  );
}

function lineEnd(text: string, from: number): number {
  return text.indexOf('\n', from);
}

function orEnd(at: number, text: string): number {
  return at < 0 ? text.length : at;
}

function after(text: string, end: string, from: number): number {
  const at = text.indexOf(end, from);
  return at < 0 ? text.length : at + end.length;
}

const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', b: '\b', f: '\f', v: '\v', '0': '\0' };

function valueOf(raw: string): string {
  const value = raw.includes('\\')
    ? raw.replace(/\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|([^]))/g, (_all, u?: string, x?: string, char?: string) =>
        char === undefined ? String.fromCharCode(parseInt(u ?? x ?? '0', 16)) : (escapes[char] ?? char),
      )
    : raw;
  return value.length > nameLimit ? '' : value;
}
