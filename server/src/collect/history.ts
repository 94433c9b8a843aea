/**
 * Sandboxes of which there are sessions in the store: those that are not there any more stay listed, and one that was built anew
 * under the same name is linked with the one before it. Of containers only: a recording that was opened once is not remembered.
 */
import { SandboxFileError } from '../attach/errors';
import type { SandboxFiles, Source } from '../attach/record';
import type { FoundSandbox } from '../sandboxes/findSandboxes';
import type { StoredSandbox } from '../store/sources';
import type { Store } from '../store/store';
import { engineOf, findIn, isGone } from './lookout';
import type { Sight } from './lookout';
import type { OpenSource } from './roster';
import { sourceIdOf } from './sourceId';

/** Removed sandboxes that are listed, those seen last. */
export const removedLimit = 50;
/** When it was seen last is written this often, and not at each look. */
const seenEveryMs = 60 * 60_000;

type Remembered = StoredSandbox & { readonly row: number };

export class History {
  readonly #store: Store;
  constructor(store: Store) {
    this.#store = store;
  }

  /** Keeps of the sandboxes that are in the store what is needed to list them later. */
  note(found: readonly FoundSandbox[]): void {
    for (const sandbox of found) {
      const engine = engineOf(sandbox);
      if (engine !== null) this.#note(sandbox, engine);
    }
  }

  #note(found: FoundSandbox, engine: string): void {
    const { sources } = this.#store;
    const sourceId = sourceIdOf('sandbox', found.id);
    const row = sources.find(sourceId);
    if (row === null) return;
    const now = Date.now();
    const known = sources.sandbox(row);
    const { id, name, layout, runtime, provider, model, gateway } = found;
    const said = { sourceId, id, name, layout, runtime, provider, model, gateway, engine };
    if (known !== null) {
      const { firstSeen: _first, lastSeen, ...before } = known;
      if (JSON.stringify(before) === JSON.stringify(said) && Math.abs(now - lastSeen) < seenEveryMs) return;
    }
    sources.setSandbox(row, { ...said, firstSeen: known?.firstSeen ?? now, lastSeen: now });
  }

  /** Those that are not there any more, seen last first. */
  removed(sight: Sight): readonly Remembered[] {
    return this.#store.sources
      .sandboxes()
      .filter(({ sourceId, engine }) => isGone(sight, sourceId, engine))
      .sort((a, b) => b.lastSeen - a.lastSeen)
      .slice(0, removedLimit);
  }

  /** Of each sandbox that took over the name of one that is gone, the source id of that one. */
  previous(sight: Sight, removed: readonly Remembered[]): ReadonlyMap<string, string> {
    const known = new Map(this.#store.sources.sandboxes().map((sandbox) => [sandbox.sourceId, sandbox.firstSeen]));
    const there = sight.found.filter(({ engine }) => engine !== null);
    const first = (sourceId: string): number => known.get(sourceId) ?? Number.MAX_SAFE_INTEGER;
    const all = [
      ...removed.map(({ sourceId, name }) => ({ sourceId, name, gone: true })),
      ...there.map(({ id, name }) => ({ sourceId: sourceIdOf('sandbox', id), name, gone: false })),
    ].sort((a, b) => first(a.sourceId) - first(b.sourceId));
    const previous = new Map<string, string>();
    const last = new Map<string, string>();
    for (const { sourceId, name, gone } of all) {
      const before = last.get(name);
      if (before !== undefined) previous.set(sourceId, before);
      if (gone) last.set(name, sourceId);
    }
    return previous;
  }

  /** What is kept of a sandbox that no one reads now: it runs or not, or is gone. Null: nothing is. */
  readable(sourceId: string, sight: Sight, source: (found: FoundSandbox) => Source): OpenSource | null {
    const row = this.#store.sources.find(sourceId);
    if (row === null) return null;
    const open = { id: sourceId, row, badge: null, path: null, state: { kind: 'idle' }, revision: 0 } as const;
    const found = findIn(sight, sourceId);
    if (found !== null) return { ...open, kind: found.layout === 'directory' ? 'directory' : 'container', found, source: source(found) };
    const gone = this.removed(sight).find((sandbox) => sandbox.sourceId === sourceId);
    return gone === undefined ? null : { ...open, kind: 'container', found: null, source: removedSource(gone) };
  }

  /** The row of a sandbox that is kept, without being open. */
  idOfRow(row: number): string | null {
    return this.#store.sources.sandbox(row)?.sourceId ?? null;
  }
}

function removedSource({ name, id }: StoredSandbox): Source {
  const refuse = (): Promise<never> => Promise.reject(new SandboxFileError('not-found', 'The sandbox is not there any more.'));
  const files: SandboxFiles = { read: refuse, stat: refuse, list: refuse };
  return {
    kind: 'container',
    name,
    sandboxId: id,
    files,
    mounts: [],
    open() {
      throw new Error('a sandbox that is not there any more is not read');
    },
  };
}
