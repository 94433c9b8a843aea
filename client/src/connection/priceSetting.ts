/**
 * The setting `sandglass.cost.prices`: the user's price book as the server takes it, and with one price more or fewer. What else
 * stands in it is left as it is.
 */
import type { PriceBookEntry } from '../../../server/src/protocol/cost';

/** Entries of the book; as package.json has it. */
export const pricesLimit = 500;
/** Characters of each text; as package.json has it. */
export const priceTextLimit = 500;
/** US dollars; a price above this is a slip of the keyboard. */
export const highestRate = 100_000;

export const rateNames = ['input', 'output', 'cacheRead', 'cacheWrite', 'cacheWrite1h', 'perHour'] as const;
export type RateName = (typeof rateNames)[number];

/** An entry of which one part can't be read is left out whole: with that part gone it would price other calls, or otherwise. */
export function priceBook(value: unknown): readonly PriceBookEntry[] {
  return Array.isArray(value) ? value.slice(0, pricesLimit).flatMap((entry) => priceEntry(entry) ?? []) : [];
}

/** Which entries are left out, counted from 1. What is no list at all holds none. */
export function unreadPrices(value: unknown): readonly number[] | 'no-list' {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) return 'no-list';
  return value.flatMap((entry, index) => (index < pricesLimit && priceEntry(entry) !== null ? [] : [index + 1]));
}

function priceEntry(value: unknown): PriceBookEntry | null {
  if (typeof value !== 'object' || value === null) return null;
  const { provider, model, from, insteadOfReported, note, ...others } = value as Readonly<Record<string, unknown>>;
  // A field of another name is a misspelt one: a price that silently would not hold.
  if (Object.keys(others).some((name) => !rateNames.some((known) => known === name))) return null;
  if (!isName(model)) return null;
  if (provider !== undefined && !isText(provider)) return null;
  if (from !== undefined && !isDay(from)) return null;
  if (insteadOfReported !== undefined && typeof insteadOfReported !== 'boolean') return null;
  if (note !== undefined && !isText(note)) return null;
  const rates: Partial<Record<RateName, number>> = {};
  for (const name of rateNames) {
    const rate = others[name];
    if (rate === undefined) continue;
    if (!isRate(rate)) return null;
    rates[name] = rate;
  }
  // Tokens without a price would be counted as free; and of the two ways to price a call one holds.
  const perToken = rates.input !== undefined && rates.output !== undefined;
  if (rates.perHour === undefined ? !perToken : Object.keys(rates).length > 1) return null;
  return {
    model,
    ...(provider === undefined ? {} : { provider }),
    ...(from === undefined ? {} : { from }),
    ...rates,
    ...(insteadOfReported === undefined ? {} : { insteadOfReported }),
    ...(note === undefined ? {} : { note }),
  };
}

export function isRate(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 && value <= highestRate;
}

function isName(value: unknown): value is string {
  return isText(value) && value.trim() !== '';
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= priceTextLimit;
}

/** A day that is in the calendar, not the 31st of June. */
function isDay(value: unknown): value is string {
  if (typeof value !== 'string' || !/^\d{4}-\d{2}-\d{2}$/.test(value)) return false;
  const at = new Date(`${value}T00:00:00Z`);
  return !Number.isNaN(at.getTime()) && at.toISOString().startsWith(value);
}

/** A model as the server names it. */
export interface PricedName {
  readonly provider: string | null;
  readonly vendor: string | null;
  readonly model: string | null;
}

/** An entry can speak of it and of no other: a `*` in its name would stand for any characters. */
export function settable({ provider, vendor, model }: PricedName): boolean {
  return model !== null && isName(model) && !model.includes('*') && isText(vendor ?? provider ?? '');
}

/** The entry that a price set by itself goes to: of this model at this provider, whenever. */
export function ownPrice(setting: unknown, name: PricedName): PriceBookEntry | null {
  return priceBook(setting).findLast((entry) => isOwn(entry, name)) ?? null;
}

export type TokenRates = Pick<PriceBookEntry, 'input' | 'output' | 'cacheRead' | 'cacheWrite'>;

/**
 * The setting with these prices for one model, and for no other. They come last, where they hold before any pattern. `null`: the
 * setting is no list, so somebody has to see to it first. Of an earlier price of it, what can't be asked for here is kept.
 */
export function withPrice(
  setting: unknown,
  name: PricedName & { readonly model: string },
  rates: TokenRates,
  insteadOfReported: boolean,
): readonly unknown[] | null {
  if (setting !== undefined && !Array.isArray(setting)) return null;
  const own = ownPrice(setting, name);
  const provider = name.vendor ?? name.provider;
  const instead = insteadOfReported || own?.insteadOfReported === true;
  const entry: PriceBookEntry = {
    ...(provider === null ? {} : { provider }),
    model: name.model,
    ...rates,
    ...(own?.cacheWrite1h === undefined ? {} : { cacheWrite1h: own.cacheWrite1h }),
    ...(instead ? { insteadOfReported: true } : {}),
    ...(own?.note === undefined ? {} : { note: own.note }),
  };
  return [...withoutPrice(setting, name), entry];
}

/** What can't be read, and what holds from a day on, was written by hand, and stays. */
export function withoutPrice(setting: unknown, name: PricedName): readonly unknown[] {
  const entries: readonly unknown[] = Array.isArray(setting) ? setting : [];
  return entries.filter((value) => {
    const entry = priceEntry(value);
    return entry === null || !isOwn(entry, name);
  });
}

function isOwn(entry: PriceBookEntry, { provider, vendor, model }: PricedName): boolean {
  return (
    model !== null &&
    entry.from === undefined &&
    entry.model.toLowerCase() === model.toLowerCase() &&
    (entry.provider ?? null) === (vendor ?? provider)
  );
}
