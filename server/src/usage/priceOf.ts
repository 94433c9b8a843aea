/** How a call of a model would be priced now, for the list of prices. */
import type { PricedModel } from '../protocol/cost';
import type { PriceBook } from './book';
import { bookEntry, bookPrice, sellersPrice } from './price';
import type { Price } from './price';
import { listRates, listTiers } from './priceList';
import { sellerOf } from './vendors';

export type ModelPrice = Pick<PricedModel, 'vendor' | 'basis' | 'rates' | 'tiers' | 'source' | 'date' | 'reason'>;

/** `at`: epoch milliseconds, the time of the call. */
export function priceOf(
  provider: string | null,
  registryProvider: string | null,
  model: string | null,
  at: number,
  book: PriceBook,
): ModelPrice {
  const asked = { provider, registryProvider, model, time: at };
  const entry = bookEntry(asked, book);
  const seller = sellerOf(provider, registryProvider);
  return { vendor: seller.hidden ? seller.provider : null, ...told(entry === null ? sellersPrice(asked) : bookPrice(entry)) };
}

function told(price: Price): Omit<ModelPrice, 'vendor'> {
  switch (price.kind) {
    case 'rates':
      return { basis: price.basis, rates: price.rates, tiers: [], source: price.source, date: price.date, reason: null };
    case 'list':
      return {
        basis: 'priced',
        rates: listRates(price.price),
        tiers: listTiers(price.price),
        source: price.source,
        date: price.date,
        reason: null,
      };
    case 'hour':
      return {
        basis: 'local',
        rates: null,
        tiers: [`each hour of calls: $${price.perHour}`],
        source: price.source,
        date: price.date,
        reason: null,
      };
    case 'own':
      return { basis: 'local', rates: null, tiers: [], source: price.source, date: null, reason: null };
    case 'none':
      return { basis: 'unknown', rates: null, tiers: [], source: null, date: null, reason: price.reason };
  }
}
