/** The parts of a sum as a table shows them: in which order, of what their bars are a share, and days without calls between days. Pure. */
import type { CostRow, Spend } from '../../server/src/protocol/cost';
import type { UsageTotals } from '../../server/src/protocol/document';
import type { CostColumn, CostSort } from '../contract/cost';
import { dayOf, dayText } from './period';

/** Days in the chart; of more, the latest. */
export const chartDays = 92;

export function totalTokens(usage: UsageTotals): number {
  return usage.input + usage.output + usage.cacheRead + usage.cacheWrite;
}

/** Of what was sent to the models, how much came from a cache, 0 to 1; null: nothing was sent. */
export function cacheHitRate(usage: UsageTotals): { readonly rate: number; readonly sent: number } | null {
  const sent = usage.input + usage.cacheRead + usage.cacheWrite;
  return sent === 0 ? null : { rate: usage.cacheRead / sent, sent };
}

/** What bars are a share of: money, unless a flat rate is paid or none is known; then tokens. */
export function measureOf(total: Spend, flatRate: boolean): 'usd' | 'tokens' {
  return !flatRate && (total.usd ?? 0) > 0 ? 'usd' : 'tokens';
}

/** 0 to 1; null: not known, or there is nothing to have a share of. */
export function shareOf(spend: Spend, total: Spend, measure: 'usd' | 'tokens'): number | null {
  const [part, whole] = measure === 'usd' ? [spend.usd, total.usd] : [totalTokens(spend.usage), totalTokens(total.usage)];
  return part === null || whole === null || whole <= 0 ? null : Math.min(1, Math.max(0, part / whole));
}

/** What has no number comes last in either direction: it is not the least, it is not known. */
export function sorted(rows: readonly CostRow[], sort: CostSort | null, name: (row: CostRow) => string): readonly CostRow[] {
  if (sort === null) return rows;
  const sign = sort.descending ? -1 : 1;
  if (sort.column === 'label') return [...rows].sort((a, b) => sign * name(a).localeCompare(name(b)));
  const value = valueOf(sort.column);
  return [...rows].sort((a, b) => {
    const [one, other] = [value(a), value(b)];
    if (one === null || other === null) return Number(one === null) - Number(other === null);
    return sign * (one - other);
  });
}

function valueOf(column: Exclude<CostColumn, 'label'>): (row: CostRow) => number | null {
  switch (column) {
    case 'usd':
      return ({ spend }) => spend.usd;
    case 'tokens':
      return ({ spend }) => totalTokens(spend.usage);
    case 'calls':
      return ({ spend }) => spend.calls;
    case 'withSubagents':
      return ({ withSubagents }) => withSubagents?.usd ?? null;
  }
}

export interface DayBar {
  readonly day: string;
  /** null: no call that day. */
  readonly row: CostRow | null;
  /** 0 to 1 of the highest; null: not known. */
  readonly height: number | null;
}

/** One bar for each day from the first to the last, the oldest first; none for a single day. */
export function dayBars(rows: readonly CostRow[], measure: 'usd' | 'tokens'): readonly DayBar[] {
  const byDay = new Map(rows.flatMap((row) => (row.label !== null && dayOf(row.label) !== null ? [[row.label, row] as const] : [])));
  const days = [...byDay.keys()].sort();
  const [first, last] = [dayOf(days[0] ?? null), days.at(-1)];
  if (first === null || last === undefined || days.length < 2) return [];
  const value = (row: CostRow): number | null => (measure === 'usd' ? row.spend.usd : totalTokens(row.spend.usage));
  const bars: { day: string; row: CostRow | null }[] = [];
  // From the end, so that of a long time the latest days are shown, and a row of long ago costs nothing.
  const end = dayOf(last) ?? first;
  for (let back = 0; back < chartDays; back++) {
    const day = dayText(new Date(end.getFullYear(), end.getMonth(), end.getDate() - back));
    if (day < (days[0] ?? '')) break;
    bars.unshift({ day, row: byDay.get(day) ?? null });
  }
  const top = Math.max(0, ...bars.map(({ row }) => (row === null ? 0 : (value(row) ?? 0))));
  return bars.map(({ day, row }) => {
    const own = row === null ? null : value(row);
    return { day, row, height: own === null || top === 0 ? null : own / top };
  });
}
