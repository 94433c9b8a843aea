/** Runs `work` at most once in `intervalMs`: at once when it may, else when it may again; what was asked last counts. */
export class RateLimit {
  readonly #intervalMs: number;
  #last = -Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #work: (() => void) | undefined;

  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs;
  }

  run(work: () => void): void {
    this.#work = work;
    if (this.#timer !== undefined) return;
    const wait = this.#last + this.#intervalMs - performance.now();
    if (wait <= 0) this.#fire();
    else
      this.#timer = setTimeout(() => {
        this.#timer = undefined;
        this.#fire();
      }, wait);
  }

  cancel(): void {
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#work = undefined;
  }

  #fire(): void {
    const work = this.#work;
    this.#work = undefined;
    this.#last = performance.now();
    work?.();
  }
}
