/** Days and times, as a person writes them on the command line. */
import { localDay } from '../usage/localDay';

/** Epoch milliseconds of when the day of this name begins and ends there; null: that is no day of the calendar. */
export function dayNamed(name: string, timeZone: string): { readonly from: number; readonly to: number } | null {
  if (!/^\d{4}-\d\d-\d\d$/.test(name)) return null;
  const noon = Date.parse(`${name}T12:00:00Z`);
  if (Number.isNaN(noon) || !new Date(noon).toISOString().startsWith(name)) return null;
  // At noon in Greenwich it is the day before or after in some places.
  let day = localDay(noon, timeZone);
  if (day.name > name) day = localDay(day.from - 1, timeZone);
  if (day.name < name) day = localDay(day.to, timeZone);
  // Places that went over the date line left a day out.
  return day.name === name ? { from: day.from, to: day.to } : { from: day.from, to: day.from };
}

const form = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(?:Z|[+-]\d\d:\d\d)$/;

/** Epoch milliseconds; null: that is no time with its zone. */
export function timeNamed(text: string): number | null {
  const time = form.test(text) ? Date.parse(text) : NaN;
  return Number.isNaN(time) ? null : time;
}
