/**
 * Money as the server's faces write it: never without how it is known, never zero for what has no price, and `≥` where some calls have
 * none. The client and the pages have the same words (docs/cost.md). Sources of prices hold a note of the user's: whoever shows one as
 * Markdown escapes it.
 */
import type { CallCost, UnpricedReason } from '../protocol/cost';
import type { CostBasis, CostTotals } from '../protocol/document';
import { dollars, label } from './labels';

export const basisWords: Readonly<Record<CostBasis, string>> = {
  reported: 'reported',
  user: 'your price',
  overlay: 'list price',
  priced: 'list price',
  local: 'own hardware',
  unknown: 'no price',
};

/** Why a call has no price. */
export const reasonWords: Readonly<Record<UnpricedReason, string>> = {
  'no-usage': 'No tokens are recorded',
  'no-model': 'No model is recorded',
  'vendor-unknown': 'The sandbox names its provider only as inference, and its registry, which says whose it is, is not known',
  'provider-unknown': 'The provider is in no price list',
  'model-unknown': 'The model is in no price list',
  'counts-impossible': 'The recorded counts contradict each other',
  'free-trial': 'The list has it at zero as a free trial, which is no price',
  'duration-unknown': 'It is priced by the hour, and how long its calls took is not known',
};

/** A price of the user's own helps where the lists have none. */
const helped: ReadonlySet<UnpricedReason> = new Set<UnpricedReason>(['vendor-unknown', 'provider-unknown', 'model-unknown', 'free-trial']);
const setAPrice = 'the command “Sandglass: Prices of Models…” sets one';

/** `$0.02`; `≥ $0.02`, where some of it is unpriced. */
export function amount(usd: number, partly: boolean): string {
  const text = dollars(usd);
  if (!partly) return text;
  return text.startsWith('<') ? '> $0' : `≥ ${text}`;
}

/** How a sum is known, most of it first; each word once. */
export function basesText({ byBasis }: Pick<CostTotals, 'byBasis'>): string {
  return [...sumsByWord(byBasis).keys()].join(' + ');
}

function sumsByWord(byBasis: CostTotals['byBasis']): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  for (const [basis, usd] of Object.entries(byBasis) as [CostBasis, number][])
    sums.set(basisWords[basis], (sums.get(basisWords[basis]) ?? 0) + usd);
  return new Map([...sums].sort(([, a], [, b]) => b - a));
}

/** `$0.02 list price`, `≥ $0.02 reported + list price`, `no price`; null: there was nothing to price. */
export function costLabel(cost: CostTotals, flatRate = false): string | null {
  const { usd, unpricedCalls, byBasis } = cost;
  if (usd === null) return unpricedCalls > 0 ? basisWords.unknown : null;
  const known = basesText(cost);
  // What runs on own hardware is billed by no one, whatever else is paid.
  const equivalent = flatRate && Object.keys(byBasis).some((basis) => basis !== 'local') ? ' API equivalent,' : '';
  return `${amount(usd, unpricedCalls > 0)}${equivalent} ${known}`;
}

/** The same of one call. */
export function callLabel({ usd, basis }: Pick<CallCost, 'usd' | 'basis'>, flatRate = false): string {
  return usd === null ? basisWords.unknown : (costLabel({ usd, byBasis: { [basis]: usd }, unpricedCalls: 0 }, flatRate) ?? '');
}

/** Where the price is from and of which day, or why there is none and what helps. Null: nothing more is known. */
export function priceNote({ usd, source, date, reason }: CallCost): string | null {
  if (usd !== null) return [source, date === null ? null : `as of ${date}`].filter((part) => part !== null).join(', ') || null;
  if (reason === null) return null;
  // A later version of the store's may know others.
  if (!Object.hasOwn(reasonWords, reason)) return null;
  return helped.has(reason) ? `${reasonWords[reason]}; ${setAPrice}` : reasonWords[reason];
}

/** More sources than these are counted, not listed. */
const listedNotes = 5;

/**
 * All that is known of a sum, a line each: its parts where there are several, what is left out of it, where its prices are from. Plain text.
 * `calls`: what it is made of, as far as that is at hand.
 */
export function costLines(cost: CostTotals, calls: Iterable<CallCost> = []): readonly string[] {
  const sums = sumsByWord(cost.byBasis);
  const parts = sums.size < 2 ? [] : [...sums].map(([word, usd]) => `${dollars(usd)} ${word}`);
  const { unpricedCalls } = cost;
  const left = unpricedCalls === 0 ? [] : [`${unpricedCalls} LLM ${unpricedCalls === 1 ? 'call has' : 'calls have'} no price`];
  const notes = new Set<string>();
  for (const call of calls) {
    const note = priceNote(call);
    if (note !== null) notes.add(`${basisWords[call.basis]}: ${note}`);
  }
  const more = notes.size > listedNotes ? [`and ${notes.size - listedNotes} more`] : [];
  return [...parts, ...left, ...[...notes].slice(0, listedNotes), ...more];
}

/** The same for a lens, whose tooltip is one text without Markdown. Null: there is nothing to add to the label. */
export function costTooltip(cost: CostTotals, calls: Iterable<CallCost> = []): string | null {
  const lines = costLines(cost, calls);
  return lines.length === 0 ? null : lines.map((line) => label(line, 300)).join('\n');
}
