/** The day that it is somewhere: where it begins and ends, also where clocks are moved at midnight. */

export interface LocalDay {
  /** `YYYY-MM-DD`. */
  readonly name: string;
  /** Epoch milliseconds; inclusive, and exclusive. */
  readonly from: number;
  readonly to: number;
}

/** No day is longer: 24 hours, and what clocks were ever moved back by; a day that was left out makes the way to the next one longer. */
const longestMs = 50 * 3_600_000;
/** As far as JavaScript's dates reach, to either side. */
const latest = 8.64e15;
const zonesKept = 16;
const formats = new Map<string, Intl.DateTimeFormat>();

/** Days that were found, by zone and the day that it is in UTC: a face asks for those of its history again and again. */
const found = new Map<string, readonly LocalDay[]>();
/** Ten years of them in one zone; then all are found anew. */
const daysKept = 4000;

/** Throws RangeError when there is no such time zone. */
export function localDay(now: number, timeZone: string): LocalDay {
  const key = `${Math.floor(now / 86_400_000)} ${timeZone}`;
  const known = found.get(key) ?? [];
  const kept = known.find(({ from, to }) => now >= from && now < to);
  if (kept !== undefined) return kept;
  const day = find(now, timeZone);
  if (found.size >= daysKept) found.clear();
  found.set(key, [...known, day]);
  return day;
}

function find(now: number, timeZone: string): LocalDay {
  const name = dayName(now, timeZone);
  return {
    name,
    from: firstThat(Math.max(now - longestMs, -latest - 1), now, (at) => dayName(at, timeZone) === name),
    to: firstThat(now, Math.min(now + longestMs, latest + 1), (at) => dayName(at, timeZone) !== name),
  };
}

export function dayName(at: number, timeZone: string): string {
  const parts: Partial<Record<Intl.DateTimeFormatPartTypes, string>> = {};
  for (const { type, value } of formatOf(timeZone).formatToParts(at)) parts[type] = value;
  return `${parts.year?.padStart(4, '0')}-${parts.month}-${parts.day}`;
}

function formatOf(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone);
  if (known !== undefined) return known;
  const format = new Intl.DateTimeFormat('en-u-ca-gregory', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' });
  if (formats.size >= zonesKept) formats.clear();
  formats.set(timeZone, format);
  return format;
}

/** The first millisecond after `before`, up to `until`, of which it holds; it holds of all that come after that one too. */
function firstThat(before: number, until: number, holds: (at: number) => boolean): number {
  let [not, does] = [before, until];
  while (does - not > 1) {
    const middle = Math.floor((not + does) / 2);
    if (holds(middle)) does = middle;
    else not = middle;
  }
  return does;
}
