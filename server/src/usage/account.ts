/**
 * The one place where token counts are normalised and priced. OpenClaw's `input` leaves cache reads and writes out;
 * OpenTelemetry's input includes them. Nothing is ever priced at zero for want of a price.
 */
import { calcPrice } from '@pydantic/genai-prices';
import type { UnpricedReason } from '../protocol/cost';
import type { CostBasis } from '../protocol/document';
import type { TokenUsage } from '../model/events';
import type { PriceBook } from './book';
import { overlayDate, overlayPrice } from './overlay';

export interface CallFacts {
  readonly provider: string | null;
  readonly model: string | null;
  readonly usage: TokenUsage | null;
  /** Epoch milliseconds. */
  readonly time: number | null;
  readonly durationMs: number | null;
}

export interface CallCost {
  /** US dollars; null exactly when the basis is `unknown`. */
  readonly usd: number | null;
  readonly basis: CostBasis;
  /** Where the price comes from. */
  readonly source: string | null;
  /** Of which day the price is, `YYYY-MM-DD`; null where that is not known. */
  readonly date: string | null;
  /** Why there is no price; null exactly when there is one. */
  readonly reason: UnpricedReason | null;
}

export interface Account {
  /** Input as OpenTelemetry counts it: cache reads and writes included. */
  readonly inclusiveInput: number;
  readonly cost: CallCost;
}

export interface PriceContext {
  /** What the sandbox's registry says of the vendor behind the provider `inference`, which hides it. */
  readonly registryProvider: string | null;
  readonly book: PriceBook;
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

export function accountFor(call: CallFacts, context: PriceContext): Account {
  const usage = call.usage;
  const inclusiveInput = usage === null ? 0 : usage.input + usage.cacheRead + usage.cacheWrite;
  return { inclusiveInput, cost: costOf(call, inclusiveInput, context) };
}

function unpriced(reason: UnpricedReason): CallCost {
  return { usd: null, basis: 'unknown', source: null, date: null, reason };
}

function costOf(call: CallFacts, inclusiveInput: number, context: PriceContext): CallCost {
  const usage = call.usage;
  if (usage === null) return unpriced('no-usage');
  if (usage.costUsd !== null && usage.costUsd > 0) return { usd: usage.costUsd, basis: 'reported', source: null, date: null, reason: null };
  if (call.model === null) return unpriced('no-model');
  // `inference` stands for whatever provider the sandbox was given; who that is, only the registry knows.
  const provider = call.provider === 'inference' ? context.registryProvider : call.provider;
  if (provider === null) return unpriced(call.provider === null ? 'provider-unknown' : 'vendor-unknown');
  if (localProviders.test(provider)) return { usd: 0, basis: 'local', source: 'runs on own hardware', date: null, reason: null };
  // A call that failed before a token was counted: nothing was observed to be charged.
  if (inclusiveInput === 0 && usage.output === 0) return unpriced('no-usage');
  const overlay = overlayPrice(call.model, usage, provider);
  if (overlay !== null) return { usd: overlay.usd, basis: 'overlay', source: overlay.source, date: overlayDate, reason: null };
  return priced(call, usage, inclusiveInput, provider);
}

function priced(call: CallFacts, usage: TokenUsage, inclusiveInput: number, provider: string): CallCost {
  const providerId = priceProviders[provider];
  // A provider the package does not know must not get somebody else's price for a model of the same name.
  if (providerId === undefined) return unpriced('provider-unknown');
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
    if (price === null || !Number.isFinite(price.total_price)) return unpriced('model-unknown');
    return { usd: price.total_price, basis: 'priced', source: `${price.provider.name}: ${price.model.id}`, date: null, reason: null };
  } catch (error) {
    // The package throws on counts it holds impossible; a number it can't stand behind is no price.
    if (error instanceof Error) return unpriced('counts-impossible');
    throw error;
  }
}
