/** The setting `sandglass.pathMappings` with one mapping more, and back. What else stands in it is left as it is. */
import { isAbsolute, relative, sep } from 'node:path';
import type { PathMapping } from '../../../server/src/protocol/messages';

/** A directory as the setting has it: from the first folder where it lies in that, so that others who open the project have it too. */
export function writtenDirectory(directory: string, folders: readonly string[]): string {
  const [first] = folders;
  if (first === undefined) return directory;
  const way = relative(first, directory);
  if (way === '') return '.';
  return way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way) ? directory : way.split(sep).join('/');
}

/** `value`: what the setting holds, which may be anything at all. The same directory of a sandbox is mapped once. */
export function withMapping(value: unknown, mapping: PathMapping): readonly unknown[] {
  const others = (Array.isArray(value) ? (value as readonly unknown[]) : []).filter((entry) => !isFor(entry, mapping.sandbox));
  return [...others, { sandbox: mapping.sandbox, workspace: mapping.workspace }];
}

function isFor(entry: unknown, sandbox: string): boolean {
  const written = typeof entry === 'object' && entry !== null ? (entry as Record<string, unknown>)['sandbox'] : undefined;
  return typeof written === 'string' && trimmed(written) === trimmed(sandbox);
}

function trimmed(path: string): string {
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}

/** Directories that hold a file of a sandbox, the nearest first; not those in which everything lies. */
export function directoriesAbove(path: string): readonly string[] {
  const parts = path.split('/').slice(1, -1);
  return parts.map((_, i) => `/${parts.slice(0, parts.length - i).join('/')}`).filter((directory) => directory !== '/sandbox');
}
