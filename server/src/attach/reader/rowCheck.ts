/** A database does not tell which rows changed: after a change all that was read is compared, in portions, and not too often. */
import type { SourceRecord } from '../record';
import type { ReaderContext } from './context';
import { cpuTime } from './cpuTime';
import type { SessionRows } from './sessionRows';

/** Comparing goes on for so long at once, before what is new gets its turn again, and rests so many times as long as it took of a processor. */
const SLICE_MS = 10;
const REST = 500;
/** However much the process worked meanwhile, for this reading or another, the next comparing is not put off for longer. */
export const MAX_REST_MS = 60_000;

export class RowCheck {
  readonly #context: ReaderContext;
  /** Is this session still there? */
  readonly #isThere: (rows: SessionRows) => boolean;
  #queue: SessionRows[] = [];
  #from = 0;
  #owed = false;

  constructor(context: ReaderContext, isThere: (rows: SessionRows) => boolean) {
    this.#context = context;
    this.#isThere = isThere;
  }

  /** When there is something to compare; never: Infinity. */
  get dueAt(): number {
    return this.settled ? Infinity : this.#from;
  }

  get settled(): boolean {
    return this.#queue.length === 0 && !this.#owed;
  }

  owe(): void {
    this.#owed = true;
  }

  /** Does one begin at this time, so that it has to be known what there was to compare? */
  beginsAt(now: number, changed: boolean): boolean {
    return now >= this.#from && this.#queue.length === 0 && (this.#owed || changed);
  }

  /** `read`: what there was to compare; null: none begins now. */
  async *run(read: readonly SessionRows[] | null): AsyncGenerator<SourceRecord> {
    const { follow, verifyEveryMs } = this.#context;
    const began = performance.now();
    const used = cpuTime();
    if (began < this.#from) return;
    if (this.#queue.length === 0) {
      if (!this.#owed || !read) return;
      this.#queue = [...read];
      this.#owed = false;
    }
    for (let rows = this.#queue.at(-1); rows; rows = this.#queue.at(-1)) {
      if (!this.#isThere(rows) || (yield* rows.verify())) this.#queue.pop();
      if (follow && performance.now() - began >= SLICE_MS) break;
      await new Promise(setImmediate); // it must not hold up the rest of the process
    }
    const ended = performance.now();
    this.#from = ended + Math.min(MAX_REST_MS, Math.min(ended - began, cpuTime() - used) * REST);
    if (this.#queue.length === 0) this.#from = Math.max(this.#from, began + verifyEveryMs);
  }
}
