/**
 * Which directory of a sandbox is which of the workspace, told from files that are the same in both. Two files that match say, by
 * the end that their paths have in common, how the directories above them lie; those that say the same are one proposal. What else
 * matches alike makes it ambiguous: nothing is chosen here. Pure.
 */
import { posix } from 'node:path';
import type { Comparison } from './suggestMatch';

/** A file of a sandbox and one of the workspace of the same name, compared. */
export interface ComparedFile {
  readonly source: number;
  readonly sandboxPath: string;
  /** The workspace folder, and the file's way within it. Both with slashes. */
  readonly folder: string;
  readonly way: string;
  readonly comparison: Comparison;
}

/** Where projects begin: directories of the workspace by their folder and way ('' for the folder itself). */
export type IsProject = (folder: string, way: string) => boolean;

/** What the directories are held against. */
export interface Surroundings {
  readonly isProject: IsProject;
  /** Where agents work: more than one project may lie in it, and the agent's own prompt files do. */
  readonly homes: ReadonlySet<string>;
}

export interface SuggestedPlace {
  readonly sandbox: string;
  readonly folder: string;
  readonly way: string;
  readonly matches: readonly ComparedFile[];
  readonly differ: readonly ComparedFile[];
}

export interface Suggestion extends SuggestedPlace {
  readonly confidence: 'sure' | 'likely' | 'ambiguous';
  readonly rivals: readonly SuggestedPlace[];
}

/** Directories in which everything lies: mapped, they would take in what has nothing to do with it. */
const broad: ReadonlySet<string> = new Set(['/', '/sandbox', '/home', '/root', '/tmp', '/workspace', '/sandbox/.openclaw']);

const weights: Readonly<Record<Comparison, number>> = { identical: 2, earlier: 2, edited: 1, different: 0, nothing: 0 };
/** What one must weigh to be shown, and to be called sure. */
const shownWeight = 2;
const sureWeight = 4;
/** One that weighs so many times as much as another is not put in doubt by it. */
const clearly = 3;
const suggestionLimit = 12;
const rivalLimit = 4;

interface Aligned {
  readonly sandbox: readonly string[];
  readonly folder: string;
  readonly way: readonly string[];
  readonly files: ComparedFile[];
}

export function suggestMappings(compared: readonly ComparedFile[], surroundings: Surroundings): readonly Suggestion[] {
  const drafts = [...aligned(compared).values()].flatMap((group) => draftOf(group, surroundings) ?? []);
  drafts.sort((a, b) => weight(b) - weight(a) || a.way.length - b.way.length);
  return drafts.slice(0, suggestionLimit).map((draft) => {
    const rivals = drafts.filter((other) => other !== draft && weight(other) * clearly > weight(draft) && overlap(draft, other));
    const confidence = rivals.length > 0 ? 'ambiguous' : isSure(draft) ? 'sure' : 'likely';
    return { ...draft, confidence, rivals: rivals.slice(0, rivalLimit) };
  });
}

/** By how the directories lie to each other: as far up as the names on both sides are the same. */
function aligned(compared: readonly ComparedFile[]): ReadonlyMap<string, Aligned> {
  const groups = new Map<string, Aligned>();
  for (const file of compared) {
    const sandbox = file.sandboxPath.split('/').slice(1);
    const way = file.way.split('/');
    let common = 0;
    while (common < way.length && common < sandbox.length && sandbox.at(-1 - common) === way.at(-1 - common)) common += 1;
    while (common > 0 && broad.has(pathOf(sandbox.slice(0, sandbox.length - common)))) common -= 1;
    if (common === 0) continue;
    const top = { sandbox: sandbox.slice(0, sandbox.length - common), way: way.slice(0, way.length - common) };
    const key = JSON.stringify([top.sandbox, file.folder, top.way]);
    const group = groups.get(key) ?? { ...top, folder: file.folder, files: [] };
    groups.set(key, group);
    group.files.push(file);
  }
  return groups;
}

/**
 * From the directory that all matching files are in up to where the project begins, but not over a file that is another one here.
 * Where no project begins on the way, it stays where the files are.
 */
function draftOf(group: Aligned, { isProject, homes }: Surroundings): SuggestedPlace | null {
  const matching = group.files.filter(({ comparison }) => weights[comparison] > 0);
  const [first] = matching;
  if (first === undefined) return null;
  const depth = group.sandbox.length;
  const below = (file: ComparedFile): readonly string[] => file.sandboxPath.split('/').slice(1 + depth, -1);
  let lowest = below(first);
  for (const file of matching) {
    const parts = below(file);
    let same = 0;
    while (same < lowest.length && lowest[same] === parts[same]) same += 1;
    lowest = lowest.slice(0, same);
  }
  const at = (parts: readonly string[]): SuggestedPlace => {
    const sandbox = pathOf([...group.sandbox, ...parts]);
    const within = (file: ComparedFile): boolean => file.sandboxPath.startsWith(`${sandbox}/`);
    return {
      sandbox,
      folder: group.folder,
      way: [...group.way, ...parts].join('/'),
      matches: unique(matching.filter(within)),
      differ: unique(group.files.filter((file) => file.comparison === 'different' && within(file))),
    };
  };
  const low = at(lowest);
  let draft = low;
  for (let up = lowest.length; up >= 0; up--) {
    const higher = at(lowest.slice(0, up));
    if (higher.differ.length > low.differ.length || (homes.has(higher.sandbox) && up < lowest.length)) break;
    if (!isProject(higher.folder, higher.way) && !homes.has(posix.dirname(higher.sandbox))) continue;
    draft = higher;
    break;
  }
  return weight(draft) >= shownWeight && draft.differ.length <= draft.matches.length ? draft : null;
}

/** The same file in several sandboxes counts once. */
function unique(files: readonly ComparedFile[]): readonly ComparedFile[] {
  const best = new Map<string, ComparedFile>();
  for (const file of files) {
    const known = best.get(file.sandboxPath);
    if (known === undefined || weights[file.comparison] > weights[known.comparison]) best.set(file.sandboxPath, file);
  }
  return [...best.values()].sort((a, b) => weights[b.comparison] - weights[a.comparison] || (a.sandboxPath < b.sandboxPath ? -1 : 1));
}

function pathOf(parts: readonly string[]): string {
  return `/${parts.join('/')}`;
}

function weight({ matches }: SuggestedPlace): number {
  return matches.reduce((sum, { comparison }) => sum + weights[comparison], 0);
}

function isSure(draft: SuggestedPlace): boolean {
  const exact = draft.matches.filter(({ comparison }) => weights[comparison] === weights.identical).length;
  return exact >= 2 && weight(draft) >= sureWeight && draft.differ.length * 2 <= exact;
}

/** Both can't be: one directory in two places, or, within a sandbox, two directories in one. */
function overlap(a: SuggestedPlace, b: SuggestedPlace): boolean {
  if (nested(a.sandbox, b.sandbox)) return true;
  const sources = new Set(a.matches.map(({ source }) => source));
  return b.matches.some(({ source }) => sources.has(source)) && nested(posix.join(a.folder, a.way), posix.join(b.folder, b.way));
}

function nested(a: string, b: string): boolean {
  return a === b || a.startsWith(`${b}/`) || b.startsWith(`${a}/`);
}
