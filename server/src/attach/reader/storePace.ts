/**
 * When an agent's database is looked at: at what is new whenever a file of it changed, and at all of it behind that, now and then. What is
 * owed is done though nothing changes any more.
 */

/** A look at every session, and at the whole index, comes at most this often, and rests so many times as long as it took of a processor. */
const WIDE_EVERY_MS = 200;
const WIDE_REST = 500;
const MAX_WIDE_REST_MS = 20_000;
/** A writer shows what it wrote to the log only when it has synced it, and no file changes any more then: so late it is looked for again. */
const AGAIN_MS: readonly number[] = [100, 1000, 5000];
const AFTER_FAILURE_MS = 1000;

export class StorePace {
  readonly #follow: boolean;
  /** After these looks it is certain that nothing of the last change was shown late. */
  #again: readonly number[] = [];
  #againFrom = Infinity;
  #wideFrom = 0;
  /** There were looks at what was hinted at only. */
  #wideOwed = false;
  #failedUntil = 0;

  constructor(follow: boolean) {
    this.#follow = follow;
  }

  /** When there is something to do though nothing changes; never: Infinity. `other`: beside what is known here. */
  dueAt(other: number): number {
    return Math.max(this.#failedUntil, Math.min(this.#wideOwed ? this.#wideFrom : Infinity, this.#againFrom, other));
  }

  /** When what is new is looked for again though nothing changes; never: Infinity. */
  get againAt(): number {
    return this.#failedUntil > 0 ? this.#failedUntil : this.#againFrom;
  }

  /** What a look at this time is at. */
  begin(now: number, changed: boolean): 'nothing' | 'new' | 'all' {
    const again = now >= this.#againFrom;
    if (changed && this.#follow) this.#again = AGAIN_MS;
    if (changed || again) {
      const [next, ...later] = this.#again;
      this.#againFrom = next === undefined ? Infinity : now + next;
      this.#again = later;
    }
    if (now >= this.#wideFrom && (changed || this.#wideOwed)) return 'all';
    return changed || again ? 'new' : 'nothing';
  }

  oweWide(): void {
    this.#wideOwed = true;
  }

  wideBegan(): void {
    this.#wideOwed = false;
  }

  wideEnded(now: number, took: number): void {
    this.#wideFrom = now + Math.max(WIDE_EVERY_MS, Math.min(MAX_WIDE_REST_MS, took * WIDE_REST));
  }

  /** Nothing is owed any more. */
  get settled(): boolean {
    return !this.#wideOwed && this.#againFrom === Infinity;
  }

  succeeded(): void {
    this.#failedUntil = 0;
  }

  /** `passing`: it is tried again soon; else when it changed. */
  failed(now: number, passing: boolean): void {
    this.#failedUntil = passing ? now + AFTER_FAILURE_MS : Infinity;
  }
}
