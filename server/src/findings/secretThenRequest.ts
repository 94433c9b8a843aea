/**
 * `secret-then-request`: the agent was told a secret (a result held one, or it opened a file that is there to hold them), and then sent
 * a request out of the sandbox, in the same turn. An error where the arguments of the request hold that very secret, in whatever turn.
 */
import type { AssistantEntry, SecretFact, ToolResultEntry } from '../model/events';
import { isFailed } from '../model/toolSpan';
import type { CallDraft, TurnDraft } from '../model/turns';
import { refOf, toolName } from './detector';
import type { CallRef, Detector, SessionName } from './detector';
import { sendsRequest } from './request';
import { secretWords } from './secretExposed';
import { opensSecretFile } from './secretFile';
import { Streaks } from './streaks';
import type { Streak } from './streaks';

/** Secrets that a session remembers to have been read; of more, the oldest are forgotten. */
export const secretsRemembered = 200;

interface Reading {
  readonly call: CallRef;
  /** What is asked for in the same message was asked for before the secret was known. */
  readonly message: AssistantEntry;
}

export class SecretThenRequest implements Detector {
  readonly streaks: Streaks;
  readonly #read = new Map<string, Reading>();
  #turn: TurnDraft | null = null;
  #lastRead: (Reading & { readonly words: string }) | null = null;
  /** Of the turn, one finding for all requests after the same secret. */
  #open: Streak | null = null;

  constructor(name: SessionName) {
    this.streaks = new Streaks(name, 'secret-then-request');
  }

  answered(call: CallDraft, result: ToolResultEntry): void {
    if (call.turn !== this.#turn) {
      this.#turn = call.turn;
      this.#lastRead = null;
      this.#open = null;
    }
    if (sendsRequest(call.block)) this.#request(call);
    if (isFailed(result)) return;
    const reading: Reading = { call: refOf(call), message: call.message };
    const [secret] = result.secrets;
    const words = secret !== undefined ? secretWords(secret) : opensSecretFile(call.block) ? 'A file that is there to hold secrets' : null;
    for (const each of result.secrets) this.#remember(each, reading);
    // What a request itself was answered with is told with the next one.
    if (words === null || this.#lastRead !== null) return;
    this.#lastRead = { ...reading, words };
  }

  #remember({ rule, hash }: SecretFact, reading: Reading): void {
    const key = `${rule} ${hash}`;
    if (this.#read.has(key)) return;
    this.#read.set(key, reading);
    if (this.#read.size > secretsRemembered)
      for (const oldest of this.#read.keys()) if (this.#read.size > secretsRemembered) this.#read.delete(oldest);
  }

  #request(call: CallDraft): void {
    for (const secret of call.block.secrets) {
      const reading = this.#read.get(`${secret.rule} ${secret.hash}`);
      if (reading === undefined || reading.message === call.message) continue;
      const message = `${secretWords(secret)} was read, and then sent out by ${toolName(call.block.name)}.`;
      this.streaks.begin('error', 2, message, [reading.call, refOf(call)]);
      return;
    }
    const reading = this.#lastRead;
    if (reading === null || reading.message === call.message) return;
    if (this.#open !== null) {
      this.streaks.grow(this.#open, this.#open.strength, this.#open.message, refOf(call));
      return;
    }
    const message = `${reading.words} was read, and then ${toolName(call.block.name)} sent a request out of the sandbox.`;
    this.#open = this.streaks.begin('warning', 1, message, [reading.call, refOf(call)]);
  }
}
