/**
 * Files of the workspace by their names: one look through the folders, the upper directories first, up to a bound. Links are not
 * followed, and what others put there (packages, caches, repositories' own data) is left out.
 */
import { readdir } from 'node:fs/promises';
import { isUnreadable } from './mapping';

export interface FoundFile {
  readonly folder: string;
  /** Within the folder, with slashes. */
  readonly way: string;
}

export interface FoundNames {
  /** All places of a name: as many as entries may be, in all. */
  readonly byName: ReadonlyMap<string, readonly FoundFile[]>;
  readonly isThere: (file: FoundFile) => boolean;
  readonly isProject: (folder: string, way: string) => boolean;
  readonly entries: number;
  readonly cut: boolean;
}

export const entryLimit = 100_000;
const depthLimit = 24;

/** Of others, not of the project. */
export const leftOut: ReadonlySet<string> = new Set([
  '.git',
  '.hg',
  '.svn',
  'node_modules',
  'bower_components',
  'site-packages',
  '.venv',
  'venv',
  '.tox',
  '.nox',
  '.mypy_cache',
  '.pytest_cache',
  '.ruff_cache',
  '__pycache__',
  '.cache',
  '.gradle',
  '.terraform',
]);
const marks: ReadonlySet<string> = new Set([
  '.git',
  'package.json',
  'pyproject.toml',
  'setup.py',
  'requirements.txt',
  'Cargo.toml',
  'go.mod',
  'pom.xml',
  'build.gradle',
  'build.gradle.kts',
  'CMakeLists.txt',
  'Makefile',
  'Gemfile',
  'composer.json',
]);

export async function findNames(
  folders: readonly string[],
  names: ReadonlySet<string>,
  signal: AbortSignal,
  limit = entryLimit,
): Promise<FoundNames> {
  const byName = new Map<string, FoundFile[]>();
  const there = new Set<string>();
  const projects = new Set<string>();
  const key = (folder: string, way: string): string => `${folder}\u0000${way}`;
  let queue: FoundFile[] = folders.map((folder) => ({ folder, way: '' }));
  // A folder that was opened is where its owner begins, whatever lies in it.
  for (const { folder } of queue) projects.add(key(folder, ''));
  let entries = 0;
  let cut = false;
  for (let depth = 0; queue.length > 0 && !cut; depth++) {
    const deeper: FoundFile[] = [];
    for (const directory of queue) {
      if (signal.aborted || entries >= limit) {
        cut = true;
        break;
      }
      for (const entry of await listed(directory)) {
        entries += 1;
        const way = directory.way === '' ? entry.name : `${directory.way}/${entry.name}`;
        if (marks.has(entry.name)) projects.add(key(directory.folder, directory.way));
        if (entry.isDirectory()) {
          if (!leftOut.has(entry.name)) deeper.push({ folder: directory.folder, way });
        } else if (entry.isFile() && names.has(entry.name)) {
          const known = byName.get(entry.name) ?? [];
          byName.set(entry.name, known);
          known.push({ folder: directory.folder, way });
          there.add(key(directory.folder, way));
        }
      }
    }
    cut ||= depth >= depthLimit && deeper.length > 0;
    queue = depth >= depthLimit ? [] : deeper;
  }
  return {
    byName,
    isThere: ({ folder, way }) => there.has(key(folder, way)),
    isProject: (folder, way) => projects.has(key(folder, way)),
    entries,
    cut,
  };
}

async function listed({ folder, way }: FoundFile) {
  try {
    const entries = await readdir(way === '' ? folder : `${folder}/${way}`, { withFileTypes: true });
    // Where a bound cuts, it is the same on every disk.
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    if (isUnreadable(error)) return [];
    throw error;
  }
}
