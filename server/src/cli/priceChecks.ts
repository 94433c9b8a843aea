/** Checks of the lists that prices are taken from: what would make a sum wrong without a word. */
import type { PriceBookEntry, PricedModel, PriceRates } from '../protocol/cost';
import type { PriceProblem } from '../protocol/costDocuments';
import type { ReadBook } from '../usage/book';
import { modelGlob } from '../usage/modelGlob';
import type { ModelGlob } from '../usage/modelGlob';
import { problemText } from './commandPrices';

/** A row of our own table. */
export interface TableRow {
  readonly provider: string;
  readonly model: string;
  readonly rates: PriceRates;
}

const rateNames = ['input', 'output', 'cacheRead', 'cacheWrite', 'cacheWrite1h'] as const;
type Row = Partial<Readonly<Record<(typeof rateNames)[number], number | null>>>;

export function checkTable(rows: readonly TableRow[], date: string): readonly PriceProblem[] {
  const problems = rows.flatMap(({ provider, model, rates }, index): PriceProblem[] =>
    ratesWrong(rates).map((wrong) => ({ list: 'overlay', row: index + 1, provider, model, detail: null, ...wrong })),
  );
  const dated = /^\d{4}-\d\d-\d\d$/.test(date) && !Number.isNaN(Date.parse(date));
  return dated
    ? problems
    : [{ list: 'overlay', row: null, provider: null, model: null, field: null, check: 'date-missing', detail: null }, ...problems];
}

function ratesWrong(rates: Row): Pick<PriceProblem, 'field' | 'check'>[] {
  const given = rateNames.filter((name) => rates[name] !== undefined && rates[name] !== null);
  const negative = given.filter((name) => !((rates[name] ?? 0) >= 0)).map((field) => ({ field, check: 'negative' as const }));
  if (negative.length > 0) return negative;
  return given.every((name) => rates[name] === 0) ? [{ field: null, check: 'zero' }] : [];
}

/** `seen`: the models that were called, where a source was asked for. */
export function checkBook({ book, problems }: ReadBook, seen: readonly PricedModel[] | null): readonly PriceProblem[] {
  const { entries } = book;
  const numbers = numbersOf(entries.length, new Set(problems.map(({ index }) => index)));
  const invalid = problems.map((problem): PriceProblem => ({
    list: 'user',
    row: problem.index === null ? null : problem.index + 1,
    provider: null,
    model: null,
    field: problem.field,
    check: problem.problem === 'not-a-price' ? 'negative' : 'invalid',
    detail: problemText(problem),
  }));
  const checked = entries.flatMap((entry, index): PriceProblem[] => {
    const found = (check: PriceProblem['check'], detail: string | null): PriceProblem => ({
      list: 'user',
      row: numbers[index] ?? null,
      provider: entry.provider ?? null,
      model: entry.model,
      field: null,
      check,
      detail,
    });
    const wrong: PriceProblem[] = [];
    // A local machine may well cost nothing; that it was meant so, a note says.
    if (entry.perHour === undefined && ratesWrong(entry).length > 0 && entry.note === undefined) wrong.push(found('zero', null));
    const later = entries.findIndex((other, at) => at > index && shadows(other, entry));
    if (later >= 0) wrong.push(found('shadowed', `by entry ${numbers[later] ?? later + 1}`));
    else if (seen !== null && !seen.some((model) => speaksOf(book.globs[index], entry, model))) wrong.push(found('matches-nothing', null));
    return wrong;
  });
  return [...invalid, ...checked].sort((a, b) => (a.row ?? 0) - (b.row ?? 0));
}

function speaksOf(glob: ModelGlob | undefined, { provider }: PriceBookEntry, seen: PricedModel): boolean {
  if (seen.model === null || glob?.(seen.model) !== true) return false;
  return provider === undefined || provider === seen.provider || provider === seen.vendor;
}

/** Whether a later entry holds wherever an earlier one would. Only what is sure: not every pattern that takes in another is seen. */
function shadows(later: PriceBookEntry, earlier: PriceBookEntry): boolean {
  if (later.provider !== undefined && later.provider !== earlier.provider) return false;
  if (later.from !== undefined && (earlier.from === undefined || earlier.from < later.from)) return false;
  // A pattern that matches another one's text, its stars too, matches all that that one does.
  return modelGlob(later.model)(earlier.model);
}

/** Of the entries that hold: their numbers in the list, where those that don't stand between them. */
function numbersOf(count: number, left: ReadonlySet<number | null>): readonly number[] {
  const numbers: number[] = [];
  for (let index = 0; numbers.length < count; index++) if (!left.has(index)) numbers.push(index + 1);
  return numbers;
}
