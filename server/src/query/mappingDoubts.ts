/** Whether what was not looked at could put in doubt what a proposed mapping was told by. */
import type { SuggestedPlace } from '../locate/suggest';
import type { FoundFile } from '../locate/suggestSearch';
import { baseName } from '../store/touches';
import { isUnmapped, keyOf } from './mappingCompare';
import type { Asked, Touched } from './mappingCompare';

/**
 * Whether one of these places of a file, not looked at, could show that another directory matches as well: another place of what the
 * directory holds, or of the names it was told by; or another file for a place in the directory of the workspace.
 */
export function mayRival({ path }: Touched, left: readonly FoundFile[], suggestion: SuggestedPlace): boolean {
  if (left.length === 0) return false;
  const within = path.startsWith(`${suggestion.sandbox}/`);
  const own = within ? placeIn(path, suggestion) : null;
  const concerns = within || namesOf(suggestion).has(baseName(path));
  const directory = suggestion.way === '' ? '' : `${suggestion.way}/`;
  return left.some(({ folder, way }) => {
    const here = folder === suggestion.folder && way.startsWith(directory);
    return concerns ? !(here && way === own) : here;
  });
}

function namesOf({ matches }: SuggestedPlace): ReadonlySet<string> {
  return new Set(matches.map(({ sandboxPath }) => baseName(sandboxPath)));
}

/** Touched files beyond the bound, of the names that a proposal was told by: what they hold is not known. */
export class UnseenNamesakes {
  readonly #asked: Asked;
  readonly #seen: ReadonlySet<string>;
  readonly #found = new Map<string, boolean>();

  constructor(asked: Asked, touched: readonly Touched[]) {
    this.#asked = asked;
    this.#seen = new Set(touched.map(keyOf));
  }

  async any(suggestion: SuggestedPlace): Promise<boolean> {
    for (const name of namesOf(suggestion)) {
      let found = this.#found.get(name);
      if (found === undefined) this.#found.set(name, (found = await this.#anyOf(name)));
      if (found) return true;
    }
    return false;
  }

  async #anyOf(name: string): Promise<boolean> {
    const { store, sources } = this.#asked;
    const byRow = new Map(sources.map((source) => [source.row, source]));
    for (const { source: row, path } of store.touches.pathsNamed(name)) {
      const source = byRow.get(row);
      if (source === undefined || this.#seen.has(keyOf({ source, path }))) continue;
      if (await isUnmapped({ source, path }, this.#asked)) return true;
    }
    return false;
  }
}

/** Where the mapping would lead from a path below its directory. */
export function placeIn(path: string, { sandbox, way }: SuggestedPlace): string {
  const rest = path.slice(sandbox.length + 1);
  return way === '' ? rest : `${way}/${rest}`;
}
