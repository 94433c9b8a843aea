/** The setting `sandglass.pathMappings` with one mapping more, and back. What else stands in it is left as it is. */
import { isAbsolute, posix, relative, sep } from 'node:path';
import type { PathMapping } from '../../../server/src/protocol/messages';

/** A directory as the setting has it: from the first folder where it lies in that, so that others who open the project have it too. */
export function writtenDirectory(directory: string, folders: readonly string[]): string {
  const [first] = folders;
  if (first === undefined) return directory;
  const way = relative(first, directory);
  if (way === '') return '.';
  return way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way) ? directory : way.split(sep).join('/');
}

/**
 * `value`: what the setting holds, which may be anything at all; null: it is no list, so that somebody has to see to it first. The
 * same directory of a sandbox is mapped once.
 */
export function withMapping(value: unknown, mapping: PathMapping): readonly unknown[] | null {
  if (value !== undefined && !Array.isArray(value)) return null;
  const directory = plainPath(mapping.sandbox);
  const others = ((value ?? []) as readonly unknown[]).filter((entry) => directoryIn(entry) !== directory);
  return [...others, { sandbox: mapping.sandbox, workspace: mapping.workspace }];
}

/**
 * What holds of several values of the setting, the nearest first: as of a setting that is a table, each directory of a sandbox goes
 * by the nearest that has it. Of a list the editor itself would take the nearest alone, and a workspace that maps one directory
 * would end what its user mapped for all.
 */
export function mergedMappings(values: readonly unknown[]): readonly unknown[] {
  const merged: unknown[] = [];
  const known = new Set<string>();
  for (const value of values) {
    if (!Array.isArray(value)) continue;
    const entries = (value as readonly unknown[]).filter((entry) => !known.has(directoryIn(entry) ?? ''));
    for (const entry of entries) known.add(directoryIn(entry) ?? '');
    merged.push(...entries);
  }
  return merged;
}

function directoryIn(entry: unknown): string | null {
  const written = typeof entry === 'object' && entry !== null ? (entry as Record<string, unknown>)['sandbox'] : undefined;
  return typeof written === 'string' ? plainPath(written) : null;
}

/** However often a slash was written. */
function plainPath(path: string): string {
  const plain = posix.normalize(path);
  return plain.length > 1 && plain.endsWith('/') ? plain.slice(0, -1) : plain;
}

/** Directories that hold a file of a sandbox, the nearest first; not those in which everything lies. */
export function directoriesAbove(path: string): readonly string[] {
  const parts = path.split('/').slice(1, -1);
  return parts.map((_, i) => `/${parts.slice(0, parts.length - i).join('/')}`).filter((directory) => directory !== '/sandbox');
}
