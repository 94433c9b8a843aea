/** When a notification is shown: one of a kind at a time, not again right after, and never a flood of different ones. */
export const sameAgainMs = 60_000;
export const windowMs = 60_000;
export const maxInWindow = 4;
const maxRemembered = 100;

export class NotifyRules {
  readonly #shownAt = new Map<string, number>();
  readonly #open = new Set<string>();
  #recent: number[] = [];

  constructor(private readonly now: () => number = Date.now) {}

  /** True: show it, and call `closed` when it is gone. `asked`: answers something the user just did, so only duplicates are held back. */
  admit(key: string, asked: boolean): boolean {
    const now = this.now();
    if (this.#open.has(key)) return false;
    const last = this.#shownAt.get(key);
    if (!asked && last !== undefined && now - last < sameAgainMs) return false;
    this.#recent = this.#recent.filter((time) => now - time < windowMs);
    if (!asked && this.#recent.length >= maxInWindow) return false;
    this.#recent.push(now);
    this.#open.add(key);
    this.#shownAt.delete(key);
    this.#shownAt.set(key, now);
    for (const oldest of this.#shownAt.keys()) {
      if (this.#shownAt.size <= maxRemembered) break;
      this.#shownAt.delete(oldest);
    }
    return true;
  }

  closed(key: string): void {
    this.#open.delete(key);
  }
}
