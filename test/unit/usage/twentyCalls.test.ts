// Calls of many sellers, priced by hand: the arithmetic stands beside each, in US dollars for a million tokens.
import { describe, expect, it } from 'vitest';
import type { TokenUsage } from '../../../server/src/model/events';
import type { CostBasis } from '../../../server/src/protocol/document';
import { accountFor } from '../../../server/src/usage/account';
import { emptyBook } from '../../../server/src/usage/book';

interface Priced {
  readonly what: string;
  readonly provider: string;
  /** The sandbox's registry. */
  readonly registry?: string;
  readonly model: string;
  /** UTC; else midday on 20 November 2026. */
  readonly at?: string;
  readonly tokens: Partial<Pick<TokenUsage, 'input' | 'output' | 'cacheRead' | 'cacheWrite' | 'cacheWrite1h' | 'reasoning'>>;
  readonly usd: number;
  readonly basis?: CostBasis;
  /** What the source must say. */
  readonly says?: string;
}

const calls: readonly Priced[] = [
  {
    // 12,000 × 2.50 = 0.030; 48,000 × 0.25 = 0.012; 2,000 × 15 = 0.030
    what: 'OpenAI, cache read',
    provider: 'openai',
    model: 'gpt-5.4',
    tokens: { input: 12_000, cacheRead: 48_000, output: 2000 },
    usd: 0.072,
  },
  {
    // 300,000 tokens of input are over 271,999: 100,000 × 5 = 0.50; 200,000 × 0.50 = 0.10; 4,000 × 22.50 = 0.09
    what: 'OpenAI, the tier for long prompts, which cache reads make long',
    provider: 'openai',
    model: 'gpt-5.4-2026-03-05',
    tokens: { input: 100_000, cacheRead: 200_000, output: 4000 },
    usd: 0.69,
  },
  {
    // 20,000 × 4 = 0.08; 10,000 × 5 = 0.05; 30,000 × 0.40 = 0.012; 1,500 × 20 = 0.03
    what: 'OpenAI, cache write, the price since 21 August 2026',
    provider: 'openai',
    model: 'gpt-5.6-sol',
    tokens: { input: 20_000, cacheWrite: 10_000, cacheRead: 30_000, output: 1500 },
    usd: 0.172,
    says: 'since 2026-08-21',
  },
  {
    // 20,000 × 5 = 0.10; 10,000 × 6.25 = 0.0625; 30,000 × 0.50 = 0.015; 1,500 × 30 = 0.045
    what: 'OpenAI, the same call three weeks before',
    provider: 'openai',
    model: 'gpt-5.6-sol',
    at: '2026-08-01T12:00:00Z',
    tokens: { input: 20_000, cacheWrite: 10_000, cacheRead: 30_000, output: 1500 },
    usd: 0.2225,
  },
  {
    // 5,000 × 5 = 0.025; 90,000 × 0.50 = 0.045; 5,000 × 6.25 = 0.03125; 1,000 × 25 = 0.025. A third of what Opus 4.1 costs.
    what: 'Anthropic, cache read and write',
    provider: 'anthropic',
    model: 'claude-opus-4-6',
    tokens: { input: 5000, cacheRead: 90_000, cacheWrite: 5000, output: 1000 },
    usd: 0.12625,
  },
  {
    // 220,000 tokens of input are over 200,000, all at that price: 10,000 × 10 = 0.10; 190,000 × 1 = 0.19; 20,000 × 12.50 = 0.25; 1,000 × 37.50 = 0.0375
    what: 'Anthropic, over 200,000 tokens while long prompts cost more',
    provider: 'anthropic',
    model: 'claude-opus-4-6',
    at: '2026-03-01T00:00:00Z',
    tokens: { input: 10_000, cacheRead: 190_000, cacheWrite: 20_000, output: 1000 },
    usd: 0.5775,
  },
  {
    // 10,000 × 5 = 0.05; 190,000 × 0.50 = 0.095; 20,000 × 6.25 = 0.125; 1,000 × 25 = 0.025
    what: 'Anthropic, the same call since long prompts cost no more',
    provider: 'anthropic',
    model: 'claude-opus-4.6',
    tokens: { input: 10_000, cacheRead: 190_000, cacheWrite: 20_000, output: 1000 },
    usd: 0.295,
  },
  {
    // 2,000 × 3 = 0.006; 40,000 × 0.30 = 0.012; 4,000 × 3.75 = 0.015; 8,000 × 6 = 0.048; 1,200 × 15 = 0.018
    what: 'Anthropic, most of the cache written for an hour',
    provider: 'anthropic',
    model: 'claude-sonnet-4-6',
    tokens: { input: 2000, cacheRead: 40_000, cacheWrite: 12_000, cacheWrite1h: 8000, output: 1200 },
    usd: 0.099,
  },
  {
    // 800 × 1 = 0.0008; 9,200 × 0.10 = 0.00092; 3,000 × 1.25 = 0.00375; 450 × 5 = 0.00225
    what: 'Anthropic behind the route of the sandbox',
    provider: 'inference',
    registry: 'anthropic-prod',
    model: 'anthropic/claude-haiku-4-5-20251001',
    tokens: { input: 800, cacheRead: 9200, cacheWrite: 3000, output: 450 },
    usd: 0.00772,
  },
  {
    // A tenth more than Anthropic's own: 5,000 × 5.50 = 0.0275; 90,000 × 0.55 = 0.0495; 5,000 × 6.875 = 0.034375; 1,000 × 27.50 = 0.0275
    what: 'Anthropic at Amazon, in a region',
    provider: 'amazon-bedrock',
    model: 'us.anthropic.claude-opus-4-6-v1:0',
    tokens: { input: 5000, cacheRead: 90_000, cacheWrite: 5000, output: 1000 },
    usd: 0.138875,
  },
  {
    // 10,000 × 2 = 0.02; 90,000 × 0.20 = 0.018; 1,000 × 12 = 0.012; the 600 of reasoning are among the 1,000
    what: 'Google, reasoning',
    provider: 'google',
    model: 'gemini-3.1-pro-preview',
    tokens: { input: 10_000, cacheRead: 90_000, output: 1000, reasoning: 600 },
    usd: 0.05,
  },
  {
    // 200,000 × 2 = 0.40; 100 × 12 = 0.0012
    what: 'Google, as long as a prompt may be',
    provider: 'google',
    model: 'gemini-3.1-pro-preview',
    tokens: { input: 200_000, output: 100 },
    usd: 0.4012,
  },
  {
    // 200,001 × 4 = 0.800004; 100 × 18 = 0.0018
    what: 'Google, one token longer',
    provider: 'google',
    model: 'gemini-3.1-pro-preview',
    tokens: { input: 200_001, output: 100 },
    usd: 0.801804,
  },
  {
    // 150,000 × 2.50 = 0.375; 100,000 × 0.25 = 0.025; 3,000 × 15 = 0.045
    what: 'Google behind the route of the sandbox, over 200,000',
    provider: 'inference',
    registry: 'gemini-api',
    model: 'gemini-2.5-pro',
    tokens: { input: 150_000, cacheRead: 100_000, output: 3000 },
    usd: 0.445,
  },
  {
    // 30,000 × 0.66 = 0.0198; 60,000 × 0.022 = 0.00132; 5,000 × 1.98 = 0.0099
    what: 'DeepSeek at midday',
    provider: 'deepseek',
    model: 'deepseek-v4-pro',
    tokens: { input: 30_000, cacheRead: 60_000, output: 5000 },
    usd: 0.03102,
  },
  {
    // Twice that: 30,000 × 1.32 = 0.0396; 60,000 × 0.044 = 0.00264; 5,000 × 3.96 = 0.0198
    what: 'DeepSeek at two in the morning, UTC',
    provider: 'deepseek',
    model: 'deepseek-v4-pro',
    at: '2026-11-20T02:00:00Z',
    tokens: { input: 30_000, cacheRead: 60_000, output: 5000 },
    usd: 0.06204,
    says: '01:00 to 04:00 UTC',
  },
  {
    // 30,000 × 0.435 = 0.01305; 60,000 × 0.003625 = 0.0002175; 5,000 × 0.87 = 0.00435
    what: 'DeepSeek at that hour, before there was a price for the hour',
    provider: 'deepseek',
    model: 'deepseek-v4-pro',
    at: '2026-07-01T02:00:00Z',
    tokens: { input: 30_000, cacheRead: 60_000, output: 5000 },
    usd: 0.0176175,
  },
  {
    // 7,000 × 0.50 = 0.0035; 3,000 × 0.05 = 0.00015; 900 × 1.50 = 0.00135
    what: 'Mistral, by a name that moved to a newer model',
    provider: 'mistral',
    model: 'mistral-large-latest',
    tokens: { input: 7000, cacheRead: 3000, output: 900 },
    usd: 0.005,
  },
  {
    // 7,000 × 2 + 3,000 × 2, there is no price for cache reads: 0.020; 900 × 6 = 0.0054
    what: 'Mistral, by that name before it moved',
    provider: 'mistral',
    model: 'mistral-large-latest',
    at: '2025-06-01T00:00:00Z',
    tokens: { input: 7000, cacheRead: 3000, output: 900 },
    usd: 0.0254,
    says: 'no price for cache reads: charged as input',
  },
  {
    // 10,000 × 0.29 = 0.0029; 2,000 × 0.59 = 0.00118
    what: 'Qwen at Groq',
    provider: 'groq',
    model: 'qwen/qwen3-32b',
    tokens: { input: 10_000, output: 2000 },
    usd: 0.00408,
  },
  {
    // 5,000 × 0.40 = 0.002; 20,000 × 0.08 = 0.0016; 1,000 × 1.60 = 0.0016
    what: 'Qwen at Fireworks',
    provider: 'fireworks',
    model: 'accounts/fireworks/models/qwen3p7-plus',
    tokens: { input: 5000, cacheRead: 20_000, output: 1000 },
    usd: 0.0052,
  },
  {
    // 8,000 × 1.40 = 0.0112; 32,000 × 0.26 = 0.00832; 1,500 × 4.40 = 0.0066
    what: 'GLM at Z.AI',
    provider: 'zai',
    model: 'glm-5.2',
    tokens: { input: 8000, cacheRead: 32_000, output: 1500 },
    usd: 0.02612,
  },
  {
    // 8,000 × 0.60 = 0.0048; 32,000 × 0.11 = 0.00352; 1,500 × 2.20 = 0.0033
    what: 'GLM of the year before, from our table',
    provider: 'zai',
    model: 'glm-4.7',
    tokens: { input: 8000, cacheRead: 32_000, output: 1500 },
    usd: 0.01162,
    basis: 'overlay',
  },
  {
    // 6,000 × 0.60 = 0.0036; 54,000 × 0.10 = 0.0054; 1,000 × 3 = 0.003
    what: 'Kimi at Moonshot',
    provider: 'moonshot',
    model: 'kimi-k2.5',
    tokens: { input: 6000, cacheRead: 54_000, output: 1000 },
    usd: 0.012,
  },
  {
    // 10,000 × 0.59, cache reads among them: 0.0059; 500 × 0.79 = 0.000395
    what: 'Llama at Groq, which has no price for cache reads',
    provider: 'groq',
    model: 'llama-3.3-70b-versatile',
    tokens: { input: 6000, cacheRead: 4000, output: 500 },
    usd: 0.006295,
    says: 'no price for cache reads: charged as input',
  },
  {
    // 11,000 × 0.72
    what: 'Llama at Amazon',
    provider: 'bedrock',
    model: 'us.meta.llama3-3-70b-instruct-v1:0',
    tokens: { input: 10_000, output: 1000 },
    usd: 0.00792,
  },
  {
    // 100,000 × 0.20, cache among them: 0.020; 1,000 × 0.80 = 0.0008
    what: 'NVIDIA, as NemoClaw sets it up',
    provider: 'inference',
    registry: 'nvidia-prod',
    model: 'nvidia/nemotron-3-super-120b-a12b',
    tokens: { input: 5000, cacheRead: 90_000, cacheWrite: 5000, output: 1000 },
    usd: 0.0208,
    basis: 'overlay',
    says: 'no price for cache writes: charged as input',
  },
  {
    // 10,000 × 0.50, cache writes among them: 0.005; 90,000 × 0.15 = 0.0135; 1,000 × 2.50 = 0.0025
    what: 'NVIDIA, as its first builds wrote it',
    provider: 'nvidia',
    model: 'nemotron-3-ultra-550b-a55b',
    tokens: { input: 5000, cacheRead: 90_000, cacheWrite: 5000, output: 1000 },
    usd: 0.021,
    basis: 'overlay',
  },
  {
    // As Anthropic's own: 0.025 + 0.045 + 0.03125 + 0.025
    what: 'OpenRouter, with hyphens where it has dots',
    provider: 'inference',
    registry: 'openrouter',
    model: 'anthropic/claude-opus-4-6',
    tokens: { input: 5000, cacheRead: 90_000, cacheWrite: 5000, output: 1000 },
    usd: 0.12625,
    says: 'varies with who serves the call',
  },
  {
    // 600,000 tokens of input are over 512,000: 500,000 × 0.60 = 0.30; 100,000 × 0.12 = 0.012; 2,000 × 2.40 = 0.0048
    what: 'MiniMax, over 512,000',
    provider: 'inference',
    registry: 'minimax-api',
    model: 'MiniMax-M3',
    tokens: { input: 500_000, cacheRead: 100_000, output: 2000 },
    usd: 0.3168,
  },
  {
    // 200,000 are one over 199,999: 150,000 × 2.50 = 0.375; 50,000 × 0.40 = 0.02; 1,000 × 5 = 0.005
    what: 'xAI, where the longer price begins at 200,000',
    provider: 'xai',
    model: 'grok-4.3',
    tokens: { input: 150_000, cacheRead: 50_000, output: 1000 },
    usd: 0.4,
  },
  {
    // 1,000 × 3 = 0.003; 500 × 15 = 0.0075; one call of a thousand for 14 = 0.014
    what: 'Perplexity, which charges for the call too',
    provider: 'perplexity',
    model: 'sonar-pro',
    tokens: { input: 1000, output: 500 },
    usd: 0.0245,
  },
  {
    // As the API: 12,000 × 1.75 = 0.021; 48,000 × 0.175 = 0.0084; 2,000 × 14 = 0.028
    what: 'OpenAI by a subscription',
    provider: 'openai-codex',
    model: 'gpt-5.3-codex',
    tokens: { input: 12_000, cacheRead: 48_000, output: 2000 },
    usd: 0.0574,
    says: 'what the API would charge',
  },
];

describe('a call priced by hand costs the same here', () => {
  it.each(calls.map((call) => [`${call.what}: ${call.model}`, call] as const))('%s', (_, call) => {
    const usage: TokenUsage = {
      input: 0,
      output: 0,
      cacheRead: 0,
      cacheWrite: 0,
      cacheWrite1h: null,
      reasoning: null,
      costUsd: 0,
      billed: false,
      ...call.tokens,
    };
    const { cost } = accountFor(
      { provider: call.provider, model: call.model, usage, time: Date.parse(call.at ?? '2026-11-20T12:00:00Z'), durationMs: null },
      { registryProvider: call.registry ?? null, book: emptyBook },
    );
    expect(cost).toMatchObject({ basis: call.basis ?? 'priced', reason: null });
    expect(Math.abs((cost.usd ?? Number.NaN) - call.usd)).toBeLessThanOrEqual(1e-9);
    expect(cost.date).toMatch(/^2026-09-2\d$/);
    expect(cost.source).toContain(call.says ?? '');
  });
});
