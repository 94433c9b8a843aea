/**
 * What lies in one directory of session files, by the engine's archive API. The engine lists a directory by sending all of it, so it
 * is listed again only when its own time changed, or after a while; in between the files that changed last are asked for one by one.
 */
import { posix } from 'node:path';
import { SandboxFileError } from '../errors';
import { isTrajectoryName, transcriptName } from '../reader/names';
import type { ArchiveStat, EngineArchive } from './engineArchive';

/** More files than this in one directory are not followed. */
const MAX_FILES = 50_000;
/** Files that are asked for though nothing says that they changed. */
const RECENT_FILES = 16;
/** A file changed in place shows in no time but its own. */
const LIST_EVERY_MS = 60_000;
const INDEX = 'sessions.json';

export interface ListedFile {
  readonly name: string;
  readonly kind: 'file' | 'link' | 'other';
  readonly size: number;
  /** Seconds: the engine's lists tell no more. */
  readonly seconds: number;
}

export interface ChangedFile {
  readonly name: string;
  readonly stat: ArchiveStat;
}

export interface Listing {
  /** Everything that is read in such a directory, by name. */
  readonly files: ReadonlyMap<string, ListedFile>;
  /** Those that are not what was taken last. */
  readonly changed: readonly ChangedFile[];
  /** How many there are beyond those that are followed. */
  readonly beyond: number;
}

export class DirectoryListing {
  readonly #archive: EngineArchive;
  #files = new Map<string, ListedFile>();
  #beyond = 0;
  #stamp: string | null = null;
  #listFrom = 0;
  readonly #taken = new Map<string, ArchiveStat>();

  constructor(archive: EngineArchive) {
    this.#archive = archive;
  }

  /** `directory`: null when it is not there. */
  async look(directory: ArchiveStat | null, signal: AbortSignal): Promise<Listing> {
    if (directory === null) {
      this.#files.clear();
      this.#stamp = null;
    } else if (directory.stamp !== this.#stamp || Date.now() >= this.#listFrom) {
      await this.#list(directory.path, signal);
      this.#stamp = directory.stamp;
      this.#listFrom = Date.now() + LIST_EVERY_MS;
    }
    for (const name of this.#taken.keys()) if (!this.#files.has(name)) this.#taken.delete(name);
    const changed: ChangedFile[] = [];
    for (const name of this.#candidates()) {
      const stat = await this.#stat(posix.join(directory?.path ?? '/', name), signal);
      if (stat?.kind !== 'file')
        this.#stamp = null; // gone, or another thing, since it was listed
      else if (stat.stamp !== this.#taken.get(name)?.stamp) changed.push({ name, stat });
    }
    return { files: this.#files, changed, beyond: this.#beyond };
  }

  /** As it was when `stat` was asked for, or later: a change since then shows in the next stat. */
  taken(name: string, stat: ArchiveStat): void {
    this.#taken.set(name, stat);
  }

  /** What it was when it was taken last; null: never. */
  statTaken(name: string): ArchiveStat | null {
    return this.#taken.get(name) ?? null;
  }

  *#candidates(): Generator<string> {
    const files = [...this.#files.values()].filter(({ kind }) => kind === 'file');
    const recent = new Set(
      [...files]
        .sort((a, b) => b.seconds - a.seconds)
        .slice(0, RECENT_FILES)
        .map(({ name }) => name),
    );
    for (const { name, size, seconds } of files) {
      const taken = this.#taken.get(name);
      if (!taken || recent.has(name) || taken.size !== size || Math.floor(taken.mtime / 1000) !== seconds) yield name;
    }
  }

  async #list(path: string, signal: AbortSignal): Promise<void> {
    const files = new Map<string, ListedFile>();
    let beyond = 0;
    for await (const { header } of this.#archive.entries(path, signal)) {
      // Names in the archive begin with that of the directory itself.
      const [, name, ...deeper] = header.name.split('/').filter((part) => part !== '' && part !== '.');
      if (name === undefined || name === '..' || deeper.length > 0 || header.type === 'directory' || !isRead(name)) continue;
      if (files.size >= MAX_FILES) {
        beyond += 1;
        continue;
      }
      // A second name of one file is packed as a link to the first, and is a file like it.
      const kind = header.type === 'file' || header.type === 'link' ? 'file' : header.type === 'symlink' ? 'link' : 'other';
      files.set(name, { name, kind, size: header.size ?? 0, seconds: Math.floor((header.mtime?.getTime() ?? 0) / 1000) });
    }
    this.#files = files;
    this.#beyond = beyond;
  }

  async #stat(path: string, signal: AbortSignal): Promise<ArchiveStat | null> {
    try {
      return await this.#archive.stat(path, signal);
    } catch (error) {
      if (SandboxFileError.is(error, 'not-found')) return null;
      throw error;
    }
  }
}

function isRead(name: string): boolean {
  return name === INDEX || isTrajectoryName(name) || transcriptName(name) !== null;
}
