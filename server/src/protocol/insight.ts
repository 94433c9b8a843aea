/**
 * PUBLIC: what is worth a look among what things cost, as data: words are made at the edge. Nothing of it is a sum of anything: the same
 * LLM call may be in several of them. Money is US dollars; names of agents and tools are untrusted text.
 */
import { RequestType } from 'vscode-languageserver-protocol';
import type { CostScope } from './cost';
import type { CostBasis, Trigger } from './document';
import type { SessionRef, SpanRef } from './messages';

/** What of a run grew: its figure, that of its like, and how much of the excess it explains (1: all of it). */
export type GrownPart = { readonly value: number; readonly usual: number; readonly share: number } & (
  | { readonly part: 'calls' }
  /** Tokens for each LLM call. */
  | { readonly part: 'prompt' | 'output' }
  /** The share of the prompt that did not come out of the cache. */
  | { readonly part: 'cacheMisses' }
  /** US dollars for a million tokens, weighed as they are usually priced. */
  | { readonly part: 'price' }
  /** What the sessions below came to, in the unit of the whole. */
  | { readonly part: 'below' }
  /** Milliseconds. */
  | { readonly part: 'modelTime' }
  | { readonly part: 'toolTime'; readonly tool: string }
);

export interface InsightBase {
  readonly session: SessionRef;
  /** What to look at: a turn, a call; null: the session. */
  readonly span: SpanRef | null;
  readonly agent: string;
  /** ISO 8601; null: not observed. */
  readonly start: string | null;
  /** What it is about; null: has no price. */
  readonly usd: number | null;
  /** null: not counted. */
  readonly tokens: number | null;
  /** What stands behind the money, sorted. */
  readonly bases: readonly CostBasis[];
}

export type Insight = InsightBase &
  (
    | {
        readonly kind: 'unusual';
        readonly of: 'turn' | 'session';
        readonly trigger: Trigger;
        /** Of `duration` in milliseconds. */
        readonly measure: 'usd' | 'tokens' | 'duration';
        readonly value: number;
        /** The median of its like, and how many these are. */
        readonly usual: number;
        readonly compared: number;
        readonly times: number;
        /** It goes on, and may still grow. */
        readonly running: boolean;
        readonly grew: readonly GrownPart[];
      }
    | {
        /** Calls of a tool that were made again in a turn and told nothing new. `usd` and `tokens`: the LLM calls that asked for nothing else. */
        readonly kind: 'redundantCalls';
        readonly tool: string;
        readonly times: number;
        readonly llmCalls: number;
        readonly unpricedCalls: number;
        /** Tokens of later prompts that carried them, about; they have no price of their own. */
        readonly carriedTokens: number;
        /** Asked for together with calls that were needed: nothing of these is counted. */
        readonly beside: number;
      }
    | {
        /** Preview. `usd` and `tokens`: all that the sub-agent's session came to, of which nothing seems to have come. */
        readonly kind: 'unusedAnswer';
        readonly parent: SessionRef;
        readonly llmCalls: number;
        readonly unpricedCalls: number;
        /** Distinctive words of the answer that were looked for. */
        readonly words: number;
      }
  );

export interface InsightsQuery {
  readonly scope: Pick<CostScope, 'sourceId' | 'sessionId' | 'from' | 'to'>;
  readonly limit: number;
}

export interface InsightsAnswer {
  /** What came to most money first, then to most tokens, then to most time. */
  readonly insights: readonly Insight[];
  /** Not all was looked through: the oldest was left out. */
  readonly cut: boolean;
}

export const insightsRequest = new RequestType<InsightsQuery, InsightsAnswer, void>('sandglass/insights');
