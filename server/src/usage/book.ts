/**
 * The user's price book: prices that hold before ours, from the setting. It is read once, entry by entry; an entry is taken whole or
 * not at all, and what is wrong with it is said so that it can be shown beside it.
 */
import { createHash } from 'node:crypto';
import type { PriceBookEntry } from '../protocol/cost';
import { modelGlob } from './modelGlob';
import type { ModelGlob } from './modelGlob';
import { overlayContent } from './overlay';
import { priceListContent } from './priceList';

export interface PriceBook {
  /** The entries that hold, as the user wrote them. */
  readonly entries: readonly PriceBookEntry[];
  /** Of each its pattern. */
  readonly globs: readonly ModelGlob[];
}

export const emptyBook: PriceBook = { entries: [], globs: [] };

/** What is wrong with an entry, or with the whole list (`index` null). `field` is the entry's own, or null: the entry itself. */
export interface BookProblem {
  readonly index: number | null;
  readonly field: string | null;
  readonly problem:
    | 'not-a-list'
    | 'too-many-entries'
    | 'not-an-object'
    | 'unknown-field'
    | 'model-missing'
    | 'not-a-text'
    | 'too-long'
    | 'not-a-date'
    | 'not-a-price'
    | 'too-dear'
    | 'not-a-yes-or-no'
    /** Neither prices for input and output nor a price for an hour. */
    | 'no-price'
    /** A price for tokens needs both: tokens without one would be counted as free. */
    | 'input-or-output-missing'
    /** Prices for tokens and for an hour exclude each other. */
    | 'two-kinds-of-price';
}

export interface ReadBook {
  readonly book: PriceBook;
  readonly problems: readonly BookProblem[];
}

/** More entries than this are left out, and said. */
const mostEntries = 500;
const longestText = 500;
/** US dollars for a million tokens, or for an hour. Dearer is a slip of the pen: a price for one token, or in cents. */
const dearest = 100_000;

const prices = ['input', 'output', 'cacheRead', 'cacheWrite', 'cacheWrite1h', 'perHour'] as const;
const texts = ['provider', 'model', 'note'] as const;
const fields: ReadonlySet<string> = new Set([...prices, ...texts, 'from', 'insteadOfReported']);

/** Whatever stands in the setting. Never throws. */
export function readBook(setting: unknown): ReadBook {
  if (setting === undefined || setting === null) return { book: emptyBook, problems: [] };
  if (!Array.isArray(setting)) return { book: emptyBook, problems: [{ index: null, field: null, problem: 'not-a-list' }] };
  const list: readonly unknown[] = setting;
  const problems: BookProblem[] = [];
  const entries: PriceBookEntry[] = [];
  for (const [index, value] of list.slice(0, mostEntries).entries()) {
    const wrong = problemsOf(value).map(({ field, problem }) => ({ index, field, problem }));
    if (wrong.length === 0) entries.push(value as PriceBookEntry);
    problems.push(...wrong);
  }
  if (list.length > mostEntries) problems.push({ index: mostEntries, field: null, problem: 'too-many-entries' });
  return { book: { entries, globs: entries.map((entry) => modelGlob(entry.model)) }, problems };
}

function problemsOf(value: unknown): readonly Pick<BookProblem, 'field' | 'problem'>[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [{ field: null, problem: 'not-an-object' }];
  const entry = new Map<string, unknown>(Object.entries(value).filter(([, held]) => held !== undefined));
  const wrong: Pick<BookProblem, 'field' | 'problem'>[] = [];
  // A misspelt field would be a price that silently does not hold.
  for (const field of entry.keys()) if (!fields.has(field)) wrong.push({ field: field.slice(0, longestText), problem: 'unknown-field' });
  for (const field of texts) {
    const text = entry.get(field);
    if (text === undefined) continue;
    if (typeof text !== 'string') wrong.push({ field, problem: 'not-a-text' });
    else if (text.length > longestText) wrong.push({ field, problem: 'too-long' });
  }
  const model = entry.get('model');
  if (model === undefined || (typeof model === 'string' && model.trim() === '')) wrong.push({ field: 'model', problem: 'model-missing' });
  for (const field of prices) {
    const price = entry.get(field);
    if (price === undefined) continue;
    if (typeof price !== 'number' || !Number.isFinite(price) || price < 0) wrong.push({ field, problem: 'not-a-price' });
    else if (price > dearest) wrong.push({ field, problem: 'too-dear' });
  }
  const from = entry.get('from');
  if (from !== undefined && (typeof from !== 'string' || !isDay(from))) wrong.push({ field: 'from', problem: 'not-a-date' });
  const instead = entry.get('insteadOfReported');
  if (instead !== undefined && typeof instead !== 'boolean') wrong.push({ field: 'insteadOfReported', problem: 'not-a-yes-or-no' });
  const perToken = prices.filter((field) => field !== 'perHour' && entry.has(field));
  if (entry.has('perHour')) {
    if (perToken.length > 0) wrong.push({ field: 'perHour', problem: 'two-kinds-of-price' });
  } else if (perToken.length === 0) wrong.push({ field: null, problem: 'no-price' });
  else if (!entry.has('input') || !entry.has('output'))
    wrong.push({ field: entry.has('input') ? 'output' : 'input', problem: 'input-or-output-missing' });
  return wrong;
}

/** A day of the calendar, written `YYYY-MM-DD`. */
function isDay(text: string): boolean {
  if (!/^\d{4}-\d\d-\d\d$/.test(text)) return false;
  const day = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text);
}

/** The last entry that speaks of this call; null: none does. A call without a time is as of now, so the latest price holds. */
export function entryFor(
  book: PriceBook,
  providers: readonly (string | null)[],
  models: readonly string[],
  time: number | null,
): PriceBookEntry | null {
  const names = new Set(providers.map((provider) => provider?.toLowerCase()));
  const at = time ?? Number.POSITIVE_INFINITY;
  for (let index = book.entries.length - 1; index >= 0; index -= 1) {
    const entry = book.entries[index];
    const glob = book.globs[index];
    if (entry === undefined || glob === undefined || !models.some(glob)) continue;
    if (entry.provider !== undefined && !names.has(entry.provider.toLowerCase())) continue;
    if (entry.from !== undefined && Date.parse(`${entry.from}T00:00:00Z`) > at) continue;
    return entry;
  }
  return null;
}

/** One more with each change of how prices are found or applied. */
const priceRules = 1;

/** Changes when anything does that a call's price depends on beside the call itself: then what was priced is priced anew. */
export function priceFingerprint(book: PriceBook): string {
  return createHash('sha256')
    .update(JSON.stringify([priceRules, overlayContent, priceListContent(), book.entries]))
    .digest('hex')
    .slice(0, 16);
}
