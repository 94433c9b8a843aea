/**
 * The rows of a session as far as they were asked for: pages on demand, a bounded number of them. After a change every
 * page is stale; what is on show is asked again, and until the answer is here the old rows stay.
 */
import type { SpanRow, TracePage } from '../../server/src/protocol/messages';
import { RequestError } from '../kit/host';

export const pageSize = 100;
/** Pages kept; those farthest from what is on show go first. */
export const pagesLimit = 24;
/** Pages asked for at the same time. */
const fetchesLimit = 3;

export interface PageQuery {
  readonly offset: number;
  readonly limit: number;
  readonly onlyProblems: boolean;
  readonly around: string | null;
}

export interface RowPagesOptions {
  readonly fetch: (query: PageQuery, signal: AbortSignal) => Promise<TracePage>;
  /** A page arrived: rows, totals or both are other than before. */
  readonly arrived: (page: TracePage) => void;
  readonly failed: (error: RequestError) => void;
}

interface Page {
  readonly rows: readonly SpanRow[];
  readonly generation: number;
}

export class RowPages {
  readonly #options: RowPagesOptions;
  readonly #pages = new Map<number, Page>();
  readonly #fetching = new Map<number, AbortController>();
  #generation = 0;
  #onlyProblems = false;
  #shown: readonly [number, number] = [0, 0];
  #epoch: string | null = null;
  total: number | null = null;

  constructor(options: RowPagesOptions) {
    this.#options = options;
  }

  row(index: number): SpanRow | null {
    return this.#pages.get(Math.floor(index / pageSize))?.rows[index % pageSize] ?? null;
  }

  /** Among the rows that are here; null says nothing about the others. */
  indexOf(spanId: string): number | null {
    for (const [number, page] of this.#pages) {
      const at = page.rows.findIndex((row) => row.span.id === spanId);
      if (at >= 0) return number * pageSize + at;
    }
    return null;
  }

  /** The nearest loaded row before `index` that is less deep: its parent. */
  parentOf(index: number): number | null {
    const depth = this.row(index)?.depth;
    if (depth === undefined) return null;
    for (let at = index - 1; at >= 0; at--) {
      const row = this.row(at);
      if (row === null) return null;
      if (row.depth < depth) return at;
    }
    return null;
  }

  /** Asks for what is missing or stale of the rows on show, and of the page after them. */
  ensure(first: number, end: number): void {
    this.#shown = [first, end];
    if (this.total === null) return;
    const last = Math.min(Math.max(end, first + 1), this.total);
    for (let number = Math.floor(first / pageSize); number * pageSize < last; number++) this.#ask(number);
    const next = Math.floor(end / pageSize);
    // Read ahead only near a page's end.
    if (end % pageSize > pageSize / 2 && (next + 1) * pageSize < this.total) this.#ask(next + 1);
  }

  /** The first page, or the one that holds a span. */
  async start(around: string | null): Promise<TracePage | null> {
    return this.#fetch(0, around);
  }

  /** The session changed. What is under way goes on and is asked again after it: a busy session must not starve the page. */
  invalidate(): void {
    this.#generation += 1;
    if (this.total === null || this.total === 0) this.#ask(0);
    else this.ensure(...this.#shown);
  }

  /** Another set of rows: nothing of the old one is right. */
  filter(onlyProblems: boolean): void {
    this.#onlyProblems = onlyProblems;
    this.#pages.clear();
    this.total = null;
    this.#generation += 1;
    for (const controller of this.#fetching.values()) controller.abort();
    this.#fetching.clear();
  }

  #ask(number: number): void {
    const known = this.#pages.get(number);
    if (known?.generation === this.#generation || this.#fetching.has(number) || this.#fetching.size >= fetchesLimit) return;
    void this.#fetch(number, null);
  }

  async #fetch(number: number, around: string | null): Promise<TracePage | null> {
    this.#fetching.get(number)?.abort();
    const controller = new AbortController();
    this.#fetching.set(number, controller);
    const generation = this.#generation;
    try {
      const page = await this.#options.fetch(
        { offset: number * pageSize, limit: pageSize, onlyProblems: this.#onlyProblems, around },
        controller.signal,
      );
      if (controller.signal.aborted) return null;
      this.#fetching.delete(number);
      this.#store(page, generation);
      // What was left out meanwhile, or changed again.
      this.ensure(...this.#shown);
      return page;
    } catch (error) {
      if (!RequestError.is(error)) throw error;
      if (error.reason !== 'cancelled') this.#options.failed(error);
      return null;
    } finally {
      if (this.#fetching.get(number) === controller) this.#fetching.delete(number);
    }
  }

  #store(page: TracePage, generation: number): void {
    // Rows of another store, or of what was removed from it since.
    if (page.epoch !== this.#epoch) this.#pages.clear();
    this.#epoch = page.epoch;
    const shrunk = this.total !== null && page.total < this.total;
    this.total = page.total;
    if (shrunk) for (const number of this.#pages.keys()) if (number * pageSize >= page.total) this.#pages.delete(number);
    // A page whose offset is not one of ours can't be placed; the host answers those only by mistake.
    if (page.offset % pageSize === 0) this.#pages.set(page.offset / pageSize, { rows: page.rows, generation });
    this.#evict();
    this.#options.arrived(page);
  }

  #evict(): void {
    const middle = (this.#shown[0] + this.#shown[1]) / 2 / pageSize;
    while (this.#pages.size > pagesLimit) {
      const farthest = [...this.#pages.keys()].reduce((far, number) => (Math.abs(number - middle) > Math.abs(far - middle) ? number : far));
      this.#pages.delete(farthest);
    }
  }
}
