/** How a model call is accounted for. The fold asks; usage answers, so that the model knows no prices. */
import type { UnpricedReason } from '../protocol/cost';
import type { CostBasis } from '../protocol/document';
import type { AssistantEntry, TokenUsage } from './events';

export interface CallAccount {
  readonly inclusiveInput: number;
  readonly cost: {
    readonly usd: number | null;
    readonly basis: CostBasis;
    readonly source: string | null;
    readonly date: string | null;
    readonly reason: UnpricedReason | null;
  };
}

export interface AccountedCall {
  readonly provider: string | null;
  readonly model: string | null;
  readonly usage: TokenUsage | null;
  readonly time: number | null;
  readonly durationMs: number | null;
}

/** Facts of a call, as the fold has them. */
export function accountedCall(entry: AssistantEntry): AccountedCall {
  const { provider, model, usage, startTime, time } = entry;
  return {
    provider,
    model,
    usage,
    time: startTime,
    durationMs: startTime === null || time === null ? null : Math.max(0, time - startTime),
  };
}

export type AccountFor = (call: AccountedCall) => CallAccount;
