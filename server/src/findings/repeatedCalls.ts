/**
 * `repeated-calls`: within a turn the agent asks for the same again and again, one call or a cycle of them, each with the same
 * arguments and each with the same result. A call whose result differs tells something new, and is no repetition.
 */
import type { ToolResultEntry } from '../model/events';
import type { CallDraft, TurnDraft } from '../model/turns';
import { refOf, toolName } from './detector';
import type { CallRef, Detector, SessionName } from './detector';
import { outcomeKey } from './outcome';
import { longestCycle, Repetition } from './repetition';
import type { Streak } from './streaks';
import { Streaks } from './streaks';
import { lowest } from './thresholds';

export class RepeatedCalls implements Detector {
  readonly streaks: Streaks;
  readonly #repetition = new Repetition();
  #turn: TurnDraft | null = null;
  /** The last ones: what a streak is made of when it is long enough to be one. */
  #recent: { readonly ref: CallRef; readonly name: string }[] = [];
  #open: { readonly streak: Streak; readonly period: number; readonly names: readonly string[] } | null = null;

  constructor(name: SessionName) {
    this.streaks = new Streaks(name, 'repeated-calls');
  }

  answered(call: CallDraft, result: ToolResultEntry): void {
    if (call.turn !== this.#turn) {
      this.#turn = call.turn;
      this.#repetition.clear();
      this.#recent = [];
      this.#open = null;
    }
    const item = { ref: refOf(call), name: toolName(call.block.name) };
    this.#repetition.add(outcomeKey(call, result));
    this.#recent.push(item);
    if (this.#recent.length > longestCycle * lowest.repeatedCalls) this.#recent.shift();
    if (this.#open !== null) {
      const times = this.#repetition.times(this.#open.period);
      if (times > 0) {
        const { streak, names } = this.#open;
        this.streaks.grow(streak, times, messageOf(names, times), item.ref);
        return;
      }
      this.#open = null;
    }
    const found = this.#repetition.found(lowest.repeatedCalls);
    if (found === null) return;
    const names = this.#recent.slice(-found.period).map(({ name }) => name);
    const calls = this.#recent.slice(-found.period * found.times).map(({ ref }) => ref);
    const streak = this.streaks.begin('warning', found.times, messageOf(names, found.times), calls);
    this.#open = { streak, period: found.period, names };
  }
}

function messageOf(names: readonly string[], times: number): string {
  const [only] = names;
  return names.length === 1
    ? `${only} was called ${times} times in a row with the same arguments and the same result.`
    : `The same ${names.length} calls (${names.join(', ')}) were made ${times} times in a row, each time with the same results.`;
}
