/** What is open in this window: each source with its state and its row in the store. Reads nothing by itself. */
import type { Source } from '../attach/record';
import type { AttachState, SandboxNode } from '../protocol/messages';
import type { FoundSandbox } from '../sandboxes/findSandboxes';
import type { Store } from '../store/store';
import { infoOf } from './collecting';

export interface OpenSource {
  readonly id: string;
  readonly row: number;
  readonly kind: SandboxNode['kind'];
  readonly badge: string | null;
  /** Of a directory that was opened by its path. */
  readonly path: string | null;
  source: Source;
  found: FoundSandbox | null;
  state: AttachState;
  revision: number;
}

/** Sources open at once; the oldest that only was read is closed first. */
export const openSourceLimit = 32;

export interface NewSource {
  readonly id: string;
  readonly kind: SandboxNode['kind'];
  readonly source: Source;
  readonly found: FoundSandbox | null;
  readonly badge: string | null;
  readonly path: string | null;
}

export class Roster {
  readonly #store: Store;
  readonly #open = new Map<string, OpenSource>();

  constructor(store: Store) {
    this.#store = store;
  }

  get(id: string): OpenSource | null {
    return this.#open.get(id) ?? null;
  }

  ofRow(row: number): OpenSource | null {
    for (const open of this.#open.values()) if (open.row === row) return open;
    return null;
  }

  all(): readonly OpenSource[] {
    return [...this.#open.values()];
  }

  /** Of what was just asked for: it may be read already, for another window. */
  askedState(id: string): AttachState {
    const row = this.#store.sources.find(id);
    const state = row === null ? undefined : this.#store.sources.state(row)?.attach;
    return state === undefined || state.kind === 'idle' || state.kind === 'failed' ? { kind: 'attaching' } : state;
  }

  /** The one opened last stands last. */
  put({ id, kind, source, found, badge, path }: NewSource, state: AttachState): OpenSource {
    const { sources } = this.#store;
    const row = this.#store.transaction(() =>
      sources.ensure(id, { info: infoOf(source, found), registryProvider: found?.provider ?? null }),
    );
    const open: OpenSource = { id, row, kind, source, found, badge, path, state, revision: this.#open.get(id)?.revision ?? 0 };
    this.#open.delete(id);
    this.#open.set(id, open);
    return open;
  }

  /** It is kept in another row now: the sample, when it is played anew. */
  moved(open: OpenSource, row: number): OpenSource {
    const moved = { ...open, row };
    this.#open.set(open.id, moved);
    return moved;
  }

  remove(id: string): void {
    this.#open.delete(id);
  }

  /** What is open beyond the bound and may be closed, oldest first; never the one opened last, for that is being looked at. */
  over(): readonly OpenSource[] {
    const all = this.all();
    return all
      .slice(0, -1)
      .filter(mayClose)
      .slice(0, Math.max(0, all.length - openSourceLimit));
  }
}

/** Only read, not followed live: it can be opened again at any time. */
export function mayClose(open: OpenSource): boolean {
  return open.state.kind !== 'live' && open.state.kind !== 'attaching' && open.state.kind !== 'lost';
}
