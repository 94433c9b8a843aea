/**
 * The list prices of @pydantic/genai-prices, which comes with the extension: which row a model's id means (modelNames says how), which
 * of its prices held at a time, and what a call comes to. The package does the sums; the row and the time are chosen here.
 */
import { createHash } from 'node:crypto';
import { calcPrice, findProvider } from '@pydantic/genai-prices';
import type { ConditionalPrice, MatchLogic, ModelInfo, ModelPrice, Provider } from '@pydantic/genai-prices';
import type { TokenUsage } from '../model/events';
import type { PriceRates } from '../protocol/cost';
import { longestModelId, nameIndex } from './modelNames';
import type { NamedRow, NameIndex } from './modelNames';
import { correctionsContent, isNameUsed, isRowUsed, makersOf, nameAt } from './priceCorrections';
import { listedVendors } from './vendors';

/** The day the installed version of the package was published; a test holds both together. */
export const priceListVersion = '0.1.8';
export const priceListDate = '2026-09-23';

export interface ListedRow {
  readonly provider: Provider;
  readonly model: ModelInfo;
  /** Its price is that of the model's maker, whom the seller's list names for what it has no price of its own. */
  readonly ofMaker: boolean;
}

export interface ListPrice {
  readonly row: ListedRow;
  readonly prices: ModelPrice;
  /** From when on, where the list says; `YYYY-MM-DD`. */
  readonly since: string | null;
  /** It holds at this time of the day only. */
  readonly atHours: string | null;
  /** What the same row costs at other hours, and from later days on. */
  readonly others: readonly ConditionalPrice[];
}

const indexes = new Map<string, NameIndex<ListedRow> | null>();

/** At most this many answers are kept; then all are forgotten. */
const mostKept = 2000;
const found = new Map<string, ListedRow | null>();

/** Which row a model meant at a time. */
export function listedRow(vendor: string, model: string, time: number): ListedRow | null {
  const name = model.length > longestModelId ? null : nameAt(vendor, model, time);
  return name === null ? null : rowOf(vendor, name);
}

function rowOf(vendor: string, model: string): ListedRow | null {
  const key = `${vendor} ${model}`;
  const known = found.get(key);
  if (known !== undefined) return known;
  const row = findRow(vendor, model);
  if (found.size >= mostKept) found.clear();
  found.set(key, row);
  return row;
}

function findRow(vendor: string, model: string): ListedRow | null {
  const own = indexOf(vendor)?.find(model) ?? null;
  if (own !== null) return own;
  for (const maker of makersOf(vendor)) {
    const row = indexOf(maker)?.find(model) ?? null;
    if (row !== null) return { ...row, ofMaker: true };
  }
  return null;
}

function indexOf(vendor: string): NameIndex<ListedRow> | null {
  const known = indexes.get(vendor);
  if (known !== undefined) return known;
  const provider = findProvider({ providerId: vendor });
  const rows = (provider?.models ?? []).filter(({ id }) => isRowUsed(vendor, id));
  const index = provider === undefined ? null : nameIndex(rows.map((model) => named(provider, model)));
  indexes.set(vendor, index);
  return index;
}

function named(provider: Provider, model: ModelInfo): NamedRow<ListedRow> {
  const exact = [model.id];
  const open: string[] = [];
  const collect = (match: MatchLogic): void => {
    if ('or' in match) match.or.forEach(collect);
    else if ('and' in match) match.and.forEach(collect);
    else if ('equals' in match) exact.push(match.equals);
    else if ('ends_with' in match) exact.push(match.ends_with);
    else if ('starts_with' in match) open.push(match.starts_with);
    else if ('contains' in match) open.push(match.contains);
  };
  collect(model.match);
  const used = (name: string): boolean => isNameUsed(provider.id, name);
  return { row: { provider, model, ofMaker: false }, exact: exact.filter(used), open: open.filter(used) };
}

/** A row's prices at a time. */
export function priceAt(row: ListedRow, time: number): ListPrice {
  const { prices } = row.model;
  if (!Array.isArray(prices)) return { row, prices, since: null, atHours: null, others: [] };
  const { entries, since, later } = periodAt(prices, time);
  const chosen = chosenOf(entries, time);
  const { constraint } = chosen;
  return {
    row,
    prices: chosen.prices,
    since,
    atHours: constraint?.type === 'time_of_date' ? hours(constraint.start_time, constraint.end_time) : null,
    others: [...entries, ...later].filter((entry) => entry !== chosen && entry.constraint !== undefined),
  };
}

interface Period {
  readonly entries: readonly ConditionalPrice[];
  readonly since: string | null;
  /** The first entries of the periods after it. */
  readonly later: readonly ConditionalPrice[];
}

/**
 * The entries that belong to the time: from the last whose day has come to the next that has a day. What holds at certain hours stands
 * behind the day from which it does; the package itself would charge these hours on all days before too.
 */
function periodAt(prices: readonly ConditionalPrice[], time: number): Period {
  let first = 0;
  let since: string | null = null;
  for (const [index, { constraint }] of prices.entries()) {
    if (constraint?.type !== 'start_date' || Date.parse(constraint.start_date) > time) continue;
    if (since !== null && constraint.start_date < since) continue;
    first = index;
    since = constraint.start_date;
  }
  const next = prices.findIndex(({ constraint }, index) => index > first && constraint?.type === 'start_date');
  return {
    entries: prices.slice(first, next < 0 ? undefined : next),
    since,
    later: prices.filter(({ constraint }) => constraint?.type === 'start_date' && Date.parse(constraint.start_date) > time),
  };
}

function chosenOf(entries: readonly ConditionalPrice[], time: number): ConditionalPrice {
  const day = 86_400_000;
  const now = ((time % day) + day) % day;
  const hourly = entries.findLast(({ constraint }) => {
    if (constraint?.type !== 'time_of_date') return false;
    const start = ofDay(constraint.start_time);
    const end = ofDay(constraint.end_time);
    return end < start ? now >= start || now < end : now >= start && now < end;
  });
  const chosen = hourly ?? entries[0];
  if (chosen === undefined) throw new Error('a row without prices');
  return chosen;
}

/** Milliseconds since midnight UTC. */
function ofDay(time: string): number {
  const day = 86_400_000;
  const at = Date.parse(`1970-01-01T${time}`);
  return ((at % day) + day) % day;
}

function hours(start: string, end: string): string {
  return `${start.slice(0, 5)} to ${end.slice(0, 5)} UTC`;
}

/** No price for input and output, or zero for both: free for a trial, or no language model. */
export function isFree({ prices }: ListPrice): boolean {
  const positive = (price: ModelPrice[string]): boolean => (typeof price === 'object' ? price.base > 0 : (price ?? 0) > 0);
  return !positive(prices['input_mtok']) && !positive(prices['output_mtok']);
}

/** Whether tokens are all it sells: of a model that makes pictures or speech too, nothing says what a token was of. */
export function hasTokenPrices({ prices }: ListPrice): boolean {
  if (['image', 'audio', 'video'].some((kind) => prices[`output_${kind}_mtok`] !== undefined)) return false;
  return prices['input_mtok'] !== undefined && prices['output_mtok'] !== undefined;
}

/** US dollars; null: the package holds the counts impossible. */
export function listCharge(price: ListPrice, usage: TokenUsage): number | null {
  const { provider, model } = price.row;
  const hour = usage.cacheWrite1h ?? 0;
  try {
    const result = calcPrice(
      {
        input_tokens: usage.input + usage.cacheRead + usage.cacheWrite,
        output_tokens: usage.output,
        cache_read_tokens: usage.cacheRead,
        cache_write_tokens: usage.cacheWrite,
        ...(hour === 0 ? {} : { cache_write_1h_tokens: hour }),
        ...(usage.reasoning === null ? {} : { output_reasoning_tokens: usage.reasoning }),
      },
      model.id,
      // One row, and that one's prices of the time: the package has nothing left to guess.
      { provider: { ...provider, models: [{ ...model, match: { equals: model.id }, prices: price.prices }] } },
    );
    return result === null || !Number.isFinite(result.total_price) ? null : result.total_price;
  } catch (error) {
    // It throws on counts that it holds impossible; a number it can't stand behind is no price.
    if (error instanceof Error) return null;
    throw error;
  }
}

export function listRates({ prices }: ListPrice): PriceRates {
  const base = (key: string): number | null => {
    const price = prices[key];
    return price === undefined ? null : typeof price === 'number' ? price : price.base;
  };
  return {
    input: base('input_mtok') ?? 0,
    output: base('output_mtok') ?? 0,
    cacheRead: base('cache_read_mtok'),
    cacheWrite: base('cache_write_mtok'),
    cacheWrite1h: base('cache_write_1h_mtok'),
  };
}

const tokenPrices: readonly (readonly [key: string, name: string])[] = [
  ['input_mtok', 'input'],
  ['output_mtok', 'output'],
  ['cache_read_mtok', 'cache read'],
  ['cache_write_mtok', 'cache write'],
  ['cache_write_1h_mtok', 'one-hour cache write'],
];

/** Prices that hold for longer prompts, at certain times or beside the tokens, in words. */
export function listTiers(price: ListPrice): readonly string[] {
  const words = new Map<number, string[]>();
  for (const [key, name] of tokenPrices) {
    const tiered = price.prices[key];
    if (typeof tiered !== 'object') continue;
    for (const tier of tiered.tiers) words.set(tier.start, [...(words.get(tier.start) ?? []), `${name} $${tier.price}`]);
  }
  const tiers = [...words]
    .sort(([a], [b]) => a - b)
    .map(([start, told]) => `over ${start.toLocaleString('en-US')} input tokens: ${told.join(', ')}`);
  const requests = price.prices['requests_kcount'];
  if (typeof requests === 'number') tiers.push(`each call: $${requests / 1000}`);
  const reasoning = price.prices['output_reasoning_mtok'];
  if (typeof reasoning === 'number') tiers.push(`reasoning: $${reasoning}`);
  return [...tiers, ...otherTimes(price)];
}

function otherTimes(price: ListPrice): readonly string[] {
  return price.others.map((other) => {
    const { input, output } = listRates({ ...price, prices: other.prices });
    const { constraint } = other;
    const when =
      constraint?.type === 'time_of_date' ? hours(constraint.start_time, constraint.end_time) : `from ${constraint?.start_date ?? ''}`;
    return `${when}: input $${input}, output $${output}`;
  });
}

export function listSource(price: ListPrice): string {
  const { provider, model, ofMaker } = price.row;
  return [
    `${provider.name} ${model.id}, from genai-prices ${priceListVersion}`,
    ...(price.since === null ? [] : [`price since ${price.since}`]),
    ...(price.atHours === null ? [] : [`price of ${price.atHours}`]),
    ...(ofMaker ? ["the maker's price"] : []),
    ...(provider.id === 'openrouter' ? ['varies with who serves the call'] : []),
  ].join('; ');
}

let content: string | null = null;

/** All that a list price depends on. */
export function priceListContent(): string {
  content ??= createHash('sha256')
    .update(JSON.stringify([priceListVersion, listedVendors.map((id) => findProvider({ providerId: id })), correctionsContent]))
    .digest('hex');
  return content;
}
