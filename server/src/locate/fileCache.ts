/** Files of sandboxes as they are now, kept for a moment so that a lens, a hover and a diagnostic read each file once. */
import { createHash } from 'node:crypto';
import type { SandboxFiles } from '../attach/record';
import { SandboxFileError } from '../attach/errors';

export interface CachedFile {
  readonly bytes: Uint8Array;
  readonly hash: string;
  readonly mtime: number;
  readonly lines: readonly string[];
}

/** Long enough for one round of the editor's questions, short enough that an edit shows. */
const freshMs = 1000;
const cachedBytes = 32 * 1024 * 1024;
/** Larger files are shown, but not searched for places. */
export const searchedBytes = 4 * 1024 * 1024;

interface Slot {
  readonly readAt: number;
  readonly file: CachedFile | SandboxFileError;
}

export class FileCache {
  readonly #slots = new Map<string, Slot>();
  /** Readings under way; one that is forgotten is neither joined nor kept. */
  readonly #pending = new Map<string, Promise<CachedFile>>();
  #bytes = 0;

  /** Rejects with SandboxFileError. */
  async read(sourceId: string, files: SandboxFiles, path: string, signal: AbortSignal): Promise<CachedFile> {
    const key = `${sourceId} ${path}`;
    const known = this.#slots.get(key);
    if (known !== undefined && performance.now() - known.readAt < freshMs) {
      if (known.file instanceof SandboxFileError) throw known.file;
      return known.file;
    }
    const pending = this.#pending.get(key);
    if (pending !== undefined) {
      try {
        return await pending;
      } catch (error) {
        // Whoever began that reading may have given it up; we have not.
        if (SandboxFileError.is(error) || signal.aborted) throw error;
      }
    }
    const reading = files.read(path, signal).then(({ bytes, mtime }) => toFile(bytes, mtime));
    this.#pending.set(key, reading);
    const holds = (): boolean => this.#pending.get(key) === reading;
    try {
      const file = await reading;
      if (holds()) this.#put(key, file);
      return file;
    } catch (error) {
      if (SandboxFileError.is(error) && holds()) this.#put(key, error);
      throw error;
    } finally {
      if (holds()) this.#pending.delete(key);
    }
  }

  /** A call that touched it finished: what we hold, or are about to get, is old. */
  forget(sourceId: string, path: string): void {
    const key = `${sourceId} ${path}`;
    this.#drop(key);
    this.#pending.delete(key);
  }

  /** Any of its files may have changed. */
  forgetAll(sourceId: string): void {
    for (const key of this.#slots.keys()) if (key.startsWith(`${sourceId} `)) this.#drop(key);
    for (const key of this.#pending.keys()) if (key.startsWith(`${sourceId} `)) this.#pending.delete(key);
  }

  #put(key: string, file: CachedFile | SandboxFileError): void {
    this.#drop(key);
    this.#slots.set(key, { readAt: performance.now(), file });
    this.#bytes += size(file);
    for (const oldest of this.#slots.keys()) {
      if (this.#bytes <= cachedBytes || oldest === key) break;
      this.#drop(oldest);
    }
  }

  #drop(key: string): void {
    const slot = this.#slots.get(key);
    if (slot === undefined) return;
    this.#bytes -= size(slot.file);
    this.#slots.delete(key);
  }
}

/** An error is remembered too, and counts a little so that the bound holds. */
function size(file: CachedFile | SandboxFileError): number {
  return file instanceof SandboxFileError ? 256 : file.bytes.byteLength;
}

export function toFile(bytes: Uint8Array, mtime: number): CachedFile {
  const text = bytes.byteLength > searchedBytes ? '' : Buffer.from(bytes).toString('utf8');
  return { bytes, mtime, hash: createHash('sha256').update(bytes).digest('hex'), lines: text.split(/\r\n|\r|\n/) };
}
