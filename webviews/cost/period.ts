/** When the days of a period begin and end, in the page's own time zone. Pure. */
import type { CostPeriod } from '../contract/cost';

export interface Bounds {
  /** ISO 8601, inclusive; null: open. */
  readonly from: string | null;
  /** Exclusive. */
  readonly to: string | null;
}

export function boundsOf(period: CostPeriod, now: Date): Bounds {
  switch (period.kind) {
    case 'today':
      return { from: midnight(now, 0), to: null };
    case 'week':
      return { from: midnight(now, -6), to: null };
    case 'month':
      return { from: midnight(now, -29), to: null };
    case 'all':
      return { from: null, to: null };
    case 'days': {
      const [from, to] = [dayOf(period.from), dayOf(period.to)];
      return { from: from === null ? null : midnight(from, 0), to: to === null ? null : midnight(to, 1) };
    }
  }
}

/** The first day does not come after the last. */
export function isInOrder(period: CostPeriod): boolean {
  return period.kind !== 'days' || period.from === null || period.to === null || period.from <= period.to;
}

/** Midnight there, so many days later: by the calendar, since some days have 23 hours and some 25. */
function midnight(day: Date, days: number): string {
  return new Date(day.getFullYear(), day.getMonth(), day.getDate() + days).toISOString();
}

/** A day as the server and date fields write it. */
export function dayOf(text: string | null): Date | null {
  const parts = text === null ? null : /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  if (parts === null) return null;
  const day = new Date(Number(parts[1]), Number(parts[2]) - 1, Number(parts[3]));
  return Number.isNaN(day.getTime()) || dayText(day) !== text ? null : day;
}

export function dayText(day: Date): string {
  return `${String(day.getFullYear()).padStart(4, '0')}-${String(day.getMonth() + 1).padStart(2, '0')}-${String(day.getDate()).padStart(2, '0')}`;
}
