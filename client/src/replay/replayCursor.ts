/** Where a replay stands, and where each command of the debugger leads. Pure. */
import type { ReplayStep } from '../../../server/src/protocol/messages';

export interface Landing {
  readonly index: number;
  /** `problem`: stopped at a failure or denial it was looking for; `edge`: there was none, so it went to the end (or start). */
  readonly why: 'step' | 'problem' | 'edge';
}

export function isProblem(step: ReplayStep): boolean {
  return step.status === 'error' || step.status === 'denied';
}

export class ReplayCursor {
  #index = 0;

  constructor(readonly steps: readonly ReplayStep[]) {}

  get index(): number {
    return this.#index;
  }

  get step(): ReplayStep | null {
    return this.steps[this.#index] ?? null;
  }

  get atEnd(): boolean {
    return this.#index >= this.steps.length - 1;
  }

  /** The prompt that opened the turn of the current step, for the outer frame. */
  get turnStart(): ReplayStep | null {
    const current = this.step;
    if (current === null) return null;
    return this.steps.find((step) => step.turnOrdinal === current.turnOrdinal) ?? null;
  }

  /** Null: already at the end. */
  next(): Landing | null {
    return this.atEnd ? null : this.#to(this.#index + 1, 'step');
  }

  /** At the start it stays there. */
  back(): Landing {
    return this.#index === 0 ? this.#to(0, 'edge') : this.#to(this.#index - 1, 'step');
  }

  /** The first step of the next turn, else the last step. Null: already at the end. */
  outOfTurn(): Landing | null {
    if (this.atEnd) return null;
    const turn = this.step?.turnOrdinal;
    const index = this.steps.findIndex((step, at) => at > this.#index && step.turnOrdinal !== turn);
    return index < 0 ? this.#to(this.steps.length - 1, 'edge') : this.#to(index, 'step');
  }

  /** The next failure or denial, else the last step. Null: already at the end. */
  toNextProblem(): Landing | null {
    if (this.atEnd) return null;
    const index = this.steps.findIndex((step, at) => at > this.#index && isProblem(step));
    return index < 0 ? this.#to(this.steps.length - 1, 'edge') : this.#to(index, 'problem');
  }

  /** The failure or denial before, else the first step. */
  toPreviousProblem(): Landing {
    for (let index = this.#index - 1; index >= 0; index -= 1) {
      const step = this.steps[index];
      if (step !== undefined && isProblem(step)) return this.#to(index, 'problem');
    }
    return this.#to(0, 'edge');
  }

  restart(): Landing {
    return this.#to(0, 'step');
  }

  #to(index: number, why: Landing['why']): Landing {
    this.#index = index;
    return { index, why };
  }
}
