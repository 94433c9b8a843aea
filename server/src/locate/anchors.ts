/**
 * From a call to the lines it belongs to, in a file as it is today. An edit is found by the text it wrote, not by stored
 * numbers; what can't be found any more is marked stale. Pure: files come in as lines.
 */
import { posix } from 'node:path';
import type { Span } from '../protocol/document';
import type { AnchorHow } from '../protocol/messages';
import { asArray, asNumber, asObject, asString } from '../decode/json';
import { memoryHits, memoryTool } from '../decode/openclaw/memoryResults';
import { placeRefs } from '../decode/openclaw/placeRefs';
import { parseApplyPatch } from './blame/patches';
import { placesOfCommand, ranElsewhere } from './command';
import { baseDirectory, sandboxPath } from './sandboxPath';
import { splitPlace, strings, isForeign } from './touches';

interface Named {
  readonly path: string;
  /** It may be one of these as well: the one that is there is meant, and none when several are. */
  readonly others?: readonly string[];
}

export interface LinesClaim extends Named {
  readonly kind: 'lines';
  readonly start: number;
  readonly end: number;
  readonly how: AnchorHow;
  /** What a search showed of the line; the number of a column may stand before it. */
  readonly shown?: string;
}

export interface FileClaim extends Named {
  readonly kind: 'file';
  readonly how: AnchorHow;
}

/** A place before its file was looked at. */
export type PlaceClaim =
  /** `before`: so many of its lines stood there before and only tell where it is. */
  | ({ readonly kind: 'text'; readonly text: string; readonly near: number | null; readonly before?: number } & Named)
  | LinesClaim
  | FileClaim;

export interface PlacedClaim {
  readonly startLine: number;
  readonly endLine: number;
  readonly how: AnchorHow;
  readonly stale: boolean;
  readonly wholeFile: boolean;
}

export const claimLimit = 48;

/** Where a call says it was, best first. `args` as the tool got them; `workspaceDir` is the run's; `result`: what it gave back. */
export function claimsOf(span: Span, args: unknown, workspaceDir: string | null, result: string | null = null): readonly PlaceClaim[] {
  if (span.kind !== 'execute_tool') return [];
  const name = String(span.attributes['gen_ai.tool.name'] ?? '');
  const base = workspaceDir ?? baseDirectory(span, null);
  const object = asObject(args) ?? {};
  const changed = span.attributes['sandglass.first_changed_line'];
  const near = typeof changed === 'number' ? changed - 1 : null;
  const path = sandboxPath(asString(object['path']) ?? asString(object['file_path']) ?? asString(object['filePath']) ?? '', base);
  let claims: readonly PlaceClaim[];
  switch (name) {
    case 'edit':
      claims = path === null ? [] : span.status === 'error' ? [{ kind: 'file', path, how: 'path' }] : editClaims(path, object, near);
      break;
    case 'write':
      claims = path === null ? [] : [{ kind: 'file', path, how: 'path' }];
      break;
    case 'read':
    case 'memory_get':
      claims = path === null ? [] : [span.status === 'error' ? { kind: 'file', path, how: 'path' } : readClaim(path, object)];
      break;
    case memoryTool:
      claims = memoryClaims(base, result);
      break;
    case 'apply_patch':
      claims = patchClaims(asString(object['input']) ?? asString(object['patch']) ?? '', base, span.status === 'error');
      break;
    default:
      claims = otherClaims(span, args, workspaceDir, result);
  }
  return claims.slice(0, claimLimit);
}

function editClaims(path: string, args: Readonly<Record<string, unknown>>, near: number | null): readonly PlaceClaim[] {
  const edits = asArray(args['edits']) ?? [args];
  const claims: PlaceClaim[] = [];
  for (const value of edits) {
    const edit = asObject(value);
    const text = asString(edit?.['newText']) ?? asString(edit?.['new_string']);
    // The line that the tool tells is that of the first of them.
    if (text !== null && text.trim() !== '') claims.push({ kind: 'text', path, text, near: edits.length === 1 ? near : null });
  }
  // An edit that only removed has no text of its own to be found by.
  return claims.length > 0
    ? claims
    : [near === null ? { kind: 'file', path, how: 'path' } : { kind: 'lines', path, start: near, end: near, how: 'patch' }];
}

function readClaim(path: string, args: Readonly<Record<string, unknown>>): PlaceClaim {
  const offset = asNumber(args['offset']) ?? asNumber(args['from']);
  const limit = asNumber(args['limit']) ?? asNumber(args['lines']);
  if (offset === null && limit === null) return { kind: 'file', path, how: 'path' };
  const start = Math.max(0, (offset ?? 1) - 1);
  return { kind: 'lines', path, start, end: start + Math.max(1, limit ?? 1) - 1, how: 'read-range' };
}

/** The lines of each hit, as long as they begin with what the excerpt began with. */
function memoryClaims(base: string | null, result: string | null): readonly PlaceClaim[] {
  return memoryHits(parsed(result)).flatMap(({ path: written, startLine, endLine, shown }): PlaceClaim[] => {
    const path = sandboxPath(written, base);
    const lines = { start: startLine - 1, end: endLine - 1, how: 'read-range', ...(shown === null ? {} : { shown }) } as const;
    return path === null ? [] : [{ kind: 'lines', path, ...lines }];
  });
}

/** Null where it is no JSON, or was cut. */
function parsed(text: string | null): unknown {
  try {
    return text === null ? null : JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

function patchClaims(patch: string, base: string | null, failed: boolean): readonly PlaceClaim[] {
  const claims: PlaceClaim[] = [];
  for (const file of parseApplyPatch(patch) ?? []) {
    const path = sandboxPath(file.kind === 'update' ? (file.moveTo ?? file.path) : file.path, base);
    if (path === null) continue;
    if (file.kind !== 'update' || failed) {
      claims.push({ kind: 'file', path, how: 'patch' });
      continue;
    }
    // With the lines around them, which tell where they stand.
    for (const { oldLines, newLines } of file.chunks) {
      let before = 0;
      while (before < oldLines.length && before < newLines.length && oldLines[before] === newLines[before]?.text) before += 1;
      if (newLines.some(({ text }) => text.trim() !== ''))
        claims.push({ kind: 'text', path, text: newLines.map(({ text }) => text).join('\n'), near: null, before });
    }
  }
  return claims;
}

/** Commands and other tools: the deepest frame of ours that the output names, then paths among the arguments. */
function otherClaims(span: Span, args: unknown, workspaceDir: string | null, result: string | null): readonly PlaceClaim[] {
  const base = baseDirectory(span, workspaceDir);
  const command = placesOfCommand(span, args, workspaceDir);
  if (command !== null && ranElsewhere(args)) return [];
  const directories = command?.directories ?? [base];
  const claims: PlaceClaim[] = [];
  const places =
    result === null
      ? strings(span.attributes['sandglass.places']).map((place) => ({ ...splitPlace(place), text: null, inPackage: false }))
      : placeRefs(result);
  const packages = goPackages(result ?? '');
  // The text of a file that was only shown may name places of another day.
  if (command?.shows !== true)
    for (const { path, line, text, inPackage } of [...places].reverse()) {
      const ofGo = !inPackage && !path.includes('/') && path.endsWith('.go');
      const [first, ...others] = ofGo ? goPaths(path, directories, packages) : pathsIn(path, directories, inPackage ? sourceRoots : ['']);
      if (first === undefined || (command?.strayed === true && !posix.isAbsolute(path))) continue;
      const shown = text === null || command?.searches !== true ? {} : { shown: text };
      const alternatives = others.length > 0 ? { others } : {};
      claims.push({ kind: 'lines', path: first, start: line - 1, end: line - 1, how: 'traceback', ...alternatives, ...shown });
    }
  for (const { path, lines } of command?.files ?? [])
    if (!isForeign(path))
      claims.push(
        lines === null
          ? { kind: 'file', path, how: 'command-path' }
          : { kind: 'lines', path, start: lines[0], end: lines[1], how: 'command-path' },
      );
  const line = lineArgument(args);
  const written = strings(span.attributes['sandglass.paths']);
  const bySchema = new Set(strings(span.attributes['sandglass.paths.by_schema']));
  for (const path of written) {
    const absolute = sandboxPath(path, workspaceDir ?? base);
    if (absolute === null || isForeign(absolute)) continue;
    const how = bySchema.has(path) ? 'schema' : 'path';
    // Of several files nobody tells whose line it is.
    const lines = how === 'schema' && written.length > 1 ? null : line;
    claims.push(lines === null ? { kind: 'file', path: absolute, how } : { kind: 'lines', path: absolute, ...lines, how });
  }
  return claims;
}

/** Where the sources of packages begin below a project. */
const sourceRoots = ['', 'src', 'src/main/java', 'src/test/java', 'src/main/kotlin', 'src/test/kotlin', 'test', 'app'];
const candidateLimit = 32;

function pathsIn(path: string, directories: readonly (string | null)[], prefixes: readonly string[]): readonly string[] {
  const paths = new Set<string>();
  for (const directory of directories)
    for (const prefix of prefixes) {
      const absolute = sandboxPath(prefix === '' ? path : `${prefix}/${path}`, directory);
      if (absolute !== null && !isForeign(absolute) && paths.size < candidateLimit) paths.add(absolute);
    }
  return [...paths];
}

const packageLine = /^FAIL\t([\w.~/-]{1,256})\t/gm;
const packageLimit = 4;

/** Tests of Go name their files without the directory; below the failed ones stands the package. */
function goPackages(output: string): readonly string[] {
  if (!output.includes('FAIL\t')) return [];
  const packages: string[] = [];
  for (const match of output.slice(-32 * 1024).matchAll(packageLine)) {
    if (packages.length === packageLimit) break;
    packages.push(match[1] ?? '');
  }
  return packages;
}

/** The end of the package is the directory; where the directory that it ran in is called so, it may be that one. */
function goPaths(path: string, directories: readonly (string | null)[], packages: readonly string[]): readonly string[] {
  if (packages.length === 0) return pathsIn(path, directories, ['']);
  const ends = new Set<string>();
  for (const name of packages) {
    const parts = name.split('/');
    for (let from = 1; from < parts.length; from++) ends.add(parts.slice(from).join('/'));
  }
  // A module may have a name of one word that is no directory's.
  const here = directories.filter(
    (directory) =>
      directory !== null && packages.some((name) => !name.includes('/') || name.split('/').at(-1) === posix.basename(directory)),
  );
  return [...new Set([...pathsIn(path, here, ['']), ...pathsIn(path, directories, [...ends])])].slice(0, candidateLimit);
}

/** Of a tool that takes a file and a line of it, counted from one as people do. */
function lineArgument(args: unknown): { readonly start: number; readonly end: number } | null {
  const object = asObject(args);
  const line = asNumber(object?.['line']) ?? asNumber(object?.['startLine']) ?? asNumber(object?.['start_line']);
  // With a character beside it, it is counted as language servers do, from nothing.
  if (line === null || !Number.isInteger(line) || line < 1 || object?.['character'] !== undefined) return null;
  const end = asNumber(object?.['endLine']) ?? asNumber(object?.['end_line']);
  return { start: line - 1, end: end !== null && Number.isInteger(end) && end >= line ? end - 1 : line - 1 };
}

/**
 * Puts a claim on the lines of the file as it is now. Null when the place does not exist any more in any form worth showing
 * (a line beyond the end of the file). `changedSince`: the agent changed the file after this call.
 */
export function placeClaim(claim: PlaceClaim, lines: readonly string[], changedSince: boolean): PlacedClaim | null {
  switch (claim.kind) {
    case 'file':
      return { startLine: 0, endLine: Math.max(0, lines.length - 1), how: claim.how, stale: false, wholeFile: true };
    case 'lines': {
      if (claim.start >= lines.length) return null;
      return {
        startLine: claim.start,
        endLine: Math.min(claim.end, lines.length - 1),
        how: claim.how,
        stale: changedSince,
        wholeFile: false,
      };
    }
    case 'text': {
      const wanted = claim.text.replace(/\r\n/g, '\n').split('\n');
      const found = findLines(lines, wanted, claim.near);
      if (found !== null) return { startLine: found, endLine: found + wanted.length - 1, how: 'edit-text', stale: false, wholeFile: false };
      const line = Math.min(claim.near ?? 0, Math.max(0, lines.length - 1));
      return { startLine: line, endLine: line, how: 'edit-text', stale: true, wholeFile: claim.near === null };
    }
  }
}

/** Lines compared of a claim, and how often lines are compared at all: both files may be made to be slow. */
const comparedLines = 50;
const comparisons = 500_000;
/** Lines before and after that are to be the same too; what tells most is tried first. */
const surroundings = [
  [2, 2],
  [1, 1],
  [0, 1],
  [1, 0],
  [0, 0],
] as const;

/**
 * A claim of line numbers in one copy of a file, where the same lines stand in another; null when they stand nowhere there, or
 * when the lines around them don't tell which of several they are.
 */
export function movedTo(claim: LinesClaim, from: readonly string[], to: readonly string[]): LinesClaim | null {
  if (claim.end >= from.length) return null;
  for (const [before, after] of surroundings) {
    const first = Math.max(0, claim.start - before);
    const wanted = from.slice(first, Math.min(claim.end + 1 + after, first + comparedLines));
    const at = onlyPlaceOf(wanted, to);
    if (at !== null) return { ...claim, start: at + claim.start - first, end: at + claim.end - first };
  }
  return null;
}

/** Where these lines stand, as whole lines and nowhere else; null: nowhere, twice, or not found out in time. */
function onlyPlaceOf(wanted: readonly string[], lines: readonly string[]): number | null {
  let found: number | null = null;
  let left = comparisons;
  for (let at = 0; at + wanted.length <= lines.length; at++) {
    let same = 0;
    while (same < wanted.length && lines[at + same] === wanted[same]) same += 1;
    left -= same + 1;
    if (left < 0) return null;
    if (same < wanted.length) continue;
    if (found !== null) return null;
    found = at;
  }
  return found;
}

/**
 * Where the wanted lines stand, as whole lines or within one; of several places the one nearest to `near`. Null also when that
 * was not found out in time.
 */
export function findLines(lines: readonly string[], wanted: readonly string[], near: number | null): number | null {
  const [first] = wanted;
  if (first === undefined) return null;
  const found: number[] = [];
  let left = comparisons;
  for (let at = 0; at + wanted.length <= lines.length; at++) {
    const same = sameFrom(lines, wanted, at);
    left -= wanted.length > 1 ? same : 0;
    if (left < 0) return null;
    if (same === wanted.length) found.push(at);
  }
  if (found.length <= 1 || near === null) return found.length === 1 ? (found[0] ?? null) : null;
  return found.reduce((best, at) => (Math.abs(at - near) < Math.abs(best - near) ? at : best));
}

/** How many of the wanted lines stand there, one after the other; the replaced text may begin and end in the middle of a line. */
function sameFrom(lines: readonly string[], wanted: readonly string[], at: number): number {
  if (wanted.length === 1) return (wanted[0] ?? '').trim() !== '' && (lines[at] ?? '').includes(wanted[0] ?? '') ? 1 : 0;
  for (let i = 0; i < wanted.length; i++) {
    const line = lines[at + i] ?? '';
    const text = wanted[i] ?? '';
    const fits = i === 0 ? line.endsWith(text) : i === wanted.length - 1 ? line.startsWith(text) : line === text;
    if (!fits) return i;
  }
  return wanted.length;
}
