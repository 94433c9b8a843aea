/** Which price holds for a call of a model: the user's, our table's, the list's, none on own hardware; or why there is none. */
import type { PriceBookEntry, PriceRates, UnpricedReason } from '../protocol/cost';
import { entryFor } from './book';
import type { PriceBook } from './book';
import { longestModelId } from './modelNames';
import { overlayDate, overlayRow, overlaySource } from './overlay';
import type { OverlaySeller } from './overlay';
import { hasTokenPrices, isFree, listedRow, listSource, priceAt, priceListDate } from './priceList';
import type { ListPrice } from './priceList';
import { runsElsewhere, sellerOf, vendorOf } from './vendors';

export interface Asked {
  readonly provider: string | null;
  readonly registryProvider: string | null;
  readonly model: string | null;
  /** Epoch milliseconds; null: not known, and the day of the list is taken, so that the answer never depends on when it is asked. */
  readonly time: number | null;
}

export type Price =
  | {
      readonly kind: 'rates';
      readonly basis: 'user' | 'overlay';
      readonly rates: PriceRates;
      readonly source: string;
      readonly date: string | null;
    }
  | { readonly kind: 'hour'; readonly perHour: number; readonly source: string; readonly date: string | null }
  | { readonly kind: 'list'; readonly price: ListPrice; readonly source: string; readonly date: string }
  | { readonly kind: 'own'; readonly source: string }
  | { readonly kind: 'none'; readonly reason: UnpricedReason };

const none = (reason: UnpricedReason): Price => ({ kind: 'none', reason });

/** The user's entry for such a call. */
export function bookEntry({ provider, registryProvider, model, time }: Asked, book: PriceBook): PriceBookEntry | null {
  if (model === null || model.length > longestModelId) return null;
  // A model's id may stand behind the sandbox's route: who writes a price may know it without.
  return entryFor(book, [provider, sellerOf(provider, registryProvider).provider], [model, model.replace(/^inference\//, '')], time);
}

export function bookPrice(entry: PriceBookEntry): Price {
  const source = entry.note === undefined ? 'price book' : `price book: ${entry.note}`;
  const date = entry.from ?? null;
  if (entry.perHour !== undefined) return { kind: 'hour', perHour: entry.perHour, source, date };
  const { input, output, cacheRead = null, cacheWrite = null, cacheWrite1h = null } = entry;
  if (input === undefined || output === undefined) throw new Error('an entry without a price was let into the book');
  return { kind: 'rates', basis: 'user', rates: { input, output, cacheRead, cacheWrite, cacheWrite1h }, source, date };
}

/** What the seller asks, by our table and the list. */
export function sellersPrice({ provider, registryProvider, model, time }: Asked): Price {
  if (model === null || model === '') return none('no-model');
  const seller = sellerOf(provider, registryProvider);
  if (seller.provider === null) return none(seller.hidden ? 'vendor-unknown' : 'provider-unknown');
  const vendor = vendorOf(seller.provider);
  if (vendor === null) return none('provider-unknown');
  switch (vendor.kind) {
    case 'local':
      return runsElsewhere(model) ? none('provider-unknown') : { kind: 'own', source: 'runs on own hardware' };
    case 'overlay':
      return overlayPrice(vendor.id, model) ?? none('model-unknown');
    case 'both':
      return overlayPrice(vendor.overlay, model) ?? listPrice(vendor.id, model, time);
    case 'list':
      return listPrice(vendor.id, model, time);
    case 'flat-rate': {
      const price = listPrice(vendor.id, model, time);
      return price.kind === 'list' ? { ...price, source: `${price.source}; what the API would charge, where a flat rate is paid` } : price;
    }
  }
}

function overlayPrice(seller: OverlaySeller, model: string): Price | null {
  const row = overlayRow(seller, model);
  if (row === null) return null;
  if (row.kind === 'trial') return none('free-trial');
  return { kind: 'rates', basis: 'overlay', rates: row.rates, source: overlaySource(seller), date: overlayDate };
}

function listPrice(vendor: string, model: string, time: number | null): Price {
  const at = time ?? Date.parse(priceListDate);
  const row = listedRow(vendor, model, at);
  if (row === null) return none('model-unknown');
  const price = priceAt(row, at);
  if (isFree(price)) return none('free-trial');
  if (!hasTokenPrices(price)) return none('model-unknown');
  return { kind: 'list', price, source: listSource(price), date: priceListDate };
}
