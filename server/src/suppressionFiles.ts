/** Reads `.sandglass/suppressions.yaml`. It is data of a workspace that anyone may have made: a regular file of a bounded size, or none. */
import { lstat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { NOT_REGULAR, readRegular, TOO_LARGE } from './attach/regularFile';
import type { Links } from './attach/regularFile';
import { detectorCodes } from './findings/detector';
import { parseSuppressions, suppressionsBytes, suppressionsPath } from './findings/suppressions';
import type { SuppressionFile } from './findings/suppressions';

/** Of each folder that has one. */
export async function suppressionFilesOf(folders: readonly string[], signal: AbortSignal): Promise<readonly SuppressionFile[]> {
  const files: SuppressionFile[] = [];
  for (const folder of folders) {
    const path = join(folder, suppressionsPath);
    const name = folders.length === 1 ? suppressionsPath : `${basename(folder)}/${suppressionsPath}`;
    const file = await readSuppressions(path, name, 'refused', signal);
    if (file !== null) files.push(file);
  }
  return files;
}

/** What keeps it from being read is a problem of its first line; null: there is none. */
export async function readSuppressions(path: string, name: string, links: Links, signal: AbortSignal): Promise<SuppressionFile | null> {
  try {
    // Nor may its folder lead out of the workspace, where nobody reviews what it says.
    if (links === 'refused' && (await lstat(dirname(path))).isSymbolicLink()) throw linkRefused();
    const { bytes } = await readRegular(path, suppressionsBytes, links, signal);
    return { path, name, ...parseSuppressions(bytes.toString('utf8'), detectorCodes) };
  } catch (error) {
    if (signal.aborted) throw error;
    const code = (error as NodeJS.ErrnoException | null)?.code;
    if (code === undefined) throw error;
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    return { path, name, suppressions: [], problems: [{ line: 0, message: `None of it is used: ${unreadText(code)}.` }] };
  }
}

function linkRefused(): Error {
  return Object.assign(new Error('its folder is a symbolic link'), { code: 'ELOOP' });
}

function unreadText(code: string): string {
  switch (code) {
    case TOO_LARGE:
      return `it is larger than ${suppressionsBytes / 1024} KiB`;
    case 'ELOOP':
      return 'it or its folder is a symbolic link, and none is followed';
    case 'EISDIR':
    case NOT_REGULAR:
      return 'it is no regular file';
    default:
      return `it can't be read (${code})`;
  }
}
