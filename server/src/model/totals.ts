/** What a session itself did: nothing inherited, each model call and each tool call once. */
import type { CostBasis, SessionTotals } from '../protocol/document';
import type { AccountFor } from './account';
import { isFailed } from './toolSpan';
import type { Assembled } from './turns';

export function totalsOf(assembled: Assembled, account: AccountFor): SessionTotals {
  const usage = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 };
  const costs = new Map<CostBasis, number[]>();
  let reasoning: number | null = null;
  let llmCalls = 0;
  let thinkingBlocks = 0;
  let unpricedCalls = 0;
  for (const { entry, counted } of assembled.chats) {
    if (!counted) continue;
    llmCalls += 1;
    thinkingBlocks += entry.blocks.filter((block) => block.kind === 'thinking').length;
    if (entry.usage !== null) {
      usage.input += entry.usage.input;
      usage.output += entry.usage.output;
      usage.cacheRead += entry.usage.cacheRead;
      usage.cacheWrite += entry.usage.cacheWrite;
      if (entry.usage.reasoning !== null) reasoning = (reasoning ?? 0) + entry.usage.reasoning;
    }
    const { cost } = account({ provider: entry.provider, model: entry.model, usage: entry.usage, time: entry.startTime });
    if (cost.usd === null) unpricedCalls += 1;
    else {
      const known = costs.get(cost.basis);
      if (known === undefined) costs.set(cost.basis, [cost.usd]);
      else known.push(cost.usd);
    }
  }
  const byBasis: Partial<Record<CostBasis, number>> = {};
  for (const [basis, usds] of costs) byBasis[basis] = sumOf(usds);
  const priced = [...costs.values()].flat();
  const counted = assembled.calls.filter((call) => call.counted);
  const orphans = assembled.orphans.filter((orphan) => orphan.counted);
  return {
    turns: assembled.turns.filter((turn) => !turn.inherited).length,
    llmCalls,
    toolCalls: counted.length + orphans.length,
    failedToolCalls:
      counted.filter((call) => call.result !== null && isFailed(call.result)).length +
      orphans.filter((orphan) => isFailed(orphan.result)).length,
    thinkingBlocks,
    compactions: assembled.others.filter((other) => other.entry.kind === 'compaction' && !other.inherited).length,
    usage: { ...usage, reasoning },
    cost: { usd: priced.length === 0 ? null : sumOf(priced), byBasis, unpricedCalls },
  };
}

/** The same sum whatever order the calls came in; adding fractions in another order gives another last digit. */
function sumOf(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b).reduce((sum, value) => sum + value, 0);
}
