/**
 * What a repository's small files tell of where it stands: the commit it is at, those it was at before, and, as a hash alone, where it
 * was cloned from. The same of a sandbox's files as of the host's. Pure.
 */
import { createHash } from 'node:crypto';

export const commitHash = /^[0-9a-f]{40}$/;
const branch = /^ref: (refs\/heads\/[^\s\u0000-\u001f\\~^:?*[]{1,200})\s*$/;

export type Head = { readonly kind: 'commit'; readonly hash: string } | { readonly kind: 'branch'; readonly ref: string };

/** Null: it is none of both. */
export function headOf(text: string): Head | null {
  const hash = text.trim();
  if (commitHash.test(hash)) return { kind: 'commit', hash };
  const ref = branch.exec(text)?.[1];
  // It becomes part of a path.
  return ref === undefined || ref.split('/').some((part) => part === '' || part.startsWith('.')) ? null : { kind: 'branch', ref };
}

export function packedRef(text: string, ref: string): string | null {
  for (const line of text.split('\n')) if (line.slice(41) === ref && commitHash.test(line.slice(0, 40))) return line.slice(0, 40);
  return null;
}

/** Moves of HEAD that are looked at, the last ones. */
const movesLimit = 1000;

export interface Moves {
  readonly commits: readonly string[];
  /** Null: it was not cloned, or from a directory, or that is not told. */
  readonly origin: string | null;
}

/** From `logs/HEAD`. Of what people wrote there nothing is kept. */
export function movesOf(text: string): Moves {
  const lines = text.split('\n').filter((line) => line !== '');
  const commits = lines.slice(-movesLimit).flatMap((line) => (commitHash.test(line.slice(41, 81)) ? [line.slice(41, 81)] : []));
  const cloned = /^0{40} [0-9a-f]{40} [^\t]{0,1000}\tclone: from (\S{1,1000})$/.exec(lines[0] ?? '')?.[1];
  return { commits, origin: cloned === undefined ? null : originOf(cloned) };
}

/** The same for one place however it is written; whoever logs in there, and with what, is left out before anything else. */
export function originOf(url: string): string | null {
  const match =
    /^(?:https?|ssh|git):\/\/(?:[^/@]*@)*([^/:@]+)(?::\d+)?\/+(.+)$/.exec(url) ?? /^(?:[^/@:]+@)?([^/:@]{2,}):(?!\/\/)\/*(.+)$/.exec(url);
  const [, host, path] = match ?? [];
  if (host === undefined || path === undefined) return null;
  const way = path
    .replace(/[?#].*$/, '')
    .replace(/\/+$/, '')
    .replace(/\.git$/, '');
  // Hosts know no case, and the large ones no case of paths.
  return createHash('sha256').update(`${host}/${way}`.toLowerCase()).digest('hex');
}
