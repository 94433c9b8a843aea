/** What tokens come to at a rate for each kind of them. */
import type { TokenUsage } from '../model/events';
import type { PriceRates } from '../protocol/cost';

/** Where the rates have no price for a kind of token, these are charged as the kind that they are a part of. */
export function chargedAt(rates: PriceRates, usage: TokenUsage): number {
  const cacheWrite = rates.cacheWrite ?? rates.input;
  const hour = usage.cacheWrite1h ?? 0;
  return (
    (rates.input * usage.input +
      (rates.cacheRead ?? rates.input) * usage.cacheRead +
      cacheWrite * (usage.cacheWrite - hour) +
      (rates.cacheWrite1h ?? cacheWrite) * hour +
      rates.output * usage.output) /
    1e6
  );
}

/** What of this call was charged at another kind's price, for want of one of its own. */
export function chargedOtherwise(rates: PriceRates, usage: TokenUsage): readonly string[] {
  const notes: string[] = [];
  if (usage.cacheRead > 0 && rates.cacheRead === null) notes.push('no price for cache reads: charged as input');
  if (usage.cacheWrite > (usage.cacheWrite1h ?? 0) && rates.cacheWrite === null) notes.push('no price for cache writes: charged as input');
  if ((usage.cacheWrite1h ?? 0) > 0 && rates.cacheWrite1h === null)
    notes.push(`no price for one-hour cache writes: charged as ${rates.cacheWrite === null ? 'input' : 'other cache writes'}`);
  return notes;
}
