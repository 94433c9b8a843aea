/**
 * The one place where secrets go out of what a sandbox said: JSON is read through here, by decode, of which all spans are made, and by
 * query for the whole texts it shows. The records themselves are kept as they came, encrypted.
 */
import { findSecrets, mask } from './scan';
import type { Secret } from './scan';
import { maySecretInJson } from './signs';

export interface MaskedJson {
  readonly value: unknown;
  /** What was masked in a part of the value; each secret once. */
  secretsIn(part: unknown): readonly Secret[];
}

const none: readonly Secret[] = [];

/** Throws what JSON.parse throws. */
export function parseMasked(text: string): MaskedJson {
  const value: unknown = JSON.parse(text);
  if (!maySecretInJson(text)) return { value, secretsIn: () => none };
  const secrets = new Map<string, readonly Secret[]>();
  const masked = (said: string): string => {
    const places = findSecrets(said);
    if (places.length === 0) return said;
    const shown = mask(said, places);
    secrets.set(
      shown,
      places.map(({ rule, hash }) => ({ rule, hash })),
    );
    return shown;
  };
  if (typeof value === 'string') return { value: masked(value), secretsIn: (part) => secretsOf(part, secrets) };
  walk(value, (holder, key, said) => {
    const shown = masked(said);
    if (shown !== said) holder[key] = shown;
    const shownKey = Array.isArray(holder) ? key : masked(key);
    if (shownKey === key) return;
    holder[shownKey] = holder[key];
    delete holder[key];
  });
  return { value, secretsIn: (part) => secretsOf(part, secrets) };
}

function secretsOf(part: unknown, secrets: ReadonlyMap<string, readonly Secret[]>): readonly Secret[] {
  if (secrets.size === 0) return none;
  const found = new Map<string, Secret>();
  const add = (said: string): void => {
    for (const secret of secrets.get(said) ?? none) found.set(`${secret.rule} ${secret.hash}`, secret);
  };
  if (typeof part === 'string') add(part);
  walk(part, (_, key, said) => {
    add(key);
    add(said);
  });
  return [...found.values()];
}

type Holder = Record<string, unknown>;

/** Every text with where it stands; without recursion, for what an agent writes may be nested as deep as it likes. */
function walk(value: unknown, visit: (holder: Holder, key: string, said: string) => void): void {
  const waiting: unknown[] = [value];
  while (waiting.length > 0) {
    const holder = waiting.pop();
    if (typeof holder !== 'object' || holder === null) continue;
    for (const [key, child] of Object.entries(holder)) {
      if (typeof child === 'object') waiting.push(child);
      visit(holder as Holder, key, typeof child === 'string' ? child : '');
    }
  }
}
