/** What sums and their parts are called, in words of the page. Pure; labels are untrusted and made visible. */
import type { CostBy, CostRow, NotObserved, Spend } from '../../server/src/protocol/cost';
import type { CostBasis } from '../../server/src/protocol/document';
import type { CostString } from '../contract/costStrings';
import { compactNumber, dash, wholeNumber } from '../kit/format';
import { visibleLine } from '../kit/plainText';
import type { Strings } from '../kit/strings';
import { totalTokens } from './parts';
import { dayOf } from './period';

export type Texts = Strings<CostString>;

const longestLabel = 160;
const bases: readonly CostBasis[] = ['reported', 'user', 'overlay', 'priced', 'local'];
const triggers = ['user', 'cron', 'heartbeat', 'subagent', 'exec', 'unknown'] as const;
const weekday = new Intl.DateTimeFormat(undefined, { weekday: 'short', year: 'numeric', month: 'short', day: 'numeric' });

export interface Money {
  /** "$1.24", "≥ $1.24", "no price", or a dash where nothing was called. */
  readonly text: string;
  /** One word for how it is known; empty where the text says it. */
  readonly basis: string;
  readonly title: string;
  readonly known: boolean;
}

/** A sum of money never without how it is known, and never zero for what is not known. */
export function moneyOf(t: Texts, spend: Spend): Money {
  if (spend.calls === 0 && spend.usd === null) return { text: dash, basis: '', title: t('basisTitle.noCalls'), known: false };
  if (spend.usd === null) return { text: t('basis.unknown'), basis: '', title: t('basisTitle.unknown'), known: false };
  const parts = basesOf(spend);
  const words = [...new Set(parts.map(([basis]) => t(`basis.${basis}`)))];
  const titles = parts.map(([basis, usd]) => t('total.part', exactDollars(usd), t(`basisTitle.${basis}`)));
  const partly = spend.unpricedCalls > 0;
  if (partly) titles.push(t('basisTitle.partly', callCount(spend.unpricedCalls), callCount(spend.calls)));
  return {
    text: partly ? lowerBound(spend.usd) : dollars(spend.usd),
    basis: words.length > 1 ? t('basis.mixed') : (words[0] ?? ''),
    title: titles.join('\n'),
    known: true,
  };
}

/** By how it is known, the most first; of calls that are priced. */
export function basesOf(spend: Spend): readonly (readonly [Exclude<CostBasis, 'unknown'>, number])[] {
  return bases
    .flatMap((basis) => {
      const usd = spend.byBasis[basis];
      return basis === 'unknown' || usd === undefined ? [] : [[basis, usd] as const];
    })
    .sort(([, a], [, b]) => b - a);
}

/** "$1.10 list price", one part for each word: two kinds of list price are one to whoever reads it. */
export function basisParts(t: Texts, spend: Spend): readonly { readonly text: string; readonly title: string }[] {
  const byWord = new Map<string, { usd: number; titles: string[] }>();
  for (const [basis, usd] of basesOf(spend)) {
    const word = t(`basis.${basis}`);
    const known = byWord.get(word) ?? { usd: 0, titles: [] };
    byWord.set(word, { usd: known.usd + usd, titles: [...known.titles, t('total.part', exactDollars(usd), t(`basisTitle.${basis}`))] });
  }
  return [...byWord].map(([word, { usd, titles }]) => ({ text: t('total.part', dollars(usd), word), title: titles.join('\n') }));
}

/** As the status bar and the view write it: cents, and of less than one as much as says something. */
export function dollars(usd: number): string {
  if (usd === 0) return '$0';
  if (usd < 0.0001) return '<$0.0001';
  if (usd < 0.01) return `$${usd.toFixed(4)}`;
  return usd < 1000 ? `$${usd.toFixed(2)}` : `$${wholeNumber(usd)}`;
}

/** What is next to nothing has no lower bound worth a number. */
function lowerBound(usd: number): string {
  const text = dollars(usd);
  return text.startsWith('<') ? '> $0' : `≥ ${text}`;
}

/** Of tools and files parts of calls are counted. */
export function callCount(calls: number): string {
  if (Number.isInteger(calls)) return wholeNumber(calls);
  if (calls < 0.1) return '<0.1';
  return calls < 10 ? calls.toFixed(1) : wholeNumber(calls);
}

/** Nobody is billed for it where a flat rate is paid; nor for own hardware, but no API would charge that either. */
export function isEquivalent({ usd, byBasis }: Spend, flatRate: boolean): boolean {
  return flatRate && usd !== null && Object.keys(byBasis).some((basis) => basis !== 'local');
}

/** All that is known of a sum, without zeros at its end. */
export function exactDollars(usd: number): string {
  const [whole = '0', rest = ''] = usd.toFixed(9).split('.');
  return `$${whole}.${rest.slice(0, 2)}${rest.slice(2).replace(/0+$/, '')}`;
}

export function tokensOf(t: Texts, { usage }: Spend): { readonly text: string; readonly title: string } {
  const split = [usage.input, usage.cacheRead, usage.cacheWrite, usage.output].map(wholeNumber);
  return { text: compactNumber(totalTokens(usage)), title: t('tokens.split', ...split) };
}

/** What a part is called. */
export function labelOf(t: Texts, by: CostBy, row: Pick<CostRow, 'label'>): string {
  const { label } = row;
  if (label === null || label.trim() === '') return t(`row.none.${by}`);
  if (by === 'day') {
    const day = dayOf(label);
    if (day !== null) return weekday.format(day);
  }
  if (by === 'trigger') {
    const known = triggers.find((trigger) => trigger === label);
    if (known !== undefined) return t(`trigger.${known}`);
  }
  return visibleLine(label, longestLabel);
}

/** Empty where it says what the label says: a session is called by its first prompt, as that turn is. */
export function detailOf(row: Pick<CostRow, 'label' | 'detail'>): string {
  const [label, detail] = [row.label, row.detail].map((text) => (text ?? '').replace(/…$/, '').trim());
  if (detail === undefined || detail === '') return '';
  if (label !== undefined && label !== '' && (label.startsWith(detail) || detail.startsWith(label))) return '';
  return visibleLine(row.detail ?? '', longestLabel);
}

export function percent(t: Texts, share: number): string {
  return share > 0 && share < 0.01 ? t('row.lessPercent') : t('row.percent', Math.round(100 * share));
}

export function notObservedText(t: Texts, { kind, count }: NotObserved): string {
  return count === 1 ? t(`unobserved.${kind}1`) : t(`unobserved.${kind}`, wholeNumber(count));
}

/** In one line, what matters first. */
export function spendLine(t: Texts, spend: Spend, flatRate: boolean): string {
  const tokens = `${tokensOf(t, spend).text} ${t('total.tokens')}`;
  const money = moneyOf(t, spend);
  const said = isEquivalent(spend, flatRate) ? `${money.text} ${t('total.equivalent')}` : money.text;
  return flatRate || !money.known ? `${tokens} · ${said}` : `${said} · ${tokens}`;
}
