/** What a call wrote, and whether it lies where its writing is seen: in the agent's workspace, in a git repository. */
import { posix } from 'node:path';
import { SandboxFileError } from '../attach/errors';
import type { SandboxFiles, Source } from '../attach/record';
import { directoriesAbove, liesOutside, writtenPaths } from '../locate/outside';
import type { Span } from '../protocol/document';
import type { WrittenFile } from '../protocol/messages';

/** Files of one call that are looked after; a patch may name more. */
const filesShown = 8;
/** An answer of the sandbox that takes longer is none. */
const lookMs = 3000;

export async function writtenFiles(
  { kind, files }: { readonly kind?: Source['kind']; readonly files: SandboxFiles },
  span: Span,
  workspaceDir: string | null,
  signal: AbortSignal,
): Promise<readonly WrittenFile[]> {
  // Of what stands beside its files a recording knows nothing.
  const seesAll = kind === 'container';
  const late = AbortSignal.any([signal, AbortSignal.timeout(lookMs)]);
  const known = new Map<string, Promise<boolean>>();
  const holdsGit = (directory: string): Promise<boolean> => {
    const asked = known.get(directory) ?? files.stat(posix.join(directory, '.git'), late).then((about) => about !== null);
    known.set(directory, asked);
    return asked;
  };
  return Promise.all(
    writtenPaths(span, workspaceDir)
      .slice(0, filesShown)
      .map(async (path) => ({
        path,
        outside: liesOutside(path, workspaceDir),
        git: seesAll ? await inGit(files, path, holdsGit, late) : null,
      })),
  );
}

/** Null: the file is not there any more, or the sandbox doesn't tell. */
async function inGit(
  files: SandboxFiles,
  path: string,
  holdsGit: (directory: string) => Promise<boolean>,
  late: AbortSignal,
): Promise<boolean | null> {
  try {
    if ((await files.stat(path, late)) === null) return null;
    for (const directory of directoriesAbove(path)) if (await holdsGit(directory)) return true;
    return false;
  } catch (error) {
    if (SandboxFileError.is(error) || late.aborted) return null;
    throw error;
  }
}
