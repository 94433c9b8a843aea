/** Opens the store the editor asked for, or one for this session only, and says which and why. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { StoreError } from './store/errors';
import { keyBytes } from './store/sealedBox';
import { Store } from './store/store';

export interface OpenedStore {
  readonly store: Store;
  readonly lifetime: 'durable' | 'session';
  /** What the user should know, in a sentence; null: nothing. */
  readonly note: string | null;
}

export const storeFile = 'traces.sqlite';

function inMemory(note: string | null): OpenedStore {
  return { store: Store.open({ path: ':memory:', key: randomBytes(keyBytes), replaceUnreadable: false }), lifetime: 'session', note };
}

export function openStore(storageDir: string | null, storeKey: string | null): OpenedStore {
  if (storageDir === null || storeKey === null) {
    return inMemory('No key can be kept safely here (no keyring), so traces are kept for this session only and read again the next time.');
  }
  try {
    const store = Store.open({ path: join(storageDir, storeFile), key: Buffer.from(storeKey, 'base64'), replaceUnreadable: true });
    const note = store.replaced ? 'The key of the earlier store is lost, so it could not be read and a new one was begun.' : null;
    return { store, lifetime: 'durable', note };
  } catch (error) {
    if (!StoreError.is(error)) throw error;
    if (error.reason === 'locked') return inMemory('Another window holds the store; what this window reads is kept for this session only.');
    return inMemory(`The store can't be used (${error.message}); traces are kept for this session only.`);
  }
}
