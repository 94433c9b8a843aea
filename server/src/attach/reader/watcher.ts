/**
 * Wakes the reader when something changed: by notification, and in any case after a while, since notifications get lost, run
 * out, or do not exist on the file system in question.
 */
import { statSync, watch, type FSWatcher } from 'node:fs';
import { isFileError } from './context';
import { delivered, Stream, type Rest } from './stream';

/** Directory to the names that changed in it; null: look at all of it. */
export type Dirty = ReadonlyMap<string, ReadonlySet<string> | null>;

const POLL_MS = 2000;
/** Where a directory can't be watched, looking is all there is. */
const POLL_UNWATCHED_MS = 150;
/** A line comes in several writes, and a turn in many lines. */
const SETTLE_MS = 10;
/** However long a clock that was set back would have it. */
const MAX_SETTLE_MS = 500;
const MAX_WATCHERS = 256;
const MAX_DIRTY = 1000;

/** Made and removed many times a turn, and never read. */
const NEVER_READ = /(?:\.lock|\.tmp|-shm|-journal|-lock\.sqlite|-writer\.sqlite)$|\.trajectory-path\.json$/;

export class Watcher {
  readonly #watchers = new Map<string, { readonly watcher: FSWatcher; readonly inode: bigint }>();
  readonly #signal: AbortSignal;
  readonly #rest: Rest | null;
  readonly #stream = new Stream();
  #unwatched = false;
  #dirty = new Map<string, Set<string> | null>();
  #wake: (() => void) | null = null;

  /** `rest`: null where other work is done in this process. */
  constructor(signal: AbortSignal, rest: Rest | null = null) {
    this.#signal = signal;
    this.#rest = rest;
  }

  /** Watches these directories from now on, as far as they exist; asked again now and then, for they come and go. */
  watch(paths: readonly string[]): void {
    this.#unwatched = false;
    for (const path of paths) {
      const inode = inodeOf(path);
      const known = this.#watchers.get(path);
      if (known && known.inode !== inode) this.#end(path);
      if (inode === undefined || known?.inode === inode) continue;
      if (this.#watchers.size >= MAX_WATCHERS) this.#unwatched = true;
      else this.#begin(path, inode);
    }
  }

  #begin(path: string, inode: bigint): void {
    try {
      const watcher = watch(path, { persistent: false }, (_event, name) => this.#changed(path, name));
      watcher.on('error', () => this.#end(path));
      this.#watchers.set(path, { watcher, inode });
    } catch {
      this.#unwatched = true; // no notifications left, or none here: looking more often does it too
    }
  }

  #end(path: string): void {
    this.#watchers.get(path)?.watcher.close();
    this.#watchers.delete(path);
    this.#changed(path, null);
  }

  #changed(path: string, name: string | null): void {
    this.#stream.noticed(performance.now());
    if (name !== null && NEVER_READ.test(name)) return;
    const names = this.#dirty.get(path);
    if (name === null || names === null || (names && names.size >= MAX_DIRTY)) this.#dirty.set(path, null);
    else if (names) names.add(name);
    else this.#dirty.set(path, new Set([name]));
    this.#wake?.();
  }

  /** Is every directory that is there watched? */
  get watchesAll(): boolean {
    return !this.#unwatched;
  }

  get pollMs(): number {
    return this.#unwatched ? POLL_UNWATCHED_MS : POLL_MS;
  }

  get streams(): boolean {
    return this.#rest !== null && this.#stream.flows;
  }

  /** What changed since the last time, at the latest after `ms`. `notBefore`: a change waits so long for others to come along. */
  async next(ms: number, notBefore = 0): Promise<Dirty> {
    if (this.#rest && this.#stream.flows) {
      await this.#rest(restFor(notBefore));
      await delivered();
      if (this.#dirty.size > 0) return this.taken();
      this.#stream.ended();
    }
    if (this.#dirty.size === 0) await this.#wait(ms, true);
    if (this.#dirty.size > 0) await this.#wait(restFor(notBefore), false);
    return this.taken();
  }

  /** What changed since the last time. */
  taken(): Dirty {
    const dirty = this.#dirty;
    this.#dirty = new Map();
    return dirty;
  }

  #wait(ms: number, wakeable: boolean): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#signal.removeEventListener('abort', done);
        this.#wake = null;
        resolve();
      };
      const timer = setTimeout(done, ms);
      this.#signal.addEventListener('abort', done, { once: true });
      if (wakeable) this.#wake = done;
      if (this.#signal.aborted) done();
    });
  }

  dispose(): void {
    for (const { watcher } of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }
}

function restFor(notBefore: number): number {
  return Math.min(MAX_SETTLE_MS, Math.max(SETTLE_MS, notBefore - performance.now()));
}

/** undefined: it is not there, or not for us; whoever reads it says so. */
function inodeOf(path: string): bigint | undefined {
  try {
    return statSync(path, { bigint: true, throwIfNoEntry: false })?.ino;
  } catch (error) {
    if (isFileError(error)) return undefined;
    throw error;
  }
}
