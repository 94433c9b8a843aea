/** What an LLM call, a turn and a session cost, in words of the page: never without how it is known, never zero for want of a price. */
import type { UnpricedReason } from '../../server/src/protocol/cost';
import type { CostTotals, Span } from '../../server/src/protocol/document';
import type { TraceString } from '../contract/traceStrings';
import { dollars, wholeNumber } from '../kit/format';
import { visibleLine } from '../kit/plainText';
import type { Strings } from '../kit/strings';
import { numberAttribute, stringAttribute } from './attributes';

type Texts = Strings<TraceString>;

export interface ShownCost {
  /** "$0.02", "≥ $0.02", "no price". */
  readonly text: string;
  /** How that is known, in a word or two; empty where the text says it. */
  readonly basis: string;
  /** The same without who pays, for where there is little room. */
  readonly word: string;
  /** By which price, and of which day; or why there is none. */
  readonly title: string;
}

const bases = ['reported', 'user', 'overlay', 'priced', 'local', 'unknown'] as const;
type Basis = (typeof bases)[number];

function basisOf(name: string | null): Basis {
  return bases.find((basis) => basis === name) ?? 'unknown';
}

/** Of one LLM call; null where cost has no meaning. */
export function spanCost(t: Texts, span: Span, flatRate = false): ShownCost | null {
  if (span.kind !== 'chat') return null;
  const usd = numberAttribute(span, 'sandglass.cost.usd');
  const basis = basisOf(stringAttribute(span, 'sandglass.cost.basis'));
  if (usd === null || basis === 'unknown')
    return { text: t('cost.none'), basis: '', word: '', title: reasonTitle(t, stringAttribute(span, 'sandglass.cost.reason')) };
  const source = stringAttribute(span, 'sandglass.cost.source');
  const date = stringAttribute(span, 'sandglass.cost.date');
  const equivalent = flatRate && basis !== 'local';
  const parts = [
    equivalent ? t('cost.equivalentTitle') : null,
    t(`cost.basisTitle.${basis}`),
    source === null ? null : visibleLine(source, 300),
    date === null ? null : t('cost.asOf', visibleLine(date, 20)),
  ];
  return {
    text: dollars(usd),
    basis: withEquivalent(t, t(`cost.basis.${basis}`), equivalent),
    word: t(`cost.basis.${basis}`),
    title: parts.filter((part) => part !== null).join(' · '),
  };
}

function withEquivalent(t: Texts, words: string, equivalent: boolean): string {
  return equivalent ? `${t('cost.equivalent')}, ${words}` : words;
}

/** Of several calls; null: there was none. */
export function sumCost(t: Texts, { usd, byBasis, unpricedCalls }: CostTotals, flatRate = false): ShownCost | null {
  if (usd === null)
    return unpricedCalls === 0
      ? null
      : { text: t('cost.none'), basis: '', word: '', title: t('cost.noneTitle', wholeNumber(unpricedCalls)) };
  const parts = (Object.entries(byBasis) as [Basis, number][]).sort(([, a], [, b]) => b - a);
  const words = [...new Set(parts.map(([basis]) => t(`cost.basis.${basis}`)))];
  // What runs on own hardware is billed by no one, whatever else is paid.
  const equivalent = flatRate && parts.some(([basis]) => basis !== 'local');
  const title = [
    ...(equivalent ? [t('cost.equivalentTitle')] : []),
    ...parts.map(([basis, sum]) =>
      parts.length === 1 ? t(`cost.basisTitle.${basis}`) : `${dollars(sum)} ${t(`cost.basisTitle.${basis}`)}`,
    ),
    ...(unpricedCalls === 0 ? [] : [unpricedCalls === 1 ? t('cost.partly1') : t('cost.partly', wholeNumber(unpricedCalls))]),
  ];
  return {
    text: unpricedCalls > 0 ? lowerBound(usd) : dollars(usd),
    basis: withEquivalent(t, words.join(' + '), equivalent),
    word: words.join(' + '),
    title: title.join('\n'),
  };
}

/** Of what is next to nothing no number is worth a bound. */
function lowerBound(usd: number): string {
  const text = dollars(usd);
  return text.startsWith('<') ? '> $0' : `≥ ${text}`;
}

/** Of a session, which may have made no call yet. */
export function totalCost(t: Texts, cost: CostTotals, flatRate = false): ShownCost {
  return sumCost(t, cost, flatRate) ?? { text: t('cost.noCalls'), basis: '', word: '', title: t('cost.noCallsTitle') };
}

const reasons = [
  'no-usage',
  'no-model',
  'vendor-unknown',
  'provider-unknown',
  'model-unknown',
  'counts-impossible',
  'free-trial',
  'duration-unknown',
] as const satisfies readonly UnpricedReason[];

/** Why a call has no price. */
function reasonTitle(t: Texts, reason: string | null): string {
  const known = reasons.find((one) => one === reason);
  return known === undefined ? t('cost.basisTitle.unknown') : t(`reason.${known}`);
}

/** A price of the user's own helps where the lists have none. */
const helped: ReadonlySet<string | null> = new Set<UnpricedReason>(['vendor-unknown', 'provider-unknown', 'model-unknown', 'free-trial']);

export function ownPriceHelps(span: Span): boolean {
  return numberAttribute(span, 'sandglass.cost.usd') === null && helped.has(stringAttribute(span, 'sandglass.cost.reason'));
}
