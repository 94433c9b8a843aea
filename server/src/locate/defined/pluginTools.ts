/**
 * Tools that the source of a plugin registers: `registerTool({ name: "…" })`, `registerTool(factory, { name | names })`, and
 * `defineToolPlugin({ tools: (tool) => [tool({ name: "…" })] })`. Only names that stand there as text count, or as a constant of the same
 * file: what would have to be run to be known is not guessed.
 */
import { toolKey } from './definition';
import type { Definition } from './definition';
import { constants } from './constants';
import { parts, property } from './jsObject';
import type { Steps } from './jsObject';
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

/** Words looked at in a whole file, as a multiple of those there are: people need far less. */
export const looksPerWord = 16;

class Finding {
  readonly #tokens: Tokens;
  readonly #found: Token[] = [];
  /** Where each of them begins. */
  readonly #starts = new Set<number>();
  readonly #values: ReadonlyMap<string, number | null>;
  /** By where an object begins, what was found in it: the same constant may be given to any number of calls. */
  readonly #names = new Map<number, Token | null>();
  readonly #options = new Map<number, readonly Token[]>();
  readonly #definitions = new Set<number>();
  readonly #steps: Steps;

  constructor(tokens: Tokens) {
    this.#tokens = tokens;
    this.#values = constants(tokens);
    this.#steps = { left: looksPerWord * tokens.list.length };
  }

  names(): readonly Token[] {
    const { list } = this.#tokens;
    // What is defined within a definition is looked through with it, not once more.
    let defined = 0;
    for (let at = 0; at < list.length && this.#found.length < maxToolsPerFile && this.#steps.left > 0; at++) {
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
    const [tool, options] = parts(this.#tokens, open, this.#steps);
    if (tool === undefined) return;
    const object = this.#object(tool.from) ?? this.#made(tool.from);
    const own = object === null ? null : this.#nameIn(object);
    if (own !== null) this.#add(own);
    const given = options === undefined ? null : this.#object(options.from);
    if (given !== null) for (const name of this.#namesIn(given)) if (name.text !== own?.text) this.#add(name);
  }

  /** Of the options beside a tool. What they say once more is the same tool. */
  #namesIn(options: number): readonly Token[] {
    const known = this.#options.get(options);
    if (known !== undefined) return known;
    const found: Token[] = [];
    const take = (from: number, to: number): void => {
      const name = this.#string(from, to);
      if (name !== null && found.length < maxToolsPerFile) found.push(name);
    };
    const name = property(this.#tokens, options, 'name', this.#steps);
    if (name !== null) take(name.from, name.to);
    const names = property(this.#tokens, options, 'names', this.#steps);
    if (names !== null && this.#is(names.from, '['))
      for (const part of parts(this.#tokens, names.from, this.#steps)) take(part.from, part.to);
    this.#options.set(options, found);
    return found;
  }

  /** Answers up to where it was looked through: one that is never closed is looked through no more often than one that is. */
  #defined(open: number): number {
    const { list, close } = this.#tokens;
    const [given] = parts(this.#tokens, open, this.#steps);
    const object = given === undefined ? null : this.#object(given.from);
    if (object === null || this.#definitions.has(object)) return open;
    this.#definitions.add(object);
    const tools = property(this.#tokens, object, 'tools', this.#steps);
    if (tools === null) return open;
    const end = Math.max(close.get(open) ?? open, tools.to);
    // `tools: (tool) => …`, `tools: tool => …` and `tools(tool) { … }`.
    const maker = list[this.#is(tools.from, '(') ? tools.from + 1 : tools.from];
    if (maker?.kind !== 'name') return end;
    for (let at = tools.from + 1; at < tools.to && --this.#steps.left > 0; at++) {
      const token = list[at];
      if (token?.kind !== 'name' || token.text !== maker.text || this.#is(at - 1, '.') || !this.#is(at + 1, '(')) continue;
      const [tool] = parts(this.#tokens, at + 1, this.#steps);
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
    const known = this.#names.get(object);
    if (known !== undefined) return known;
    const name = property(this.#tokens, object, 'name', this.#steps);
    const found = name === null ? null : this.#string(name.from, name.to);
    this.#names.set(object, found);
    return found;
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

  #add(token: Token): void {
    if (this.#starts.has(token.start) || this.#found.length >= maxToolsPerFile) return;
    this.#starts.add(token.start);
    this.#found.push(token);
  }

  #is(at: number, text: string): boolean {
    const token = this.#tokens.list[at];
    return token?.kind === 'other' && token.text === text;
  }
}
