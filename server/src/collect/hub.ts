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
import type { Looked, SourceInfo } from '../protocol/document';
import type { AttachState, EmptyReason, Inventory, SandboxNode, Settings } from '../protocol/messages';
import { findSandboxes } from '../sandboxes/findSandboxes';
import type { FoundSandbox } from '../sandboxes/findSandboxes';
import { sandboxSource } from '../sandboxes/sandboxSource';
import { watchSandboxes } from '../sandboxes/watchSandboxes';
import type { SandboxWatch } from '../sandboxes/watchSandboxes';
import type { Store } from '../store/store';
import { findingsOf } from '../query/findings';
import { collect } from './collector';
import type { IngestResult } from './ingest';
import { pacedSource } from './paced';

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
const retryFirstMs = 500;
const retryLastMs = 5000;
/** How long after a loss a container may stay away before it is called gone rather than lost. */
const retryForMs = 10 * 60_000;

export function sourceIdOf(kind: 'directory' | 'sandbox' | 'sample', name: string): string {
  return createHash('sha256').update(`${kind}\n${name}`).digest('hex').slice(0, 16);
}

export class Hub implements AsyncDisposable {
  readonly #options: HubOptions;
  readonly #open = new Map<string, OpenSource>();
  readonly #running = new Map<string, { readonly controller: AbortController; readonly done: Promise<void> }>();
  #found: readonly FoundSandbox[] = [];
  #looked: readonly Looked[] = [];
  #detachedByUser = new Set<string>();
  #watch: SandboxWatch | null = null;
  #watched = '';
  #trusted = false;
  #settings: Settings = { pathMappings: [], directories: [], dockerHost: '', autoAttach: true };

  constructor(options: HubOptions) {
    this.#options = options;
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
      ? watchSandboxes(
          { home, env, dockerHost: settings.dockerHost },
          () => void this.refresh(AbortSignal.timeout(refreshMs)).catch(onError),
        )
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
  async refresh(signal: AbortSignal): Promise<void> {
    if (!this.#trusted) {
      this.#found = [];
      this.#looked = [];
      return;
    }
    const { home, env } = this.#options;
    const { looked, sandboxes } = await findSandboxes({ home, env, dockerHost: this.#settings.dockerHost, signal });
    this.#looked = looked;
    this.#found = sandboxes;
    for (const found of sandboxes) {
      const id = sourceIdOf('sandbox', found.id);
      const running = found.state === 'running' && found.layout !== 'directory' && found.layout !== 'registry-only';
      if (running && this.#settings.autoAttach && !this.#running.has(id) && !this.#detachedByUser.has(id)) this.attach(id);
    }
    for (const directory of this.#settings.directories) {
      try {
        await this.open(directory);
      } catch (error) {
        if (!AttachError.is(error)) throw error;
        this.#looked = [
          ...this.#looked,
          { place: directory, outcome: 'failed', reason: `${error.message}. ${error.hint}`, ms: 0, found: 0 },
        ];
      }
    }
    this.#options.onChange({ inventory: true, source: null, result: null });
  }

  inventory(): Inventory {
    const nodes = new Map<string, SandboxNode>();
    for (const found of this.#found) {
      const id = sourceIdOf('sandbox', found.id);
      nodes.set(id, this.#node(id, found, this.#open.get(id) ?? null));
    }
    for (const open of this.#open.values()) if (!nodes.has(open.id)) nodes.set(open.id, this.#node(open.id, open.found, open));
    return { looked: this.#looked, sandboxes: [...nodes.values()], empty: this.#empty(), storeLifetime: 'session', storeNote: null };
  }

  #empty(): EmptyReason {
    if (this.#open.size > 0 || this.#found.length > 0) return 'none';
    if (!this.#trusted) return 'untrusted';
    const engines = this.#looked.filter((looked) => looked.place.includes('docker') || looked.place.includes('DOCKER'));
    if (engines.some((looked) => looked.outcome === 'ok')) return 'nothing-found';
    return engines.some((looked) => looked.outcome === 'refused') ? 'docker-refused' : 'no-docker';
  }

  #node(id: string, found: FoundSandbox | null, open: OpenSource | null): SandboxNode {
    const { store } = this.#options;
    const info = open === null ? null : (store.sources.get(open.row)?.info ?? null);
    return {
      id,
      name: found?.name ?? info?.sandbox ?? info?.name ?? id,
      layout: found?.layout ?? 'directory',
      runtime: found?.runtime ?? 'openclaw',
      runtimeVersion: info?.runtimeVersion ?? found?.runtimeVersion ?? null,
      provider: found?.provider ?? (open === null ? null : (store.sources.get(open.row)?.registryProvider ?? null)),
      model: found?.model ?? null,
      state: found?.state ?? 'recorded',
      seenBy: found?.seenBy ?? [],
      kind: open?.kind ?? (found?.layout === 'directory' ? 'directory' : 'container'),
      attach: open?.state ?? { kind: 'idle' },
      skipped: open === null ? [] : store.sources.skipped(open.row),
      findings: open === null ? [] : findingsOf(store, open.row),
      revision: open?.revision ?? 0,
    };
  }

  node(open: OpenSource): SandboxNode {
    return this.#node(open.id, open.found, open);
  }

  /** A recording, a state directory or a folder holding one. Throws AttachError. */
  async open(path: string): Promise<OpenSource> {
    const source = await openDirectory(path);
    const id = sourceIdOf('directory', await realpath(path));
    const known = this.#open.get(id);
    if (known !== undefined && this.#running.has(id)) return known;
    const open = this.#register(id, 'directory', source, null, null);
    this.#start(open, source, true);
    return open;
  }

  /** Plays the bundled recording; what an earlier playing left is forgotten first. */
  async playSample(speed: number): Promise<OpenSource> {
    const { sampleDir, store } = this.#options;
    const source = await openDirectory(sampleDir);
    const id = sourceIdOf('sample', basename(sampleDir));
    await this.#stop(id);
    const known = this.#open.get(id);
    if (known !== undefined) {
      this.#open.delete(id);
      store.transaction(() => store.sources.remove(known.row));
    }
    const open = this.#register(id, 'sample', source, null, 'sample: scripted model');
    this.#start(open, speed > 0 ? pacedSource(source, speed) : source, speed <= 0);
    return open;
  }

  /** Attaches to a sandbox that was found; its progress is its state. Throws AttachError when there is none of this id. */
  attach(sourceId: string): OpenSource {
    this.#detachedByUser.delete(sourceId);
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

  async detach(sourceId: string): Promise<void> {
    this.#detachedByUser.add(sourceId);
    await this.#stop(sourceId);
    const open = this.#open.get(sourceId);
    if (open !== undefined) this.#state(open, { kind: 'idle' });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#watch?.dispose();
    await Promise.all([...this.#running.keys()].map((id) => this.#stop(id)));
  }

  #register(id: string, kind: SandboxNode['kind'], source: Source, found: FoundSandbox | null, badge: string | null): OpenSource {
    const { store } = this.#options;
    const info: SourceInfo = {
      kind: source.kind,
      name: found?.name ?? source.name,
      sandbox: found?.name ?? null,
      runtime: 'openclaw',
      runtimeVersion: null,
    };
    const row = store.transaction(() => store.sources.ensure(id, { info, registryProvider: found?.provider ?? null }));
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
    this.#open.set(id, open);
    this.#bound();
    return open;
  }

  #bound(): void {
    for (const [id, open] of this.#open) {
      if (this.#open.size <= openSourceLimit) return;
      if (open.state.kind === 'live' || open.state.kind === 'attaching') continue;
      this.#stop(id).catch(this.#options.onError);
      this.#open.delete(id);
    }
  }

  #start(open: OpenSource, source: Source, follow: boolean): void {
    const controller = new AbortController();
    this.#state(open, { kind: 'attaching' });
    const done = this.#run(open, source, follow, controller.signal).catch((error: unknown) => {
      if (controller.signal.aborted) return;
      this.#state(open, failure(error));
      if (!AttachError.is(error)) this.#options.onError(error);
    });
    const run = {
      controller,
      done: done.finally(() => this.#running.get(open.id) === run && this.#running.delete(open.id)).then(() => undefined),
    };
    this.#running.set(open.id, run);
  }

  async #run(open: OpenSource, first: Source, follow: boolean, signal: AbortSignal): Promise<void> {
    let source = first;
    let wait = retryFirstMs;
    let lostAt: number | null = null;
    for (;;) {
      try {
        await collect(this.#options.store, open.row, source, {
          follow,
          signal,
          onChange: (result) => this.#changed(open, result),
          onCaughtUp: () => {
            wait = retryFirstMs;
            lostAt = null;
            this.#state(open, { kind: open.kind === 'container' ? 'live' : 'read' });
          },
        });
        if (open.kind !== 'container' || signal.aborted) return;
        throw new AttachError('lost', 'The sandbox stopped answering', 'It is tried again.');
      } catch (error) {
        if (signal.aborted) return;
        const retryable =
          open.kind === 'container' &&
          (AttachError.is(error, 'lost') || AttachError.is(error, 'container-stopped') || AttachError.is(error, 'reader-failed'));
        lostAt ??= Date.now();
        if (!retryable || Date.now() - lostAt > retryForMs) throw error;
        this.#state(open, { kind: 'lost', reason: error instanceof Error ? error.message : String(error), retrying: true });
        await sleep(wait, signal);
        wait = Math.min(retryLastMs, wait * 2);
        if (signal.aborted) return;
        source = await this.#again(open, source, signal);
      }
    }
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
    this.#options.onChange({ inventory: true, source: open, result: null });
  }

  #changed(open: OpenSource, result: IngestResult): void {
    open.revision += 1;
    this.#options.onChange({ inventory: result.skippedChanged, source: open, result });
  }
}

function failure(error: unknown): AttachState {
  if (AttachError.is(error)) return { kind: 'failed', reason: error.message, hint: error.hint };
  return { kind: 'failed', reason: error instanceof Error ? error.message : String(error), hint: 'See the log of the Sandglass server.' };
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
    signal.addEventListener('abort', done);
  });
}

export function sampleDirectory(extensionDir: string): string {
  return join(extensionDir, 'sample');
}
