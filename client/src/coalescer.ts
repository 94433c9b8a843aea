/**
 * Runs `work` at most once per interval however often it is asked for: at once the first time, and once more at the end of
 * the interval when it was asked for meanwhile. Runs never overlap.
 */
export class Coalescer {
  #timer: NodeJS.Timeout | undefined;
  #running = false;
  #again = false;
  #disposed = false;

  constructor(
    private readonly intervalMs: number | (() => number),
    private readonly work: () => Promise<void> | void,
    private readonly failed: (error: unknown) => void,
  ) {}

  ask(): void {
    if (this.#disposed) return;
    if (this.#running || this.#timer !== undefined) {
      this.#again = true;
      return;
    }
    void this.#run();
  }

  async #run(): Promise<void> {
    this.#running = true;
    this.#again = false;
    try {
      await this.work();
    } catch (error) {
      this.failed(error);
    } finally {
      this.#running = false;
    }
    if (this.#disposed) return;
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        if (this.#again) void this.#run();
      },
      typeof this.intervalMs === 'number' ? this.intervalMs : this.intervalMs(),
    );
  }

  dispose(): void {
    this.#disposed = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
