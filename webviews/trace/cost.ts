/** What an LLM call and a session cost, in words of the page: never without how it is known. */
import type { UnpricedReason } from '../../server/src/protocol/cost';
import type { CostTotals, Span } from '../../server/src/protocol/document';
import type { TraceString } from '../contract/traceStrings';
import { dollars, wholeNumber } from '../kit/format';
import { visibleLine } from '../kit/plainText';
import type { Strings } from '../kit/strings';
import { numberAttribute, stringAttribute } from './attributes';

type Texts = Strings<TraceString>;

/** Of one LLM call; null where cost has no meaning. */
export function spanCost(t: Texts, span: Span): { readonly text: string; readonly title: string } | null {
  if (span.kind !== 'chat') return null;
  const usd = numberAttribute(span, 'sandglass.cost.usd');
  const basis = stringAttribute(span, 'sandglass.cost.basis') ?? 'unknown';
  if (usd === null) return { text: t('cost.none'), title: reasonTitle(t, stringAttribute(span, 'sandglass.cost.reason')) };
  // An hour of own hardware may have a price.
  if (basis === 'local' && usd === 0) return { text: t('cost.basis.local'), title: t('cost.basisTitle.local') };
  const source = stringAttribute(span, 'sandglass.cost.source');
  const parts = [basisTitle(t, basis), source === null ? null : visibleLine(source), stringAttribute(span, 'sandglass.cost.date')];
  return { text: dollars(usd), title: parts.filter((part) => part !== null).join(' · ') };
}

export function totalCost(
  t: Texts,
  cost: CostTotals,
  llmCalls: number,
): { readonly value: string; readonly note: string; readonly title: string } {
  if (cost.usd === null) {
    return llmCalls === 0
      ? { value: t('cost.noCalls'), note: '', title: t('cost.noCallsTitle') }
      : { value: t('cost.none'), note: '', title: t('cost.noneTitle', wholeNumber(cost.unpricedCalls)) };
  }
  const bases = Object.entries(cost.byBasis).filter(([basis]) => basis !== 'unknown');
  const title = bases.map(([basis, usd]) => `${dollars(usd)} ${basisTitle(t, basis)}`);
  const [only] = bases;
  const local = bases.length === 1 && only?.[0] === 'local' && cost.usd === 0;
  const notes = bases.map(([basis]) => basisText(t, basis)).filter((text, index, all) => all.indexOf(text) === index);
  if (cost.unpricedCalls > 0) {
    title.push(t('cost.partly', wholeNumber(cost.unpricedCalls)));
    notes.push(t('cost.unpriced', wholeNumber(cost.unpricedCalls)));
  }
  return {
    value: local ? t('cost.basis.local') : dollars(cost.usd),
    note: local ? notes.slice(1).join(' ') : notes.join(' '),
    title: title.join('\n'),
  };
}

const bases = ['reported', 'user', 'overlay', 'priced', 'local', 'unknown'] as const;
type Basis = (typeof bases)[number];

function isBasis(value: string): value is Basis {
  return (bases as readonly string[]).includes(value);
}

export function basisText(t: Texts, basis: string): string {
  return isBasis(basis) ? t(`cost.basis.${basis}`) : visibleLine(basis, 40);
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

export function basisTitle(t: Texts, basis: string): string {
  return isBasis(basis) ? t(`cost.basisTitle.${basis}`) : visibleLine(basis, 40);
}
