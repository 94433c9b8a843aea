/** Says that the list of sandboxes may have changed: the engine's events, and the registry's directories. */
import { watch, type FSWatcher } from 'node:fs';
import { dirname } from 'node:path';
import type { EngineAddress } from '../attach/container/engine';
import { enginePlaces } from './engines';
import type { FindOptions } from './findSandboxes';
import { followEngine } from './followEngine';
import { registryDirectory, registryPaths } from './registries';

/** Several containers and files change together. */
const SETTLE_MS = 150;
/** A watched directory may be made, an engine be named elsewhere. */
const AGAIN_MS = 5000;

export interface SandboxWatch {
  dispose(): void;
}

/** Calls `onChange` some time after each change, until it is disposed of. */
export function watchSandboxes(options: Omit<FindOptions, 'signal'>, onChange: () => void): SandboxWatch {
  let disposed = false;
  let settle: NodeJS.Timeout | undefined;
  const changed = (): void => {
    if (disposed || settle) return;
    settle = setTimeout(() => {
      settle = undefined;
      if (!disposed) onChange();
    }, SETTLE_MS);
  };
  const engines = new EngineWatch(options, changed);
  const registry = new RegistryWatch(options.home, changed);
  return {
    dispose() {
      disposed = true;
      clearTimeout(settle);
      engines.dispose();
      registry.dispose();
    },
  };
}

/** The engines there may be: a context may be chosen or made meanwhile. */
class EngineWatch {
  readonly #options: Omit<FindOptions, 'signal'>;
  readonly #changed: () => void;
  /** Those that are followed, by their address; bounded by the places there may be. */
  readonly #followed = new Map<string, AbortController>();
  readonly #again: NodeJS.Timeout;
  #places = '';

  constructor(options: Omit<FindOptions, 'signal'>, changed: () => void) {
    this.#options = options;
    this.#changed = changed;
    this.#again = setInterval(() => this.#look(), AGAIN_MS);
    this.#again.unref();
    this.#look();
  }

  #look(): void {
    const { home, env, dockerHost } = this.#options;
    const places = enginePlaces({ env: { HOME: home, ...env }, dockerHost });
    const addresses = new Map(places.flatMap(({ address }) => (address ? [[nameOf(address), address] as const] : [])));
    for (const [key, controller] of this.#followed)
      if (!addresses.has(key)) {
        controller.abort();
        this.#followed.delete(key);
      }
    for (const [key, address] of addresses) {
      if (this.#followed.has(key)) continue;
      const controller = new AbortController();
      this.#followed.set(key, controller);
      void followEngine(address, controller.signal, this.#changed);
    }
    const said = places.map(({ place }) => place).join(' ');
    if (this.#places !== '' && said !== this.#places) this.#changed();
    this.#places = said;
  }

  dispose(): void {
    clearInterval(this.#again);
    for (const controller of this.#followed.values()) controller.abort();
    this.#followed.clear();
  }
}

/** As it was named: where a path leads may change while its engine is being restarted. */
function nameOf(address: EngineAddress): string {
  return address.kind === 'socket' ? address.path : `${address.host}:${address.port}`;
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
