/**
 * Repositories of a sandbox by its files: which one a file lies in, and where that stands. Read are `.git/HEAD`, the branch it names and
 * the list of its moves, never its configuration, which may hold credentials; no git is run there, and nothing is written.
 */
import { posix } from 'node:path';
import { SandboxFileError } from '../../attach/errors';
import type { SandboxFiles } from '../../attach/record';
import { directoriesAbove } from '../outside';
import { headOf, movesOf, packedRef } from './hashes';

export interface SandboxState {
  /** Null: nothing was committed yet. */
  readonly head: string;
  /** Commits it was at before, this one too. */
  readonly been: ReadonlySet<string>;
  readonly origin: string | null;
}

/** The directory of the repository that a file lies in; null: none, or one whose data lies elsewhere, as that of a submodule does. */
export async function sandboxRootOf(files: SandboxFiles, path: string, signal: AbortSignal): Promise<string | null> {
  for (const directory of directoriesAbove(path)) {
    const about = await files.stat(posix.join(directory, '.git'), signal);
    if (about !== null) return about.type === 'directory' ? directory : null;
  }
  return null;
}

/** Null: it has no commit, or does not tell. */
export async function sandboxStateOf(files: SandboxFiles, root: string, signal: AbortSignal): Promise<SandboxState | null> {
  const read = (way: string): Promise<string | null> => textOf(files, posix.join(root, '.git', way), signal);
  const head = headOf((await read('HEAD')) ?? '');
  if (head === null) return null;
  let hash = head.kind === 'commit' ? head.hash : null;
  if (head.kind === 'branch') {
    const loose = headOf((await read(head.ref)) ?? '');
    hash = loose?.kind === 'commit' ? loose.hash : packedRef((await read('packed-refs')) ?? '', head.ref);
  }
  if (hash === null) return null;
  const moves = movesOf((await read('logs/HEAD')) ?? '');
  return { head: hash, been: new Set([hash, ...moves.commits]), origin: moves.origin };
}

async function textOf(files: SandboxFiles, path: string, signal: AbortSignal): Promise<string | null> {
  try {
    return Buffer.from((await files.read(path, signal)).bytes).toString('utf8');
  } catch (error) {
    // What is there and can't be read may say that it is another repository.
    if (SandboxFileError.is(error, 'not-found')) return null;
    throw error;
  }
}
