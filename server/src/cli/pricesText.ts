/** How models are priced, and what the lists are, as tables for people and as comma-separated values. */
import type { PricedModel, PriceRates, UnpricedReason } from '../protocol/cost';
import type { PriceListName, PriceProblem, PricesDocument } from '../protocol/costDocuments';
import { plainLine } from '../decode/preview';
import { csv } from './csv';
import { cost, notRead, table } from './tables';

export function pricesText({ source, models, lists, problems, skipped }: PricesDocument): string {
  const parts: string[] = [];
  if (source !== null) parts.push(models.length === 0 ? 'No LLM call is recorded here.\n' : modelsTable(models), '\n');
  parts.push(
    table(
      ['PRICE LIST', 'ROWS', 'OF', 'FROM'],
      lists.map(({ list, rows, date, source: from }) => [listWords[list], String(rows), date ?? '-', from]),
    ),
    '\n',
    problems.length === 0 ? 'Nothing is wrong with the lists.\n' : problems.map(problemLine).join(''),
    ...notRead(skipped),
  );
  return parts.join('');
}

function modelsTable(models: readonly PricedModel[]): string {
  return table(
    ['MODEL', 'PROVIDER', 'LLM', 'COST', 'BASIS', 'INPUT', 'OUTPUT', 'CACHE READ', 'CACHE WRITE', '1 HOUR', 'OF', 'FROM'],
    models.map((model) => {
      const { rates, reason, spend } = model;
      const rate = (name: keyof PriceRates): string => {
        const value = rates?.[name] ?? null;
        return value === null ? '-' : `$${value}`;
      };
      return [
        model.model ?? '(model not named)',
        providerText(model),
        String(spend.calls),
        cost(spend),
        model.basis,
        rate('input'),
        rate('output'),
        rate('cacheRead'),
        rate('cacheWrite'),
        rate('cacheWrite1h'),
        model.date ?? '-',
        reason === null
          ? [model.source ?? '', ...model.tiers].filter((text) => text !== '').join('; ')
          : `no price: ${reasonWords[reason]}`,
      ];
    }),
  );
}

function providerText({ provider, vendor }: PricedModel): string {
  return vendor === null ? (provider ?? '(not named)') : `${provider ?? '(not named)'} (${vendor})`;
}

const listWords: Readonly<Record<PriceListName, string>> = {
  user: 'user: your own prices',
  overlay: 'overlay: our own table',
  priced: 'priced: list prices',
};

const reasonWords: Readonly<Record<UnpricedReason, string>> = {
  'no-usage': 'no tokens were reported',
  'no-model': 'no model was named',
  'vendor-unknown': "the provider is hidden behind the sandbox's gateway, and its registry is not known",
  'provider-unknown': 'no list has this provider',
  'model-unknown': 'no list has this model',
  'counts-impossible': 'the reported tokens contradict each other',
  'free-trial': 'it is listed as a free trial, which is no price',
  'duration-unknown': 'priced by the hour, and how long the calls took is not known',
};

function problemLine({ list, row, provider, model, field, check, detail }: PriceProblem): string {
  const what = [
    list,
    ...(row === null ? [] : [`row ${row}`]),
    ...(model === null ? [] : [plainLine(`${provider === null ? '' : `${provider} `}${model}`, 120)]),
  ];
  return `wrong: ${what.join(', ')}: ${wordsOf(check, field, detail)}\n`;
}

function wordsOf(check: PriceProblem['check'], field: string | null, detail: string | null): string {
  switch (check) {
    case 'invalid':
    case 'negative':
      return detail ?? `${plainLine(field ?? '', 60)} is below zero`;
    case 'date-missing':
      return 'it has no date';
    case 'zero':
      return 'its price is zero; say in a note why, or take it out';
    case 'shadowed':
      return `it never holds: all that it speaks of is spoken of later, ${detail ?? ''}`;
    case 'matches-nothing':
      return 'no LLM call of this source is of such a model';
  }
}

export function pricesCsv({ source, models, lists, problems }: PricesDocument): string {
  if (source === null)
    return csv(
      ['list', 'rows', 'date', 'from', 'wrong'],
      lists.map(({ list, rows, date, source: from }) => [
        list,
        rows,
        date,
        from,
        problems.filter((problem) => problem.list === list).length,
      ]),
    );
  const rates = ['input', 'output', 'cacheRead', 'cacheWrite', 'cacheWrite1h'] as const;
  return csv(
    [
      ...['model', 'provider', 'vendor', 'llm_calls', 'usd', 'unpriced_calls', 'basis'],
      ...['input', 'output', 'cache_read', 'cache_write', 'cache_write_1h'].map((name) => `${name}_usd_per_million`),
      ...['tiers', 'date', 'from', 'no_price'],
    ],
    models.map((model) => [
      model.model,
      model.provider,
      model.vendor,
      model.spend.calls,
      model.spend.usd,
      model.spend.unpricedCalls,
      model.basis,
      ...rates.map((rate) => model.rates?.[rate] ?? null),
      model.tiers.length === 0 ? null : model.tiers.join('; '),
      model.date,
      model.source,
      model.reason,
    ]),
  );
}
