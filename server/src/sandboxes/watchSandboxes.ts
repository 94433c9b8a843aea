/** Says that the list of sandboxes may have changed: the engine's events, and the registry's directories. */
import { watch, type FSWatcher } from 'node:fs';
import { dirname } from 'node:path';
import { engineAt, type EngineAddress } from '../attach/container/engine';
import { LABEL_FILTERS } from './containers';
import { enginePlaces } from './engines';
import type { FindOptions } from './findSandboxes';
import { registryDirectory, registryPaths } from './registries';

/** Several containers and files change together. */
const SETTLE_MS = 150;
/** An engine that is not there may come; a watched directory may be made. */
const AGAIN_MS = 5000;

const EVENTS = ['create', 'start', 'die', 'stop', 'pause', 'unpause', 'destroy', 'rename', 'oom'];

export interface SandboxWatch {
  dispose(): void;
}

/** Calls `onChange` some time after each change, until it is disposed of. */
export function watchSandboxes(options: Omit<FindOptions, 'signal'>, onChange: () => void): SandboxWatch {
  const controller = new AbortController();
  const { signal } = controller;
  let settle: NodeJS.Timeout | undefined;
  const changed = (): void => {
    if (signal.aborted || settle) return;
    settle = setTimeout(() => {
      settle = undefined;
      if (!signal.aborted) onChange();
    }, SETTLE_MS);
  };
  for (const { address } of enginePlaces({ env: { HOME: options.home, ...options.env }, dockerHost: options.dockerHost }))
    if (address) void followEngine(address, signal, changed);
  const registry = new RegistryWatch(options.home, changed);
  return {
    dispose() {
      controller.abort();
      clearTimeout(settle);
      registry.dispose();
    },
  };
}

/** One label prefix after the other would be one connection each; the filter is ours instead. */
async function followEngine(address: EngineAddress, signal: AbortSignal, changed: () => void): Promise<void> {
  let there = false;
  while (!signal.aborted) {
    try {
      const stream = (await engineAt(address).getEvents({
        filters: { type: ['container'], event: EVENTS },
        abortSignal: signal,
      })) as NodeJS.ReadableStream & AsyncIterable<Buffer>;
      if (!there) changed();
      there = true;
      for await (const chunk of stream) if (LABEL_FILTERS.some((label) => chunk.includes(label))) changed();
    } catch {
      // No engine here, or it went away: what the next look finds is told there, with its reason.
      if (there) changed();
      there = false;
    }
    if (!signal.aborted) await pause(signal);
  }
}

function pause(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, AGAIN_MS);
    timer.unref();
    signal.addEventListener('abort', done, { once: true });
  });
}

/** The registry is replaced by renaming, so its directory is watched, and its directory's parent for as long as there is none. */
class RegistryWatch {
  readonly #home: string;
  readonly #changed: () => void;
  readonly #watchers = new Map<string, FSWatcher>();
  readonly #again: NodeJS.Timeout;
  #disposed = false;

  constructor(home: string, changed: () => void) {
    this.#home = home;
    this.#changed = changed;
    this.#again = setInterval(() => void this.#look(), AGAIN_MS);
    this.#again.unref();
    void this.#look();
  }

  async #look(): Promise<void> {
    const directories = new Set([registryDirectory(this.#home), ...(await registryPaths(this.#home)).map((path) => dirname(path))]);
    if (this.#disposed) return;
    for (const directory of directories) if (!this.#watchers.has(directory)) this.#watch(directory);
  }

  #watch(directory: string): void {
    try {
      const watcher = watch(directory, { persistent: false }, (_event, name) => {
        if (name === null || name === 'sandboxes.json' || name === 'gateways') this.#changed();
      });
      watcher.on('error', () => {
        watcher.close();
        this.#watchers.delete(directory);
        this.#changed();
      });
      this.#watchers.set(directory, watcher);
      this.#changed();
    } catch {
      this.#watchers.delete(directory); // not there: it is looked for again
    }
  }

  dispose(): void {
    this.#disposed = true;
    clearInterval(this.#again);
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }
}
