/**
 * `no-progress`: within a turn many calls in a row of which each is one that was made before in this turn, with the result it had
 * then: nothing was learned and nothing changed, in whatever order. What goes round in one cycle is left to `repeated-calls`.
 */
import type { ToolResultEntry } from '../model/events';
import type { CallDraft, TurnDraft } from '../model/turns';
import { refOf } from './detector';
import type { CallRef, Detector, SessionName } from './detector';
import { outcomeKey } from './outcome';
import { Repetition } from './repetition';
import type { Streak } from './streaks';
import { Streaks } from './streaks';
import { lowest } from './thresholds';

/** Outcomes of one turn that are remembered; of more, the oldest are forgotten and then are new again. */
export const outcomesPerTurn = 5000;

export class NoProgress implements Detector {
  readonly streaks: Streaks;
  readonly #seen = new Set<string>();
  readonly #repetition = new Repetition();
  #turn: TurnDraft | null = null;
  #stale: CallRef[] = [];
  #count = 0;
  #open: Streak | null = null;

  constructor(name: SessionName) {
    this.streaks = new Streaks(name, 'no-progress');
  }

  answered(call: CallDraft, result: ToolResultEntry): void {
    if (call.turn !== this.#turn) {
      this.#turn = call.turn;
      this.#seen.clear();
      this.#repetition.clear();
      this.#moved();
    }
    const key = outcomeKey(call, result);
    this.#repetition.add(key);
    const known = this.#seen.delete(key);
    this.#seen.add(key);
    if (this.#seen.size > outcomesPerTurn)
      for (const oldest of this.#seen) if (this.#seen.size > outcomesPerTurn) this.#seen.delete(oldest);
    if (!known) this.#moved();
    else if (this.#repetition.found(lowest.repeatedCalls) === null) this.#stuck(refOf(call));
  }

  #moved(): void {
    this.#stale = [];
    this.#count = 0;
    this.#open = null;
  }

  #stuck(call: CallRef): void {
    this.#count += 1;
    const message = `${this.#count} calls in a row told the agent nothing new: each was made before in this turn, with the same result.`;
    if (this.#open !== null) {
      this.streaks.grow(this.#open, this.#count, message, call);
      return;
    }
    this.#stale.push(call);
    if (this.#count >= lowest.noProgressCalls) this.#open = this.streaks.begin('warning', this.#count, message, this.#stale);
  }
}
