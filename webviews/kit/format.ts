/** Numbers for people, in the locale of the page. What was not observed is never formatted as a number. */

const whole = new Intl.NumberFormat(undefined, { maximumFractionDigits: 0 });
const timeOfDay = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const dateAndClock = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });

const hourAndMinute = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const dayAndMinute = new Intl.DateTimeFormat(undefined, { month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit' });
const hourMs = 3_600_000;

export const dash = '—';

/** 999, 8.4k, 41k, 1.2M: as the status bar and the view write it. */
export function compactNumber(value: number): string {
  if (value < 1000) return whole.format(value);
  const [shown, unit] = value < 999_500 ? [value / 1000, 'k'] : [value / 1_000_000, 'M'];
  return `${shown < 9.95 ? shown.toFixed(1) : Math.round(shown)}${unit}`;
}

export function wholeNumber(value: number): string {
  return whole.format(value);
}

/** Small sums keep their meaning: four decimals below a cent's tenth of a dollar, never a rounded zero. */
export function dollars(usd: number): string {
  if (usd === 0) return '$0';
  if (usd < 0.0001) return '<$0.0001';
  if (usd < 0.1) return `$${usd.toFixed(4)}`;
  return usd < 1000 ? `$${usd.toFixed(2)}` : `$${whole.format(usd)}`;
}

export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 9950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  const minutes = Math.floor(seconds / 60);
  if (minutes === 0) return `${seconds} s`;
  if (minutes < 60) return seconds % 60 === 0 ? `${minutes} min` : `${minutes} min ${seconds % 60} s`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

export function bytes(count: number): string {
  if (count < 1000) return `${whole.format(count)} B`;
  if (count < 1_000_000) return `${(count / 1000).toFixed(count < 10_000 ? 1 : 0)} kB`;
  return `${(count / 1_000_000).toFixed(count < 10_000_000 ? 1 : 0)} MB`;
}

export function time(iso: string): string {
  const date = new Date(iso);
  return Number.isNaN(date.getTime()) ? dash : timeOfDay.format(date);
}

export function dateTime(iso: string): string {
  const date = new Date(iso);
  return Number.isNaN(date.getTime()) ? dash : dateAndClock.format(date);
}

/** A time within a span of this length, as exact as that needs. */
export function clock(at: number, spanMs: number): string {
  if (!Number.isFinite(at)) return dash;
  return (spanMs < hourMs ? timeOfDay : spanMs < 24 * hourMs ? hourAndMinute : dayAndMinute).format(at);
}

/** 0.42, 2.1, 12: cores in use; a small share keeps its meaning. */
export function coreCount(cores: number): string {
  if (cores === 0) return '0';
  return cores < 0.01 ? '<0.01' : cores.toFixed(cores < 1 ? 2 : cores < 10 ? 1 : 0);
}

/** 812 KiB, 412 MiB, 2.0 GiB: in the units in which limits of memory are set. */
export function memory(count: number): string {
  if (count < 1024 ** 2) return `${Math.round(count / 1024)} KiB`;
  if (count < 1000 * 1024 ** 2) return `${Math.round(count / 1024 ** 2)} MiB`;
  return `${(count / 1024 ** 3).toFixed(count < 10 * 1024 ** 3 ? 1 : 0)} GiB`;
}
