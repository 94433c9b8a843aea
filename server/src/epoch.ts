/**
 * Which counting of revisions one belongs to. They are counted in the store, for all windows and over the lives of servers; they
 * begin anew with a store that is made anew (by each server where none is kept) and with a source that was removed from it. Rows of
 * sources are never used again.
 */
import type { Store } from './store/store';

export function epochOf(store: Store, sourceRow: number): string {
  return `${store.identity}/${sourceRow}`;
}
