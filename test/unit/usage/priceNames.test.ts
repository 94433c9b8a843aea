// Whose price a model has: every name that is known to mean a row, and none that only looks like one.
import { calcPrice } from '@pydantic/genai-prices';
import { describe, expect, it } from 'vitest';
import { emptyBook } from '../../../server/src/usage/book';
import { priceOf } from '../../../server/src/usage/priceOf';
import { listedVendors, vendorOf } from '../../../server/src/usage/vendors';

const at = Date.UTC(2026, 10, 20, 12);
const of = (provider: string | null, model: string | null, registry: string | null = null) =>
  priceOf(provider, registry, model, at, emptyBook);

describe('a name', () => {
  it.each([
    // As written, with hyphens or dots, with a date, a revision, a vendor or a path.
    ['anthropic', 'claude-opus-4-6', 'Anthropic claude-opus-4-6'],
    ['anthropic', 'claude-opus-4.6', 'Anthropic claude-opus-4-6'],
    ['anthropic', 'CLAUDE-OPUS-4-6', 'Anthropic claude-opus-4-6'],
    ['anthropic', 'anthropic/claude-opus-4-5-20251101', 'Anthropic claude-opus-4-5'],
    ['anthropic', 'claude-sonnet-4@20250514', 'Anthropic claude-sonnet-4-0'],
    ['anthropic', 'claude-3-7-sonnet-latest', 'Anthropic claude-3-7-sonnet-latest'],
    ['anthropic', 'claude-opus-5-5-20261001', 'Anthropic claude-opus-5-5'],
    ['openai', 'gpt-5-4', 'OpenAI gpt-5.4'],
    ['openai', 'openai/gpt-5.4-mini-2026-03-17', 'OpenAI gpt-5.4-mini'],
    ['openai', 'gpt-4o-2024-05-13', 'OpenAI gpt-4o-2024-05-13'],
    ['google', 'models/gemini-2.5-flash', 'Google gemini-2.5-flash'],
    ['google', 'gemini-2.5-pro-preview-06-05', 'Google gemini-2.5-pro'],
    ['google', 'gemini-2.0-flash-001', 'Google gemini-2.0-flash'],
    ['google', 'gemini-3.1-pro-preview-customtools', 'Google gemini-3.1-pro-preview'],
    ['google-vertex', 'claude-opus-5@default', 'Google claude-opus-5'],
    ['google-vertex', 'publishers/anthropic/models/claude-opus-4-6@20260205', 'Google claude-opus-4-6'],
    ['amazon-bedrock', 'global.anthropic.claude-sonnet-4-5-20250929-v1:0', 'AWS Bedrock global.anthropic.claude-sonnet-4-5'],
    [
      'amazon-bedrock',
      'arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-opus-4-6-v1',
      'AWS Bedrock regional.anthropic.claude-opus-4-6',
    ],
    ['azure-openai-responses', 'gpt-5.4', 'OpenAI gpt-5.4'],
    ['mistral', 'magistral-medium-2509', 'Mistral magistral-medium'],
    ['fireworks', 'accounts/fireworks/models/kimi-k2p5', 'Fireworks kimi-k2p5'],
    ['openrouter', 'z-ai/glm-4.7', 'OpenRouter z-ai/glm-4.7'],
    ['minimax', 'MiniMax-M2.7', 'MiniMax MiniMax-M2.7'],
    ['xai', 'grok-4-latest', 'X AI grok-4-0709'],
    ['github-copilot', 'claude-opus-4.7', 'GitHub Copilot claude-opus-4.7'],
  ])('of %s: %s', (provider, model, source) => {
    const price = of(provider, model);
    expect(price).toMatchObject({ basis: 'priced', reason: null });
    expect(price.source).toContain(source);
  });

  it.each([
    // Newer, faster, smaller or other models than the row whose name they begin with or hold.
    ['anthropic', 'claude-sonnet-5-5'],
    ['anthropic', 'claude-opus-4-6-fast'],
    ['anthropic', 'claude-opus-4-10'],
    ['anthropic', 'my-claude-opus-4-6'],
    ['anthropic', 'claude-opus-4-6:online'],
    ['openai', 'gpt-5.4-turbo'],
    ['openai', 'gpt-5.40'],
    ['openai', 'ft:gpt-5.4:me::id'],
    ['google', 'gemini-2.5-pro-image'],
    ['google', 'gemini-3-pro-image-preview'],
    ['amazon-bedrock', 'anthropic.claude-sonnet-5-5-v1:0'],
    ['amazon-bedrock', 'eu.amazon.nova-pro-v1:0'],
    ['amazon-bedrock', 'arn:aws:bedrock:us-east-1:123456789012:imported-model/claude-opus-4-6'],
    ['fireworks', 'accounts/me/models/kimi-k2p5'],
    ['openrouter', 'somebody/claude-opus-4.6'],
    ['openrouter', 'anthropic/claude-opus-4.6:nitro'],
    ['openrouter', 'openrouter/auto'],
    ['groq', 'llama-3.3-70b'],
    // The list's own mistakes.
    ['openai', 'gpt-oss-120b'],
    ['deepseek', 'deepseek-chat'],
    ['groq', 'openai/gpt-oss-safeguard-20b'],
    ['openrouter', '~anthropic/claude-opus-latest'],
    ['azure', 'deepseek-v4-pro'],
  ])('that is not of %s has no price: %s', (provider, model) => {
    expect(of(provider, model)).toMatchObject({ basis: 'unknown', rates: null, source: null, date: null, reason: 'model-unknown' });
  });

  it('would have had an invented price from the package alone', () => {
    // What this guards against; should the package stop doing so, the guard may go.
    for (const model of ['claude-sonnet-5-5', 'claude-opus-4-6-fast', 'claude-opus-4-10'])
      expect(calcPrice({ input_tokens: 1, output_tokens: 1 }, model, { providerId: 'anthropic' }), model).not.toBeNull();
  });

  it('of a free trial is no price, and says so', () => {
    for (const [provider, model] of [
      ['nvidia-prod', 'meta/llama-3.3-70b-instruct'],
      ['nvidia-prod', 'nvidia/nemotron-3-nano-30b-a3b'],
      ['zai', 'glm-4.7-flash'],
      ['openrouter', 'nvidia/nemotron-3-super-120b-a12b:free'],
      ['google', 'gemma-4-31b-it'],
    ] as const)
      expect(of(provider, model), model).toMatchObject({ basis: 'unknown', reason: 'free-trial' });
  });
});

describe('a provider', () => {
  it('is who the registry names behind the sandbox’s own route', () => {
    const nemotron = 'nvidia/nemotron-3-super-120b-a12b';
    for (const registry of ['nvidia-prod', 'nvidia-nim', 'nvidia-router'])
      expect(of('inference', nemotron, registry)).toMatchObject({ basis: 'overlay', vendor: registry });
    expect(of('inference', `inference/${nemotron}`, 'nvidia-prod').basis).toBe('overlay');
    expect(of('inference', 'gemini-2.5-flash', 'gemini-api')).toMatchObject({ basis: 'priced', vendor: 'gemini-api' });
    expect(of('inference', 'MiniMax-M3', 'minimax-api').basis).toBe('priced');
    expect(of('inference', nemotron, 'openrouter').rates?.input).not.toBe(of('inference', nemotron, 'nvidia-prod').rates?.input);
    expect(of('inference', nemotron, null)).toMatchObject({ basis: 'unknown', reason: 'vendor-unknown', vendor: null });
    for (const registry of ['compatible-endpoint', 'hermes-provider', 'whoever'])
      expect(of('inference', nemotron, registry)).toMatchObject({ basis: 'unknown', reason: 'provider-unknown', vendor: registry });
  });

  it('that NemoClaw named after a language is whose endpoint it is', () => {
    expect(of('anthropic', 'claude-opus-4-6', 'anthropic-prod')).toMatchObject({ basis: 'priced', vendor: null });
    expect(of('anthropic', 'claude-opus-4-6', 'compatible-anthropic-endpoint')).toMatchObject({
      basis: 'unknown',
      reason: 'provider-unknown',
    });
    expect(of('openai', 'gpt-5.4', 'openai-api').basis).toBe('priced');
    // It does not do so with OpenAI's: that endpoint is called `inference`.
    expect(of('openai', 'gpt-5.4', 'compatible-endpoint').basis).toBe('priced');
  });

  it('on own hardware costs nothing, but for its maker’s cloud', () => {
    for (const provider of ['ollama', 'vllm', 'ollama-local', 'vllm-local', 'llama-cpp-local', 'lmstudio', 'sglang'])
      expect(of(provider, 'whatever'), provider).toMatchObject({ basis: 'local', reason: null, rates: null });
    expect(of('inference', 'x', 'vllm-local').basis).toBe('local');
    expect(of('ollama', 'gpt-oss:120b-cloud')).toMatchObject({ basis: 'unknown', reason: 'provider-unknown' });
  });

  it('that nobody knows has no price, however well its model is known', () => {
    expect(of('qwen-portal', 'claude-opus-4-6').reason).toBe('provider-unknown');
    expect(of(null, 'claude-opus-4-6').reason).toBe('provider-unknown');
    expect(of('anthropic', null).reason).toBe('no-model');
    expect(of('anthropic', '').reason).toBe('no-model');
    expect(of('my-anthropic-proxy', 'claude-opus-4-6').reason).toBe('provider-unknown');
  });

  it('that is mapped to a list finds its models there', () => {
    expect(Object.keys(probes).toSorted()).toEqual([...listedVendors]);
    for (const [id, [provider, model]] of Object.entries(probes)) {
      expect(vendorOf(provider), provider).toMatchObject({ id });
      expect(of(provider, model), model).toMatchObject({ basis: 'priced', reason: null });
    }
  });
});

/** A model of each list, by a name of its seller. */
const probes: Readonly<Record<string, readonly [provider: string, model: string]>> = {
  anthropic: ['anthropic-prod', 'claude-opus-5'],
  arcee: ['arcee', 'trinity-large-thinking'],
  avian: ['avian', 'deepseek/deepseek-v3.2'],
  aws: ['bedrock', 'amazon.nova-pro-v1:0'],
  azure: ['azure-openai', 'o3'],
  baseten: ['baseten', 'openai/gpt-oss-120b'],
  cerebras: ['cerebras', 'gpt-oss-120b'],
  cloudflare: ['cloudflare-workers-ai', '@cf/meta/llama-3.3-70b-instruct-fp8-fast'],
  cohere: ['cohere', 'command-a'],
  deepseek: ['deepseek', 'deepseek-v4-flash'],
  fireworks: ['fireworks-ai', 'accounts/fireworks/models/kimi-k3'],
  'github-copilot': ['github-copilot', 'claude-opus-5'],
  google: ['gemini-api', 'gemini-3.5-flash'],
  groq: ['groq', 'openai/gpt-oss-120b'],
  minimax: ['minimax', 'minimax-m3'],
  mistral: ['mistralai', 'mistral-large-2512'],
  moonshotai: ['moonshot', 'kimi-k3'],
  openai: ['openai-api', 'gpt-5.5'],
  openrouter: ['openrouter', 'anthropic/claude-opus-5'],
  ovhcloud: ['ovhcloud', 'gpt-oss-120b'],
  perplexity: ['perplexity', 'sonar'],
  'x-ai': ['xai', 'grok-4.3'],
  zai: ['z-ai', 'glm-5.2'],
};
