/**
 * `secret-exposed`: a secret stands in the arguments or in the output of a call, so the model was told it, and whoever reads the trace
 * was. One finding for each secret, with every call that shows it; what is shown of it is its kind and a hash.
 */
import type { SecretFact, ToolResultEntry } from '../model/events';
import type { CallDraft } from '../model/turns';
import { refOf, toolName } from './detector';
import type { Detector, SessionName } from './detector';
import type { Streak } from './streaks';
import { candidatesPerCode, Streaks } from './streaks';

/** Kinds of places that a message names. */
const placesTold = 4;

/** Words for a secret; the hash tells it from others and does not tell it. */
export function secretWords({ rule, hash }: SecretFact): string {
  return rule === 'masked-by-agent' ? `A secret that the agent's own records mask (${hash})` : `A secret (${rule} ${hash})`;
}

export class SecretExposed implements Detector {
  readonly streaks: Streaks;
  /** The secrets last seen, by what they are. */
  readonly #seen = new Map<string, { readonly streak: Streak; readonly where: Set<string> }>();

  constructor(name: SessionName) {
    this.streaks = new Streaks(name, 'secret-exposed');
  }

  answered(call: CallDraft, result: ToolResultEntry): void {
    const asked = new Set(call.block.secrets.map(keyOf));
    for (const secret of call.block.secrets) this.#expose(secret, `the arguments of ${toolName(call.block.name)}`, call, true);
    for (const secret of result.secrets)
      this.#expose(secret, `the output of ${toolName(call.block.name)}`, call, !asked.has(keyOf(secret)));
  }

  #expose(secret: SecretFact, place: string, call: CallDraft, newCall: boolean): void {
    const key = keyOf(secret);
    let seen = this.#seen.get(key);
    if (seen === undefined) {
      seen = { streak: this.streaks.begin('warning', 0, '', []), where: new Set() };
      this.#seen.set(key, seen);
      // Of no more than are kept: one that was forgotten is a new one when it comes again.
      if (this.#seen.size > candidatesPerCode)
        for (const oldest of this.#seen.keys()) if (this.#seen.size > candidatesPerCode) this.#seen.delete(oldest);
    }
    const { streak, where } = seen;
    if (where.size < placesTold) where.add(place);
    const message = `${secretWords(secret)} stands in ${[...where].join(' and ')}.`;
    this.streaks.grow(streak, streak.strength + (newCall ? 1 : 0), message, newCall ? refOf(call) : null);
  }
}

function keyOf({ rule, hash }: SecretFact): string {
  return `${rule} ${hash}`;
}
