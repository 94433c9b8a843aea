/**
 * The one place where the tokens of an LLM call are normalised and priced. OpenClaw's `input` leaves cache reads and writes out;
 * OpenTelemetry's includes them; reasoning is a part of the output with both. Nothing is ever priced at zero for want of a price, and
 * the same call has the same price whenever it is asked for.
 */
import type { TokenUsage } from '../model/events';
import type { CallCost, UnpricedReason } from '../protocol/cost';
import type { CostBasis } from '../protocol/document';
import type { PriceBook } from './book';
import { bookEntry, bookPrice, sellersPrice } from './price';
import type { Price } from './price';
import { listCharge, listRates } from './priceList';
import { chargedAt, chargedOtherwise } from './rates';

export interface CallFacts {
  readonly provider: string | null;
  readonly model: string | null;
  readonly usage: TokenUsage | null;
  /** Epoch milliseconds. */
  readonly time: number | null;
  readonly durationMs: number | null;
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

/** What one call can cost in US dollars; a sum beyond it comes of counts that no model reaches. In picodollars it is a safe integer. */
const dearestCallUsd = 9000;
const hourMs = 3_600_000;

export function accountFor(call: CallFacts, context: PriceContext): Account {
  const { usage } = call;
  const inclusiveInput = usage === null ? 0 : counted(usage.input) + counted(usage.cacheRead) + counted(usage.cacheWrite);
  return { inclusiveInput, cost: costOf(call, context) };
}

function counted(count: number): number {
  return Number.isFinite(count) && count > 0 ? count : 0;
}

function costOf(call: CallFacts, { registryProvider, book }: PriceContext): CallCost {
  const { usage } = call;
  const asked = { provider: call.provider, registryProvider, model: call.model, time: call.time };
  const entry = bookEntry(asked, book);
  const reported = usage?.costUsd ?? 0;
  if (entry?.insteadOfReported !== true && reported > 0 && reported <= dearestCallUsd) {
    return {
      usd: reported,
      basis: 'reported',
      source: usage?.billed === true ? 'billed by the provider' : 'reported by OpenClaw',
      date: null,
      reason: null,
    };
  }
  return charged(entry === null ? sellersPrice(asked) : bookPrice(entry), call);
}

function charged(price: Price, { usage, durationMs }: CallFacts): CallCost {
  switch (price.kind) {
    case 'own':
      return { usd: 0, basis: 'local', source: price.source, date: null, reason: null };
    case 'hour':
      if (durationMs === null || !Number.isFinite(durationMs) || durationMs < 0) return unpriced('duration-unknown');
      return sum((price.perHour * durationMs) / hourMs, 'local', price.source, price.date);
    case 'none':
      // A call that failed before a token was counted has none to price, whoever was called.
      return unpriced(usage === null || isEmpty(usage) ? 'no-usage' : price.reason);
    case 'rates':
    case 'list': {
      if (usage === null || isEmpty(usage)) return unpriced('no-usage');
      if (!isPossible(usage)) return unpriced('counts-impossible');
      const usd = price.kind === 'rates' ? chargedAt(price.rates, usage) : listCharge(price.price, usage);
      if (usd === null) return unpriced('counts-impossible');
      const rates = price.kind === 'rates' ? price.rates : listRates(price.price);
      const source = [price.source, ...chargedOtherwise(rates, usage)].join('; ');
      return sum(usd, price.kind === 'rates' ? price.basis : 'priced', source, price.date);
    }
  }
}

function sum(usd: number, basis: CostBasis, source: string, date: string | null): CallCost {
  return usd <= dearestCallUsd ? { usd, basis, source, date, reason: null } : unpriced('counts-impossible');
}

function unpriced(reason: UnpricedReason): CallCost {
  return { usd: null, basis: 'unknown', source: null, date: null, reason };
}

function isEmpty(usage: TokenUsage): boolean {
  return usage.input === 0 && usage.output === 0 && usage.cacheRead === 0 && usage.cacheWrite === 0;
}

/** A part is never more than its whole. */
function isPossible({ input, output, cacheRead, cacheWrite, cacheWrite1h, reasoning }: TokenUsage): boolean {
  const counts = [input, output, cacheRead, cacheWrite, cacheWrite1h ?? 0, reasoning ?? 0];
  return (
    counts.every((count) => Number.isSafeInteger(count) && count >= 0) && (cacheWrite1h ?? 0) <= cacheWrite && (reasoning ?? 0) <= output
  );
}
