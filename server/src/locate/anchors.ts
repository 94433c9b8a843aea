/**
 * From a call to the lines it belongs to, in a file as it is today. An edit is found by the text it wrote, not by stored
 * numbers; what can't be found any more is marked stale. Pure: files come in as lines.
 */
import type { Span } from '../protocol/document';
import type { AnchorHow } from '../protocol/messages';
import { asArray, asNumber, asObject, asString } from '../decode/json';
import { baseDirectory, sandboxPath, splitPlace, strings, isForeign } from './touches';

export interface LinesClaim {
  readonly kind: 'lines';
  readonly path: string;
  readonly start: number;
  readonly end: number;
  readonly how: AnchorHow;
}

/** A place before its file was looked at. */
export type PlaceClaim =
  | { readonly kind: 'text'; readonly path: string; readonly text: string; readonly near: number | null }
  | LinesClaim
  | { readonly kind: 'file'; readonly path: string; readonly how: AnchorHow };

export interface PlacedClaim {
  readonly startLine: number;
  readonly endLine: number;
  readonly how: AnchorHow;
  readonly stale: boolean;
  readonly wholeFile: boolean;
}

export const claimLimit = 8;

/** Where a call says it was, best first. `args` as the tool got them; `workspaceDir` is the run's. */
export function claimsOf(span: Span, args: unknown, workspaceDir: string | null): readonly PlaceClaim[] {
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
      claims = path === null ? [] : editClaims(path, object, near);
      break;
    case 'write':
      claims = path === null ? [] : [{ kind: 'file', path, how: 'path' }];
      break;
    case 'read':
    case 'memory_get':
      claims = path === null ? [] : [readClaim(path, object)];
      break;
    case 'apply_patch':
      claims = patchClaims(asString(object['input']) ?? asString(object['patch']) ?? '', base);
      break;
    default:
      claims = otherClaims(span, workspaceDir);
  }
  return claims.slice(0, claimLimit);
}

function editClaims(path: string, args: Readonly<Record<string, unknown>>, near: number | null): readonly PlaceClaim[] {
  const edits = asArray(args['edits']) ?? [args];
  const claims: PlaceClaim[] = [];
  for (const value of edits) {
    const edit = asObject(value);
    const text = asString(edit?.['newText']) ?? asString(edit?.['new_string']);
    if (text !== null && text.trim() !== '') claims.push({ kind: 'text', path, text, near });
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

const patchFile = /^\*\*\* (Add File|Update File|Delete File|Move to): (.+)$/;

function patchClaims(patch: string, base: string | null): readonly PlaceClaim[] {
  const claims: PlaceClaim[] = [];
  let path: string | null = null;
  let added: string[] = [];
  const flush = (): void => {
    if (path !== null && added.join('').trim() !== '') claims.push({ kind: 'text', path, text: added.join('\n'), near: null });
    added = [];
  };
  for (const line of patch.split('\n')) {
    const file = patchFile.exec(line);
    if (file !== null) {
      flush();
      path = sandboxPath((file[2] ?? '').trim(), base);
      if (path !== null && file[1] === 'Add File') claims.push({ kind: 'file', path, how: 'patch' });
      if (file[1] === 'Delete File' || file[1] === 'Add File') path = null;
    } else if (line.startsWith('+')) added.push(line.slice(1));
    else flush();
  }
  flush();
  return claims;
}

/** Commands and other tools: the deepest frame of ours that the output names, then paths among the arguments. */
function otherClaims(span: Span, workspaceDir: string | null): readonly PlaceClaim[] {
  const base = baseDirectory(span, workspaceDir);
  const claims: PlaceClaim[] = [];
  for (const place of [...strings(span.attributes['sandglass.places'])].reverse()) {
    const { path, line } = splitPlace(place);
    const absolute = sandboxPath(path, base);
    if (absolute === null || isForeign(absolute)) continue;
    claims.push({ kind: 'lines', path: absolute, start: line - 1, end: line - 1, how: 'traceback' });
  }
  for (const written of strings(span.attributes['sandglass.paths'])) {
    const absolute = sandboxPath(written, workspaceDir ?? base);
    if (absolute !== null && !isForeign(absolute)) claims.push({ kind: 'file', path: absolute, how: 'path' });
  }
  return claims;
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
