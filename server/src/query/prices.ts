/** Every model that was called, what its calls came to, and how a call of it would be priced now. */
import type { PricedModel } from '../protocol/cost';
import type { Store } from '../store/store';
import type { PriceBook } from '../usage/book';
import { priceOf } from '../usage/priceOf';
import { SpendSum } from './spendSum';

/** Models listed; agents may name as many as they like. What was called most comes first. */
export const modelsListed = 1000;

/** `sources`: rows of the store. `now`: epoch milliseconds. */
export function pricedModels(store: Store, sources: readonly number[], book: PriceBook, now: number): readonly PricedModel[] {
  return store.snapshot(() => {
    const { single, twins } = store.ledger.sessionsOf(sources);
    const scope = { sources, from: null, to: null };
    const vendors = new Map(sources.map((source) => [source, store.sources.get(source)?.registryProvider ?? null]));
    const models = new Map<string, { readonly model: number; readonly registryProvider: string | null; readonly sum: SpendSum }>();
    for (const group of [
      ...store.ledger.groups({ ...scope, sessions: single }, 'source'),
      ...store.ledger.calls({ ...scope, sessions: twins.flat() }),
    ]) {
      const registryProvider = vendors.get(group.source) ?? null;
      const key = `${group.model} ${registryProvider ?? ''}`;
      let known = models.get(key);
      if (known === undefined) models.set(key, (known = { model: group.model, registryProvider, sum: new SpendSum() }));
      known.sum.add(group);
    }
    return Array.from(models.values(), ({ model, registryProvider, sum }): PricedModel => {
      const name = store.ledger.modelName(model);
      return { ...name, spend: sum.spend, ...priceOf(name.provider, registryProvider, name.model, now, book) };
    })
      .sort((a, b) => b.spend.calls - a.spend.calls || ((a.model ?? '') < (b.model ?? '') ? -1 : 1))
      .slice(0, modelsListed);
  });
}
