/** Calls back at most once in a while, however often it is asked; the first time soon, so that a single change shows at once. */
export class Coalescer implements Disposable {
  readonly #everyMs: number;
  readonly #run: () => void;
  #timer: NodeJS.Timeout | null = null;
  #last = -Infinity;

  constructor(everyMs: number, run: () => void) {
    this.#everyMs = everyMs;
    this.#run = run;
  }

  ask(): void {
    if (this.#timer !== null) return;
    const wait = Math.max(0, this.#last + this.#everyMs - performance.now());
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#last = performance.now();
      this.#run();
    }, wait);
  }

  [Symbol.dispose](): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
