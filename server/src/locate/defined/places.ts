/** Where in a folder of the workspace definitions are looked for. */
import { lstat, readdir, realpath } from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';
import { isSecretPath } from '../../attach/secretPaths';
import { isUnreadable } from '../mapping';
import { configFile, manifestFile } from './definition';

export const maxDepth = 12;
const skippedDirectories = new Set([
  ...[
    'node_modules',
    '.git',
    '.hg',
    '.svn',
    'dist',
    'build',
    'out',
    'target',
    'vendor',
    '.venv',
    'venv',
    '__pycache__',
    '.cache',
    'coverage',
  ],
]);
const transcripts = /(?:^|\/)agents\/[^/]+\/sessions$/;

export async function listed(directory: string) {
  try {
    const children = await readdir(directory, { withFileTypes: true });
    return children.sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' ? 'there is none' : `it can't be read (${code})`;
  }
}

/** The manifest in this directory or the next one above it, within the folder. */
export async function manifestAbove(folder: string, directory: string): Promise<string | null> {
  let at = directory;
  for (let up = 0; up <= maxDepth && isWithin(folder, at); up++) {
    const path = join(at, manifestFile);
    try {
      if ((await lstat(path)).isFile()) return path;
    } catch (error) {
      if (!isUnreadable(error)) throw error;
    }
    const above = dirname(at);
    if (above === at) break;
    at = above;
  }
  return null;
}

export function isSkipped(folder: string, path: string): boolean {
  const inside = slashed(relative(folder, path));
  const names = inside.split('/');
  if (names.some((name) => skippedDirectories.has(name)) || transcripts.test(inside)) return true;
  // A workspace is no root: what is secret by where it lies in a whole system is not so beneath it.
  const judged = names.at(-1) === configFile ? [...names.slice(0, -1), 'file'] : names;
  return isSecretPath(`/workspace/${judged.join('/')}`);
}

export function isWithin(folder: string, path: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

export function slashed(path: string): string {
  return sep === '/' ? path : path.split(sep).join('/');
}

/**
 * Whether it really lies in one of the folders, and in nothing of it that is passed over: any directory above it may be a link. Of the
 * file itself whoever opens it takes care.
 */
export async function isReallyWithin(folders: readonly string[], path: string): Promise<boolean> {
  const parent = await real(dirname(path));
  if (parent === null) return false;
  // The one it is asked for in first: it hardly ever lies in another.
  for (const each of [...folders.filter((one) => isWithin(one, path)), ...folders]) {
    const folder = await real(each);
    if (folder !== null && isWithin(folder, parent) && !isSkipped(folder, join(parent, basename(path)))) return true;
  }
  return false;
}

async function real(directory: string): Promise<string | null> {
  try {
    return await realpath(directory);
  } catch (error) {
    if (isUnreadable(error)) return null;
    throw error;
  }
}
