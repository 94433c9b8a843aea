/** How far one session's rows were read. The hash is a chain over all of them, so it can be gone on with after a restart. */
import { hash as digestOf } from 'node:crypto';
import { lostOf } from './fileCursor';
import { parseObject } from './reduce';
import type { EventRow } from './sqliteRows';

export interface RowCursor {
  readonly seq: number;
  /** What OpenClaw calls the rewrite generation; null where it keeps none. */
  readonly generation: string | null;
  /** Chain over all rows up to `seq`. */
  readonly hash: string;
  /** The last row alone: looked at whenever rows are added. */
  readonly last: string;
  /** What could not be read of them, to be told again to whoever asks anew. */
  readonly lost: readonly string[];
}

export function nextLink(chain: string, row: EventRow): { readonly hash: string; readonly last: string } {
  const last = digestOf('sha256', `${row.seq}\n${row.text ?? `unreadable: ${row.reason ?? ''}`}`);
  return { hash: digestOf('sha256', chain + last), last };
}

export function writeRowCursor(cursor: RowCursor): string {
  return JSON.stringify(cursor);
}

export function readRowCursor(value: string | undefined): RowCursor | null {
  const found = value ? parseObject(value) : null;
  if (!found || typeof found.seq !== 'number' || typeof found.hash !== 'string' || typeof found.last !== 'string') return null;
  return {
    seq: found.seq,
    generation: typeof found.generation === 'string' ? found.generation : null,
    hash: found.hash,
    last: found.last,
    lost: lostOf(found.lost),
  };
}

/** How far one session's trajectory was read. */
export interface TrajectoryCursor {
  readonly seq: number;
  readonly lost: readonly string[];
}

export function writeTrajectoryCursor(cursor: TrajectoryCursor): string {
  return JSON.stringify(cursor);
}

export function readTrajectoryCursor(value: string | undefined): TrajectoryCursor | null {
  const found = value ? parseObject(value) : null;
  return typeof found?.seq === 'number' ? { seq: found.seq, lost: lostOf(found.lost) } : null;
}
