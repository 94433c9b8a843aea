/**
 * Opens regular files and nothing else, without ever waiting: to open a named pipe is to wait for a writer, and one that never comes
 * keeps one of the few threads that read files. What a thing is may change between the look and the opening, so it is asked twice.
 */
import { closeSync, constants, fstatSync, lstatSync, openSync, statSync, type BigIntStats, type Stats } from 'node:fs';
import { lstat, open, stat, type FileHandle } from 'node:fs/promises';

/** Whether the last part of a path may be a symbolic link. Not in what may come from anyone: a link may lead to anything. */
export type Links = 'refused' | 'followed';

/** Code of the error for what is neither a file, a directory nor a link. */
export const NOT_REGULAR = 'ENOTREG';
/** Code of the error for a file larger than it may be. */
export const TOO_LARGE = 'EFBIG';

const FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

export async function openRegular(path: string, links: Links = 'refused'): Promise<FileHandle> {
  mustBeRegular(await (links === 'followed' ? stat(path) : lstat(path)));
  const handle = await open(path, flags(links));
  try {
    mustBeRegular(await handle.stat());
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** The descriptor is the caller's to close. */
export function openRegularSync(path: string, links: Links = 'refused'): number {
  mustBeRegular(links === 'followed' ? statSync(path) : lstatSync(path));
  const file = openSync(path, flags(links));
  try {
    mustBeRegular(fstatSync(file));
    return file;
  } catch (error) {
    closeSync(file);
    throw error;
  }
}

/** All of a file of at most `maxBytes`, and what it was like when it was opened. */
export async function readRegular(
  path: string,
  maxBytes: number,
  links: Links = 'refused',
  signal?: AbortSignal,
): Promise<{ readonly bytes: Buffer; readonly stat: Stats }> {
  const handle = await openRegular(path, links);
  try {
    const found = await handle.stat();
    if (found.size > maxBytes) throw Object.assign(new Error('the file is too large'), { code: TOO_LARGE });
    return { bytes: await handle.readFile({ signal }), stat: found };
  } finally {
    await handle.close();
  }
}

/** Why what is there is no file to be read; null: it is one. */
export function irregular(found: Stats | BigIntStats): string | null {
  if (found.isFile()) return null;
  if (found.isSymbolicLink()) return 'it is a symbolic link, and none is followed: put the file itself there';
  return `it is ${found.isDirectory() ? 'a directory' : 'no regular file'}: put the file itself there`;
}

function flags(links: Links): number {
  return links === 'followed' ? FLAGS : FLAGS | (constants.O_NOFOLLOW ?? 0);
}

function mustBeRegular(found: Stats): void {
  if (found.isFile()) return;
  const code = found.isSymbolicLink() ? 'ELOOP' : found.isDirectory() ? 'EISDIR' : NOT_REGULAR;
  throw Object.assign(new Error('not a regular file'), { code });
}
