/**
 * `claimed-success`: the last calls of a turn failed, nothing was called after them, and the reply says that all is well without a
 * word of what failed. What a reply says is told by words, of English only (decode/openclaw/claims).
 */
import type { AssistantEntry, ToolResultEntry } from '../model/events';
import type { CallDraft, ChatDraft, TurnDraft } from '../model/turns';
import { isFinalReply } from '../model/turns';
import { refOf } from './detector';
import type { CallRef, Detector, SessionName } from './detector';
import { outcomeOf } from './outcome';
import { Streaks } from './streaks';

export class ClaimedSuccess implements Detector {
  readonly streaks: Streaks;
  /** The last message of the turn that asked for calls, and those of them that failed. */
  #asked: AssistantEntry | null = null;
  #turn: TurnDraft | null = null;
  #failed: CallRef[] = [];

  constructor(name: SessionName) {
    this.streaks = new Streaks(name, 'claimed-success');
  }

  chat({ entry, turn }: ChatDraft): void {
    if (entry.blocks.some(({ kind }) => kind === 'toolCall')) {
      this.#asked = entry;
      this.#turn = turn;
      this.#failed = [];
    } else if (isFinalReply(entry)) {
      const failed = this.#failed.length;
      if (turn === this.#turn && failed > 0 && entry.claimsSuccess) {
        const what = failed === 1 ? 'the last call of the turn failed' : `${failed} of the last calls of the turn failed`;
        this.streaks.begin('warning', 1, `The reply claims success, and ${what}.`, this.#failed);
      }
      this.#asked = null;
      this.#failed = [];
    }
  }

  answered(call: CallDraft, result: ToolResultEntry): void {
    if (call.message === this.#asked && outcomeOf(call, result) === 'failed') this.#failed.push(refOf(call));
  }
}
