/**
 * Paths and bytes of a container through the engine's archive API: nothing runs inside, and it works while the container stands still.
 * The engine reads as root and knows no rule of ours: what may be read is for the caller to say.
 */
import { posix } from 'node:path';
import type Docker from 'dockerode';
import { extract, type Header } from 'tar-stream';
import { AttachError, SandboxFileError } from '../errors';
import { codeOf } from '../reader/context';
import { asObject, parseObject } from '../reader/reduce';
import { answered, engineError, spoken, statusOf } from './engine';

/** Go's bits of a file mode. */
const GO_DIRECTORY = 0x8000_0000;
const GO_SYMLINK = 0x0800_0000;
/** Devices, pipes, sockets and whatever else is no file. */
const GO_IRREGULAR = 0x0400_0000 | 0x0200_0000 | 0x0100_0000 | 0x0020_0000 | 0x0008_0000;
const MAX_LINKS = 20;

export interface ArchiveStat {
  readonly path: string;
  readonly kind: 'file' | 'directory' | 'link' | 'other';
  readonly size: number;
  /** Permission bits. */
  readonly mode: number;
  readonly mtime: number;
  /** Changes with the file: its size, and its time to the nanosecond. */
  readonly stamp: string;
  /** Where a link leads. */
  readonly link: string;
}

export interface ArchiveEntry {
  readonly header: Header;
  /** To be taken before the next entry is asked for, or never. */
  readonly bytes: AsyncIterable<Buffer>;
}

export class EngineArchive {
  readonly #container: Docker.Container;

  constructor(container: Docker.Container) {
    this.#container = container;
  }

  /**
   * To be asked after files were not found, and before that is believed: the engine says the same of every file of a container that is
   * no more. Rejects with AttachError.
   */
  async mustBeThere(signal: AbortSignal): Promise<void> {
    let state: Docker.ContainerInspectInfo['State'];
    try {
      ({ State: state } = await answered('the state of a container', (abortSignal) => this.#container.inspect({ abortSignal }), signal));
    } catch (error) {
      throw signal.aborted ? signal.reason : engineError(error);
    }
    if (state.Dead || state.Status === 'removing')
      throw new AttachError(
        'container-stopped',
        'The container is being removed',
        'Start the sandbox again, or refresh the list of sandboxes.',
      );
  }

  /** Of the path itself: only links above it are followed, by the engine. Rejects with SandboxFileError or AttachError. */
  async stat(path: string, signal: AbortSignal): Promise<ArchiveStat> {
    try {
      const answer = (await answered(
        'what a file is',
        (abortSignal) => this.#container.infoArchive({ path, abortSignal } as { path: string }),
        signal,
      )) as unknown as { readonly headers?: Readonly<Record<string, unknown>>; destroy?(): void };
      answer.destroy?.(); // there is no body
      const header = answer.headers?.['x-docker-container-path-stat'];
      const stat = asObject(typeof header === 'string' ? parseObject(Buffer.from(header, 'base64').toString('utf8')) : null);
      if (!stat || typeof stat.mode !== 'number' || typeof stat.size !== 'number')
        throw new SandboxFileError('unreadable', "The engine's answer was not understood.");
      return {
        path,
        kind: kindOf(stat.mode),
        size: stat.size,
        mode: stat.mode & 0o777,
        mtime: Date.parse(String(stat.mtime)) || 0,
        stamp: `${stat.size}:${String(stat.mtime)}`,
        link: typeof stat.linkTarget === 'string' ? stat.linkTarget : '',
      };
    } catch (error) {
      throw archiveError(error, signal);
    }
  }

  /**
   * Where `path` leads after all links. Every step is shown to `check`, which throws where it must not lead. What is found on the way
   * is kept in `steps`, for those who ask for more below it at once.
   */
  async resolve(
    path: string,
    signal: AbortSignal,
    check: (path: string) => void = () => undefined,
    steps: Map<string, ArchiveStat> = new Map(),
  ): Promise<ArchiveStat> {
    let rest = partsOf(posix.normalize(path));
    let at = '/';
    let found: ArchiveStat = { path: '/', kind: 'directory', size: 0, mode: 0o755, mtime: 0, stamp: '', link: '' };
    for (let links = 0; rest.length > 0;) {
      const [next = '', ...others] = rest;
      const child = posix.join(at, next);
      check(child);
      found = (others.length > 0 ? steps.get(child) : undefined) ?? (await this.stat(child, signal));
      if (others.length > 0) steps.set(child, found);
      if (found.kind === 'link') {
        if (++links > MAX_LINKS) throw new SandboxFileError('not-found', 'It is a circle of links.');
        rest = [...partsOf(posix.resolve(at, found.link)), ...others];
        at = '/';
        continue;
      }
      at = child;
      rest = others;
    }
    return found;
  }

  /** The thing itself and all that is below it, as the engine packs it. */
  async *entries(path: string, signal: AbortSignal): AsyncGenerator<ArchiveEntry> {
    const tar = extract();
    let stream: NodeJS.ReadableStream & { destroy(): void };
    try {
      stream = (await answered(
        'a file',
        (abortSignal) => this.#container.getArchive({ path, abortSignal } as { path: string }),
        signal,
      )) as NodeJS.ReadableStream & { destroy(): void };
    } catch (error) {
      throw archiveError(error, signal);
    }
    const close = (): void => stream.destroy();
    signal.addEventListener('abort', close, { once: true });
    tar.on('error', () => undefined); // told by the loop below, while it runs
    // By hand, and not piped: whoever takes his time with an entry must not be called silent.
    const pumped = (async () => {
      for await (const chunk of spoken(stream as unknown as AsyncIterable<Buffer>, 'Docker')) if (!tar.write(chunk)) await drained(tar);
      (tar as unknown as { end(): void }).end();
    })().catch((error: unknown) => void tar.destroy(error instanceof Error ? error : new Error(String(error))));
    try {
      for await (const entry of tar) {
        yield { header: entry.header, bytes: entry as unknown as AsyncIterable<Buffer> };
        entry.resume();
      }
    } catch (error) {
      throw archiveError(error, signal);
    } finally {
      signal.removeEventListener('abort', close);
      stream.destroy();
      tar.destroy();
      await pumped;
    }
  }
}

function drained(tar: ReturnType<typeof extract>): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      tar.off('drain', done);
      tar.off('close', done);
      resolve();
    };
    tar.on('drain', done);
    tar.on('close', done);
  });
}

function kindOf(mode: number): ArchiveStat['kind'] {
  if (mode & GO_SYMLINK) return 'link';
  if (mode & GO_DIRECTORY) return 'directory';
  return mode & GO_IRREGULAR ? 'other' : 'file';
}

function partsOf(path: string): string[] {
  return path.split('/').filter((part) => part !== '');
}

/** An answer that says no is about the file; none at all, or one that broke off, is about the engine. */
function archiveError(error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  if (SandboxFileError.is(error) || AttachError.is(error)) return error;
  const status = statusOf(error);
  if (status === 404) return new SandboxFileError('not-found', 'It is not there.', { cause: error });
  if (status === null && codeOf(error) !== undefined) return engineError(error);
  return new SandboxFileError('unreadable', 'The engine could not read it.', { cause: error });
}
