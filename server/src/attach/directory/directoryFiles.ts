/** The files of a recording: its own tree, under the names they had in the sandbox. Nothing outside the tree, and no secret. */
import { lstat, readdir, realpath, stat } from 'node:fs/promises';
import { join, posix, relative, sep } from 'node:path';
import { SandboxFileError } from '../errors';
import { isInside } from '../reader/agentReader';
import { codeOf } from '../reader/context';
import type { SandboxFiles } from '../record';
import { MAX_FILE_BYTES, MAX_LISTED } from '../fileLimits';
import { NOT_REGULAR, readRegular, TOO_LARGE } from '../regularFile';
import { isSecretPath } from '../secretPaths';

export interface Tree {
  /** Absolute path in the sandbox. */
  readonly sandbox: string;
  /** Real path on this host. */
  readonly host: string;
}

interface Place {
  readonly path: string;
  readonly tree: Tree;
}

export class DirectoryFiles implements SandboxFiles {
  readonly #trees: readonly Tree[];
  readonly #stateDir: Tree;

  /** The state directory's own tree last: any `…/.openclaw/` of another machine is taken for it. */
  constructor(trees: readonly Tree[], stateDir: Tree) {
    this.#trees = [...trees, stateDir];
    this.#stateDir = stateDir;
  }

  async read(path: string, signal: AbortSignal): Promise<{ readonly bytes: Uint8Array; readonly mtime: number }> {
    const place = await this.#find(path);
    signal.throwIfAborted();
    try {
      const { bytes, stat: found } = await readRegular(place.path, MAX_FILE_BYTES, 'refused', signal);
      return { bytes, mtime: Math.round(found.mtimeMs) };
    } catch (error) {
      throw signal.aborted ? error : fileError(error);
    }
  }

  async stat(
    path: string,
    signal: AbortSignal,
  ): Promise<{ readonly type: 'file' | 'directory'; readonly size: number; readonly mtime: number } | null> {
    try {
      const place = await this.#find(path);
      signal.throwIfAborted();
      const found = await stat(place.path);
      if (!found.isFile() && !found.isDirectory()) return null;
      return { type: found.isFile() ? 'file' : 'directory', size: found.size, mtime: Math.round(found.mtimeMs) };
    } catch (error) {
      if (SandboxFileError.is(error, 'not-found') || codeOf(error) === 'ENOENT') return null;
      throw signal.aborted ? error : fileError(error);
    }
  }

  async list(path: string, signal: AbortSignal): Promise<readonly { readonly name: string; readonly type: 'file' | 'directory' }[]> {
    const place = await this.#find(path);
    try {
      const found: { name: string; type: 'file' | 'directory' }[] = [];
      for (const entry of (await readdir(place.path, { withFileTypes: true })).slice(0, MAX_LISTED)) {
        signal.throwIfAborted();
        const child = posix.join(path, entry.name);
        if (isSecretPath(child) || this.#isSecret(join(place.path, entry.name))) continue;
        const kind = entry.isSymbolicLink()
          ? ((await this.#linked(child, signal)) ?? null)
          : entry.isDirectory()
            ? 'directory'
            : entry.isFile()
              ? 'file'
              : null;
        if (kind) found.push({ name: entry.name, type: kind });
      }
      return found.sort((a, b) => (a.name < b.name ? -1 : 1));
    } catch (error) {
      throw signal.aborted ? error : fileError(error);
    }
  }

  async #linked(path: string, signal: AbortSignal): Promise<'file' | 'directory' | null> {
    try {
      return (await this.stat(path, signal))?.type ?? null;
    } catch (error) {
      if (SandboxFileError.is(error)) return null; // it leads out of the tree or to a secret: not shown
      throw error;
    }
  }

  async #find(path: string): Promise<Place> {
    if (!path.startsWith('/') || path.includes('\0')) throw new SandboxFileError('not-found', 'It is not an absolute path.');
    const clean = posix.normalize(path).replace(/(?<=.)\/$/, '');
    if (isSecretPath(clean)) throw secret();
    let refused: SandboxFileError | null = null;
    for (const [tree, rest] of this.#candidates(clean)) {
      const wanted = join(tree.host, rest);
      try {
        await lstat(wanted);
        const real = await realpath(wanted);
        if (!isInside(tree.host, real)) refused = new SandboxFileError('not-found', 'It leads out of the recording.');
        else if (this.#isSecret(real)) throw secret();
        else return { path: real, tree };
      } catch (error) {
        if (SandboxFileError.is(error)) throw error;
        if (codeOf(error) !== 'ENOENT' && codeOf(error) !== 'ENOTDIR') throw fileError(error);
      }
    }
    throw refused ?? new SandboxFileError('not-found', 'It is not there.');
  }

  /** By every name it has in the sandbox: a state directory of another name is `.openclaw` there. */
  #isSecret(real: string): boolean {
    return this.#trees.some(
      (tree) => isInside(tree.host, real) && isSecretPath(posix.join(tree.sandbox, relative(tree.host, real).split(sep).join('/'))),
    );
  }

  *#candidates(path: string): Generator<readonly [Tree, string]> {
    for (const tree of this.#trees)
      if (path === tree.sandbox || path.startsWith(`${tree.sandbox}/`)) yield [tree, path.slice(tree.sandbox.length)];
    // A state directory copied from elsewhere: its files name the place where it was.
    const inside = /^.*?\/\.openclaw(?=\/|$)/.exec(path)?.[0];
    if (inside !== undefined) yield [this.#stateDir, path.slice(inside.length)];
  }
}

function secret(): SandboxFileError {
  return new SandboxFileError('secret', 'Files that may hold secrets are not read.');
}

function fileError(error: unknown): SandboxFileError {
  if (SandboxFileError.is(error)) return error;
  const code = codeOf(error);
  if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP')
    return new SandboxFileError('not-found', 'It is not there.', { cause: error });
  if (code === 'EISDIR') return new SandboxFileError('not-a-file', 'It is a directory.', { cause: error });
  if (code === NOT_REGULAR) return new SandboxFileError('not-a-file', 'It is not a file.', { cause: error });
  if (code === TOO_LARGE)
    return new SandboxFileError('too-large', `It is larger than ${MAX_FILE_BYTES / 1024 / 1024} MB.`, { cause: error });
  return new SandboxFileError('unreadable', `It can't be read (${code ?? 'unknown error'}).`, { cause: error });
}
