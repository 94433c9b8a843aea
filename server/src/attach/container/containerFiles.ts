/**
 * Files of a sandbox through the engine's archive API: nothing runs inside. The engine reads as root, so what the agent's user may
 * not read is refused here, and links are followed here, step by step, to see where they lead.
 */
import { posix } from 'node:path';
import type Docker from 'dockerode';
import { extract, type Header } from 'tar-stream';
import { SandboxFileError } from '../errors';
import { MAX_FILE_BYTES, MAX_LISTED } from '../fileLimits';
import { asObject, parseObject } from '../reader/reduce';
import type { SandboxFiles } from '../record';
import { isSecretPath } from '../secretPaths';
import { statusOf } from './engine';

/** Go's bits of a file mode. */
const GO_DIRECTORY = 0x8000_0000;
const GO_SYMLINK = 0x0800_0000;
/** Devices, pipes, sockets and whatever else is no file. */
const GO_IRREGULAR = 0x0400_0000 | 0x0200_0000 | 0x0100_0000 | 0x0020_0000 | 0x0008_0000;
const OTHERS_READ = 0o004;
const MAX_LINKS = 20;
/** To list a directory the engine sends all of it; so much of it is taken. */
const MAX_LIST_BYTES = 64 * 1024 * 1024;
/** Below these the agent's own files lie, with whatever mode it gave them. */
const AGENT_TREES = ['/sandbox', '/tmp'];

interface Stat {
  readonly path: string;
  readonly size: number;
  readonly mode: number;
  readonly mtime: number;
  readonly link: string;
}

export class ContainerFiles implements SandboxFiles {
  readonly #container: Docker.Container;

  constructor(container: Docker.Container) {
    this.#container = container;
  }

  async read(path: string, signal: AbortSignal): Promise<{ readonly bytes: Uint8Array; readonly mtime: number }> {
    const found = await this.#find(path, signal);
    if (found.mode & GO_DIRECTORY) throw new SandboxFileError('not-a-file', 'It is a directory.');
    if (found.size > MAX_FILE_BYTES) throw tooLarge();
    for await (const { header, bytes } of this.#archive(found.path, signal)) {
      // The file may be another one by now.
      if (header.type !== 'file') throw new SandboxFileError('not-a-file', 'It is not a file.');
      if ((header.size ?? 0) > MAX_FILE_BYTES) throw tooLarge();
      return { bytes: await bytes(), mtime: found.mtime };
    }
    throw new SandboxFileError('not-found', 'It is not there.');
  }

  async stat(
    path: string,
    signal: AbortSignal,
  ): Promise<{ readonly type: 'file' | 'directory'; readonly size: number; readonly mtime: number } | null> {
    try {
      const found = await this.#find(path, signal);
      return { type: found.mode & GO_DIRECTORY ? 'directory' : 'file', size: found.size, mtime: found.mtime };
    } catch (error) {
      if (SandboxFileError.is(error, 'not-found')) return null;
      throw error;
    }
  }

  async list(path: string, signal: AbortSignal): Promise<readonly { readonly name: string; readonly type: 'file' | 'directory' }[]> {
    const found = await this.#find(path, signal);
    if (!(found.mode & GO_DIRECTORY)) throw new SandboxFileError('not-a-file', 'It is not a directory.');
    const children = new Map<string, 'file' | 'directory'>();
    let taken = 0;
    for await (const { header } of this.#archive(found.path, signal)) {
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
  async #find(path: string, signal: AbortSignal): Promise<Stat> {
    if (!path.startsWith('/') || path.includes('\0')) throw new SandboxFileError('not-found', 'It is not an absolute path.');
    let rest = posix
      .normalize(path)
      .split('/')
      .filter((part) => part !== '');
    let at = '/';
    let found: Stat = { path: '/', size: 0, mode: GO_DIRECTORY, mtime: 0, link: '' };
    for (let links = 0; rest.length > 0;) {
      const [next = '', ...others] = rest;
      const child = posix.join(at, next);
      if (isSecretPath(child)) throw new SandboxFileError('secret', 'Files that may hold secrets are not read.');
      found = await this.#info(child, signal);
      if (found.mode & GO_SYMLINK) {
        if (++links > MAX_LINKS) throw new SandboxFileError('not-found', 'It is a circle of links.');
        rest = [
          ...posix
            .resolve(at, found.link)
            .split('/')
            .filter((part) => part !== ''),
          ...others,
        ];
        at = '/';
        continue;
      }
      at = child;
      rest = others;
    }
    if (found.mode & GO_IRREGULAR) throw new SandboxFileError('not-a-file', 'It is neither a file nor a directory.');
    const own = AGENT_TREES.some((tree) => at === tree || at.startsWith(`${tree}/`));
    if (!own && !(found.mode & OTHERS_READ)) throw new SandboxFileError('unreadable', 'It may be read by its owner only.');
    return found;
  }

  async #info(path: string, signal: AbortSignal): Promise<Stat> {
    signal.throwIfAborted();
    try {
      const answer = (await this.#container.infoArchive({ path, abortSignal: signal } as { path: string })) as unknown as {
        readonly headers?: Readonly<Record<string, unknown>>;
      };
      const header = answer.headers?.['x-docker-container-path-stat'];
      const stat = asObject(typeof header === 'string' ? parseObject(Buffer.from(header, 'base64').toString('utf8')) : null);
      if (!stat || typeof stat.mode !== 'number' || typeof stat.size !== 'number')
        throw new SandboxFileError('unreadable', "The engine's answer was not understood.");
      return {
        path,
        size: stat.size,
        mode: stat.mode,
        mtime: Date.parse(String(stat.mtime)) || 0,
        link: typeof stat.linkTarget === 'string' ? stat.linkTarget : '',
      };
    } catch (error) {
      throw signal.aborted ? error : fileError(error);
    }
  }

  async *#archive(path: string, signal: AbortSignal): AsyncGenerator<{ readonly header: Header; readonly bytes: () => Promise<Buffer> }> {
    signal.throwIfAborted();
    const tar = extract();
    let stream: NodeJS.ReadableStream & { destroy(): void };
    try {
      stream = (await this.#container.getArchive({ path })) as NodeJS.ReadableStream & { destroy(): void };
    } catch (error) {
      throw fileError(error);
    }
    const close = (): void => stream.destroy();
    signal.addEventListener('abort', close, { once: true });
    stream.on('error', (error: Error) => tar.destroy(error));
    stream.pipe(tar);
    try {
      for await (const entry of tar) {
        yield { header: entry.header, bytes: () => collect(entry as unknown as AsyncIterable<Buffer>) };
        entry.resume();
      }
    } catch (error) {
      throw signal.aborted ? signal.reason : fileError(error);
    } finally {
      signal.removeEventListener('abort', close);
      stream.destroy();
      tar.destroy();
    }
  }
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
  if (SandboxFileError.is(error)) return error;
  if (statusOf(error) === 404) return new SandboxFileError('not-found', 'It is not there.', { cause: error });
  return new SandboxFileError('unreadable', 'The engine could not read it.', { cause: error });
}
