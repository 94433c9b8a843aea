/** What tells without reading whether a file changed: ctime is in it because mtime can be set back. */
import type { BigIntStats } from 'node:fs';

export function stampOf(stat: BigIntStats): string {
  return `${stat.ino}:${stat.size}:${stat.mtimeNs}:${stat.ctimeNs}`;
}

/** Without ctime, where the looking itself may change it. */
export function dataStampOf(stat: BigIntStats): string {
  return `${stat.ino}:${stat.size}:${stat.mtimeNs}`;
}
