/**
 * What sandboxes there are, as one window sees it: by its own settings and trust, looked for again whenever an engine or a
 * registry says that something changed. Reads none of them.
 */
import type { Looked } from '../protocol/document';
import { addressKey, enginePlaces } from '../sandboxes/engines';
import { findSandboxes } from '../sandboxes/findSandboxes';
import type { FoundSandbox } from '../sandboxes/findSandboxes';
import { watchSandboxes } from '../sandboxes/watchSandboxes';
import type { SandboxWatch } from '../sandboxes/watchSandboxes';
import type { LookQuestion } from '../store/windows';
import { Looks } from './looks';
import { sourceIdOf } from './sourceId';

const lookTimeoutMs = 30_000;
/** What decides where an engine is looked for. By name, since other variables may hold secrets. */
const engineVariables = [
  'DOCKER_HOST',
  'DOCKER_CONTEXT',
  'DOCKER_CONFIG',
  'DOCKER_TLS',
  'DOCKER_TLS_VERIFY',
  'DOCKER_CERT_PATH',
  'CONTAINER_HOST',
  'XDG_RUNTIME_DIR',
  'CONTAINER_HOST',
  'HOME',
] as const;

export interface LookoutOptions {
  readonly home: string;
  readonly env: NodeJS.ProcessEnv;
  /** After each look of ours, before whoever asked for it is answered. */
  readonly onLooked: () => Promise<void>;
  readonly onError: (error: unknown) => void;
}

/** What a look came to. */
export interface Sight {
  readonly found: readonly FoundSandbox[];
  readonly looked: readonly Looked[];
  /** Engines that answered, however they are named. */
  readonly answered: ReadonlySet<string>;
}

const nothing: Sight = { found: [], looked: [], answered: new Set() };

export class Lookout implements Disposable {
  readonly #options: LookoutOptions;
  readonly #looks = new Looks(() => this.#look());
  readonly #end = new AbortController();
  readonly #waiting = new Set<() => void>();
  #watch: SandboxWatch | null = null;
  #dockerHost = '';
  #trusted = false;
  #configured = '';
  /** Whatever else decides what comes of a look. */
  #of = '';
  #sight: Sight = nothing;

  constructor(options: LookoutOptions) {
    this.#options = options;
  }

  get sight(): Sight {
    return this.#sight;
  }

  /** null: nothing is looked for. */
  get question(): LookQuestion | null {
    if (!this.#trusted) return null;
    const { home, env } = this.#options;
    const set = engineVariables.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]] as const]));
    return { home, env: Object.fromEntries(set), dockerHost: this.#dockerHost };
  }

  configure(trusted: boolean, dockerHost: string, of: string): void {
    this.#of = of;
    const configured = trusted ? `on ${dockerHost}` : 'off';
    if (configured === this.#configured) return;
    this.#configured = configured;
    this.#trusted = trusted;
    this.#dockerHost = dockerHost;
    this.#watch?.dispose();
    const { home, env, onError } = this.#options;
    this.#watch = trusted ? watchSandboxes({ home, env, dockerHost }, () => void this.#looks.askAnew(this.#lookOf()).catch(onError)) : null;
  }

  refresh(): Promise<void> {
    return this.#looks.ask(this.#lookOf());
  }

  once(): Promise<void> {
    return this.#looks.once(this.#lookOf());
  }

  find(sourceId: string): FoundSandbox | null {
    return findIn(this.#sight, sourceId);
  }

  /** As another window would look, or anew as we do; what was seen last when the signal aborts. */
  async ask(question: LookQuestion | null, signal: AbortSignal): Promise<Sight> {
    if (question === null) return nothing;
    if (JSON.stringify(question) !== JSON.stringify(this.question)) return sightOf(question, AbortSignal.any([signal, this.#end.signal]));
    // A look ends when all that it sets off is done; whoever is being stopped by that must not wait for it.
    let abort = (): void => undefined;
    const aborted = new Promise<void>((resolve) => {
      abort = resolve;
      signal.addEventListener('abort', abort);
      if (signal.aborted) resolve();
    });
    const look = this.refresh();
    await Promise.race([look, aborted]).finally(() => signal.removeEventListener('abort', abort));
    if (signal.aborted) look.catch(this.#options.onError);
    return this.#sight;
  }

  /** Resolves after the next look of ours, after `ms`, or when the signal aborts. */
  next(ms: number, signal: AbortSignal): Promise<'looked' | 'waited'> {
    return new Promise((resolve) => {
      const end = (how: 'looked' | 'waited'): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', aborted);
        this.#waiting.delete(looked);
        resolve(how);
      };
      const looked = (): void => end('looked');
      const aborted = (): void => end('waited');
      const timer = setTimeout(aborted, ms);
      this.#waiting.add(looked);
      signal.addEventListener('abort', aborted);
      if (signal.aborted) aborted();
    });
  }

  [Symbol.dispose](): void {
    this.#end.abort();
    this.#watch?.dispose();
  }

  #lookOf(): string {
    return `${this.#configured} ${this.#of}`;
  }

  async #look(): Promise<void> {
    try {
      const { question } = this;
      this.#sight = question === null ? nothing : await sightOf(question, this.#end.signal, this.#options.env);
      if (!this.#end.signal.aborted) await this.#options.onLooked();
      for (const looked of [...this.#waiting]) looked();
    } catch (error) {
      if (!this.#end.signal.aborted) throw error; // else no one is left who wants to know
    }
  }
}

async function sightOf(question: LookQuestion, signal: AbortSignal, env: NodeJS.ProcessEnv = question.env): Promise<Sight> {
  const { home, dockerHost } = question;
  const limit = AbortSignal.any([AbortSignal.timeout(lookTimeoutMs), signal]);
  const { sandboxes, looked } = await findSandboxes({ home, env, dockerHost, signal: limit });
  const ok = new Set(looked.filter(({ outcome }) => outcome === 'ok').map(({ place }) => place));
  const engines = enginePlaces({ env: { HOME: home, ...env }, dockerHost }).filter(({ place }) => ok.has(place));
  return { found: sandboxes, looked, answered: new Set(engines.flatMap(({ address }) => (address === null ? [] : [addressKey(address)]))) };
}

export function findIn(sight: Sight, sourceId: string): FoundSandbox | null {
  return sight.found.find((candidate) => sourceIdOf('sandbox', candidate.id) === sourceId) ?? null;
}

/** Not there any more: the engine it was in answered, and tells of it no longer. One that is silent says nothing. */
export function isGone(sight: Sight, sourceId: string, engine: string | null): boolean {
  return engine !== null && sight.answered.has(engine) && findIn(sight, sourceId) === null;
}

export function engineOf(found: FoundSandbox): string | null {
  return found.engine === null ? null : addressKey(found.engine);
}

export function runs(found: FoundSandbox): boolean {
  return found.state === 'running' && found.layout !== 'directory' && found.layout !== 'registry-only';
}
