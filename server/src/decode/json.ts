/** Narrow reads from untrusted JSON: the asked-for type or null, never a throw. Secrets in it are masked as it is parsed. */
import { parseMasked } from '../secrets/maskedJson';
import type { Secret } from '../secrets/scan';

export type JsonObject = Readonly<Record<string, unknown>>;
export type SecretsIn = (part: unknown) => readonly Secret[];

/** The object a text holds; null when it holds none. Nothing an agent writes makes it throw: too deep a nesting is no object either. */
export function parseObject(text: string): JsonObject | null {
  return parseWithSecrets(text)?.json ?? null;
}

/** With what was masked in any part of it. */
export function parseWithSecrets(text: string): { readonly json: JsonObject; readonly secretsIn: SecretsIn } | null {
  try {
    const { value, secretsIn } = parseMasked(text);
    const json = asObject(value);
    return json === null ? null : { json, secretsIn };
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError) return null;
    throw error;
  }
}

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
/** A count of tokens: anything but a sane number is not observed. */
export function asCount(value: unknown): number {
  return typeof value === 'number' && value > 0 && value <= Number.MAX_SAFE_INTEGER ? Math.trunc(value) : 0;
}
/** What one model call can cost in US dollars; more is no price. */
const dearestCallUsd = 1e6;
export function asCost(value: unknown): number | null {
  return typeof value === 'number' && value >= 0 && value <= dearestCallUsd ? value : null;
}
/** As far as JavaScript's dates reach; what lies beyond is no time. */
const latestTime = 8.64e15;
/** Epoch milliseconds from a number or an ISO string. */
export function asTime(value: unknown): number | null {
  const time = typeof value === 'string' ? Date.parse(value) : value;
  return typeof time === 'number' && Math.abs(time) <= latestTime ? Math.trunc(time) : null;
}
/** Milliseconds of at most a thousand years, never negative. */
export function asDuration(value: unknown): number | null {
  return typeof value === 'number' && value >= 0 && value < 3.2e13 ? value : null;
}
