/**
 * What this window shares with others: the store, whose changes by others it hears of at once, and the lease, which it takes
 * as soon as no one holds it. Owns the two timers of that, and nothing else.
 */
import { leaseEveryMs } from '../store/lease';
import type { Lease } from '../store/lease';
import type { Store } from '../store/store';
import type { Notice } from '../store/windows';
import { beatMs } from './wishes';

/** Costs a few microseconds: one number of the shared memory of SQLite's log. */
const pollMs = 80;
/** The one that reads, and is alone, has only a new window to wait for. */
const alonePollMs = 500;

export interface Shared {
  /** null: there is no other window that could read the same. */
  readonly lease: Lease | null;
  /** Others have the same store open. */
  readonly store: boolean;
}

export interface SharingOptions {
  readonly store: Store;
  readonly shared: Shared;
  readonly window: string;
  /** What others told since; null: more than is kept of it. */
  readonly onNotices: (notices: readonly Notice[] | null) => void;
  readonly onTaken: () => void;
  /** Its file is gone, so others may hold another. */
  readonly onLost: () => void;
  /** Every second. */
  readonly onTick: () => void;
  readonly onBeat: () => void;
  readonly onError: (error: unknown) => void;
}

export class Sharing implements Disposable {
  readonly #options: SharingOptions;
  readonly #timers: NodeJS.Timeout[] = [];
  #version: number;
  #last: number;
  #told = '';
  #poll: NodeJS.Timeout | undefined;
  #alone = false;

  constructor(options: SharingOptions) {
    this.#options = options;
    const { store, shared } = options;
    this.#version = store.version;
    this.#last = store.windows.lastNotice();
    if (shared.store) {
      this.#pollLater();
      this.#every(beatMs, () => options.onBeat());
    }
    if (shared.lease !== null || shared.store) this.#every(leaseEveryMs, () => this.#tick());
  }

  [Symbol.dispose](): void {
    for (const timer of this.#timers) clearInterval(timer);
    clearTimeout(this.#poll);
  }

  #every(ms: number, body: () => void): void {
    this.#timers.push(setInterval(() => this.#safely(body), ms));
  }

  #pollLater(): void {
    const poll = (): void => {
      this.#pollLater();
      this.#safely(() => this.#look());
    };
    this.#poll = setTimeout(poll, this.#alone ? alonePollMs : pollMs);
  }

  #safely(body: () => void): void {
    try {
      body();
      this.#told = '';
    } catch (error) {
      // Tried again at once and for ever: it is told once, not each time.
      const text = String(error);
      if (text !== this.#told) this.#options.onError(error);
      this.#told = text;
    }
  }

  #look(): void {
    const { store, window, onNotices } = this.#options;
    const { version } = store;
    if (version === this.#version) return;
    const { last, notices, missed } = store.windows.since(this.#last, window);
    this.#version = version;
    this.#last = last;
    this.#alone = false;
    if (missed) onNotices(null);
    else if (notices.length > 0) onNotices(notices);
  }

  #tick(): void {
    const { store, window, shared, onTaken, onLost, onTick } = this.#options;
    const { lease } = shared;
    try {
      if (lease !== null) {
        if (lease.held) {
          if (!lease.beat()) onLost();
        } else if (lease.take(shared.store ? 'store' : 'session')) onTaken();
      }
    } finally {
      // Also why it can't be taken is to be said.
      onTick();
    }
    this.#alone = lease?.held === true && !store.windows.others(window);
  }
}
