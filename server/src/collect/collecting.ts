/**
 * Reads what is wished into the store, each source once. Only one process of those that share a store does; it tells all how
 * far it is by the state it keeps with each source. Whatever starts or stops a source does so in its turn.
 */
import { basename } from 'node:path';
import { openDirectory } from '../attach/directory';
import { AttachError } from '../attach/errors';
import type { Source } from '../attach/record';
import { assertNever } from '../model/assertNever';
import type { SourceInfo } from '../protocol/document';
import type { AttachState } from '../protocol/messages';
import type { FoundSandbox } from '../sandboxes/findSandboxes';
import { sandboxSource } from '../sandboxes/sandboxSource';
import type { Store } from '../store/store';
import type { IngestResult } from './ingest';
import { attachFailure, keepCollecting } from './keepCollecting';
import type { Lookout, Sight } from './lookout';
import { engineOf, findIn, isGone, runs } from './lookout';
import { pacedSource } from './paced';
import { sourceIdOf } from './sourceId';
import type { Turns } from './turns';
import { unasked } from './wishes';
import type { Wished } from './wishes';

export interface CollectingOptions {
  readonly store: Store;
  readonly sampleDir: string;
  readonly lookout: Lookout;
  readonly turns: Turns;
  /** What all windows wish. */
  readonly wishes: () => ReadonlyMap<string, Wished>;
  /** A directory that this window has opened already. */
  readonly opened: (id: string) => Source | null;
  /** Why a source of this kind may not be read by this process now; null: it may. */
  readonly refusal: (kind: Wished['wanted']['kind']) => AttachState | null;
  readonly onState: (id: string, row: number, state: AttachState) => void;
  readonly onResult: (row: number, result: IngestResult) => void;
  readonly onError: (error: unknown) => void;
}

interface Run {
  readonly controller: AbortController;
  readonly row: number;
  readonly nonce: string;
  /** Of a container; changes when it is another one. */
  found: FoundSandbox | null;
  done: Promise<void>;
}

export const sampleBadge = 'sample: scripted model';

export class Collecting implements AsyncDisposable {
  readonly #options: CollectingOptions;
  readonly #running = new Map<string, Run>();
  /** The request that was last begun for each source that is wished. */
  readonly #answered = new Map<string, string>();
  #wished: ReadonlyMap<string, Wished> = new Map();
  #ended = false;

  constructor(options: CollectingOptions) {
    this.#options = options;
  }

  isRunning(id: string): boolean {
    return this.#running.has(id);
  }

  /** Is this row of the store being read by this process? */
  reads(row: number): boolean {
    for (const run of this.#running.values()) if (run.row === row) return true;
    return false;
  }

  /** What is being read in containers now, by this process and no other. */
  containers(): readonly { readonly sourceId: string; readonly row: number; readonly found: FoundSandbox }[] {
    return [...this.#running].flatMap(([sourceId, { row, found }]) => (found?.place ? [{ sourceId, row, found }] : []));
  }

  /** Does what is wished now. `looked`: what could not be read before may be there by now. */
  async reconcile(why: 'wished' | 'looked'): Promise<void> {
    this.learn();
    const ids = new Set([...this.#wished.keys(), ...this.#running.keys()]);
    await Promise.all([...ids].map((id) => this.#options.turns.run(id, () => this.settle(id, why))));
  }

  learn(): void {
    this.#wished = this.#options.wishes();
    for (const id of this.#answered.keys()) if (!this.#wished.has(id)) this.#answered.delete(id);
  }

  /** Within the source's turn, and after what is wished was learned. */
  async settle(id: string, why: 'wished' | 'looked' = 'wished'): Promise<void> {
    if (this.#ended) return;
    const { store, lookout } = this.#options;
    const wished = store.windows.isDetached(id) ? undefined : this.#wished.get(id);
    const run = this.#running.get(id);
    if (wished === undefined) {
      const row = run?.row ?? store.sources.find(id);
      await this.stop(id);
      const state = row === null ? null : store.sources.state(row);
      if (row !== null && state !== null && state.attach.kind !== 'idle') this.#state(id, row, '', { kind: 'idle' });
      return;
    }
    const { wanted } = wished;
    const refusal = this.#options.refusal(wanted.kind);
    if (refusal !== null) {
      await this.stop(id);
      const row = store.sources.find(id);
      if (row !== null) this.#state(id, row, '', refusal);
      return;
    }
    if (run !== undefined) {
      // Whoever plays the sample wants to see it from its beginning; all else goes on for whoever joins.
      if (wanted.kind !== 'sample' || wanted.nonce === run.nonce) {
        this.#answered.set(id, wanted.nonce);
        return;
      }
      await this.stop(id);
    } else if (this.#answered.get(id) === wanted.nonce) {
      const found = wanted.kind === 'sandbox' ? lookout.find(id) : null;
      const mayBeBack =
        wanted.kind === 'sandbox' ? found !== null && (runs(found) || found.layout === 'directory') : wanted.nonce === unasked;
      if (why !== 'looked' || !mayBeBack) return;
    }
    this.#answered.set(id, wanted.nonce);
    await this.#start(id, wished);
  }

  async stop(id: string): Promise<void> {
    const run = this.#running.get(id);
    if (run === undefined) return;
    run.controller.abort();
    await run.done;
  }

  /** Ends when nothing is read any more; what was begun may begin again. */
  async stopAll(): Promise<void> {
    for (const { controller } of this.#running.values()) controller.abort();
    await Promise.all([...this.#running.values()].map(({ done }) => done));
    this.#answered.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended = true;
    await this.stopAll();
  }

  async #start(id: string, wished: Wished): Promise<void> {
    const { wanted } = wished;
    if (wanted.kind === 'sample') {
      const source = await openDirectory(this.#options.sampleDir);
      const row = this.#sampleRow(id, wanted.nonce, source);
      this.#run(id, row, wished, null, () => Promise.resolve(wanted.speed > 0 ? pacedSource(source, wanted.speed) : source));
      return;
    }
    const found = wanted.kind === 'sandbox' ? this.#options.lookout.find(id) : null;
    this.#run(id, this.#row(id, wished, found), wished, found, (signal) => this.#sourceOf(id, wished, signal));
  }

  /** What an earlier playing left is forgotten first: with its cursors there would be nothing left to play. */
  #sampleRow(id: string, nonce: string, source: Source): number {
    const { store } = this.#options;
    return store.transaction(() => {
      const known = store.sources.find(id);
      // Another process began to play it and died.
      if (known !== null && store.sources.state(known)?.asked === nonce) return known;
      if (known !== null) store.sources.remove(known);
      return store.sources.ensure(id, { info: infoOf(source, null), registryProvider: null });
    });
  }

  /** Whoever asked has made it, knowing what it is called. */
  #row(id: string, { wanted }: Wished, found: FoundSandbox | null): number {
    const { store } = this.#options;
    const name = wanted.kind === 'directory' ? basename(wanted.path) : (found?.name ?? id);
    const info: SourceInfo = {
      kind: wanted.kind === 'directory' ? 'directory' : 'container',
      name,
      sandbox: found?.name ?? null,
      runtime: 'openclaw',
      runtimeVersion: null,
    };
    return store.transaction(() => store.sources.ensure(id, { info, registryProvider: found?.provider ?? null }));
  }

  #run(
    id: string,
    row: number,
    { wanted, look }: Wished,
    found: FoundSandbox | null,
    open: (signal: AbortSignal) => Promise<Source>,
  ): void {
    const { store, onResult, onError } = this.#options;
    if (this.#running.has(id)) throw new Error('a source is collected once at a time');
    if (this.#ended) return;
    const controller = new AbortController();
    const { signal } = controller;
    const run: Run = { controller, row, nonce: wanted.nonce, found, done: Promise.resolve() };
    const tell = (state: AttachState): void => {
      if (!signal.aborted) this.#state(id, row, wanted.nonce, state);
    };
    const read = async (): Promise<void> => {
      const source = await open(signal);
      const ended = await keepCollecting(store, row, source, {
        follow: wanted.kind !== 'sample' || wanted.speed <= 0,
        signal,
        live: source.kind === 'container',
        again: (before, ms) => this.#again(id, look, run, before, ms),
        onState: tell,
        onChange: (result) => onResult(row, result),
      });
      if (ended === 'removed') tell({ kind: 'idle' });
    };
    this.#running.set(id, run);
    tell({ kind: 'attaching' });
    run.done = read()
      .catch((error: unknown) => {
        if (signal.aborted) return;
        tell(attachFailure(error));
        if (!AttachError.is(error)) onError(error);
      })
      .finally(() => void this.#running.delete(id));
  }

  async #sourceOf(id: string, { wanted, look }: Wished, signal: AbortSignal): Promise<Source> {
    switch (wanted.kind) {
      case 'directory':
        return this.#options.opened(id) ?? openDirectory(wanted.path);
      case 'sandbox': {
        const found = this.#options.lookout.find(id) ?? findIn(await this.#options.lookout.ask(look, signal), id);
        if (found === null) throw notThere();
        const run = this.#running.get(id);
        if (run !== undefined) run.found = found;
        return sandboxSource(found);
      }
      case 'sample':
        throw new Error('the sample is opened where it is begun');
      default:
        return assertNever(wanted);
    }
  }

  /** It is tried at once when a look finds it otherwise than it was when it was lost; else after a while. */
  async #again(id: string, look: Wished['look'], run: Run, before: Source, ms: number): Promise<Source | null> {
    const { lookout } = this.#options;
    const { signal } = run.controller;
    const was = lookOf(lookout.find(id));
    const until = performance.now() + ms;
    for (;;) {
      const left = until - performance.now();
      const how = left <= 0 ? 'waited' : await lookout.next(left, signal);
      if (signal.aborted) return before;
      const sight: Sight = how === 'looked' ? lookout.sight : await lookout.ask(look, signal);
      if (signal.aborted) return before;
      const found = findIn(sight, id);
      if (found === null && run.found !== null && isGone(sight, id, engineOf(run.found))) return null;
      if (how === 'looked' && lookOf(found) === was) continue;
      if (found === null || !runs(found)) return before;
      run.found = found;
      return sandboxSource(found);
    }
  }

  #state(id: string, row: number, asked: string, attach: AttachState): void {
    if (this.#ended) return;
    this.#options.store.sources.setState(row, { attach, asked });
    this.#options.onState(id, row, attach);
  }
}

export function sampleId(sampleDir: string): string {
  return sourceIdOf('sample', basename(sampleDir));
}

export function infoOf(source: Source, found: FoundSandbox | null): SourceInfo {
  return {
    kind: source.kind,
    name: found?.name ?? source.name,
    sandbox: found?.name ?? null,
    runtime: 'openclaw',
    runtimeVersion: null,
  };
}

export function notThere(): AttachError {
  return new AttachError('no-such-path', 'This sandbox is not there any more', 'Refresh the view Sandboxes.');
}

function lookOf(found: FoundSandbox | null): string {
  return found === null ? '' : JSON.stringify([found.state, found.containers]);
}
