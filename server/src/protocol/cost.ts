/**
 * PUBLIC: what tokens and money came to, and what stands behind each number. Money is US dollars; `null` means that no call of it has a
 * price, and calls without one are left out of a sum and counted beside it. Tokens are as OpenClaw counts them (see UsageTotals).
 */
import { NotificationType, RequestType, RequestType0 } from 'vscode-languageserver-protocol';
import type { CostBasis, UsageTotals } from './document';
import type { SessionRef, SpanRef } from './messages';

/** What one LLM call cost. */
export interface CallCost {
  /** US dollars; null exactly when the basis is `unknown`. */
  readonly usd: number | null;
  readonly basis: CostBasis;
  /** Where the price comes from, and what of the call it has no price of its own for. Holds the user's own note. */
  readonly source: string | null;
  /** Of which day the price is, `YYYY-MM-DD`; null where that is not known. */
  readonly date: string | null;
  /** Why there is no price; null exactly when there is one. */
  readonly reason: UnpricedReason | null;
}

/** What a set of LLM calls came to. */
export interface Spend {
  readonly calls: number;
  readonly usage: UsageTotals;
  readonly usd: number | null;
  readonly byBasis: Readonly<Partial<Record<CostBasis, number>>>;
  readonly unpricedCalls: number;
}

/**
 * How a sum is parted. The parts always add up to the whole. `tool` and `file`: an LLM call's cost is divided equally among the tool
 * calls it asked for, and such a part among the files that the tool call touched. `subagent`: what a session did itself, and each of
 * the sessions below it.
 */
export type CostBy = 'day' | 'model' | 'sandbox' | 'agent' | 'session' | 'subagent' | 'turn' | 'trigger' | 'tool' | 'file';

/** Which LLM calls are meant: of all that is attached, of a source, or of a session; begun in a time. */
export interface CostScope {
  readonly sourceId: string | null;
  readonly sessionId: string | null;
  /** With a session: also all sessions below it. */
  readonly withSubagents: boolean;
  /** ISO 8601, inclusive; null: from the beginning. */
  readonly from: string | null;
  /** ISO 8601, exclusive; null: to the end. */
  readonly to: string | null;
}

export interface CostQuery {
  readonly scope: CostScope;
  readonly by: CostBy;
  /** What cost most comes first (days: the latest); so many rows. */
  readonly limit: number;
  /** IANA name, for days. */
  readonly timeZone: string;
}

/** One part. `label` is untrusted text. */
export interface CostRow {
  /** `null`: what belongs to none: LLM calls that asked for no tool, tool calls that touched no file, calls without a time. */
  readonly label: string | null;
  /** What tells equal labels apart: the provider of a model, the sandbox of an agent. Untrusted text. */
  readonly detail: string | null;
  readonly spend: Spend;
  /** Of `session`, `agent` and `turn`: with all sessions below it, each once; null where there are none. */
  readonly withSubagents: Spend | null;
  /** Where it can be looked at. */
  readonly session: SessionRef | null;
  readonly span: SpanRef | null;
}

/** What is known to have been billed, or may have been, and is in no transcript. */
export type NotObserved =
  /** The summariser's calls of so many compactions: no count of them is written down. */
  | { readonly kind: 'compactions'; readonly count: number }
  /** Attempts that failed and were made again: seen in OpenClaw's log, their tokens nowhere. */
  | { readonly kind: 'retries'; readonly count: number }
  /** LLM calls that were cut off or failed: their counts are zero in the transcript, whatever was billed. */
  | { readonly kind: 'cutOff'; readonly count: number }
  /** Sessions of which only the index speaks. */
  | { readonly kind: 'unrecordedSessions'; readonly count: number };

export interface CostAnswer {
  readonly total: Spend;
  /** Of the total: tokens of calls that have no price. */
  readonly unpricedTokens: number;
  readonly rows: readonly CostRow[];
  /** Rows beyond the limit, and what they came to together. */
  readonly more: { readonly rows: number; readonly spend: Spend } | null;
  readonly notObserved: readonly NotObserved[];
  /** It was asked of a session or sandbox that is not attached, or that holds nothing. */
  readonly empty: 'nothing-attached' | 'no-calls' | null;
}

/** US dollars for a million tokens. `null`: the list has none, and the tokens are charged as `input`. */
export interface PriceRates {
  readonly input: number;
  readonly output: number;
  readonly cacheRead: number | null;
  readonly cacheWrite: number | null;
  readonly cacheWrite1h: number | null;
}

/** A price that the user set; in settings as it stands here. Later entries win. */
export interface PriceBookEntry {
  /** As the agent or the sandbox's registry names it; absent: any. */
  readonly provider?: string;
  /** The model's id; `*` stands for any characters. */
  readonly model: string;
  /** `YYYY-MM-DD`, UTC: from then on. Absent: always. */
  readonly from?: string;
  readonly input?: number;
  readonly output?: number;
  readonly cacheRead?: number;
  readonly cacheWrite?: number;
  readonly cacheWrite1h?: number;
  /** US dollars for an hour of LLM calls on own hardware, instead of prices for tokens. */
  readonly perHour?: number;
  /** Also where the provider or OpenClaw reported a cost. */
  readonly insteadOfReported?: boolean;
  /** Where the price is from, shown with it: a contract, a page. */
  readonly note?: string;
}

/** One model as it was called, and how its calls are priced now. */
export interface PricedModel {
  /** As the agent named it. */
  readonly provider: string | null;
  /** Whom the sandbox's registry names behind the provider `inference`. */
  readonly vendor: string | null;
  readonly model: string | null;
  readonly spend: Spend;
  /** Of a call made now, of a usual length. */
  readonly basis: CostBasis;
  readonly rates: PriceRates | null;
  /** Prices that hold for longer prompts only, or at certain times: in words. */
  readonly tiers: readonly string[];
  /** Where the price is from and of which date. */
  readonly source: string | null;
  readonly date: string | null;
  /** Why there is no price. */
  readonly reason: UnpricedReason | null;
}

export type UnpricedReason =
  | 'no-usage'
  | 'no-model'
  /** The provider is `inference`, and the sandbox's registry is not known. */
  | 'vendor-unknown'
  | 'provider-unknown'
  | 'model-unknown'
  | 'counts-impossible'
  /** The list has the model at zero: a free trial, which is no price. */
  | 'free-trial'
  /** It has a price for the hour, and how long the call took is not known. */
  | 'duration-unknown';

/** What a budget is of. `turn`: from a trigger to the final reply. */
export const budgetKinds = ['turn', 'session', 'day', 'sandbox', 'workspace'] as const;
export type BudgetKind = (typeof budgetKinds)[number];
export const budgetUnits = ['usd', 'tokens'] as const;
export type BudgetUnit = (typeof budgetUnits)[number];

export interface BudgetLimit {
  readonly usd?: number;
  readonly tokens?: number;
}
export type Budgets = Readonly<Partial<Record<BudgetKind, BudgetLimit>>>;

/** `warning`: four fifths of it are used. */
export type BudgetLevel = 'warning' | 'passed';

/** How much of a budget is used. */
export interface BudgetState {
  readonly kind: BudgetKind;
  readonly unit: BudgetUnit;
  readonly limit: number;
  readonly used: number;
  readonly level: BudgetLevel | null;
  /** LLM calls without a price, which a budget in money can't see. */
  readonly unpricedCalls: number;
  /** Of a turn or session itself; of what is wider, the session that took most of it. */
  readonly session: SessionRef | null;
  /** Of a turn. */
  readonly span: SpanRef | null;
  readonly sourceId: string | null;
}

/** What took most of what a budget is of. `label` is untrusted text. */
export interface BudgetDriver {
  readonly by: Extract<CostBy, 'model' | 'tool' | 'turn' | 'session'>;
  readonly label: string | null;
  readonly used: number;
}

/** A budget came to a level. Of all windows that share a store one is told of it, once. */
export interface BudgetNotice {
  readonly state: BudgetState;
  readonly level: BudgetLevel;
  readonly drivers: readonly BudgetDriver[];
  /** Untrusted; of a turn, session or sandbox. */
  readonly sandbox: string | null;
  /** It can be paused: a container that runs, no recording and no sample. */
  readonly pausable: boolean;
  /** Further budgets that came to a level at the same moment; they stand among the problems. */
  readonly others: number;
}

export const budgetNotification = new NotificationType<BudgetNotice>('sandglass/budget');

export const costsRequest = new RequestType<CostQuery, CostAnswer, void>('sandglass/costs');
export const pricesRequest = new RequestType0<readonly PricedModel[], void>('sandglass/prices');
