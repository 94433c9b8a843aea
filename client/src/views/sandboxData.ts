/**
 * What the view knows: the inventory and the sessions of each attached source, fetched again when the server says that they
 * changed. The one owner of this data in the client; rows, status and commands read it here.
 */
import type { Changed, Inventory, SandboxNode } from '../../../server/src/protocol/messages';
import { Coalescer } from '../coalescer';
import type { ServerHost } from '../connection/serverHost';
import { ServerError } from '../connection/serverError';
import { DisposableStore } from '../disposables';
import { isAttached } from './attached';
import { alsoStale, withAnswered } from './sessionList';
import type { Stale } from './sessionList';
import { sessionsAtOnce } from './treeModel';
import type { SessionsState, TreeState } from './treeModel';

/** The server says so ten times a second at most; a view that is shown follows four times a second. */
const shownIntervalMs = 250;
const hiddenIntervalMs = 1_000;
/** Asking takes about a tenth of the time, however many sessions there are, but is never put off for longer than this. */
const restFactor = 9;
const longestIntervalMs = 2_000;
const moreStep = sessionsAtOnce;

export class SandboxData implements TreeState {
  readonly #disposables = new DisposableStore();
  readonly #listeners = new Set<() => void>();
  readonly #coalescer: Coalescer;
  #inventory: Inventory | null = null;
  #sessions = new Map<string, SessionsState>();
  #shown = new Map<string, number>();
  #inventoryStale = true;
  /** No server was asked to look yet, so "nothing found" would mean nothing. */
  #neverLooked = true;
  #fetching: { readonly refresh: boolean; readonly done: Promise<void> } | null = null;
  /** By source. */
  readonly #staleSessions = new Map<string, Stale>();
  /** In which revisions were counted when each source last changed: in others, nothing that was known holds. */
  readonly #epochs = new Map<string, string>();
  #lastFetchMs = 0;
  /** Whether the rows are on show. */
  shownNow = true;

  constructor(
    private readonly server: ServerHost,
    private readonly failed: (error: unknown) => void,
  ) {
    this.#coalescer = this.#disposables.add(
      new Coalescer(
        () => this.#interval(),
        () => this.#fetch(),
        failed,
      ),
    );
    this.#disposables.add(server.onChanged((changed) => this.#take(changed)));
    this.#disposables.add(
      server.onDidChangeState((state) => {
        // A new server starts from nothing: what the last one said no longer holds.
        if (state.kind === 'running') {
          this.#neverLooked = true;
          this.invalidate();
        }
        if (state.kind === 'failed') this.#forget();
      }),
    );
  }

  get inventory(): Inventory | null {
    return this.#inventory;
  }
  get sessions(): ReadonlyMap<string, SessionsState> {
    return this.#sessions;
  }
  get shown(): ReadonlyMap<string, number> {
    return this.#shown;
  }
  onDidChange(listener: () => void): { dispose(): void } {
    this.#listeners.add(listener);
    return { dispose: () => this.#listeners.delete(listener) };
  }

  node(sourceId: string): SandboxNode | null {
    return this.#inventory?.sandboxes.find((each) => each.id === sourceId) ?? null;
  }

  /** The inventory, fetched first when there is none yet; `look` looks for sandboxes anew. */
  async load(look = false): Promise<Inventory> {
    if (this.#inventory === null || look) await this.#fetchInventory(look);
    if (this.#inventory === null) throw new ServerError('unavailable', 'nothing is known yet');
    return this.#inventory;
  }

  invalidate(): void {
    this.#inventoryStale = true;
    for (const sourceId of this.#sessions.keys()) this.#staleSessions.set(sourceId, null);
    this.#coalescer.ask();
  }

  showMore(parent: string): void {
    this.#shown.set(parent, (this.#shown.get(parent) ?? sessionsAtOnce) + moreStep);
    this.#tell();
  }

  dispose(): void {
    this.#disposables.dispose();
    this.#listeners.clear();
  }

  #take(changed: Changed): void {
    if (changed.inventory) this.#inventoryStale = true;
    for (const { sourceId, sessionId, epoch } of changed.sessions) {
      const anew = this.#epochs.get(sourceId) !== epoch || this.#sessions.get(sourceId)?.kind !== 'loaded';
      this.#staleSessions.set(sourceId, anew ? null : alsoStale(this.#staleSessions.get(sourceId), sessionId));
      this.#epochs.set(sourceId, epoch);
    }
    this.#coalescer.ask();
  }

  #forget(): void {
    this.#inventory = null;
    this.#sessions = new Map();
    this.#shown = new Map();
    this.#tell();
  }

  async #fetch(): Promise<void> {
    if (this.server.state.kind !== 'running') return;
    const start = performance.now();
    if (this.#inventoryStale) await this.#fetchInventory(false);
    else await this.#fetchSessions();
    this.#lastFetchMs = performance.now() - start;
  }

  #interval(): number {
    return Math.min(longestIntervalMs, Math.max(this.shownNow ? shownIntervalMs : hiddenIntervalMs, restFactor * this.#lastFetchMs));
  }

  /** One at a time: who asks while it is under way gets its answer, unless they want a new look and it takes none. */
  #fetchInventory(look: boolean): Promise<void> {
    const refresh = look || this.#neverLooked;
    if (this.#fetching !== null && (this.#fetching.refresh || !refresh)) return this.#fetching.done;
    const done = this.#askInventory(refresh).finally(() => {
      if (this.#fetching?.done === done) this.#fetching = null;
    });
    this.#fetching = { refresh, done };
    return done;
  }

  async #askInventory(refresh: boolean): Promise<void> {
    this.#inventoryStale = false;
    try {
      this.#inventory = await this.server.request('inventory', { refresh });
      this.#neverLooked = false;
    } catch (error) {
      this.#inventoryStale = true;
      throw error;
    }
    const known = new Set(this.#inventory.sandboxes.map((node) => node.id));
    for (const sourceId of this.#sessions.keys()) if (!known.has(sourceId)) this.#sessions.delete(sourceId);
    for (const sourceId of this.#epochs.keys()) if (!known.has(sourceId)) this.#epochs.delete(sourceId);
    for (const parent of this.#shown.keys()) if (![...known].some((id) => parent.includes(id))) this.#shown.delete(parent);
    for (const node of this.#inventory.sandboxes) {
      // Of one that was removed, what was recorded can be read, attached or not.
      const removed = node.state === 'removed';
      const readable = removed || isAttached(node.attach);
      if (readable && this.#sessions.get(node.id)?.kind !== 'loaded') this.#staleSessions.set(node.id, null);
      if (node.attach.kind === 'idle' && !removed) this.#sessions.delete(node.id);
    }
    this.#tell();
    await this.#fetchSessions();
  }

  async #fetchSessions(): Promise<void> {
    const stale = [...this.#staleSessions];
    this.#staleSessions.clear();
    if (stale.length === 0) return;
    await Promise.all(stale.map(([sourceId, sessions]) => this.#fetchSessionsOf(sourceId, sessions)));
    this.#tell();
  }

  async #fetchSessionsOf(sourceId: string, stale: Stale): Promise<void> {
    if (this.#inventory !== null && this.node(sourceId) === null) return;
    try {
      const only = this.#sessions.get(sourceId)?.kind === 'loaded' ? stale : null;
      const answered = await this.server.request('sessions', only === null ? { sourceId } : { sourceId, only: [...only] });
      const known = this.#sessions.get(sourceId);
      const sessions = only === null ? answered : known?.kind === 'loaded' ? withAnswered(known.sessions, only, answered) : null;
      if (sessions === null) this.#staleSessions.set(sourceId, null);
      else this.#sessions.set(sourceId, { kind: 'loaded', sessions });
    } catch (error) {
      this.failed(error);
      // What is shown stays while a server comes back; a reason stands where nothing was shown yet.
      if (ServerError.is(error, 'lost') || ServerError.is(error, 'unavailable')) this.#staleSessions.set(sourceId, null);
      else if (this.#sessions.get(sourceId)?.kind !== 'loaded') {
        this.#sessions.set(sourceId, { kind: 'failed', reason: error instanceof Error ? error.message : String(error) });
      }
    }
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}
