/**
 * The one place where token counts are normalised and priced. OpenClaw's `input` leaves cache reads and writes out;
 * OpenTelemetry's input includes them. Nothing is ever priced at zero for want of a price.
 */
import { calcPrice } from '@pydantic/genai-prices';
import type { CostBasis } from '../protocol/document';
import type { TokenUsage } from '../model/events';
import { overlayPrice } from './overlay';

export interface CallFacts {
  readonly provider: string | null;
  readonly model: string | null;
  readonly usage: TokenUsage | null;
  readonly time: number | null;
}

export interface CallCost {
  /** US dollars; null exactly when the basis is `unknown`. */
  readonly usd: number | null;
  readonly basis: CostBasis;
  /** Where the price comes from and of which date, for the hover; null when the cost was reported. */
  readonly source: string | null;
}

export interface Account {
  /** Input as OpenTelemetry counts it: cache reads and writes included. */
  readonly inclusiveInput: number;
  readonly cost: CallCost;
}

/** What the sandbox's registry says of the vendor behind the provider `inference`, which hides it. */
export interface ProviderContext {
  readonly registryProvider: string | null;
}

const localProviders = /^(?:ollama|vllm|llama-?cpp|lm-?studio|local)(?:-local)?$/i;

/** Registry and agent names of providers → ids of @pydantic/genai-prices. */
const priceProviders: Readonly<Record<string, string>> = {
  anthropic: 'anthropic',
  'anthropic-prod': 'anthropic',
  openai: 'openai',
  'openai-api': 'openai',
  'gemini-api': 'google',
  google: 'google',
  openrouter: 'openrouter',
  'amazon-bedrock': 'aws',
  bedrock: 'aws',
  groq: 'groq',
  mistral: 'mistral',
  deepseek: 'deepseek',
  xai: 'x-ai',
};

export function accountFor(call: CallFacts, context: ProviderContext): Account {
  const usage = call.usage;
  const inclusiveInput = usage === null ? 0 : usage.input + usage.cacheRead + usage.cacheWrite;
  return { inclusiveInput, cost: costOf(call, inclusiveInput, context) };
}

const unknown: CallCost = { usd: null, basis: 'unknown', source: null };

function costOf(call: CallFacts, inclusiveInput: number, context: ProviderContext): CallCost {
  const usage = call.usage;
  if (usage === null) return unknown;
  if (usage.costUsd !== null && usage.costUsd > 0) return { usd: usage.costUsd, basis: 'reported', source: null };
  if (call.model === null) return unknown;
  // `inference` stands for whatever provider the sandbox was given; who that is, only the registry knows.
  const provider = call.provider === 'inference' ? context.registryProvider : call.provider;
  if (provider === null) return unknown;
  if (localProviders.test(provider)) return { usd: 0, basis: 'local', source: 'runs on own hardware' };
  // A call that failed before a token was counted: nothing was observed to be charged.
  if (inclusiveInput === 0 && usage.output === 0) return unknown;
  const overlay = overlayPrice(call.model, usage, provider);
  if (overlay !== null) return { usd: overlay.usd, basis: 'overlay', source: overlay.source };
  return priced(call, usage, inclusiveInput, provider);
}

function priced(call: CallFacts, usage: TokenUsage, inclusiveInput: number, provider: string): CallCost {
  const providerId = priceProviders[provider];
  // A provider the package does not know must not get somebody else's price for a model of the same name.
  if (providerId === undefined) return unknown;
  try {
    const price = calcPrice(
      {
        input_tokens: inclusiveInput,
        output_tokens: usage.output,
        cache_read_tokens: usage.cacheRead,
        cache_write_tokens: usage.cacheWrite,
      },
      call.model ?? '',
      { providerId, ...(call.time === null ? {} : { timestamp: new Date(call.time) }) },
    );
    if (price === null || !Number.isFinite(price.total_price)) return unknown;
    return { usd: price.total_price, basis: 'priced', source: `${price.provider.name}: ${price.model.id}` };
  } catch (error) {
    // The package throws on counts it holds impossible; a number it can't stand behind is no price.
    if (error instanceof Error) return unknown;
    throw error;
  }
}
