/** Epoch milliseconds as a document tells them. */

/** As far as JavaScript's dates reach. Sums of hostile times may leave that; they are then not observed. */
const latest = 8.64e15;
const minuteMs = 60_000;

// `Date.toISOString` took longer than all else of a span, and times that come one after the other are mostly of one minute:
// its text is kept, and what comes after it is looked up, in a tenth of the time.
const seconds = numbersBelow(60, 2, '.');
const milliseconds = numbersBelow(1000, 3, 'Z');
let minute = NaN;
let minuteText = '';

export function isoTime(time: number | null): string | null {
  if (!isTime(time)) return null;
  const whole = Math.trunc(time);
  const begun = Math.floor(whole / minuteMs) * minuteMs;
  if (begun !== minute) {
    minuteText = new Date(begun).toISOString().slice(0, -'00.000Z'.length);
    minute = begun;
  }
  const rest = whole - begun;
  // The short parts first: V8 copies those, and what they are added to is then one rope of two, not of three.
  return minuteText + ((seconds[Math.floor(rest / 1000)] ?? '') + (milliseconds[rest % 1000] ?? ''));
}

export function isTime(time: number | null): time is number {
  return time !== null && Math.abs(time) <= latest;
}

function numbersBelow(end: number, digits: number, after: string): readonly string[] {
  return Array.from({ length: end }, (_, number) => String(number).padStart(digits, '0') + after);
}
