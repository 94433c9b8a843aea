/**
 * A few files of a container's state directory, copied out by the engine into a private directory under the names they had, for as
 * long as it takes to read them. Each is asked for by its own path: of what else lies beside it, keys among it, nothing is copied. (To
 * learn what is there, whole directories are asked for; of those only names, sizes and times are kept, and no byte is written.)
 */
import { mkdirSync, rmSync } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { SandboxFileError } from '../errors';
import { privateDirectory } from '../reader/privateCopy';
import { StoreError } from '../reader/storeError';
import { sizeText } from './archiveLimits';
import type { ArchiveStat, EngineArchive } from './engineArchive';

/** A file larger than this is not copied. */
export const MAX_COPIED_BYTES = 4 * 1024 * 1024 * 1024;
const FILE_MODE = 0o600;
const DIRECTORY_MODE = 0o700;
/** With its two salts, which change whenever a log begins anew. */
const WAL_HEADER_BYTES = 32;
const DATABASE_TRIES = 4;

export class Snapshot {
  readonly #archive: EngineArchive;
  readonly #signal: AbortSignal;
  readonly #root: string;
  /** Plays the state directory. */
  readonly stateDir: string;
  #bytes = 0;

  constructor(archive: EngineArchive, signal: AbortSignal) {
    this.#archive = archive;
    this.#signal = signal;
    this.#root = privateDirectory();
    this.stateDir = join(this.#root, '.openclaw');
    mkdirSync(join(this.stateDir, 'agents'), { recursive: true, mode: DIRECTORY_MODE });
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** One regular file, `from` in the container, as `to` below the state directory. Rejects with SandboxFileError. */
  async file(from: string, to: string, maxBytes: number = MAX_COPIED_BYTES): Promise<void> {
    mustBeNameable(to);
    for await (const { header, bytes } of this.#archive.entries(from, this.#signal)) {
      // It may be another one since it was looked at.
      if (header.type !== 'file') throw new SandboxFileError('not-a-file', 'It is not a file.');
      if ((header.size ?? 0) > maxBytes) throw tooLarge(maxBytes);
      await this.#write(to, bytes, maxBytes);
      return;
    }
    throw new SandboxFileError('not-found', 'It is not there.');
  }

  /**
   * A database and its log, which belong together: as long as the log did not begin anew, what a writer moved from it into the
   * database while that was copied is in the log too, which is copied after it. Throws StoreError when it never held still.
   */
  async database(from: string, to: string): Promise<void> {
    for (let attempt = 1; attempt <= DATABASE_TRIES; attempt++) {
      const before = await this.#mark(from);
      await this.file(from, to);
      const log = await this.#optional(`${from}-wal`, `${to}-wal`);
      const after = log === null ? await this.#mark(from) : log.subarray(0, WAL_HEADER_BYTES).toString('hex');
      if (before === after) return;
      rmSync(join(this.stateDir, to), { force: true });
      rmSync(join(this.stateDir, `${to}-wal`), { force: true });
    }
    throw new StoreError('it changed each time while it was copied; it is tried again', { passing: true });
  }

  /** Only that something of this name is there, and no bytes of it: a name may explain why another file is gone. */
  async name(to: string): Promise<void> {
    mustBeNameable(to);
    await mkdir(join(this.stateDir, to), { recursive: true, mode: DIRECTORY_MODE });
  }

  /** The same before and after: the log was not begun anew; where there is none, the database was not written. */
  async #mark(from: string): Promise<string> {
    try {
      for await (const { header, bytes } of this.#archive.entries(`${from}-wal`, this.#signal))
        return header.type === 'file' ? (await firstBytes(bytes, WAL_HEADER_BYTES)).toString('hex') : 'no log';
    } catch (error) {
      if (!SandboxFileError.is(error, 'not-found')) throw error;
    }
    return (await this.#archive.stat(from, this.#signal)).stamp;
  }

  /** The first bytes of what was copied; null: it is not there. */
  async #optional(from: string, to: string): Promise<Buffer | null> {
    try {
      await this.file(from, to);
    } catch (error) {
      if (SandboxFileError.is(error, 'not-found')) return null;
      throw error;
    }
    const handle = await open(join(this.stateDir, to));
    try {
      const head = Buffer.alloc(WAL_HEADER_BYTES);
      return head.subarray(0, (await handle.read(head, 0, head.length, 0)).bytesRead);
    } finally {
      await handle.close();
    }
  }

  async #write(to: string, bytes: AsyncIterable<Buffer>, maxBytes: number): Promise<void> {
    const path = join(this.stateDir, to);
    await mkdir(dirname(path), { recursive: true, mode: DIRECTORY_MODE });
    const handle = await open(path, 'wx', FILE_MODE);
    let size = 0;
    try {
      for await (const piece of bytes) {
        size += piece.length;
        if (size > maxBytes) throw tooLarge(maxBytes);
        await handle.write(piece);
      }
    } finally {
      this.#bytes += size;
      await handle.close();
    }
  }

  dispose(): void {
    rmSync(this.#root, { recursive: true, force: true });
  }
}

async function firstBytes(bytes: AsyncIterable<Buffer>, length: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let have = 0;
  for await (const piece of bytes) {
    parts.push(piece);
    have += piece.length;
    if (have >= length) break;
  }
  return Buffer.concat(parts).subarray(0, length);
}

export function tooLarge(maxBytes: number = MAX_COPIED_BYTES): SandboxFileError {
  return new SandboxFileError('too-large', `it is larger than ${sizeText(maxBytes)}`);
}

/** A name out of a sandbox must stay one name here: Windows takes some of them for a path, a drive, a stream or a device. */
export function mustBeNameable(path: string, platform: NodeJS.Platform = process.platform): void {
  const parts = path.split('/');
  const bad =
    parts.some((part) => part === '' || part === '.' || part === '..') ||
    (platform === 'win32' && parts.some((part) => NOT_ON_WINDOWS.test(part)));
  if (bad) throw new SandboxFileError('unreadable', 'its name can be no name on this system: give it another');
}

const NOT_ON_WINDOWS = /[\\:*?"<>|\u0000-\u001f]|[. ]$|^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i;

/** Is what was found larger than is copied? */
export function isTooLarge(found: ArchiveStat): boolean {
  return found.size > MAX_COPIED_BYTES;
}
