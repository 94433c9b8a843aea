/**
 * What is open: each source with its state, its collector and its row in the store. The only place that starts and stops
 * collecting. Tells its listener what changed, coalesced by the caller.
 */
import { createHash } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Source } from '../attach/record';
import { AttachError } from '../attach/errors';
import { openDirectory } from '../attach/directory';
import { sweepPrivateCopies } from '../attach/reader/privateCopy';
import type { Looked, SourceInfo } from '../protocol/document';
import type { AttachState, Inventory, SandboxNode, Settings } from '../protocol/messages';
import { findSandboxes } from '../sandboxes/findSandboxes';
import type { FoundSandbox } from '../sandboxes/findSandboxes';
import { sandboxSource } from '../sandboxes/sandboxSource';
import { watchSandboxes } from '../sandboxes/watchSandboxes';
import type { SandboxWatch } from '../sandboxes/watchSandboxes';
import type { Store } from '../store/store';
import type { IngestResult } from './ingest';
import { emptyReason, sandboxNode } from './inventory';
import { attachFailure, keepCollecting } from './keepCollecting';
import { Looks } from './looks';
import { pacedSource } from './paced';
import { Turns } from './turns';

export interface HubOptions {
  readonly store: Store;
  readonly home: string;
  readonly env: NodeJS.ProcessEnv;
  /** Directory of the bundled sample recording. */
  readonly sampleDir: string;
  readonly onChange: (change: HubChange) => void;
  readonly onError: (error: unknown) => void;
}

export interface HubChange {
  readonly inventory: boolean;
  readonly source: OpenSource | null;
  readonly result: IngestResult | null;
}

export interface OpenSource {
  readonly id: string;
  readonly row: number;
  readonly kind: SandboxNode['kind'];
  readonly source: Source;
  readonly found: FoundSandbox | null;
  readonly badge: string | null;
  state: AttachState;
  revision: number;
}

/** Sources open at once; the oldest that only was read is closed first. */
export const openSourceLimit = 32;
const refreshMs = 30_000;

export function sourceIdOf(kind: 'directory' | 'sandbox' | 'sample', name: string): string {
  return createHash('sha256').update(`${kind}\n${name}`).digest('hex').slice(0, 16);
}

export class Hub implements AsyncDisposable {
  readonly #options: HubOptions;
  readonly #open = new Map<string, OpenSource>();
  readonly #running = new Map<string, { readonly controller: AbortController; readonly done: Promise<void> }>();
  #found: readonly FoundSandbox[] = [];
  #looked: readonly Looked[] = [];
  readonly #detachedByUser = new Set<string>();
  /** Sources that are open only because the settings list their directory, with it; bounded by what is open and listed. */
  readonly #listed = new Map<string, string>();
  /** Whatever starts or stops a source does so in its turn. */
  readonly #turns = new Turns();
  readonly #looks = new Looks(() => this.#look());
  readonly #end = new AbortController();
  #watch: SandboxWatch | null = null;
  #watched = '';
  #trusted = false;
  #settings: Settings = { pathMappings: [], directories: [], dockerHost: '', autoAttach: true };

  constructor(options: HubOptions) {
    this.#options = options;
    sweepPrivateCopies();
  }

  get settings(): Settings {
    return this.#settings;
  }

  configure(trusted: boolean, settings: Settings): void {
    this.#trusted = trusted;
    this.#settings = settings;
    const watched = trusted ? `on ${settings.dockerHost}` : 'off';
    if (watched === this.#watched) return;
    this.#watched = watched;
    this.#watch?.dispose();
    const { home, env, onError } = this.#options;
    this.#watch = trusted
      ? watchSandboxes({ home, env, dockerHost: settings.dockerHost }, () => void this.#looks.askAnew(this.#lookOf()).catch(onError))
      : null;
  }

  get(sourceId: string): OpenSource | null {
    return this.#open.get(sourceId) ?? null;
  }

  ofRow(row: number): OpenSource | null {
    for (const open of this.#open.values()) if (open.row === row) return open;
    return null;
  }

  all(): readonly OpenSource[] {
    return [...this.#open.values()];
  }

  /** Looks for sandboxes, and attaches to the running ones where that is wanted. */
  refresh(): Promise<void> {
    return this.#looks.ask(this.#lookOf());
  }

  /** When it is known what there is: before the first look has ended, nothing found would mean nothing. */
  lookedOnce(): Promise<void> {
    return this.#looks.once(this.#lookOf());
  }

  #lookOf(): string {
    return JSON.stringify([this.#trusted, this.#settings.dockerHost, this.#settings.directories, this.#settings.autoAttach]);
  }

  async #look(): Promise<void> {
    try {
      await this.#lookNow();
    } catch (error) {
      if (!this.#end.signal.aborted) throw error; // else no one is left who wants to know
    }
  }

  async #lookNow(): Promise<void> {
    if (!this.#trusted) {
      this.#found = [];
      this.#looked = [];
      return;
    }
    const { home, env } = this.#options;
    const { dockerHost, directories, autoAttach } = this.#settings;
    const signal = AbortSignal.any([AbortSignal.timeout(refreshMs), this.#end.signal]);
    const found = await findSandboxes({ home, env, dockerHost, signal });
    this.#found = found.sandboxes;
    this.#looked = found.looked;
    const attached = autoAttach
      ? found.sandboxes.filter(runs).map((sandbox) => this.#attachUnasked(sourceIdOf('sandbox', sandbox.id)))
      : [];
    const opened = directories.map((directory) => this.#openUnasked(directory));
    const failures = (await Promise.all([...attached, ...opened])).filter((looked) => looked !== null);
    await this.#closeUnlisted(directories);
    this.#looked = [...found.looked, ...failures];
    this.#tell({ inventory: true, source: null, result: null });
  }

  async #attachUnasked(id: string): Promise<null> {
    await this.#inTurn(id, () => {
      if (!this.#running.has(id) && !this.#detachedByUser.has(id)) this.#attach(id);
    });
    return null;
  }

  /** A directory of the settings; what it could not be opened for. Never fails: the others are to be opened all the same. */
  async #openUnasked(directory: string): Promise<Looked | null> {
    const started = performance.now();
    try {
      await this.#openPath(directory, false);
      return null;
    } catch (error) {
      if (!AttachError.is(error)) this.#options.onError(error);
      return notOpened(directory, error, Math.round(performance.now() - started));
    }
  }

  /** What is in the settings no more goes, unless a person opened it themselves. */
  async #closeUnlisted(directories: readonly string[]): Promise<void> {
    const over = [...this.#listed].filter(([, directory]) => !directories.includes(directory));
    const close = (id: string, directory: string): Promise<void> =>
      this.#inTurn(id, async () => {
        if (this.#listed.get(id) !== directory) return; // opened by a person meanwhile
        await this.#stop(id);
        this.#open.delete(id);
        this.#listed.delete(id);
        this.#detachedByUser.delete(id);
      });
    await Promise.all(over.map(([id, directory]) => close(id, directory)));
  }

  inventory(): Inventory {
    const nodes = new Map<string, SandboxNode>();
    for (const found of this.#found) {
      const id = sourceIdOf('sandbox', found.id);
      nodes.set(id, this.#node(id, found, this.#open.get(id) ?? null));
    }
    for (const open of this.#open.values()) if (!nodes.has(open.id)) nodes.set(open.id, this.#node(open.id, open.found, open));
    const empty = nodes.size > 0 ? 'none' : emptyReason(this.#trusted, this.#looked);
    return { looked: this.#looked, sandboxes: [...nodes.values()], empty, storeLifetime: 'session', storeNote: null, collector: { kind: 'this-window', pid: process.pid } };
  }

  #node(id: string, found: FoundSandbox | null, open: OpenSource | null): SandboxNode {
    return sandboxNode(this.#options.store, id, found, open);
  }

  node(open: OpenSource): SandboxNode {
    return this.#node(open.id, open.found, open);
  }

  /** A recording, a state directory or a folder holding one. Throws AttachError. */
  async open(path: string): Promise<OpenSource> {
    return this.#openPath(path, true);
  }

  /** What no one asks for and a person detached from is listed, to be attached to again, and not read. */
  async #openPath(path: string, asked: boolean): Promise<OpenSource> {
    const source = await openDirectory(path);
    const id = sourceIdOf('directory', await realpath(path));
    if (asked) this.#detachedByUser.delete(id);
    return this.#inTurn(id, () => {
      const known = this.#open.get(id);
      if (asked) this.#listed.delete(id);
      else if (known === undefined || this.#listed.has(id)) this.#listed.set(id, path);
      const detached = !asked && this.#detachedByUser.has(id);
      if (known !== undefined && (detached || this.#running.has(id))) return known;
      const open = this.#register(id, 'directory', source, null, null);
      if (detached) this.#state(open, { kind: 'idle' });
      else this.#start(open, source, true);
      return open;
    });
  }

  /** Plays the bundled recording; what an earlier playing left is forgotten first. */
  playSample(speed: number): Promise<OpenSource> {
    const { sampleDir, store } = this.#options;
    const id = sourceIdOf('sample', basename(sampleDir));
    return this.#inTurn(id, async () => {
      const source = await openDirectory(sampleDir);
      await this.#stop(id);
      this.#open.delete(id);
      // Also one that an earlier life of the server kept: with its cursors there would be nothing left to play.
      store.transaction(() => store.sources.remove(this.#row(id, source, null)));
      const open = this.#register(id, 'sample', source, null, 'sample: scripted model');
      this.#start(open, speed > 0 ? pacedSource(source, speed) : source, speed <= 0);
      return open;
    });
  }

  /** Attaches to a sandbox that was found; its progress is its state. Throws AttachError when there is none of this id. */
  attach(sourceId: string): Promise<OpenSource> {
    this.#detachedByUser.delete(sourceId);
    return this.#inTurn(sourceId, () => {
      const open = this.#attach(sourceId);
      this.#listed.delete(sourceId);
      return open;
    });
  }

  #attach(sourceId: string): OpenSource {
    const known = this.#open.get(sourceId);
    if (known !== undefined && this.#running.has(sourceId)) return known;
    const found = this.#found.find((candidate) => sourceIdOf('sandbox', candidate.id) === sourceId);
    if (found === undefined) {
      if (known !== undefined && known.found === null) {
        this.#start(known, known.source, true);
        return known;
      }
      throw new AttachError('no-such-path', 'This sandbox is not there any more', 'Refresh the view Sandboxes.');
    }
    const source = sandboxSource(found);
    const open = this.#register(sourceId, found.layout === 'directory' ? 'directory' : 'container', source, found, null);
    this.#start(open, source, true);
    return open;
  }

  detach(sourceId: string): Promise<void> {
    this.#detachedByUser.add(sourceId);
    return this.#inTurn(sourceId, async () => {
      await this.#stop(sourceId);
      const open = this.#open.get(sourceId);
      if (open !== undefined) this.#state(open, { kind: 'idle' });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort();
    this.#watch?.dispose();
    for (const { controller } of this.#running.values()) controller.abort();
    await this.#turns.settled();
    await Promise.all([...this.#running.keys()].map((id) => this.#stop(id)));
  }

  #register(id: string, kind: SandboxNode['kind'], source: Source, found: FoundSandbox | null, badge: string | null): OpenSource {
    const row = this.#options.store.transaction(() => this.#row(id, source, found));
    const open: OpenSource = {
      id,
      row,
      kind,
      source,
      found,
      badge,
      state: { kind: 'attaching' },
      revision: this.#open.get(id)?.revision ?? 0,
    };
    this.#open.delete(id); // the one opened last stands last
    this.#open.set(id, open);
    this.#bound();
    return open;
  }

  #row(id: string, source: Source, found: FoundSandbox | null): number {
    const info: SourceInfo = {
      kind: source.kind,
      name: found?.name ?? source.name,
      sandbox: found?.name ?? null,
      runtime: 'openclaw',
      runtimeVersion: null,
    };
    return this.#options.store.sources.ensure(id, { info, registryProvider: found?.provider ?? null });
  }

  #inTurn<T>(id: string, body: () => Promise<T> | T): Promise<T> {
    return this.#turns.run(id, () => {
      if (this.#end.signal.aborted) throw new AttachError('lost', 'The server is ending', 'Try again when it has been started again.');
      return body();
    });
  }

  /** Asked whenever a source is opened or comes to rest; never closes the one opened last, for that is being looked at. */
  #bound(): void {
    let over = this.#open.size - openSourceLimit;
    const last = [...this.#open.keys()].at(-1);
    for (const [id, open] of this.#open) {
      if (over <= 0) return;
      if (id === last || !mayClose(open)) continue;
      over -= 1;
      const close = async (): Promise<void> => {
        if (this.#end.signal.aborted || this.#open.get(id) !== open || !mayClose(open)) return; // opened again meanwhile
        await this.#stop(id);
        this.#open.delete(id);
        this.#tell({ inventory: true, source: null, result: null });
      };
      this.#turns.run(id, close).catch(this.#options.onError);
    }
  }

  #start(open: OpenSource, source: Source, follow: boolean): void {
    if (this.#running.has(open.id)) throw new Error('a source is collected once at a time');
    const controller = new AbortController();
    this.#state(open, { kind: 'attaching' });
    const done = this.#run(open, source, follow, controller.signal).catch((error: unknown) => {
      if (controller.signal.aborted) return;
      this.#state(open, attachFailure(error));
      if (!AttachError.is(error)) this.#options.onError(error);
    });
    const run = {
      controller,
      done: done.finally(() => void this.#running.delete(open.id)),
    };
    this.#running.set(open.id, run);
  }

  #run(open: OpenSource, source: Source, follow: boolean, signal: AbortSignal): Promise<void> {
    return keepCollecting(this.#options.store, open.row, source, {
      follow,
      signal,
      live: open.kind === 'container',
      again: (before) => this.#again(open, before, signal),
      onState: (state) => this.#state(open, state),
      onChange: (result) => this.#changed(open, result),
    });
  }

  /** The container may be another one by now (recreated under the same sandbox id). */
  async #again(open: OpenSource, source: Source, signal: AbortSignal): Promise<Source> {
    const { home, env } = this.#options;
    const { sandboxes } = await findSandboxes({ home, env, dockerHost: this.#settings.dockerHost, signal });
    const found = sandboxes.find((candidate) => sourceIdOf('sandbox', candidate.id) === open.id);
    return found === undefined || found.state !== 'running' ? source : sandboxSource(found);
  }

  async #stop(id: string): Promise<void> {
    const running = this.#running.get(id);
    if (running === undefined) return;
    running.controller.abort();
    await running.done;
  }

  #state(open: OpenSource, state: AttachState): void {
    open.state = state;
    this.#tell({ inventory: true, source: open, result: null });
    if (mayClose(open)) this.#bound();
  }

  #changed(open: OpenSource, result: IngestResult): void {
    open.revision += 1;
    this.#tell({ inventory: result.skippedChanged, source: open, result });
  }

  /** Once it is told to end, whoever listens may have ended already. */
  #tell(change: HubChange): void {
    if (!this.#end.signal.aborted) this.#options.onChange(change);
  }
}

function notOpened(place: string, error: unknown, ms: number): Looked {
  const { reason, hint } = attachFailure(error);
  const outcome = AttachError.is(error, 'unreadable') ? 'refused' : AttachError.is(error, 'no-such-path') ? 'absent' : 'failed';
  return { place, outcome, reason: `${reason}. ${hint}`, ms, found: 0 };
}

function runs(found: FoundSandbox): boolean {
  return found.state === 'running' && found.layout !== 'directory' && found.layout !== 'registry-only';
}

/** Only read, not followed live: it can be opened again at any time. */
function mayClose(open: OpenSource): boolean {
  return open.state.kind !== 'live' && open.state.kind !== 'attaching' && open.state.kind !== 'lost';
}

export function sampleDirectory(extensionDir: string): string {
  return join(extensionDir, 'sample');
}
