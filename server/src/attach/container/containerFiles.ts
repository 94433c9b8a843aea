/**
 * Files of a sandbox through the engine's archive API: nothing runs inside. The engine reads as root, so what the agent's user may
 * not read is refused here, and links are followed here, step by step, to see where they lead.
 */
import { posix } from 'node:path';
import type Docker from 'dockerode';
import { SandboxFileError } from '../errors';
import { MAX_FILE_BYTES, MAX_LISTED } from '../fileLimits';
import type { SandboxFiles } from '../record';
import { isSecretPath } from '../secretPaths';
import { EngineArchive, type ArchiveEntry, type ArchiveStat } from './engineArchive';

const OTHERS_READ = 0o004;
/** To list a directory the engine sends all of it; so much of it is taken. */
const MAX_LIST_BYTES = 64 * 1024 * 1024;
/** Below these the agent's own files lie, with whatever mode it gave them. */
const AGENT_TREES = ['/sandbox', '/tmp'];

export class ContainerFiles implements SandboxFiles {
  readonly #archive: EngineArchive;

  constructor(container: Docker.Container) {
    this.#archive = new EngineArchive(container);
  }

  async read(path: string, signal: AbortSignal): Promise<{ readonly bytes: Uint8Array; readonly mtime: number }> {
    const found = await this.#find(path, signal);
    if (found.kind === 'directory') throw new SandboxFileError('not-a-file', 'It is a directory.');
    if (found.size > MAX_FILE_BYTES) throw tooLarge();
    for await (const { header, bytes } of this.#entries(found.path, signal)) {
      // The file may be another one by now.
      if (header.type !== 'file') throw new SandboxFileError('not-a-file', 'It is not a file.');
      if ((header.size ?? 0) > MAX_FILE_BYTES) throw tooLarge();
      return { bytes: await collect(bytes), mtime: found.mtime };
    }
    throw new SandboxFileError('not-found', 'It is not there.');
  }

  async stat(
    path: string,
    signal: AbortSignal,
  ): Promise<{ readonly type: 'file' | 'directory'; readonly size: number; readonly mtime: number } | null> {
    try {
      const found = await this.#find(path, signal);
      return { type: found.kind === 'directory' ? 'directory' : 'file', size: found.size, mtime: found.mtime };
    } catch (error) {
      if (SandboxFileError.is(error, 'not-found')) return null;
      throw error;
    }
  }

  async list(path: string, signal: AbortSignal): Promise<readonly { readonly name: string; readonly type: 'file' | 'directory' }[]> {
    const found = await this.#find(path, signal);
    if (found.kind !== 'directory') throw new SandboxFileError('not-a-file', 'It is not a directory.');
    const children = new Map<string, 'file' | 'directory'>();
    let taken = 0;
    for await (const { header } of this.#entries(found.path, signal)) {
      // Names in the archive begin with that of the directory itself.
      const [, name, ...deeper] = header.name.split('/').filter((part: string) => part !== '' && part !== '.');
      taken += header.size ?? 0;
      if (taken > MAX_LIST_BYTES || children.size >= MAX_LISTED) break;
      if (name === undefined || isSecretPath(posix.join(found.path, name))) continue;
      if (deeper.length > 0 || header.type === 'directory') children.set(name, 'directory');
      else if (header.type === 'file') children.set(name, 'file');
    }
    return Array.from(children, ([name, type]) => ({ name, type })).sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Where `path` leads after all links, if it may be shown. */
  async #find(path: string, signal: AbortSignal): Promise<ArchiveStat> {
    if (!path.startsWith('/') || path.includes('\0')) throw new SandboxFileError('not-found', 'It is not an absolute path.');
    const found = await this.#archive.resolve(path, signal, mustBeNoSecret).catch((error: unknown) => {
      throw signal.aborted ? error : fileError(error);
    });
    if (found.kind === 'other') throw new SandboxFileError('not-a-file', 'It is neither a file nor a directory.');
    const own = AGENT_TREES.some((tree) => found.path === tree || found.path.startsWith(`${tree}/`));
    if (!own && !(found.mode & OTHERS_READ)) throw new SandboxFileError('unreadable', 'It may be read by its owner only.');
    return found;
  }

  async *#entries(path: string, signal: AbortSignal): AsyncGenerator<ArchiveEntry> {
    try {
      yield* this.#archive.entries(path, signal);
    } catch (error) {
      throw signal.aborted ? error : fileError(error);
    }
  }
}

function mustBeNoSecret(path: string): void {
  if (isSecretPath(path)) throw new SandboxFileError('secret', 'Files that may hold secrets are not read.');
}

async function collect(entry: AsyncIterable<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of entry) {
    size += part.length;
    if (size > MAX_FILE_BYTES) throw tooLarge();
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function tooLarge(): SandboxFileError {
  return new SandboxFileError('too-large', `It is larger than ${MAX_FILE_BYTES / 1024 / 1024} MB.`);
}

function fileError(error: unknown): SandboxFileError {
  return SandboxFileError.is(error) ? error : new SandboxFileError('unreadable', 'The engine could not read it.', { cause: error });
}
