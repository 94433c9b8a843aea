/**
 * What one window has open, and what becomes of what it is asked for. It says what it wants read (wishes.ts) and shows how far
 * that is (roster.ts); if it holds the lease, it also reads what all windows want (collecting.ts). A request is answered the
 * same way in both cases: what can be found out here is an error, what comes of the reading is the source's state.
 */
import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { AttachError } from '../attach/errors';
import { openDirectory } from '../attach/directory';
import { sweepPrivateCopies } from '../attach/reader/privateCopy';
import type { AttachState, Inventory, SandboxNode, Settings } from '../protocol/messages';
import type { FoundSandbox } from '../sandboxes/findSandboxes';
import { sandboxSource } from '../sandboxes/sandboxSource';
import type { Store } from '../store/store';
import type { Notice } from '../store/windows';
import type { SourceChange } from './change';
import { Collecting, notThere, sampleBadge, sampleId } from './collecting';
import { History } from './history';
import type { IngestResult } from './ingest';
import { collectorOf, emptyReason, removedNode, sandboxNode, shownState, unreadReason } from './inventory';
import { Lookout } from './lookout';
import { mayClose, Roster } from './roster';
import type { OpenSource } from './roster';
import { Sharing } from './sharing';
import type { Shared } from './sharing';
import { sleep } from './sleep';
import { sourceIdOf } from './sourceId';
import { changeOf, noticeOf, wholeChange } from './telling';
import { Turns } from './turns';
import { Unasked } from './unasked';
import { Wishes } from './wishes';

export interface HubOptions {
  readonly store: Store;
  readonly home: string;
  readonly env: NodeJS.ProcessEnv;
  /** Directory of the bundled sample recording. */
  readonly sampleDir: string;
  readonly shared: Shared;
  readonly onChange: (change: HubChange) => void;
  readonly onError: (error: unknown) => void;
}

export interface HubChange {
  readonly inventory: boolean;
  readonly source: OpenSource | null;
  readonly result: SourceChange | null;
}

type Word = Parameters<Wishes['publish']>[1];

/** After this long without an answer, whoever reads does not. */
const answerMs = 10_000;
const answerEveryMs = 20;

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
      onState: (id, row, state) => this.#onState(id, row, state),
      onResult: (row, result) => this.#onResult(row, result),
      onError,
    });
    this.#unasked = new Unasked({
      store,
      roster: this.#roster,
      wishes: this.#wishes,
      lookout: this.#lookout,
      inTurn: (id, body) => this.#inTurn(id, body),
      settle: (id, word) => this.#settle(id, word),
      onError,
    });
    // Before anything is read of the store: whatever is changed from now on is told to this window too.
    this.#wishes.publish(null);
    if (this.#reads) {
      this.#wishes.sweep();
      // Whoever knew of it is gone; each window remembers what its own user detached from.
      if (!store.windows.others(this.#wishes.window)) store.windows.forgetDetached();
      store.sources.forgetStates(new Set());
    }
    this.#sharing = new Sharing({
      store,
      shared,
      window: this.#wishes.window,
      onNotices: (notices) => this.#heard(notices),
      onTaken: () => void this.#takeOver().catch(onError),
      onLost: () => void (this.#letGo = this.#collecting.stopAll().catch(onError)),
      onTick: () => this.#tick(),
      onBeat: () => this.#wishes.beat(),
      onError,
    });
  }

  get settings(): Settings {
    return this.#settings;
  }

  configure(trusted: boolean, settings: Settings): void {
    this.#trusted = trusted;
    this.#settings = settings;
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
    for (const gone of removed) nodes.set(gone.sourceId, removedNode(this.#options.store, gone, previous.get(gone.sourceId) ?? null));
    const empty = nodes.size > 0 ? 'none' : emptyReason(this.#trusted, looked);
    return { looked, sandboxes: [...nodes.values()], empty, collector: collectorOf(this.#options.shared) };
  }

  node(open: OpenSource): SandboxNode {
    const { sight } = this.#lookout;
    const removed = this.#history.removed(sight);
    const previousId = this.#history.previous(sight, removed).get(open.id) ?? null;
    const gone = this.#roster.get(open.id) === null ? removed.find(({ sourceId }) => sourceId === open.id) : undefined;
    return gone === undefined ? this.#node(open.id, open.found, open, previousId) : removedNode(this.#options.store, gone, previousId);
  }

  #node(id: string, found: FoundSandbox | null, open: OpenSource | null, previousId: string | null): SandboxNode {
    const { store, shared } = this.#options;
    const node = sandboxNode(store, id, found, open, previousId);
    return this.#collecting.isRunning(id) ? node : { ...node, attach: shownState(node.attach, unreadReason(shared)) };
  }

  /** A recording, a state directory or a folder holding one. Throws AttachError. */
  async open(path: string): Promise<OpenSource> {
    const source = await openDirectory(path);
    const real = await realpath(path);
    const id = sourceIdOf('directory', real);
    return this.#inTurn(id, async () => {
      this.#unasked.release(id);
      const known = this.#roster.get(id);
      this.#wishes.ask(id, { kind: 'directory', path: real });
      const news = { id, kind: 'directory', source, found: null, badge: null, path: real } as const;
      const open = known !== null && this.#isRead(known) ? known : this.#roster.put(news, this.#roster.askedState(id));
      await this.#settle(id, { kind: 'attach', id });
      this.#bound();
      return open;
    });
  }

  /**
   * Plays the bundled recording; what an earlier playing left is forgotten first. There is one playing for all windows; one
   * that only wants to see it read joins another's.
   */
  playSample(speed: number): Promise<OpenSource> {
    const { sampleDir, store } = this.#options;
    const id = sampleId(sampleDir);
    return this.#inTurn(id, async () => {
      const source = await openDirectory(sampleDir);
      const other = speed > 0 || this.#wishes.wants(id) || store.windows.isDetached(id) ? null : this.#wishes.ofOthers(id);
      const { nonce } =
        other?.kind === 'sample'
          ? this.#wishes.ask(id, { kind: 'sample', speed: other.speed }, other.nonce)
          : this.#wishes.ask(id, { kind: 'sample', speed });
      this.#roster.remove(id);
      await this.#settle(id, { kind: 'attach', id });
      const state = await this.#answer(id, nonce);
      const open = this.#roster.put({ id, kind: 'sample', source, found: null, badge: sampleBadge, path: null }, state);
      this.#tell({ inventory: true, source: open, result: null });
      this.#bound();
      return open;
    });
  }

  /** Attaches to a sandbox that was found; its progress is its state. Throws AttachError when there is none of this id. */
  attach(sourceId: string): Promise<OpenSource> {
    return this.#inTurn(sourceId, async () => {
      const known = this.#roster.get(sourceId);
      const found = this.#lookout.find(sourceId);
      if (found === null && (known === null || known.found !== null)) throw notThere();
      this.#unasked.release(sourceId);
      const reading = known !== null && this.#isRead(known);
      if (found !== null) this.#wishes.ask(sourceId, { kind: 'sandbox' });
      else if (known !== null && known.path !== null) this.#wishes.ask(sourceId, { kind: 'directory', path: known.path });
      else if (!reading) this.#wishes.ask(sourceId, { kind: 'sample', speed: 0 });
      const open =
        known !== null && (reading || found === null)
          ? known
          : this.#roster.put(this.#unasked.sandbox(sourceId, found ?? absent()), this.#roster.askedState(sourceId));
      if (!reading) open.state = this.#roster.askedState(sourceId);
      await this.#settle(sourceId, { kind: 'attach', id: sourceId });
      this.#bound();
      return this.#roster.get(sourceId) ?? open;
    });
  }

  /**
   * Stops reading a source. For a person: in all windows, since one reader serves them all, and who detaches means the reader.
   * `remembered`: from an earlier life of the window; then it is not attached to unasked for this window, and no more.
   */
  detach(sourceId: string, remembered = false): Promise<void> {
    return this.#inTurn(sourceId, async () => {
      this.#wishes.decline(sourceId);
      await this.#settle(sourceId, remembered ? null : { kind: 'detach', id: sourceId });
      const open = this.#roster.get(sourceId);
      if (open === null || (remembered && this.#wishes.ofOthers(sourceId) !== null)) return;
      open.state = { kind: 'idle' };
      this.#tell({ inventory: true, source: open, result: null });
      this.#bound();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const again = this.#end.signal.aborted;
    this.#end.abort();
    this.#sharing[Symbol.dispose]();
    this.#lookout[Symbol.dispose]();
    const ended = this.#collecting[Symbol.asyncDispose]();
    await this.#turns.settled();
    await ended;
    await this.#letGo;
    if (!again) this.#wishes.withdraw();
  }

  /** Is it this process that does what is wished? Where nothing is shared, it does what it may. */
  get #reads(): boolean {
    const { lease, store } = this.#options.shared;
    return lease === null || lease.held || !store;
  }

  #isRead(open: OpenSource): boolean {
    if (this.#reads) return this.#collecting.isRunning(open.id);
    return open.state.kind !== 'idle' && open.state.kind !== 'failed';
  }

  /** Within the source's turn: tells what is wished, and does it if that is for this process to do. */
  async #settle(id: string, word: Word): Promise<void> {
    this.#wishes.publish(this.#lookout.question, word);
    if (!this.#reads) return;
    this.#collecting.learn();
    await this.#collecting.settle(id);
  }

  /** The state of a source since whoever reads took up a request. Throws AttachError when no one does. */
  async #answer(id: string, nonce: string): Promise<AttachState> {
    const { store, shared } = this.#options;
    for (const end = performance.now() + answerMs; ; await sleep(answerEveryMs, this.#end.signal)) {
      const row = store.sources.find(id);
      const state = row === null ? null : store.sources.state(row);
      if (state?.asked === nonce) return state.attach;
      const unread = unreadReason(shared);
      if (unread !== null) throw new AttachError('lost', unread.reason, unread.hint);
      if (this.#end.signal.aborted || performance.now() > end)
        throw new AttachError('lost', 'The window that reads for all has not answered', 'Try again, or reload that window.');
    }
  }

  async #looked(): Promise<void> {
    const { store } = this.#options;
    this.#history.note(this.#lookout.sight.found);
    await this.#unasked.looked(this.#settings);
    this.#adopt();
    this.#wishes.publish(this.#lookout.question);
    if (this.#reads) await this.#collecting.reconcile('looked');
    this.#history.note(this.#lookout.sight.found.filter(({ id }) => store.sources.find(sourceIdOf('sandbox', id)) !== null));
    this.#bound();
    this.#tell({ inventory: true, source: null, result: null });
  }

  /** What is read for another window, and found here too, is open here too. */
  #adopt(): void {
    const { sources } = this.#options.store;
    for (const found of this.#lookout.sight.found) {
      const id = sourceIdOf('sandbox', found.id);
      const row = this.#roster.get(id) === null ? sources.find(id) : null;
      const state = row === null ? null : sources.state(row);
      if (state !== null && state.attach.kind !== 'idle') this.#roster.put(this.#unasked.sandbox(id, found), state.attach);
    }
  }

  #onState(id: string, row: number, state: AttachState): void {
    this.#tellOthers({ kind: 'state', sourceId: id });
    this.#show(id, row, state);
  }

  #show(id: string, row: number, state: AttachState): void {
    const known = this.#roster.get(id);
    const open = known === null || known.row === row ? known : this.#roster.moved(known, row);
    if (open === null) this.#adopt();
    else open.state = state;
    this.#tell({ inventory: true, source: open, result: null });
    if (open !== null && mayClose(open)) this.#bound();
  }

  #onResult(row: number, result: IngestResult): void {
    this.#tellOthers(noticeOf(row, result));
    this.#changed(row, result);
  }

  #changed(row: number, result: SourceChange): void {
    const open = this.ofRow(row);
    if (open === null) return;
    open.revision += 1;
    this.#tell({ inventory: result.skippedChanged, source: open, result });
  }

  /** What others told; null: more than could be kept of it. */
  #heard(notices: readonly Notice[] | null): void {
    const { store } = this.#options;
    const all: readonly Notice[] = notices ?? [
      { kind: 'wishes' },
      ...this.#roster.all().map(({ id }) => ({ kind: 'state', sourceId: id }) as const),
    ];
    const said = new Set<string>();
    for (const notice of all) {
      // Each is about what holds now, however often it was told.
      const about = notice.kind === 'state' ? notice.sourceId : notice.kind;
      if (notice.kind !== 'records' && said.has(about)) continue;
      said.add(about);
      if (notice.kind === 'records') this.#changed(notice.source, changeOf(store, notice));
      else if (notice.kind === 'wishes') this.#wishesChanged();
      else {
        const row = store.sources.find(notice.sourceId);
        if (row !== null) this.#show(notice.sourceId, row, store.sources.state(row)?.attach ?? { kind: 'idle' });
      }
    }
    if (notices === null) for (const { row } of this.#roster.all()) this.#changed(row, wholeChange(store, row));
  }

  #wishesChanged(): void {
    if (this.#reads) this.#collecting.reconcile('wished').catch(this.#options.onError);
  }

  async #takeOver(): Promise<void> {
    await this.#letGo;
    const { store } = this.#options;
    this.#wishes.sweep();
    const wished = [...this.#wishes.all().keys()].map((id) => store.sources.find(id)).filter((row) => row !== null);
    store.sources.forgetStates(new Set(wished));
    await this.#collecting.reconcile('wished');
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

  #tellOthers(notice: Notice): void {
    const { store, shared } = this.#options;
    if (!shared.store || !store.windows.others(this.#wishes.window)) return;
    store.transaction(() => store.windows.tell(this.#wishes.window, notice));
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

function absent(): never {
  throw notThere();
}

export function sampleDirectory(extensionDir: string): string {
  return join(extensionDir, 'sample');
}
