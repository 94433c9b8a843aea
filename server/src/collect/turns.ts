/** One after the other for each id: what starts and stops the same source never overlaps. */
export class Turns {
  /** The last of each id that has any; bounded by what was asked and is not done yet. */
  readonly #last = new Map<string, Promise<void>>();

  /** Runs `body` after everything that was asked for `id` before, whatever became of it. */
  run<T>(id: string, body: () => Promise<T> | T): Promise<T> {
    const result = (this.#last.get(id) ?? Promise.resolve()).then(body);
    const done = result.then(
      () => undefined,
      () => undefined, // told to whoever asked for it
    );
    this.#last.set(id, done);
    void done.then(() => {
      if (this.#last.get(id) === done) this.#last.delete(id);
    });
    return result;
  }

  /** When nothing is left to do. */
  async settled(): Promise<void> {
    while (this.#last.size > 0) await Promise.all(this.#last.values());
  }

  get size(): number {
    return this.#last.size;
  }
}
