/**
 * Which counting of revisions one belongs to. They are counted in the store, so they begin anew with a store that is made
 * anew (by each server where none is kept) and with a source that was removed from it; rows of sources are never used again.
 */
import { randomUUID } from 'node:crypto';

const server = randomUUID();

export function epochOf(sourceRow: number): string {
  return `${server}/${sourceRow}`;
}
