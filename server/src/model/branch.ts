/**
 * Which entries lie on the active branch: from the last leaf up to the root. A parent that is not there (noise is dropped at
 * the source) means: child of the leaf of that moment.
 */
import type { Entry } from './events';

const none: ReadonlySet<string> = new Set();

export class ActiveBranch {
  readonly #parents = new Map<string, string | null>();
  #leaf: string | null = null;
  /** Of what is known, all but the active branch. */
  #abandoned = new Set<string>();
  /** The branch did more than grow at its leaf, so that it is to be walked again. */
  #moved = false;

  /** Entries come in order. */
  add(entry: Entry): void {
    const leaf = this.#leaf;
    if (entry.kind === 'note' && entry.leafTarget !== null) {
      if (entry.leafTarget !== leaf) this.#moved = true;
      this.#leaf = entry.leafTarget;
      return;
    }
    const known = entry.parentEntryId !== null && this.#parents.has(entry.parentEntryId);
    const parent = known ? entry.parentEntryId : leaf;
    this.#parents.set(entry.entryId, parent);
    if (entry.side) {
      this.#abandoned.add(entry.entryId);
      return;
    }
    if (parent !== leaf) this.#moved = true;
    this.#leaf = entry.entryId;
  }

  /** To be called after entries were added; answers which known entries the branch left, or came back to. */
  settle(): ReadonlySet<string> {
    if (!this.#moved) return none;
    this.#moved = false;
    const active = new Set<string>();
    for (let id = this.#leaf; id !== null && !active.has(id); id = this.#parents.get(id) ?? null) active.add(id);
    const before = this.#abandoned;
    this.#abandoned = new Set();
    const changed = new Set<string>();
    for (const id of this.#parents.keys()) {
      if (!active.has(id)) this.#abandoned.add(id);
      if (active.has(id) === before.has(id)) changed.add(id);
    }
    return changed;
  }

  has(entryId: string): boolean {
    return this.#parents.has(entryId) && !this.#abandoned.has(entryId);
  }
}
