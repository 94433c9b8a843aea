/** The two kinds of patch in a trace: what apply_patch is given, and the unified diff that other tools report. */
import { parsePatch } from 'diff';
import { blamedLines } from './lines';

/** A place of an apply_patch: the lines it looks for and what they become. */
export interface Chunk {
  /** A line to go on behind, or null. */
  readonly context: string | null;
  readonly oldLines: readonly string[];
  readonly newLines: readonly PatchedLine[];
  readonly atEnd: boolean;
}

export interface PatchedLine {
  readonly text: string;
  readonly added: boolean;
}

export type PatchedFile =
  | { readonly kind: 'add'; readonly path: string; readonly lines: readonly string[] }
  | { readonly kind: 'delete'; readonly path: string }
  | { readonly kind: 'update'; readonly path: string; readonly moveTo: string | null; readonly chunks: readonly Chunk[] };

const header = /^\*\*\* (Add|Update|Delete) File: (.+)$/;
const move = /^\*\*\* Move to: (.+)$/;

/** Null: it is no patch that the tool would have taken. */
export function parseApplyPatch(input: string): readonly PatchedFile[] | null {
  const lines = input.trim().split(/\r?\n/);
  const begin = lines.findIndex((line) => line.trim() === '*** Begin Patch');
  const end = lines.findLastIndex((line) => line.trim() === '*** End Patch');
  if (begin < 0 || end <= begin) return null;
  const files: PatchedFile[] = [];
  for (let at = begin + 1; at < end;) {
    if ((lines[at] ?? '').trim() === '') {
      at += 1;
      continue;
    }
    const found = header.exec((lines[at] ?? '').trim());
    const path = found?.[2]?.trim();
    if (found === null || path === undefined) return null;
    let next = at + 1;
    while (next < end && !header.test((lines[next] ?? '').trimEnd())) next += 1;
    const body = lines.slice(at + 1, next);
    if (found[1] === 'Delete') files.push({ kind: 'delete', path });
    else if (found[1] === 'Add') {
      // A final line break is what the tool puts behind the last line.
      files.push({ kind: 'add', path, lines: [...body.filter((line) => line.startsWith('+')).map((line) => line.slice(1)), ''] });
    } else {
      const moved = move.exec((body[0] ?? '').trim());
      const chunks = chunksOf(moved === null ? body : body.slice(1));
      if (chunks === null) return null;
      files.push({ kind: 'update', path, moveTo: moved?.[1]?.trim() ?? null, chunks });
    }
    at = next;
  }
  return files;
}

function chunksOf(body: readonly string[]): readonly Chunk[] | null {
  const chunks: Chunk[] = [];
  let context: string | null = null;
  let oldLines: string[] = [];
  let newLines: PatchedLine[] = [];
  let atEnd = false;
  const flush = (): void => {
    if (oldLines.length > 0 || newLines.length > 0) chunks.push({ context, oldLines, newLines, atEnd });
    [context, oldLines, newLines, atEnd] = [null, [], [], false];
  };
  for (const line of body) {
    if (line === '@@' || line.startsWith('@@ ')) {
      flush();
      context = line === '@@' ? null : line.slice(3);
    } else if (line.trim() === '*** End of File') atEnd = true;
    else if (line.startsWith('+')) newLines.push({ text: line.slice(1), added: true });
    else if (line.startsWith('-')) oldLines.push(line.slice(1));
    else if (line.startsWith(' ') || line === '') {
      oldLines.push(line.slice(1));
      newLines.push({ text: line.slice(1), added: false });
    } else return null;
  }
  flush();
  return chunks;
}

export interface Placed {
  /** Zero-based, in the lines as they were. */
  readonly at: number;
  readonly removed: number;
  readonly lines: readonly PatchedLine[];
}

/** Lines compared for all chunks of one patch: what they are is up to whoever wrote it. */
export const patchComparisons = 500_000;

/** How many comparisons are left; below nothing, all that is looked for counts as not there. */
export interface Work {
  left: number;
}

/**
 * Where the chunks apply, as the tool looks for them; null: not there, or it took too many comparisons. `lines` without the empty last
 * one.
 */
export function placeChunks(
  lines: readonly string[],
  chunks: readonly Chunk[],
  work: Work = { left: patchComparisons },
): readonly Placed[] | null {
  const texts = new Looked(lines);
  const placed: Placed[] = [];
  let from = 0;
  for (const chunk of chunks) {
    if (chunk.context !== null) {
      const found = seek(texts, [chunk.context], from, false, work);
      if (found === null) return null;
      from = found + 1;
    }
    if (chunk.oldLines.length === 0) {
      const end = lines.at(-1) === '' ? lines.length - 1 : lines.length;
      from = chunk.context !== null && !chunk.atEnd ? from : end;
      placed.push({ at: from, removed: 0, lines: chunk.newLines });
      continue;
    }
    let { oldLines, newLines } = chunk;
    let found = seek(texts, oldLines, from, chunk.atEnd, work);
    if (found === null && oldLines.at(-1) === '') {
      oldLines = oldLines.slice(0, -1);
      if (newLines.at(-1)?.text === '') newLines = newLines.slice(0, -1);
      found = seek(texts, oldLines, from, chunk.atEnd, work);
    }
    if (found === null) return null;
    placed.push({ at: found, removed: oldLines.length, lines: newLines });
    from = found + oldLines.length;
  }
  return placed;
}

/** What counts as the same line, strictest first. The tool also takes other dashes and quotes for the same; that is not followed. */
const sames = [(line: string) => line, (line: string) => line.trimEnd(), (line: string) => line.trim()] as const;

/** The lines in each of the ways in which they are compared, made once. */
class Looked {
  readonly #made: (readonly string[])[] = [];

  constructor(readonly lines: readonly string[]) {}

  as(way: number, same: (line: string) => string): readonly string[] {
    return (this.#made[way] ??= this.lines.map(same));
  }
}

function seek(texts: Looked, wanted: readonly string[], start: number, atEnd: boolean, work: Work): number | null {
  if (wanted.length === 0) return start;
  const last = texts.lines.length - wanted.length;
  for (const [way, same] of sames.entries()) {
    if (work.left < 0) return null;
    const lines = texts.as(way, same);
    const looked = wanted.map(same);
    for (let at = atEnd ? Math.max(0, last) : start; at <= last; at++) {
      if (standsAt(lines, looked, at, work)) return at;
      if (work.left < 0) return null;
    }
  }
  return null;
}

/** What was compared is taken off the work that is left. */
export function standsAt(lines: readonly string[], wanted: readonly string[], at: number, work: Work): boolean {
  let same = 0;
  while (same < wanted.length && lines[at + same] === wanted[same]) same += 1;
  work.left -= same + 1;
  return same === wanted.length && work.left >= 0;
}

/** A place of a unified diff. */
export interface Hunk {
  /** Zero-based. */
  readonly oldStart: number;
  readonly newStart: number;
  readonly oldLines: readonly string[];
  readonly newLines: readonly PatchedLine[];
}

/** Null: there is none, or it can't be read. */
export function hunksOf(patch: string | null): readonly Hunk[] | null {
  if (patch === null || patch.trim() === '') return null;
  let parsed: ReturnType<typeof parsePatch>;
  try {
    parsed = parsePatch(patch.replace(/\r\n?/g, '\n'));
  } catch (error) {
    // What a trace calls a patch need not be one; then it tells nothing.
    if (error instanceof Error) return null;
    throw error;
  }
  const [file] = parsed;
  if (file === undefined || parsed.length !== 1) return null;
  // A file is laid out up to where a hunk begins: a number out of a trace must not say how far.
  if (file.hunks.some(({ oldStart, newStart }) => !isPlace(oldStart) || !isPlace(newStart))) return null;
  return file.hunks.map((hunk) => ({
    oldStart: hunk.oldStart - 1,
    newStart: hunk.newStart - 1,
    oldLines: hunk.lines.filter((line) => line.startsWith(' ') || line.startsWith('-')).map((line) => line.slice(1)),
    newLines: hunk.lines
      .filter((line) => line.startsWith(' ') || line.startsWith('+'))
      .map((line) => ({ text: line.slice(1), added: line.startsWith('+') })),
  }));
}

function isPlace(start: number): boolean {
  return Number.isInteger(start) && start <= blamedLines;
}
