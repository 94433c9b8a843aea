/** Narrow reads from untrusted JSON: the asked-for type or null, never a throw. */
export type JsonObject = Readonly<Record<string, unknown>>;

export function asObject(value: unknown): JsonObject | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : null;
}
export function asArray(value: unknown): readonly unknown[] | null {
  return Array.isArray(value) ? value : null;
}
export function asString(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
export function asNumber(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}
/** A count of tokens: anything but a finite number of zero or more is not observed. */
export function asCount(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) && value > 0 ? value : 0;
}
/** Epoch milliseconds from a number or an ISO string. */
export function asTime(value: unknown): number | null {
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (typeof value !== 'string') return null;
  const time = Date.parse(value);
  return Number.isNaN(time) ? null : time;
}
