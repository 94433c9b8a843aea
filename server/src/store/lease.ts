/**
 * Which process may read sandboxes into a store: the one that holds the lock of a small file beside it (locks/fileLock.ts), which is
 * let go the moment its holder dies; no one ever takes it from a holder that lives. Beside it lies a note of who holds it, touched
 * every second, so that others can say when that one hangs.
 */
import { mkdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { FileLock } from '../locks/fileLock';
import { kernel } from './machine';

export interface Holder {
  readonly pid: number;
  readonly kernel: string;
  /** `store`: others can read along what it reads; `session`: no one can; `command`: it reads one source, and ends. */
  readonly reads: 'store' | 'session' | 'command';
}

/** How often whoever waits for it tries again, and the holder shows that it lives. */
export const leaseEveryMs = 1000;
/** A holder that showed no life for so long hangs. */
const hangsAfterMs = 10_000;
const suffix = '.lease';

export class Lease implements Disposable {
  readonly #path: string;
  #reads: Holder['reads'] = 'store';
  #lock: { readonly on: FileLock; readonly file: bigint | null } | null = null;
  /** The holder's last sign of life, and when it was first seen; by our own clock, for a machine may have slept. */
  #sign: { readonly at: number; readonly since: number } | null = null;
  /** The store's file, as it was opened. */
  #store: bigint | null = null;
  #orphaned = false;

  private constructor(path: string) {
    this.#path = path;
  }

  /** Throws when no file can be made there. */
  static of(storePath: string): Lease {
    mkdirSync(dirname(storePath), { recursive: true, mode: 0o700 });
    return new Lease(`${storePath}${suffix}`);
  }

  get held(): boolean {
    return this.#lock !== null;
  }

  /** The store is open: from now on this is the lease of that file, and of none that comes in its place. */
  opened(): void {
    this.#store = inode(this.#path.slice(0, -suffix.length));
    this.#orphaned = this.#store === null;
  }

  /** The file of the store that was opened is not there any more: no one else sees what is written in it. For ever. */
  get orphaned(): boolean {
    return this.#orphaned;
  }

  /** Never waits. Throws when the file can't be locked at all. */
  take(reads: Holder['reads']): boolean {
    this.#reads = reads;
    if (this.#isOrphan()) return false;
    if (this.#lock !== null) return true;
    // Without a store the place is as good as before when it was removed and made anew.
    mkdirSync(dirname(this.#path), { recursive: true, mode: 0o700 });
    const on = FileLock.take(this.#path);
    if (on === null) return false;
    this.#lock = { on, file: inode(this.#path) };
    this.#sign = null;
    this.#note();
    return true;
  }

  /** What others can read along is known only when the store was opened. */
  tell(reads: Holder['reads']): void {
    if (reads === this.#reads) return;
    this.#reads = reads;
    if (this.#lock !== null) this.#note();
  }

  /** Shows that the holder lives. false: the file is not there any more, so the lock keeps no one out: it is no lease; or it has no store. */
  beat(): boolean {
    if (this.#lock === null || this.#isOrphan()) return false;
    if (inode(this.#path) !== this.#lock.file) {
      this.#release();
      return false;
    }
    const now = new Date();
    try {
      utimesSync(this.#notePath, now, now);
    } catch {
      this.#note(); // someone removed it
    }
    return true;
  }

  /** Who holds it, as that one wrote; null: no one, or it has not written yet. */
  holder(): Holder | null {
    try {
      return JSON.parse(readFileSync(this.#notePath, 'utf8')) as Holder;
    } catch {
      return null; // gone with its holder, or half written: asked again every second
    }
  }

  /** Asked every second by those who wait. */
  hangs(): boolean {
    const at = statSync(this.#notePath, { throwIfNoEntry: false })?.mtimeMs;
    if (at === undefined || this.held) return false;
    if (this.#sign?.at !== at) this.#sign = { at, since: performance.now() };
    return performance.now() - this.#sign.since > hangsAfterMs;
  }

  [Symbol.dispose](): void {
    if (this.#lock === null) return;
    // Beside another file it is another's.
    if (inode(this.#path) === this.#lock.file) rmSync(this.#notePath, { force: true });
    this.#release();
  }

  /** Whoever opens the store that is there now is to have its lease. */
  #isOrphan(): boolean {
    if (this.#store === null || this.#orphaned) return this.#orphaned;
    this.#orphaned = inode(this.#path.slice(0, -suffix.length)) !== this.#store;
    if (this.#orphaned) this[Symbol.dispose]();
    return this.#orphaned;
  }

  #release(): void {
    this.#lock?.on[Symbol.dispose]();
    this.#lock = null;
  }

  #note(): void {
    const holder: Holder = { pid: process.pid, kernel, reads: this.#reads };
    writeFileSync(this.#notePath, JSON.stringify(holder), { mode: 0o600 });
  }

  get #notePath(): string {
    return `${this.#path}.holder`;
  }
}

/** While a file is open, no other gets its number. null: there is none. */
function inode(path: string): bigint | null {
  return statSync(path, { throwIfNoEntry: false, bigint: true })?.ino ?? null;
}
