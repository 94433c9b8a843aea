/** Opens the store the editor asked for, or one for this session only, and says which and why; and takes the lease if it is free. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { orphaned } from './collect/inventory';
import type { Shared } from './collect/sharing';
import { StoreError } from './store/errors';
import { Lease } from './store/lease';
import { kernel } from './store/machine';
import { keyBytes } from './store/sealedBox';
import { Store } from './store/store';

export interface OpenedStore extends Disposable {
  readonly store: Store;
  /** Of a store whose file was removed beneath it, nothing stays either. */
  readonly lifetime: 'durable' | 'session';
  /** What the user should know, in a sentence; null: nothing. */
  readonly note: string | null;
  readonly shared: Shared;
}

export const storeFile = 'traces.sqlite';

export function openStore(storageDir: string | null, storeKey: string | null): OpenedStore {
  const path = storageDir === null ? null : join(storageDir, storeFile);
  const { lease, refused } = path === null ? { lease: null, refused: null } : takeLease(path, storeKey === null);
  if (path === null || storeKey === null)
    return inMemory(
      lease,
      'No key can be kept safely here (no keyring), so traces are kept for this session only and read again the next time.',
    );
  if (lease === null) return inMemory(null, `The store can't be used (${refused}); traces are kept for this session only.`);
  const holder = lease.held ? null : lease.holder();
  if (holder !== null && holder.kernel !== kernel)
    return inMemory(lease, 'A window on another machine holds the store; what this window reads is kept for this session only.');
  try {
    const store = Store.open({ path, key: Buffer.from(storeKey, 'base64'), replaceUnreadable: lease.held });
    lease.opened();
    const note = store.replaced ? 'The key of the earlier store is lost, so it could not be read and a new one was begun.' : null;
    return opened(store, lease, 'durable', note);
  } catch (error) {
    if (!StoreError.is(error)) throw error;
    if (error.reason === 'locked')
      return inMemory(lease, 'Another program holds the store; what this window reads is kept for this session only.');
    if (error.reason === 'lost-key')
      return inMemory(lease, 'Another window keeps its store under another key; what this window reads is kept for this session only.');
    return inMemory(lease, `The store can't be used (${error.message}); traces are kept for this session only.`);
  }
}

/** Where no file can be locked, no other window can either: this one reads what it shows. */
function takeLease(path: string, session: boolean): { readonly lease: Lease | null; readonly refused: string | null } {
  try {
    const lease = Lease.of(path);
    lease.take(session ? 'session' : 'store');
    return { lease, refused: null };
  } catch (error) {
    return { lease: null, refused: error instanceof Error ? error.message : String(error) };
  }
}

function inMemory(lease: Lease | null, note: string | null): OpenedStore {
  lease?.tell('session');
  return opened(Store.open({ path: ':memory:', key: randomBytes(keyBytes), replaceUnreadable: false }), lease, 'session', note);
}

function opened(store: Store, lease: Lease | null, lifetime: OpenedStore['lifetime'], note: string | null): OpenedStore {
  return {
    store,
    get lifetime() {
      return lease?.orphaned === true ? 'session' : lifetime;
    },
    get note() {
      return lease?.orphaned === true ? `${orphaned.reason}. ${orphaned.hint}` : note;
    },
    shared: { lease, store: lifetime === 'durable' },
    [Symbol.dispose]() {
      store[Symbol.dispose]();
      lease?.[Symbol.dispose]();
    },
  };
}
