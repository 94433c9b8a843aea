/** How a model call is accounted for. The fold asks; usage answers, so that the model knows no prices. */
import type { CostBasis } from '../protocol/document';
import type { TokenUsage } from './events';

export interface CallAccount {
  readonly inclusiveInput: number;
  readonly cost: { readonly usd: number | null; readonly basis: CostBasis; readonly source: string | null };
}

export interface AccountedCall {
  readonly provider: string | null;
  readonly model: string | null;
  readonly usage: TokenUsage | null;
  readonly time: number | null;
}

export type AccountFor = (call: AccountedCall) => CallAccount;
