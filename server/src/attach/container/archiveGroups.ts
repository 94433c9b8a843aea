/** Which files of a directory of sessions are read together, so that what became of one can be told from another. */
import { transcriptName } from '../reader/names';
import { isTooLarge } from './archiveSnapshot';
import type { ChangedFile, DirectoryListing, Listing } from './archiveListing';

export interface Group {
  readonly files: ChangedFile[];
  readonly gone: string[];
  /** Something became of it that others of its files may explain: to read a part of them would be to accuse without a look. */
  unexplained: boolean;
}

/** As many of its files as are read at once; null: not even that. */
export function within(group: Group, maxBytes: number, maxFiles: number): readonly ChangedFile[] | null {
  const fit: ChangedFile[] = [];
  let bytes = 0;
  for (const file of group.files) {
    if (isTooLarge(file.stat) && !group.unexplained) {
      fit.push(file); // it is not copied, and that is said of it
      continue;
    }
    if (fit.length >= maxFiles || bytes + file.stat.size > maxBytes) continue;
    bytes += file.stat.size;
    fit.push(file);
  }
  return group.unexplained && fit.length < group.files.length ? null : fit;
}

/** What changed of each session, with what may explain it: the archives beside a transcript that is gone or did not just grow. */
export function groups(
  relative: string,
  listing: DirectoryListing,
  { files, changed, unasked }: Listing,
  cursors: ReadonlyMap<string, string>,
): readonly Group[] {
  const found = new Map<string, Group>();
  const groupFor = (stem: string): Group => {
    const group = found.get(stem) ?? { files: [], gone: [], unexplained: false };
    found.set(stem, group);
    return group;
  };
  const groupOf = (name: string): Group => groupFor(stemOf(name));
  const unexplained = new Set<string>();
  const unsure = new Set(unasked);
  for (const name of namesOf(relative, cursors)) {
    if (files.get(name)?.kind === 'file' || unsure.has(name)) continue;
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
  for (const stem of unexplained) groupFor(stem).unexplained = true;
  return [...found.values()];
}

/** Transcripts of this directory of which something was read. */
export function namesOf(relative: string, cursors: ReadonlyMap<string, string>): readonly string[] {
  const prefix = `file:${relative}/`;
  return [...cursors.keys()]
    .filter((key) => key.startsWith(prefix))
    .map((key) => key.slice(prefix.length))
    .filter((name) => name !== '' && !name.includes('/'));
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
