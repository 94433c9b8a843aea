/**
 * By which prices this process folds sessions: the user's price book beside our tables. All that works on a store shares them; what was
 * folded by others is folded again, so that whatever shows a number shows the same.
 */
import type { Store } from '../store/store';
import { emptyBook, priceFingerprint, readBook } from '../usage/book';
import type { BookProblem, PriceBook } from '../usage/book';

export class Pricing {
  static readonly #ofStore = new WeakMap<Store, Pricing>();
  readonly #listeners = new Set<() => void>();
  #book: PriceBook = emptyBook;
  #problems: readonly BookProblem[] = [];
  #fingerprint = priceFingerprint(emptyBook);

  static of(store: Store): Pricing {
    let pricing = this.#ofStore.get(store);
    if (pricing === undefined) this.#ofStore.set(store, (pricing = new Pricing()));
    return pricing;
  }

  get book(): PriceBook {
    return this.#book;
  }

  /** What is wrong with entries that are left out. */
  get problems(): readonly BookProblem[] {
    return this.#problems;
  }

  /** Of the prices that hold now. */
  get fingerprint(): string {
    return this.#fingerprint;
  }

  /** Whatever stands in the setting. */
  set(entries: unknown): void {
    const { book, problems } = readBook(entries);
    const fingerprint = priceFingerprint(book);
    this.#problems = problems;
    if (fingerprint === this.#fingerprint) return;
    this.#book = book;
    this.#fingerprint = fingerprint;
    for (const listener of [...this.#listeners]) listener();
  }

  /** Told when other prices hold. */
  onChange(listener: () => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }
}
