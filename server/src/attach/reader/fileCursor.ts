/** How far one file was read, as it is kept between two lives of the server. */
import { parseObject } from './reduce';

export interface FileCursor {
  /** Inode, size and times when it was last looked at. */
  readonly stamp: string;
  /** Bytes read, of what is in the file (for zstd: unpacked). */
  readonly offset: number;
  /** SHA-256 over them. */
  readonly hash: string;
  readonly session: string;
}

export function writeFileCursor(cursor: FileCursor): string {
  return JSON.stringify(cursor);
}

/** null: none, or one that another version wrote; then the file is simply read again. */
export function readFileCursor(value: string | undefined): FileCursor | null {
  const found = value ? parseObject(value) : null;
  if (!found || typeof found.stamp !== 'string' || typeof found.hash !== 'string' || typeof found.session !== 'string') return null;
  const offset = found.offset;
  return typeof offset === 'number' && Number.isSafeInteger(offset) && offset >= 0
    ? { stamp: found.stamp, offset, hash: found.hash, session: found.session }
    : null;
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
