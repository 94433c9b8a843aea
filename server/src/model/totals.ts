/** What a session itself did: nothing inherited, each model call and each tool call once. Kept running. */
import type { CostBasis, SessionTotals } from '../protocol/document';
import { accountedCall } from './account';
import type { AccountFor } from './account';
import type { ToolResultEntry } from './events';
import { ExactSum } from './exactSum';
import { isFailed } from './toolSpan';
import type { CallDraft, ChatDraft, Draft } from './turns';

export class Totals {
  readonly #account: AccountFor;
  readonly #usage = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 };
  readonly #usd = new ExactSum();
  readonly #byBasis = new Map<CostBasis, ExactSum>();
  #unpricedCalls = 0;
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
    const { cost } = this.#account(accountedCall(entry));
    if (cost.usd === null) this.#unpricedCalls += 1;
    else {
      this.#usd.add(cost.usd);
      const ofBasis = this.#byBasis.get(cost.basis) ?? new ExactSum();
      this.#byBasis.set(cost.basis, ofBasis);
      ofBasis.add(cost.usd);
    }
  }

  get now(): SessionTotals {
    const byBasis: Partial<Record<CostBasis, number>> = {};
    for (const [basis, sum] of this.#byBasis) byBasis[basis] = sum.value;
    return {
      turns: this.#turns,
      llmCalls: this.#llmCalls,
      toolCalls: this.#toolCalls,
      failedToolCalls: this.#failedToolCalls,
      thinkingBlocks: this.#thinkingBlocks,
      compactions: this.#compactions,
      usage: { ...this.#usage, reasoning: this.#reasoning },
      cost: { usd: this.#byBasis.size === 0 ? null : this.#usd.value, byBasis, unpricedCalls: this.#unpricedCalls },
    };
  }
}
