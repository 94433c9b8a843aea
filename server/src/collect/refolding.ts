/**
 * Sessions of sources that nobody reads now (a recording that was read, a sandbox that is gone) are folded again too, when other prices
 * hold or an older version folded them: else what is shown of them would be of another account than the rest. One slice at a time.
 */
import { setImmediate as othersTurn } from 'node:timers/promises';
import type { Store } from '../store/store';
import { Ingest } from './ingest';
import type { IngestResult } from './ingest';
import { Pricing } from './pricing';

export interface RefoldingOptions {
  readonly store: Store;
  /** May this process fold now? Only one of those that share a store does. */
  readonly mayFold: () => boolean;
  /** Whoever reads a source folds it as well. */
  readonly isRead: (row: number) => boolean;
  readonly onResult: (row: number, result: IngestResult) => void;
  readonly onError: (error: unknown) => void;
}

export class Refolding implements AsyncDisposable {
  readonly #options: RefoldingOptions;
  readonly #repriced: Disposable;
  /** Asked for again while it was at it. */
  #again = false;
  #running: Promise<void> | null = null;
  #ended = false;

  constructor(options: RefoldingOptions) {
    this.#options = options;
    this.#repriced = Pricing.of(options.store).onChange(() => this.begin());
  }

  /** What is due is folded from now on; asked whenever something may be. */
  begin(): void {
    this.#again = true;
    this.#running ??= this.#all()
      .catch(this.#options.onError)
      .finally(() => void (this.#running = null));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended = true;
    this.#repriced[Symbol.dispose]();
    await this.#running;
  }

  async #all(): Promise<void> {
    while (this.#again && !this.#ended) {
      this.#again = false;
      // Whoever asked has something to do first.
      await othersTurn();
      // What can't be folded of one source holds up no other.
      for (const row of this.#options.store.sources.rows()) await this.#source(row).catch(this.#options.onError);
    }
  }

  async #source(row: number): Promise<void> {
    const { store, onResult } = this.#options;
    if (!this.#mayFold(row) || !this.#isDue(row)) return;
    using ingest = new Ingest(store, row);
    for (const result of ingest.settling()) {
      onResult(row, result);
      await othersTurn();
      // What is left keeps its mark.
      if (!this.#mayFold(row)) return;
    }
  }

  #mayFold(row: number): boolean {
    return !this.#ended && this.#options.mayFold() && !this.#options.isRead(row);
  }

  #isDue(row: number): boolean {
    const { store } = this.#options;
    return store.entries.dirty(row).length > 0 || store.sessions.pricedOtherwise(row, Pricing.of(store).fingerprint).length > 0;
  }
}
