/** What a session itself did: nothing inherited, each model call and each tool call once. Kept running. */
import type { SessionTotals } from '../protocol/document';
import { accountedCall } from './account';
import type { AccountFor } from './account';
import type { ToolResultEntry } from './events';
import { CostSum } from './spanCost';
import { isFailed } from './toolSpan';
import type { CallDraft, ChatDraft, Draft } from './turns';

export class Totals {
  readonly #account: AccountFor;
  readonly #usage = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 };
  readonly #cost = new CostSum();
  #reasoning: number | null = null;
  #turns = 0;
  #llmCalls = 0;
  #toolCalls = 0;
  #failedToolCalls = 0;
  #thinkingBlocks = 0;
  #compactions = 0;

  constructor(account: AccountFor) {
    this.#account = account;
  }

  made(draft: Draft): void {
    switch (draft.kind) {
      case 'turn':
        if (!draft.inherited) this.#turns += 1;
        break;
      case 'chat':
        if (draft.counted) this.#chat(draft);
        break;
      case 'call':
        if (draft.counted) this.#toolCalls += 1;
        break;
      case 'orphan':
        if (!draft.counted) break;
        this.#toolCalls += 1;
        if (isFailed(draft.result)) this.#failedToolCalls += 1;
        break;
      case 'other':
        if (draft.entry.kind === 'compaction' && !draft.inherited) this.#compactions += 1;
        break;
    }
  }

  answered(call: CallDraft, result: ToolResultEntry): void {
    if (call.counted && isFailed(result)) this.#failedToolCalls += 1;
  }

  #chat({ entry }: ChatDraft): void {
    this.#llmCalls += 1;
    this.#thinkingBlocks += entry.blocks.filter((block) => block.kind === 'thinking').length;
    if (entry.usage !== null) {
      this.#usage.input += entry.usage.input;
      this.#usage.output += entry.usage.output;
      this.#usage.cacheRead += entry.usage.cacheRead;
      this.#usage.cacheWrite += entry.usage.cacheWrite;
      if (entry.usage.reasoning !== null) this.#reasoning = (this.#reasoning ?? 0) + entry.usage.reasoning;
    }
    this.#cost.add(this.#account(accountedCall(entry)).cost);
  }

  get now(): SessionTotals {
    return {
      turns: this.#turns,
      llmCalls: this.#llmCalls,
      toolCalls: this.#toolCalls,
      failedToolCalls: this.#failedToolCalls,
      thinkingBlocks: this.#thinkingBlocks,
      compactions: this.#compactions,
      usage: { ...this.#usage, reasoning: this.#reasoning },
      cost: this.#cost.now,
    };
  }
}
