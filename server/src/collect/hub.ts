/**
 * What one window has open, and what becomes of what it is asked for. It says what it wants read (wishes.ts) and shows how far
 * that is (roster.ts); if it holds the lease, it also reads what all windows want (collecting.ts), and tells them (hearing.ts).
 */
import { join } from 'node:path';
import { AttachError } from '../attach/errors';
import { sweepPrivateCopies } from '../attach/reader/privateCopy';
import type { Suppress } from '../findings/suppressions';
import type { Inventory, SandboxNode, Settings } from '../protocol/messages';
import type { FindingWishes } from '../query/findings';
import type { FoundSandbox } from '../sandboxes/findSandboxes';
import { sandboxSource } from '../sandboxes/sandboxSource';
import type { Store } from '../store/store';
import { Asking } from './asking';
import type { HubChange } from './change';
import { Collecting } from './collecting';
import { Hearing } from './hearing';
import { History } from './history';
import { collectorOf, emptyReason, removedNode, sandboxNode, shownState, unreadReason } from './inventory';
import { Lookout } from './lookout';
import type { Parts } from './parts';
import { Pricing } from './pricing';
import { Refolding } from './refolding';
import { mayClose, Roster } from './roster';
import type { OpenSource } from './roster';
import { Sharing } from './sharing';
import type { Shared } from './sharing';
import { sourceIdOf } from './sourceId';
import { Turns } from './turns';
import { Unasked } from './unasked';
import { Wishes } from './wishes';
import type { Word } from './wishes';

export interface HubOptions {
  readonly store: Store;
  readonly home: string;
  readonly env: NodeJS.ProcessEnv;
  /** Directory of the bundled sample recording. */
  readonly sampleDir: string;
  readonly shared: Shared;
  /** What is in force now; left out: nothing is suppressed. */
  readonly suppress?: () => Suppress;
  readonly onChange: (change: HubChange) => void;
  readonly onError: (error: unknown) => void;
}

export class Hub implements AsyncDisposable {
  readonly #options: HubOptions;
  /** Whatever starts or stops a source does so in its turn. */
  readonly #turns = new Turns();
  readonly #end = new AbortController();
  readonly #roster: Roster;
  readonly #wishes: Wishes;
  readonly #history: History;
  readonly #lookout: Lookout;
  readonly #collecting: Collecting;
  readonly #unasked: Unasked;
  readonly #asking: Asking;
  readonly #hearing: Hearing;
  readonly #refolding: Refolding;
  readonly #sharing: Sharing;
  /** What was read while the lease was lost ends first. */
  #letGo: Promise<void> = Promise.resolve();
  #unread = '';
  #trusted = false;
  #settings: Settings = { pathMappings: [], directories: [], dockerHost: '', autoAttach: true };

  constructor(options: HubOptions) {
    this.#options = options;
    const { store, home, env, sampleDir, shared, onError } = options;
    sweepPrivateCopies();
    this.#roster = new Roster(store);
    this.#wishes = new Wishes(store);
    this.#history = new History(store);
    this.#lookout = new Lookout({ home, env, onLooked: () => this.#looked(), onError });
    this.#collecting = new Collecting({
      store,
      sampleDir,
      lookout: this.#lookout,
      turns: this.#turns,
      wishes: () => this.#wishes.all(),
      opened: (id) => this.#roster.get(id)?.source ?? null,
      refusal: (kind) => (kind === 'sandbox' ? unreadReason(shared) : null),
      onState: (id, row, state) => this.#hearing.state(id, row, state),
      onResult: (row, result) => this.#hearing.result(row, result),
      onError,
    });
    const parts: Parts = {
      store,
      shared,
      roster: this.#roster,
      wishes: this.#wishes,
      lookout: this.#lookout,
      inTurn: (id, body) => this.#inTurn(id, body),
      settle: (id, word) => this.#settle(id, word),
      bound: () => this.#bound(),
      tell: (change) => this.#tell(change),
      onError,
    };
    const unasked = new Unasked(parts);
    this.#unasked = unasked;
    this.#asking = new Asking({
      ...parts,
      sampleDir,
      unasked,
      collecting: this.#collecting,
      reads: () => this.#reads,
      signal: this.#end.signal,
    });
    this.#hearing = new Hearing({ ...parts, unasked, ofRow: (row) => this.ofRow(row), onWishes: () => this.#wishesChanged() });
    this.#refolding = new Refolding({
      store,
      mayFold: () => this.#reads,
      isRead: (row) => this.#collecting.reads(row),
      onResult: (row, result) => this.#hearing.result(row, result),
      onError,
    });
    // Before anything is read of the store: whatever is changed from now on is told to this window too.
    this.#wishes.publish(null);
    this.#sharing = new Sharing({
      store,
      shared,
      window: this.#wishes.window,
      onNotices: (notices) => this.#hearing.heard(notices),
      onTaken: () => void this.#takeOver().catch(onError),
      onLost: () => void (this.#letGo = this.#collecting.stopAll().catch(onError)),
      onTick: () => this.#tick(),
      onBeat: () => this.#wishes.beat(),
      onError,
    });
    if (!this.#reads) return;
    this.#wishes.sweep();
    // Whoever knew of it is gone; each window remembers what its own user detached from.
    if (!store.windows.others(this.#wishes.window)) store.windows.forgetDetached();
    void this.#takeOver().catch(onError);
  }

  get settings(): Settings {
    return this.#settings;
  }

  /** How findings are read now. */
  get findingWishes(): FindingWishes {
    return { thresholds: this.#settings.findings, suppress: this.#options.suppress?.() };
  }

  configure(trusted: boolean, settings: Settings): void {
    this.#trusted = trusted;
    this.#settings = settings;
    Pricing.of(this.#options.store).set(settings.cost?.prices);
    this.#lookout.configure(trusted, settings.dockerHost, JSON.stringify([settings.directories, settings.autoAttach]));
  }

  /** What is open, and what is kept of a sandbox that is not: it can be shown, but is not read. */
  get(sourceId: string): OpenSource | null {
    return this.#roster.get(sourceId) ?? this.#history.readable(sourceId, this.#lookout.sight, sandboxSource);
  }

  ofRow(row: number): OpenSource | null {
    const open = this.#roster.ofRow(row);
    if (open !== null) return open;
    const id = this.#history.idOfRow(row);
    return id === null ? null : this.get(id);
  }

  all(): readonly OpenSource[] {
    return this.#roster.all();
  }

  /** Only in a trusted workspace sandboxes are looked for, and acted on. */
  get trusted(): boolean {
    return this.#trusted;
  }

  /** All that is there now, as far as this window looks. */
  foundNow(): readonly FoundSandbox[] {
    return this.#lookout.sight.found;
  }

  /** A sandbox that is there now, for whoever acts on it. */
  found(sourceId: string): FoundSandbox | null {
    return this.#lookout.find(sourceId);
  }

  /** What this process reads in containers, and no other does: whoever samples them does it here. */
  reading(): ReturnType<Collecting['containers']> {
    return this.#collecting.containers();
  }

  /** What is listed is other than before, by what is known beside what is read; for all windows. */
  listedAnew(): void {
    this.#hearing.inventory();
  }

  /** Looks for sandboxes, and attaches to the running ones where that is wanted. */
  refresh(): Promise<void> {
    return this.#lookout.refresh();
  }

  /** When it is known what there is: before the first look has ended, nothing found would mean nothing. */
  lookedOnce(): Promise<void> {
    return this.#lookout.once();
  }

  inventory(): Omit<Inventory, 'storeLifetime' | 'storeNote'> {
    const { sight } = this.#lookout;
    const looked = [...sight.looked, ...this.#unasked.failures];
    const removed = this.#history.removed(sight).filter(({ sourceId }) => this.#roster.get(sourceId) === null);
    const previous = this.#history.previous(sight, removed);
    const nodes = new Map<string, SandboxNode>();
    for (const found of sight.found) {
      const id = sourceIdOf('sandbox', found.id);
      nodes.set(id, this.#node(id, found, this.get(id), previous.get(id) ?? null));
    }
    for (const open of this.#roster.all()) if (!nodes.has(open.id)) nodes.set(open.id, this.node(open));
    for (const gone of removed) nodes.set(gone.sourceId, this.#removedNode(gone, previous.get(gone.sourceId) ?? null));
    const empty = nodes.size > 0 ? 'none' : emptyReason(this.#trusted, looked);
    return { looked, sandboxes: [...nodes.values()], empty, collector: collectorOf(this.#options.shared) };
  }

  node(open: OpenSource): SandboxNode {
    const { sight } = this.#lookout;
    const removed = this.#history.removed(sight);
    const previousId = this.#history.previous(sight, removed).get(open.id) ?? null;
    const gone = this.#roster.get(open.id) === null ? removed.find(({ sourceId }) => sourceId === open.id) : undefined;
    return gone === undefined ? this.#node(open.id, open.found, open, previousId) : this.#removedNode(gone, previousId);
  }

  #removedNode(gone: Parameters<typeof removedNode>[1], previousId: string | null): SandboxNode {
    return removedNode(this.#options.store, gone, previousId, this.findingWishes);
  }

  #node(id: string, found: FoundSandbox | null, open: OpenSource | null, previousId: string | null): SandboxNode {
    const { store, shared } = this.#options;
    const node = sandboxNode(store, id, found, open, previousId, this.findingWishes);
    return this.#collecting.isRunning(id) ? node : { ...node, attach: shownState(node.attach, unreadReason(shared)) };
  }

  /** A recording, a state directory or a folder holding one. Throws AttachError. */
  open(path: string, remembered = false): Promise<OpenSource> {
    return this.#asking.open(path, remembered);
  }

  playSample(speed: number, remembered = false): Promise<OpenSource> {
    return this.#asking.playSample(speed, remembered);
  }

  /** Throws AttachError when there is none of this id. */
  attach(sourceId: string, remembered = false): Promise<OpenSource> {
    return this.#asking.attach(sourceId, remembered);
  }

  detach(sourceId: string, remembered = false): Promise<void> {
    return this.#asking.detach(sourceId, remembered);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const again = this.#end.signal.aborted;
    this.#end.abort();
    this.#sharing[Symbol.dispose]();
    this.#lookout[Symbol.dispose]();
    const ended = this.#collecting[Symbol.asyncDispose]();
    await this.#turns.settled();
    await ended;
    await this.#refolding[Symbol.asyncDispose]();
    await this.#letGo;
    if (!again) this.#wishes.withdraw();
  }

  /** Is it this process that does what is wished? Where nothing is shared, it does what it may. */
  get #reads(): boolean {
    const { lease, store } = this.#options.shared;
    return lease === null || lease.held || !store;
  }

  /** Within the source's turn: tells what is wished, and does it if that is for this process to do. */
  async #settle(id: string, word: Word | null): Promise<void> {
    // It may be gone before the next look.
    this.#history.note(this.#lookout.sight.found.filter((found) => sourceIdOf('sandbox', found.id) === id));
    this.#wishes.publish(this.#lookout.question, word);
    if (!this.#reads) return;
    this.#collecting.learn();
    await this.#collecting.settle(id);
  }

  async #looked(): Promise<void> {
    await this.#unasked.looked(this.#settings);
    this.#hearing.adopt();
    this.#wishes.publish(this.#lookout.question);
    if (this.#reads) await this.#collecting.reconcile('looked');
    this.#history.note(this.#lookout.sight.found);
    this.#bound();
    this.#tell({ inventory: true, source: null, result: null });
  }

  #wishesChanged(): void {
    if (this.#reads) this.#collecting.reconcile('wished').catch(this.#options.onError);
  }

  async #takeOver(): Promise<void> {
    await this.#letGo;
    if (this.#end.signal.aborted) return;
    const { store } = this.#options;
    this.#wishes.sweep();
    const wished = [...this.#wishes.all().keys()].map((id) => store.sources.find(id)).filter((row) => row !== null);
    store.sources.forgetStates(new Set(wished));
    this.#hearing.takenOver();
    await this.#collecting.reconcile('wished');
    this.#refolding.begin();
    this.#tell({ inventory: true, source: null, result: null });
  }

  #tick(): void {
    const { shared } = this.#options;
    if (this.#reads && shared.store && this.#wishes.sweep()) this.#wishesChanged();
    const unread = `${collectorOf(shared).pid} ${unreadReason(shared)?.reason ?? ''}`;
    if (unread === this.#unread) return;
    this.#unread = unread;
    this.#tell({ inventory: true, source: null, result: null });
  }

  #inTurn<T>(id: string, body: () => Promise<T> | T): Promise<T> {
    return this.#turns.run(id, () => {
      if (this.#end.signal.aborted) throw new AttachError('lost', 'The server is ending', 'Try again when it has been started again.');
      return body();
    });
  }

  /** Asked whenever a source is opened or comes to rest. */
  #bound(): void {
    for (const open of this.#roster.over()) {
      const close = async (): Promise<void> => {
        if (this.#end.signal.aborted || this.#roster.get(open.id) !== open || !mayClose(open)) return; // opened again meanwhile
        if (!this.#roster.over().includes(open)) return;
        this.#wishes.forget(open.id);
        this.#roster.remove(open.id);
        await this.#settle(open.id, null);
        this.#tell({ inventory: true, source: null, result: null });
      };
      this.#turns.run(open.id, close).catch(this.#options.onError);
    }
  }

  /** Once it is told to end, whoever listens may have ended already. */
  #tell(change: HubChange): void {
    if (!this.#end.signal.aborted) this.#options.onChange(change);
  }
}

export function sampleDirectory(extensionDir: string): string {
  return join(extensionDir, 'sample');
}
