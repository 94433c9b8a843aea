/** Turns by when they began, to be found by a time that falls into them: of several the one that began last. */
import { firstWhere } from './runs';

export interface TimedTurn {
  /** Which of them was known first. */
  readonly seq: number;
  readonly start: number;
  /** Infinity: it has not ended. */
  readonly end: number;
}

export class TimedTurns<T extends TimedTurn> {
  /** By start; of one start, the one known first stands last. */
  readonly #turns: T[] = [];
  /** The latest end of each and those before it. */
  readonly #reach: number[] = [];

  add(turn: T): void {
    const at = this.#indexOf(turn);
    this.#turns.splice(at, 0, turn);
    this.#reach.splice(at, 0, turn.end);
    this.#settle(at);
  }

  /** The one of the same start and number. */
  remove(turn: TimedTurn): void {
    const at = this.#indexOf(turn);
    if (this.#turns[at]?.seq !== turn.seq) return;
    this.#turns.splice(at, 1);
    this.#reach.splice(at, 1);
    this.#settle(at);
  }

  at(time: number): T | null {
    for (let i = firstWhere(this.#turns, ({ start }) => start > time) - 1; i >= 0 && (this.#reach[i] ?? 0) >= time; i--) {
      const turn = this.#turns[i];
      if (turn !== undefined && turn.end >= time) return turn;
    }
    return null;
  }

  #indexOf({ start, seq }: TimedTurn): number {
    return firstWhere(this.#turns, (other) => other.start > start || (other.start === start && other.seq <= seq));
  }

  /** Those after a change mostly reach as far as before. */
  #settle(from: number): void {
    for (let i = from; i < this.#turns.length; i++) {
      const reach = Math.max(this.#turns[i]?.end ?? 0, i === 0 ? -Infinity : (this.#reach[i - 1] ?? 0));
      if (i > from && reach === this.#reach[i]) return;
      this.#reach[i] = reach;
    }
  }
}
