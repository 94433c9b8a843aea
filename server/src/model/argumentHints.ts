/**
 * What the schemas of a session's tools say of their arguments, put together: schemas come at any time and more than once, and in
 * whichever order, what they say together is the same.
 */
import type { ArgumentVerdict, ToolCallBlock, ToolShape } from './events';

/** Arguments that something is known of. A schema may be made to have many. */
export const hintLimit = 4096;

/** A tool of an MCP server, `<server>__<tool>`: what a path is relative to there its schema does not tell. */
const ofServer = /.__./;

/** What says more stands later: of two schemas that say different things, the argument is what the later one says. */
const order: readonly ArgumentVerdict[] = ['named', 'path', 'none'];

interface Hint {
  readonly owner: string | null;
  readonly at: string;
  readonly verdict: ArgumentVerdict;
}

export class ArgumentHints {
  /** By tool, and by owner and argument. */
  readonly #tools = new Map<string, Map<string, Hint>>();
  #size = 0;

  /** The tools of whose arguments another thing is known now than before. */
  add({ name, owner, arguments: told }: ToolShape): readonly string[] {
    const hints = this.#tools.get(name) ?? new Map<string, Hint>();
    let changed = false;
    for (const { at, verdict } of told) {
      const key = JSON.stringify([owner, at]);
      const known = hints.get(key);
      if (known !== undefined && rank(known.verdict) >= rank(verdict)) continue;
      hints.set(key, { owner, at, verdict });
      if (known === undefined) this.#size += 1;
      changed = true;
    }
    if (hints.size > 0) this.#tools.set(name, hints);
    const left = this.#size > hintLimit ? this.#cut() : [];
    return changed ? [name, ...left] : left;
  }

  /** By their names, not by when they came. */
  #cut(): readonly string[] {
    const all = [...this.#tools].flatMap(([name, hints]) => [...hints.keys()].map((key) => ({ name, key })));
    all.sort((a, b) => compare(a.name, b.name) || compare(a.key, b.key));
    const left = all.slice(hintLimit);
    for (const { name, key } of left) {
      const hints = this.#tools.get(name);
      hints?.delete(key);
      if (hints?.size === 0) this.#tools.delete(name);
    }
    this.#size = Math.min(this.#size, hintLimit);
    return [...new Set(left.map(({ name }) => name))];
  }

  /** Whose tool it is is not always told, by calls and by schemas. */
  #of(name: string, owner: string | null, at: string): ArgumentVerdict | null {
    let found: ArgumentVerdict | null = null;
    for (const hint of this.#tools.get(name)?.values() ?? []) {
      if (hint.at !== at || (owner !== null && hint.owner !== null && hint.owner !== owner)) continue;
      if (found === null || rank(hint.verdict) > rank(found)) found = hint.verdict;
    }
    return found;
  }

  /** The paths of a call: by the names of its arguments, as far as its schema does not say that they are none, and those it says are. */
  pathsOf(block: ToolCallBlock, owner: string | null, limit: number): CallPaths {
    if (!this.#tools.has(block.name)) return { paths: block.paths, bySchema: [] };
    const paths = block.paths.filter((_, at) => this.#of(block.name, owner, block.pathsAt[at] ?? '') !== 'none');
    const leads = (path: string): boolean => !ofServer.test(block.name) || /^[/~]/.test(path);
    const bySchema = new Set<string>();
    for (const { at, path, plain } of block.candidates) {
      if (paths.length + bySchema.size >= limit) break;
      if (paths.includes(path) || !leads(path)) continue;
      const verdict = this.#of(block.name, owner, at);
      if (verdict === 'path' || (verdict === 'named' && plain)) bySchema.add(path);
    }
    return { paths: [...paths, ...bySchema], bySchema: [...bySchema] };
  }
}

function rank(verdict: ArgumentVerdict): number {
  return order.indexOf(verdict);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export interface CallPaths {
  readonly paths: readonly string[];
  /** Those that the names of the arguments don't tell. */
  readonly bySchema: readonly string[];
}
