/**
 * From a path in the sandbox to a file of the workspace, where there surely is one: by the user's mappings, by bind mounts
 * into the workspace, because both lie in one git repository, or because a file of the same name in the workspace holds the very
 * same bytes. Nothing outside the workspace is ever answered, whatever a sandbox path says: links are followed before that is judged.
 */
import { createHash } from 'node:crypto';
import { realpath, stat } from 'node:fs/promises';
import { isAbsolute, join, posix, relative, resolve, sep } from 'node:path';
import { NOT_REGULAR, readRegular, TOO_LARGE } from '../attach/regularFile';
import type { RepositoryDoubt } from '../protocol/mappings';
import type { AnchorMapping, PathMapping } from '../protocol/messages';
import { searchedBytes } from './fileCache';

export interface MappingContext {
  /** Absolute host paths of the workspace folders; empty when none is open. */
  readonly folders: readonly string[];
  readonly mappings: readonly PathMapping[];
  readonly mounts: readonly { readonly sandbox: string; readonly host: string }[];
  /** What the repositories of both sides say. */
  readonly git: (path: string) => Promise<GitAnswer>;
}

export type GitAnswer =
  | { readonly kind: 'none' }
  | { readonly kind: 'same'; readonly path: string; readonly root: string; readonly sandboxRoot: string }
  /** Each of `roots` may be the repository, and none surely is. */
  | { readonly kind: 'doubt'; readonly why: RepositoryDoubt; readonly roots: readonly string[]; readonly sandboxRoot: string };

function inside(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way === '' || (!way.startsWith(`..${sep}`) && way !== '..' && !isAbsolute(way));
}

async function real(path: string): Promise<string | null> {
  try {
    return await realpath(path);
  } catch (error) {
    if (isUnreadable(error)) return null;
    throw error;
  }
}

/** Not there, or not for us: then it is no file of the workspace that could be shown. */
export function isUnreadable(error: unknown): boolean {
  return unreadable.has((error as NodeJS.ErrnoException | null)?.code ?? '');
}

const unreadable: ReadonlySet<string> = new Set([
  'ENOENT',
  'ENOTDIR',
  'EISDIR',
  'EACCES',
  'EPERM',
  'ELOOP',
  'ENAMETOOLONG',
  'EIO',
  'ENXIO',
  NOT_REGULAR,
  TOO_LARGE,
]);

/**
 * The file, if it exists and lies in one of the folders after all links are followed; as the editor writes it, which knows
 * the folder by the name it was opened by, not by where that name leads.
 */
async function contained(path: string, folders: readonly string[]): Promise<string | null> {
  const target = await real(path);
  if (target === null || (await fileSize(target)) === null) return null;
  for (const folder of folders) {
    const root = await real(folder);
    if (root !== null && inside(target, root)) return inside(path, folder) ? path : join(folder, relative(root, target));
  }
  return null;
}

/** Null when it is no file, or can't be looked at. */
async function fileSize(path: string): Promise<number | null> {
  try {
    const about = await stat(path);
    return about.isFile() ? about.size : null;
  } catch (error) {
    if (isUnreadable(error)) return null;
    throw error;
  }
}

async function contentHashOf(path: string): Promise<string | null> {
  try {
    const { bytes } = await readRegular(path, searchedBytes, 'followed');
    return createHash('sha256').update(bytes).digest('hex');
  } catch (error) {
    if (isUnreadable(error)) return null;
    throw error;
  }
}

function under(path: string, prefix: string): string | null {
  const base = withoutSlash(prefix);
  if (path === base) return '';
  return path.startsWith(base === '/' ? '/' : `${base}/`) ? path.slice(base === '/' ? 1 : base.length + 1) : null;
}

function withoutSlash(path: string): string {
  return path.endsWith('/') && path !== '/' ? path.slice(0, -1) : path;
}

export function mappedDirectory(mapping: PathMapping, folders: readonly string[]): string | null {
  if (isAbsolute(mapping.workspace)) return mapping.workspace;
  const [first] = folders;
  return first === undefined ? null : resolve(first, mapping.workspace);
}

export interface MappedFile {
  /** Absolute, on the host. */
  readonly path: string;
  /** A `mount` is the very file of the sandbox; the others are copies. */
  readonly by: AnchorMapping;
}

/** `contentHash`: SHA-256 (hex) of the sandbox's file, asked for only when names alone can't decide. */
export async function toWorkspace(
  path: string,
  context: MappingContext,
  contentHash: () => Promise<string | null>,
): Promise<MappedFile | null> {
  // A directory is as long as its name, not as it was written.
  const byLength = context.mappings
    .map((mapping) => ({ mapping, sandbox: withoutSlash(posix.normalize(mapping.sandbox)) }))
    .sort((a, b) => b.sandbox.length - a.sandbox.length);
  for (const { mapping, sandbox } of byLength) {
    const rest = under(path, sandbox);
    const directory = mappedDirectory(mapping, context.folders);
    if (rest === null || directory === null) continue;
    // The user named this directory, so it is as good as a workspace folder.
    const found = await contained(join(directory, rest), [directory]);
    if (found !== null) return { path: (await contained(found, context.folders)) ?? found, by: 'mapping' };
  }
  for (const mount of context.mounts) {
    const rest = under(path, mount.sandbox);
    const found = rest === null ? null : await contained(join(mount.host, rest), context.folders);
    if (found !== null) return { path: found, by: 'mount' };
  }
  const git = await context.git(path);
  if (git.kind === 'same') {
    const found = await contained(git.path, context.folders);
    if (found !== null) return { path: found, by: 'git' };
  }
  const found = await byContent(path, context.folders, contentHash);
  return found === null || (git.kind === 'doubt' && (await isInAnother(found, path, git))) ? null : { path: found, by: 'content' };
}

/** Another repository that may be the one of the sandbox has the same file: its bytes tell them apart no more than its commits did. */
async function isInAnother(found: string, path: string, { roots, sandboxRoot }: Extract<GitAnswer, { kind: 'doubt' }>): Promise<boolean> {
  const rest = under(path, sandboxRoot);
  const places = rest === null ? [] : roots.map((root) => join(root, ...rest.split('/')));
  const target = await real(found);
  const hash = await contentHashOf(found);
  for (const place of places) {
    if ((await real(place)) === target) continue;
    if (hash === null || (await contentHashOf(place)) === hash) return true;
  }
  return false;
}

async function byContent(path: string, folders: readonly string[], contentHash: () => Promise<string | null>): Promise<string | null> {
  const parts = path.split('/').filter((part) => part !== '');
  let hash: string | null | undefined;
  // The longest tail first: `project/pricing/cart.py` says more than `cart.py`.
  for (let from = 0; from < parts.length; from++) {
    for (const folder of folders) {
      const candidate = await contained(join(folder, ...parts.slice(from)), [folder]);
      if (candidate === null) continue;
      hash ??= await contentHash();
      if (hash === null) return null;
      if ((await contentHashOf(candidate)) === hash) return candidate;
    }
  }
  return null;
}
