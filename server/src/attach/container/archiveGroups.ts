/** Which files of a directory of sessions are read together, so that what became of one can be told from another. */
import { transcriptName } from '../reader/names';
import type { ChangedFile, DirectoryListing, Listing } from './archiveListing';

export interface Group {
  readonly files: ChangedFile[];
  readonly gone: string[];
}

/** What changed of each session, with what may explain it: the archives beside a transcript that is gone or did not just grow. */
export function groups(
  relative: string,
  listing: DirectoryListing,
  { files, changed }: Listing,
  cursors: ReadonlyMap<string, string>,
): readonly Group[] {
  const found = new Map<string, Group>();
  const groupOf = (name: string): Group => {
    const group = found.get(stemOf(name)) ?? { files: [], gone: [] };
    found.set(stemOf(name), group);
    return group;
  };
  const unexplained = new Set<string>();
  const prefix = `file:${relative}/`;
  for (const key of cursors.keys()) {
    const name = key.startsWith(prefix) ? key.slice(prefix.length) : '';
    if (name === '' || name.includes('/') || files.get(name)?.kind === 'file') continue;
    groupOf(name).gone.push(name);
    unexplained.add(stemOf(name));
  }
  for (const file of changed) {
    groupOf(file.name).files.push(file);
    if (file.stat.size <= (listing.statTaken(file.name)?.size ?? -1)) unexplained.add(stemOf(file.name));
  }
  const chosen = new Set(changed.map(({ name }) => name));
  if (unexplained.size > 0)
    for (const name of files.keys()) {
      const stat = isPutAway(name) && unexplained.has(stemOf(name)) && !chosen.has(name) ? listing.statTaken(name) : null;
      if (stat !== null) groupOf(name).files.push({ name, stat });
    }
  return [...found.values()];
}

/** Files of one session belong together: one may explain what became of another. */
function stemOf(name: string): string {
  const trajectory = '.trajectory.jsonl';
  return name.endsWith(trajectory) ? name.slice(0, -trajectory.length) : (transcriptName(name)?.stem ?? name);
}

/** What became of a transcript that was reset, deleted or put aside; it changes no more. */
export function isPutAway(name: string): boolean {
  const state = transcriptName(name)?.state;
  return state !== undefined && state !== 'live';
}
