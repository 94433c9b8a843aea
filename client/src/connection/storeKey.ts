/**
 * The key of the trace store. The editor's secret storage cannot be asked whether it lasts: with no keyring on Linux it
 * quietly keeps secrets in memory, per window. So what can be seen is used: a marker outside it says that a key was made,
 * and a key that is gone at the next start was not kept. After one loss a key must first survive a start before anything is
 * kept on disk under it again.
 */
import { createHash, randomBytes } from 'node:crypto';
import type { Memory } from './probe';

const secretName = 'sandglass.storeKey';
const markerName = 'sandglass.storeKeyMarker';
const keyBytes = 32;

/** The part of `vscode.SecretStorage` used here. */
export interface Secrets {
  get(key: string): Thenable<string | undefined>;
  store(key: string, value: string): Thenable<void>;
}

interface Marker {
  /** First 16 hex digits of the key's hash, to tell another key from this one. */
  readonly id: string;
  /** A key was lost before, and this one has not yet been seen to survive a start. */
  readonly unproven: boolean;
}

export type StoreKey =
  | { readonly kind: 'durable'; readonly key: string }
  /** A key was made earlier and is gone: what was stored under it cannot be read any more. `again`: as it was the last time. */
  | { readonly kind: 'lost'; readonly again: boolean }
  /** The secret storage cannot be used at all. */
  | { readonly kind: 'unavailable'; readonly reason: string };

export async function loadStoreKey(secrets: Secrets, memory: Memory): Promise<StoreKey> {
  try {
    return await load(secrets, memory);
  } catch (error) {
    return { kind: 'unavailable', reason: error instanceof Error ? error.message : String(error) };
  }
}

async function load(secrets: Secrets, memory: Memory): Promise<StoreKey> {
  const marker = memory.get<Marker>(markerName);
  const kept = await secrets.get(secretName);
  if (kept !== undefined && isKey(kept)) {
    if (marker === undefined || marker.unproven || marker.id !== idOf(kept))
      await memory.update(markerName, { id: idOf(kept), unproven: false } satisfies Marker);
    return { kind: 'durable', key: kept };
  }
  const made = randomBytes(keyBytes).toString('base64');
  await secrets.store(secretName, made);
  // Another window may have stored its own at the same moment: what the storage answers is the one that counts.
  const stored = await secrets.get(secretName);
  if (stored === undefined || !isKey(stored))
    return { kind: 'unavailable', reason: 'the secret storage does not give back what it was given' };
  const lost = marker !== undefined;
  await memory.update(markerName, { id: idOf(stored), unproven: lost } satisfies Marker);
  return lost ? { kind: 'lost', again: marker.unproven } : { kind: 'durable', key: stored };
}

function isKey(text: string): boolean {
  return /^[A-Za-z0-9+/]{43}=$/.test(text) && Buffer.from(text, 'base64').length === keyBytes;
}

function idOf(key: string): string {
  return createHash('sha256').update(key).digest('hex').slice(0, 16);
}
