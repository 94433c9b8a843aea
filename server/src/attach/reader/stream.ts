/**
 * Does it stream? A single write is looked at right after its notification. When one comes upon the other, each of them wakes the process
 * for little, and that costs more than what is read: then the reader rests with nothing that wakes it, and takes at once what the kernel
 * gathered meanwhile. Watching goes on all the while, so nothing is missed from one way to the other.
 */

/** So many notifications in so long, and it streams. Those that come together are one: a write is often several. */
export const STREAM_NOTICES = 20;
const WITHIN_MS = 1000;
const TOGETHER_MS = 5;

/** Lets so long pass without being woken by anything. */
export type Rest = (ms: number) => Promise<void>;

export class Stream {
  #since = -Infinity;
  #last = -Infinity;
  #notices = 0;
  #flows = false;

  get flows(): boolean {
    return this.#flows;
  }

  noticed(now: number): void {
    if (this.#flows || now - this.#last < TOGETHER_MS) return;
    this.#last = now;
    if (now - this.#since > WITHIN_MS) {
      this.#since = now;
      this.#notices = 0;
    }
    this.#notices += 1;
    this.#flows = this.#notices >= STREAM_NOTICES;
  }

  /** A whole rest long nothing came. */
  ended(): void {
    this.#flows = false;
    this.#notices = 0;
  }
}

/** Notifications are taken from the kernel between two turns of the event loop; this one may be past that already. */
export async function delivered(): Promise<void> {
  await new Promise(setImmediate);
  await new Promise(setImmediate);
}
