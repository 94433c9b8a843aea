/** What goes on for a while: one that is under way, and the strongest of those that are over. Bounded, whatever a session holds. */
import type { FindingSeverity } from '../protocol/document';
import { callSpanId } from './detector';
import type { CallRef, Candidate, DetectorCode, SessionName } from './detector';

/** Kept of one detector in one session: of more, the weakest go. */
export const candidatesPerCode = 20;
/** Spans of one finding: the first ones, and the last. */
export const spansPerCandidate = 20;

export interface Streak {
  readonly severity: FindingSeverity;
  strength: number;
  message: string;
  readonly spanIds: string[];
}

export class Streaks {
  readonly #name: SessionName;
  readonly #code: DetectorCode;
  /** In the order in which they began, or came to be among them again. */
  readonly #kept: Streak[] = [];
  #revision = 0;

  constructor(name: SessionName, code: DetectorCode) {
    this.#name = name;
    this.#code = code;
  }

  get revision(): number {
    return this.#revision;
  }

  /** It goes on with `grow`. */
  begin(severity: FindingSeverity, strength: number, message: string, calls: readonly CallRef[]): Streak {
    const streak: Streak = { strength, message, severity, spanIds: [] };
    for (const call of calls) this.#add(streak, call);
    this.#revision += 1;
    // What is under way is never the one to go: it may become the strongest.
    if (this.#kept.length >= candidatesPerCode) this.#kept.splice(weakest(this.#kept), 1);
    this.#kept.push(streak);
    return streak;
  }

  /** `call`: null when it is of a call that is among its evidence. */
  grow(streak: Streak, strength: number, message: string, call: CallRef | null): void {
    streak.strength = strength;
    streak.message = message;
    if (call !== null) this.#add(streak, call);
    this.#revision += 1;
    if (this.#kept.includes(streak)) return;
    // It had to go while others were stronger, and whoever holds it goes on with it.
    const at = weakest(this.#kept);
    if (strength <= (this.#kept[at]?.strength ?? 0)) return;
    this.#kept.splice(at, 1);
    this.#kept.push(streak);
  }

  #add(streak: Streak, call: CallRef): void {
    const id = callSpanId(this.#name, call);
    if (streak.spanIds.length < spansPerCandidate) streak.spanIds.push(id);
    else streak.spanIds[spansPerCandidate - 1] = id;
  }

  get candidates(): readonly Candidate[] {
    return this.#kept.map(({ strength, message, severity, spanIds }) => ({
      code: this.#code,
      severity,
      strength,
      message,
      spanIds: [...spanIds],
    }));
  }
}

function weakest(streaks: readonly Streak[]): number {
  let at = 0;
  for (const [index, { strength }] of streaks.entries()) if (strength < (streaks[at]?.strength ?? Infinity)) at = index;
  return at;
}
