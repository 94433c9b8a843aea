/**
 * How a cost is known, in the words that all faces have (docs/cost.md): beside each sum, and in full where there is room. Sources of prices
 * hold a note of the user's; they are made plain here and escaped by whoever shows them as Markdown.
 */
import type { CallCost, UnpricedReason } from '../../server/src/protocol/cost';
import type { CostBasis, CostTotals, Span } from '../../server/src/protocol/document';
import { reasonStrings } from '../../webviews/contract/reasonStrings';
import { dollars, lowerBound, moneyText } from './format';
import type { Translate } from './format';
import { plainText } from './plainText';

export function basisWord(basis: CostBasis, t: Translate): string {
  const words: Readonly<Record<CostBasis, string>> = {
    reported: t('reported'),
    user: t('your price'),
    overlay: t('list price'),
    priced: t('list price'),
    local: t('own hardware'),
    unknown: t('no price'),
  };
  return words[basis];
}

const known: readonly CostBasis[] = ['reported', 'user', 'overlay', 'priced', 'local'];

/** As an LLM call's span tells it. */
export function spanCost({ attributes }: Pick<Span, 'attributes'>): CallCost {
  const text = (name: string): string | null => {
    const value = attributes[name];
    return typeof value === 'string' && value !== '' ? value : null;
  };
  const usd = attributes['sandglass.cost.usd'];
  const basis = known.find((one) => one === attributes['sandglass.cost.basis']);
  if (typeof usd !== 'number' || basis === undefined)
    return { usd: null, basis: 'unknown', source: null, date: null, reason: text('sandglass.cost.reason') as UnpricedReason | null };
  return { usd, basis, source: text('sandglass.cost.source'), date: text('sandglass.cost.date'), reason: null };
}

/** Most of it first; two kinds of list price are one to whoever reads it. */
function sumsByWord({ byBasis }: CostTotals, t: Translate): readonly (readonly [string, number])[] {
  const sums = new Map<string, number>();
  for (const [basis, usd] of Object.entries(byBasis) as [CostBasis, number][]) {
    const word = basisWord(basis, t);
    sums.set(word, (sums.get(word) ?? 0) + usd);
  }
  return [...sums].sort(([, a], [, b]) => b - a);
}

/** `$0.02 list price`, `≥ $0.02 reported + list price`, `no price`; null: there was nothing to price. */
export function knownCostText(cost: CostTotals, flatRate: boolean, t: Translate): string | null {
  const { usd, unpricedCalls, byBasis } = cost;
  if (usd === null) return unpricedCalls > 0 ? t('no price') : null;
  const amount = unpricedCalls > 0 ? lowerBound(usd) : dollars(usd);
  const words = sumsByWord(cost, t).map(([word]) => word);
  // What runs on own hardware is billed by no one, whatever else is paid.
  const equivalent = flatRate && Object.keys(byBasis).some((basis) => basis !== 'local');
  return `${equivalent ? `${moneyText(amount, usd, true, t)},` : amount} ${words.join(' + ')}`;
}

/** The same of one call. */
export function callCostText({ usd, basis }: Pick<CallCost, 'usd' | 'basis'>, flatRate: boolean, t: Translate): string {
  return (usd === null ? null : knownCostText({ usd, byBasis: { [basis]: usd }, unpricedCalls: 0 }, flatRate, t)) ?? t('no price');
}

/** What a sum is made of where it is known in several ways, and what is left out of it. */
export function costParts(cost: CostTotals, t: Translate): readonly string[] {
  const sums = sumsByWord(cost, t);
  const { unpricedCalls } = cost;
  return [
    ...(sums.length < 2 ? [] : sums.map(([word, usd]) => `${dollars(usd)} ${word}`)),
    ...(unpricedCalls === 0 ? [] : [unpricedCalls === 1 ? t('1 LLM call has no price') : t('{0} LLM calls have no price', unpricedCalls)]),
  ];
}

/** Where the price of a call is from and of which day, or why it has none. Null: nothing more is known. */
export function priceNote({ usd, source, date, reason }: CallCost, t: Translate): string | null {
  if (usd === null) {
    const text = reason !== null && Object.hasOwn(reasonStrings, `reason.${reason}`) ? reasonStrings[`reason.${reason}`] : null;
    return text === null ? null : t(text);
  }
  const from = source === null ? null : plainText(source, { maxLength: 300 });
  if (date === null) return from;
  const day = plainText(date, { maxLength: 20 });
  return from === null ? t('as of {0}', day) : t('{0}, as of {1}', from, day);
}

/** A price of the user's own helps where the lists have none. */
export function ownPriceHelps({ reason }: Pick<CallCost, 'reason'>): boolean {
  return reason === 'vendor-unknown' || reason === 'provider-unknown' || reason === 'model-unknown' || reason === 'free-trial';
}
