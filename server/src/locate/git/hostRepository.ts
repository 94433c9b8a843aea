/** Repositories on the host by their files: where one lies, the commit it is at, and the line of commits that led there. */
import { lstat, readdir, realpath } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { isUnreadable } from '../mapping';
import { leftOut } from '../suggestSearch';
import { headOf, movesOf, packedRef } from './hashes';
import { bytesOf, HostObjects, rangeOf } from './objects';

export interface HostRepository {
  /** Named as the workspace's folder is. */
  readonly root: string;
  /** Null: its data lies where nothing of the workspace leads, so what it is is not known. */
  readonly data: { readonly own: string; readonly common: string } | null;
}

export interface FoundRepositories {
  readonly repositories: readonly HostRepository[];
  /** There is more of the workspace than is looked through: one more may lie there. */
  readonly cut: boolean;
}

export interface SearchBounds {
  readonly entries: number;
  readonly depth: number;
  readonly repositories: number;
}

export const usualSearch: SearchBounds = { entries: 50_000, depth: 6, repositories: 32 };

/** Those in which the folders lie, and those that lie in them. Links are not followed. */
export async function repositoriesOf(folders: readonly string[], bounds = usualSearch): Promise<FoundRepositories> {
  const roots = new Set<string>();
  for (const folder of folders) for (const root of await rootAbove(folder)) roots.add(root);
  let entries = 0;
  let cut = false;
  let queue = [...folders];
  for (let depth = 0; queue.length > 0 && !cut; depth++) {
    const deeper: string[] = [];
    for (const directory of queue) {
      if (entries >= bounds.entries || roots.size > bounds.repositories) {
        cut = true;
        break;
      }
      for (const entry of await listed(directory)) {
        entries += 1;
        if (entry.name === '.git') roots.add(directory);
        else if (entry.isDirectory() && !leftOut.has(entry.name)) deeper.push(join(directory, entry.name));
      }
    }
    cut ||= depth >= bounds.depth && deeper.length > 0;
    queue = depth >= bounds.depth ? [] : deeper;
  }
  // The outer ones first: the data of a submodule lies in what it is a part of.
  const sorted = [...roots].sort((a, b) => a.length - b.length);
  const repositories: HostRepository[] = [];
  for (const root of sorted.slice(0, bounds.repositories)) repositories.push({ root, data: await dataOf(root, [...folders, ...sorted]) });
  return { repositories, cut: cut || sorted.length > bounds.repositories };
}

async function rootAbove(folder: string): Promise<readonly string[]> {
  for (let at = folder; ; at = dirname(at)) {
    if ((await kindOf(join(at, '.git'))) !== null) return [at];
    if (dirname(at) === at) return [];
  }
}

/** Where the data of a repository lies: only where the workspace leads without trusting a file of it, or git's own cross-reference. */
async function dataOf(root: string, trusted: readonly string[]): Promise<HostRepository['data']> {
  const entry = join(root, '.git');
  const kind = await kindOf(entry);
  if (kind === 'directory') return { own: entry, common: entry };
  const named = kind === 'file' ? /^gitdir: ([^\n]{1,4096})\n?$/.exec(await textOf(entry, 8192))?.[1] : undefined;
  if (named === undefined) return null;
  const own = await realOf(resolve(root, named));
  if (own === null) return null;
  const common = await commonOf(own);
  // A worktree: the repository it belongs to names it in turn.
  const back = (await textOf(join(own, 'gitdir'), 8192)).trim();
  const crossed = back !== '' && (await realOf(back)) === (await realOf(entry)) && inside(own, join(common, 'worktrees'));
  if (crossed) return { own, common };
  for (const place of trusted) {
    const there = await realOf(place);
    if (there !== null && inside(own, there) && inside(common, there)) return { own, common };
  }
  return null;
}

async function commonOf(own: string): Promise<string> {
  const named = (await textOf(join(own, 'commondir'), 8192)).trim();
  return named === '' ? own : ((await realOf(resolve(own, named))) ?? own);
}

export interface HostState {
  readonly head: string;
  readonly origin: string | null;
}

const firstMoveBytes = 4096;
const refsBytes = 8 * 1024 * 1024;

/** Null: it has no commit yet, or does not tell. */
export async function stateOf({ own, common }: NonNullable<HostRepository['data']>): Promise<HostState | null> {
  const head = headOf(await textOf(join(own, 'HEAD'), 4096));
  if (head === null) return null;
  let hash = head.kind === 'commit' ? head.hash : null;
  if (head.kind === 'branch') {
    const loose = headOf(await textOf(join(common, head.ref), 4096));
    hash = loose?.kind === 'commit' ? loose.hash : packedRef(await textOf(join(common, 'packed-refs'), refsBytes), head.ref);
  }
  // Of a worktree the clone is told by the repository it belongs to.
  return hash === null
    ? null
    : { head: hash, origin: movesOf((await rangeOf(join(common, 'logs', 'HEAD'), 0, firstMoveBytes))?.toString('utf8') ?? '').origin };
}

/** So many commits are gone back, on either line. */
const lineLimit = 10_000;
const turnMs = 25;

/**
 * Whether two commits lie on lines that meet, each line being a commit, its first parent, the first parent of that and so on: then the
 * files of both lie in the same directories. What was only merged in, another project in a directory of its own, is on another line.
 * Null: that is not known, for not all was looked at.
 */
export async function linesMeet(objects: HostObjects, a: string, b: string, signal: AbortSignal): Promise<boolean | null> {
  const lines = [a, b].map((from) => ({ seen: new Set<string>(), next: from as string | null }));
  let rested = performance.now();
  for (let steps = 0; steps < lineLimit; steps++) {
    for (const [at, line] of lines.entries()) {
      if (line.next === null) continue;
      const commit = await objects.commit(line.next);
      // One of the two themselves must be there; further back a shallow clone ends.
      if (commit === null && line.seen.size === 0) return (await objects.isWhole()) ? false : null;
      line.seen.add(line.next);
      if (lines[1 - at]?.seen.has(line.next) === true) return true;
      const before = commit?.firstParent ?? null;
      line.next = before !== null && line.seen.has(before) ? null : before;
    }
    if (lines.every(({ next }) => next === null)) return (await objects.isWhole()) ? false : null;
    if (signal.aborted) return null;
    if (performance.now() - rested < turnMs) continue;
    await setImmediate();
    rested = performance.now();
  }
  return null;
}

export function objectsOf({ common }: NonNullable<HostRepository['data']>): HostObjects {
  return new HostObjects(join(common, 'objects'));
}

function inside(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way));
}

async function kindOf(path: string): Promise<'directory' | 'file' | 'other' | null> {
  try {
    const about = await lstat(path);
    return about.isDirectory() ? 'directory' : about.isFile() ? 'file' : 'other';
  } catch (error) {
    if (isUnreadable(error)) return null;
    throw error;
  }
}

/** The nearest directory above a file that holds a `.git` of any kind. */
export async function nearestRoot(path: string): Promise<string | null> {
  const [root] = await rootAbove(dirname(path));
  return root ?? null;
}

async function realOf(path: string): Promise<string | null> {
  try {
    return await realpath(path);
  } catch (error) {
    if (isUnreadable(error)) return null;
    throw error;
  }
}

async function textOf(path: string, limit: number): Promise<string> {
  return (await bytesOf(path, limit))?.toString('utf8') ?? '';
}

async function listed(directory: string) {
  try {
    const entries = await readdir(directory, { withFileTypes: true });
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    if (isUnreadable(error)) return [];
    throw error;
  }
}
