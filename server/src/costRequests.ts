/** What it cost, as the editor asks for it. */
import type { Connection } from 'vscode-languageserver';
import { Pricing } from './collect/pricing';
import type { OpenSource } from './collect/roster';
import { isWatched } from './problems';
import { costsRequest, pricesRequest } from './protocol/cost';
import { insightsRequest } from './protocol/insight';
import type { CostSource } from './query/costs';
import { Insights } from './query/insight';
import { pricedModels } from './query/prices';
import type { Live } from './requests';
import { signalOf } from './signalOf';

export function registerCostRequests(connection: Connection, need: () => Live): void {
  connection.onRequest(costsRequest, (query) => need().costs.answer(query, sourcesFor(need(), query.scope.sourceId)));
  connection.onRequest(insightsRequest, (query, token) =>
    Insights.of(need().opened.store).answer(query, sourcesFor(need(), query.scope.sourceId), signalOf(token)),
  );
  connection.onRequest(pricesRequest, () => {
    const { opened, hub } = need();
    // Prices are looked at before a real sandbox is there too.
    const sources = hub
      .all()
      .filter(isWatched)
      .map(({ row }) => row);
    return pricedModels(opened.store, sources, Pricing.of(opened.store).book, Date.now());
  });
}

/** What a question may be about. The bundled sample is part of no sum over all, unless it is all there is. */
export function sourcesFor({ hub }: Pick<Live, 'hub'>, sourceId: string | null): readonly CostSource[] {
  if (sourceId !== null) {
    const source = hub.get(sourceId);
    return source === null ? [] : [costSource(source)];
  }
  const watched = hub.all().filter(isWatched);
  const real = watched.filter(({ kind }) => kind !== 'sample');
  return (real.length > 0 ? real : watched).map(costSource);
}

/** All but the sample: what budgets are of. */
export function realSources({ hub }: Pick<Live, 'hub'>): readonly CostSource[] {
  return hub
    .all()
    .filter((source) => isWatched(source) && source.kind !== 'sample')
    .map(costSource);
}

function costSource({ id, row, found, source }: OpenSource): CostSource {
  return { id, row, name: found?.name ?? source.name };
}
