/** How far one file was read, as it is kept between two lives of the server. */
import { MAX_REASONS, MORE } from '../told';
import { parseObject } from './reduce';

export interface FileCursor {
  /** Inode, size and times when it was last looked at. */
  readonly stamp: string;
  /** Bytes read, of what is in the file (for zstd: unpacked). */
  readonly offset: number;
  /** SHA-256 over them. */
  readonly hash: string;
  readonly session: string;
  /** What could not be read of it, to be told again to whoever asks anew. */
  readonly lost: readonly string[];
  /** Why its end was not; null: it was, or was not reached yet. */
  readonly cut: string | null;
}

/** Keeps a reason as it is told: the first ones, and then that there are more. */
export function addLost(lost: string[], reason: string): void {
  if (lost.length < MAX_REASONS) lost.push(reason);
  else if (lost.length === MAX_REASONS) lost.push(MORE);
}

export function writeFileCursor(cursor: FileCursor): string {
  return JSON.stringify(cursor);
}

/** null: none, or one that another version wrote; then the file is simply read again. */
export function readFileCursor(value: string | undefined): FileCursor | null {
  const found = value ? parseObject(value) : null;
  if (!found || typeof found.stamp !== 'string' || typeof found.hash !== 'string' || typeof found.session !== 'string') return null;
  const { stamp, offset, hash, session } = found;
  return typeof offset === 'number' && Number.isSafeInteger(offset) && offset >= 0
    ? { stamp, offset, hash, session, lost: lostOf(found.lost), cut: typeof found.cut === 'string' ? found.cut : null }
    : null;
}

export function lostOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((reason) => typeof reason === 'string').slice(0, MAX_REASONS + 1) : [];
}

export function inodeOf(stamp: string): string {
  return stamp.slice(0, stamp.indexOf(':'));
}

export function sizeOf(stamp: string): number {
  return Number(stamp.split(':')[1] ?? 0);
}

/** The stamp of a file that is not read to its end yet: never that of the file itself, so that it is gone on with. */
export function midwayStamp(stamp: string, offset: number): string {
  return `${inodeOf(stamp)}:${offset}:midway`;
}
