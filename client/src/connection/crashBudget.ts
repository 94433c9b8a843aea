/**
 * How often the server may die before we stop restarting it. Set on purpose: the language client's own budget is five
 * crashes in three minutes, too few for a server that a crowded machine kills, and its pauses are none.
 */
export const crashWindowMs = 5 * 60_000;
export const maxCrashesInWindow = 20;
/** A server that never came up will not come up by trying on. */
export const maxFailedStarts = 3;
const firstDelayMs = 200;
const maxDelayMs = 5_000;
/** A server that ran this long was well: the next pause is short again. */
export const wellAfterMs = 10_000;

export type CrashVerdict = { readonly kind: 'restart'; readonly delayMs: number } | { readonly kind: 'spent'; readonly crashes: number };

export class CrashBudget {
  #crashes: number[] = [];
  #inARow = 0;
  #failedStarts = 0;

  constructor(private readonly now: () => number = Date.now) {}

  /** The server ended without being asked to. `ranMs` is null when it never came up. */
  crashed(ranMs: number | null): CrashVerdict {
    const now = this.now();
    this.#crashes = this.#crashes.filter((time) => now - time < crashWindowMs);
    this.#crashes.push(now);
    this.#inARow = ranMs !== null && ranMs >= wellAfterMs ? 1 : this.#inARow + 1;
    this.#failedStarts = ranMs === null ? this.#failedStarts + 1 : 0;
    if (this.#failedStarts >= maxFailedStarts || this.#crashes.length > maxCrashesInWindow) {
      return { kind: 'spent', crashes: this.#crashes.length };
    }
    return { kind: 'restart', delayMs: Math.min(firstDelayMs * 2 ** (this.#inARow - 1), maxDelayMs) };
  }

  /** The user asked for a restart: the past is forgiven. */
  reset(): void {
    this.#crashes = [];
    this.#inARow = 0;
    this.#failedStarts = 0;
  }
}
