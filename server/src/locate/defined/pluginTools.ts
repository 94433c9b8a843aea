/**
 * Tools that the source of a plugin registers: `registerTool({ name: "…" })`, `registerTool(factory, { name | names })`, and
 * `defineToolPlugin({ tools: (tool) => [tool({ name: "…" })] })`. Only names that stand there as text count, or as a constant of the same
 * file that is declared once: what would have to be run to be known is not guessed.
 */
import { toolKey } from './definition';
import type { Definition } from './definition';
import { parts, properties, property } from './jsObject';
import { jsTokens } from './jsTokens';
import type { Token, Tokens } from './jsTokens';
import { TextLines } from './textLines';

export const maxToolsPerFile = 200;

/** Most files are passed over for a look at their letters. */
export function mayRegister(text: string): boolean {
  return text.includes('registerTool') || text.includes('defineToolPlugin');
}

export function pluginTools(text: string): readonly Definition[] {
  if (!mayRegister(text)) return [];
  const lines = new TextLines(text);
  return namesIn(jsTokens(text)).map((token) => ({
    kind: 'plugin-tool',
    name: token.text,
    key: toolKey(token.text),
    range: lines.range(token),
  }));
}

export function namesIn(tokens: Tokens): readonly Token[] {
  return new Finding(tokens).names();
}

/** A type between a name and its value has no more words than this. */
const typeWords = 24;

class Finding {
  readonly #tokens: Tokens;
  readonly #found: Token[] = [];
  readonly #seen = new Set<Token>();
  /** Where the value of each constant begins; null: it is declared more than once, or has none. */
  readonly #values: ReadonlyMap<string, number | null>;

  constructor(tokens: Tokens) {
    this.#tokens = tokens;
    this.#values = declared(tokens);
  }

  names(): readonly Token[] {
    const { list } = this.#tokens;
    // What is defined within a definition is looked through with it, not once more.
    let defined = 0;
    for (let at = 0; at < list.length && this.#found.length < maxToolsPerFile; at++) {
      if (list[at]?.kind !== 'name') continue;
      const open = this.#callAt(at);
      if (open === null) continue;
      if (list[at]?.text === 'registerTool') this.#registered(open);
      else if (list[at]?.text === 'defineToolPlugin' && at >= defined) defined = this.#defined(open);
    }
    return this.#found;
  }

  /** The bracket of a call of this name; null: it is none, or the declaration of a function. */
  #callAt(at: number): number | null {
    const { list } = this.#tokens;
    const before = list[at - 1];
    if (before?.kind === 'name' && before.text === 'function') return null;
    const open = list[at + 1]?.text === '?.' ? at + 2 : at + 1;
    return this.#is(open, '(') ? open : null;
  }

  #registered(open: number): void {
    const [tool, options] = parts(this.#tokens, open);
    if (tool === undefined) return;
    const object = this.#object(tool.from) ?? this.#made(tool.from);
    const own = object === null ? null : this.#nameIn(object);
    if (own !== null) this.#add(own);
    const given = options === undefined ? null : this.#object(options.from);
    if (given === null) return;
    for (const one of properties(this.#tokens, given)) {
      if (one.key.text === 'name') this.#addOther(this.#string(one.from, one.to), own);
      if (one.key.text === 'names' && this.#is(one.from, '['))
        for (const part of parts(this.#tokens, one.from)) this.#addOther(this.#string(part.from, part.to), own);
    }
  }

  /** Answers up to where it was looked through: one that is never closed is looked through no more often than one that is. */
  #defined(open: number): number {
    const { list, close } = this.#tokens;
    const [given] = parts(this.#tokens, open);
    const object = given === undefined ? null : this.#object(given.from);
    const tools = object === null ? null : property(this.#tokens, object, 'tools');
    if (tools === null) return open;
    const end = Math.max(close.get(open) ?? open, tools.to);
    // `tools: (tool) => …`, `tools: tool => …` and `tools(tool) { … }`.
    const maker = list[this.#is(tools.from, '(') ? tools.from + 1 : tools.from];
    if (maker?.kind !== 'name') return end;
    for (let at = tools.from + 1; at < tools.to; at++) {
      const token = list[at];
      if (token?.kind !== 'name' || token.text !== maker.text || this.#is(at - 1, '.') || !this.#is(at + 1, '(')) continue;
      const [tool] = parts(this.#tokens, at + 1);
      const made = tool === undefined ? null : this.#object(tool.from);
      const name = made === null ? null : this.#nameIn(made);
      if (name !== null) this.#add(name);
    }
    return end;
  }

  /** The `{` of an object that stands here, or of the constant that is named here. */
  #object(at: number): number | null {
    if (this.#is(at, '{')) return at;
    const token = this.#tokens.list[at];
    const next = this.#tokens.list[at + 1];
    if (token?.kind !== 'name' || (next?.kind === 'other' && next.text !== ',' && next.text !== ')')) return null;
    const value = this.#values.get(token.text) ?? null;
    return value !== null && this.#is(value, '{') ? value : null;
  }

  /** Of `(context) => ({ … })`. */
  #made(at: number): number | null {
    const { close } = this.#tokens;
    const arrow = this.#is(at, '(') ? (close.get(at) ?? at) + 1 : at + 1;
    return this.#is(arrow, '=>') && this.#is(arrow + 1, '(') && this.#is(arrow + 2, '{') ? arrow + 2 : null;
  }

  #nameIn(object: number): Token | null {
    const name = property(this.#tokens, object, 'name');
    return name === null ? null : this.#string(name.from, name.to);
  }

  /** Text that stands here alone, or a constant of the whole file that is text. */
  #string(from: number, to: number): Token | null {
    const { list } = this.#tokens;
    const token = list[from];
    const whole =
      to === from + 1 || (list[from + 1]?.kind === 'name' && (list[from + 1]?.text === 'as' || list[from + 1]?.text === 'satisfies'));
    if (token === undefined || !whole) return null;
    if (token.kind === 'string') return token.text === '' ? null : token;
    if (token.kind !== 'name') return null;
    const value = this.#values.get(token.text) ?? null;
    const found = value === null ? undefined : list[value];
    const after = value === null ? undefined : list[value + 1];
    const alone = after === undefined || after.kind === 'name' || after.text === ';' || after.text === ',';
    return found?.kind === 'string' && found.text !== '' && found.depth === 0 && alone ? { ...found } : null;
  }

  /** What is said once more in the options is the same tool. */
  #addOther(name: Token | null, own: Token | null): void {
    if (name !== null && name.text !== own?.text) this.#add(name);
  }

  #add(token: Token): void {
    const same = [...this.#seen].some(({ start }) => start === token.start);
    if (same || this.#found.length >= maxToolsPerFile) return;
    this.#seen.add(token);
    this.#found.push(token);
  }

  #is(at: number, text: string): boolean {
    const token = this.#tokens.list[at];
    return token?.kind === 'other' && token.text === text;
  }
}

function declared({ list, close }: Tokens): ReadonlyMap<string, number | null> {
  const values = new Map<string, number | null>();
  for (let at = 0; at + 1 < list.length; at++) {
    const word = list[at];
    if (word?.kind !== 'name' || (word.text !== 'const' && word.text !== 'let' && word.text !== 'var')) continue;
    const name = list[at + 1];
    if (name?.kind !== 'name') continue;
    const value = word.text === 'const' && !values.has(name.text) ? valueAfter(list, close, at + 2) : null;
    values.set(name.text, value);
  }
  return values;
}

/** Where the value begins, after `=` or after a type and `=`. */
function valueAfter(list: Tokens['list'], close: Tokens['close'], from: number): number | null {
  if (list[from]?.text !== '=' && list[from]?.text !== ':') return null;
  for (let at = from, words = 0; at < list.length && words < typeWords; words++) {
    const token = list[at];
    if (token?.kind === 'other' && token.text === '=') return at + 1;
    if (token?.kind === 'other' && token.text === ';') return null;
    at = (close.get(at) ?? at) + 1;
  }
  return null;
}
