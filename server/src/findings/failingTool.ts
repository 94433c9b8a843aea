/**
 * `failing-tool`: within a turn one tool fails again and again, with no success of it between and no file written, whatever it was
 * called with: a storm of retries, or a tool that does not work here. A command that answers no is neither a failure nor a success.
 */
import type { ToolResultEntry } from '../model/events';
import type { CallDraft, TurnDraft } from '../model/turns';
import { refOf, toolName } from './detector';
import type { CallRef, Detector, SessionName } from './detector';
import { outcomeOf } from './outcome';
import type { Streak } from './streaks';
import { Streaks } from './streaks';
import { lowest } from './thresholds';

/** What an agent changes to make a failing call work. */
const writers: ReadonlySet<string> = new Set(['apply_patch', 'edit', 'write']);
/** Tools of one turn whose failures are counted; an agent may make up names without end. */
export const toolsPerTurn = 200;

interface Failures {
  count: number;
  /** Until there is a streak. */
  readonly calls: CallRef[];
  streak: Streak | null;
}

export class FailingTool implements Detector {
  readonly streaks: Streaks;
  readonly #tools = new Map<string, Failures>();
  #turn: TurnDraft | null = null;

  constructor(name: SessionName) {
    this.streaks = new Streaks(name, 'failing-tool');
  }

  answered(call: CallDraft, result: ToolResultEntry): void {
    if (call.turn !== this.#turn) {
      this.#turn = call.turn;
      this.#tools.clear();
    }
    const { name } = call.block;
    const outcome = outcomeOf(call, result);
    if (outcome === 'failed') this.#failed(name, refOf(call));
    else if (outcome === 'worked' && writers.has(name)) this.#tools.clear();
    else if (outcome === 'worked') this.#tools.delete(name);
  }

  #failed(name: string, call: CallRef): void {
    const failures = this.#tools.get(name) ?? { count: 0, calls: [], streak: null };
    this.#tools.set(name, failures);
    if (this.#tools.size > toolsPerTurn)
      for (const oldest of this.#tools.keys()) if (this.#tools.size > toolsPerTurn) this.#tools.delete(oldest);
    failures.count += 1;
    const message = `${toolName(name)} failed ${failures.count} times in a row, with no file written between.`;
    if (failures.streak !== null) {
      this.streaks.grow(failures.streak, failures.count, message, call);
      return;
    }
    failures.calls.push(call);
    if (failures.count >= lowest.failuresInARow) failures.streak = this.streaks.begin('warning', failures.count, message, failures.calls);
  }
}
