/**
 * What lies in one directory of session files, by the engine's archive API. The engine lists a directory by sending all of it, so it
 * is listed again only when its own time changed, or after a while; in between the files that changed last are asked for one by one.
 */
import { posix } from 'node:path';
import { SandboxFileError } from '../errors';
import { isTrajectoryName, transcriptName } from '../reader/names';
import { ARCHIVE_LIMITS, type ArchiveLimits } from './archiveLimits';
import { namesIn } from './archiveNames';
import type { ArchiveStat, EngineArchive } from './engineArchive';

/** More files than this in one directory are not followed. */
const MAX_FILES = 50_000;
/** Files that are asked for though nothing says that they changed. */
const RECENT_FILES = 16;
/** A file changed in place shows in no time but its own. */
const LIST_EVERY_MS = 60_000;
/** Where a list takes too much to be ended. */
const LIST_AGAIN_MS = 600_000;
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
  /** Why not all of it was listed; null: it was. */
  readonly stopped: string | null;
  /** Known, but not listed nor asked for: they may be there. */
  readonly unasked: readonly string[];
}

export class DirectoryListing {
  readonly #archive: EngineArchive;
  #files = new Map<string, ListedFile>();
  #beyond = 0;
  #stopped: string | null = null;
  readonly #limits: ArchiveLimits;
  #stamp: string | null = null;
  #listFrom = 0;
  readonly #taken = new Map<string, ArchiveStat>();

  constructor(archive: EngineArchive, limits = ARCHIVE_LIMITS) {
    this.#archive = archive;
    this.#limits = limits;
  }

  /** `directory`: null when it is not there. `known`: names of files of which something was read, for where a list ends early. */
  async look(directory: ArchiveStat | null, known: readonly string[], signal: AbortSignal): Promise<Listing> {
    if (directory === null) {
      this.#files.clear();
      this.#beyond = 0;
      this.#stopped = null;
      this.#stamp = null;
    } else if (directory.stamp !== this.#stamp || performance.now() >= this.#listFrom) {
      await this.#list(directory.path, signal);
      this.#stamp = directory.stamp;
      this.#listFrom = performance.now() + (this.#stopped === null ? LIST_EVERY_MS : LIST_AGAIN_MS);
    }
    const unasked = directory === null || (this.#stopped === null && this.#beyond === 0) ? [] : await this.#ask(directory, known, signal);
    for (const name of this.#taken.keys()) if (!this.#files.has(name)) this.#taken.delete(name);
    const changed: ChangedFile[] = [];
    for (const name of this.#candidates()) {
      const stat = await this.#stat(posix.join(directory?.path ?? '/', name), signal);
      if (stat?.kind !== 'file')
        this.#stamp = null; // gone, or another thing, since it was listed
      else if (stat.stamp !== this.#taken.get(name)?.stamp) changed.push({ name, stat });
    }
    return { files: this.#files, changed, beyond: this.#beyond, stopped: this.#stopped, unasked };
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
    this.#stopped = await namesIn(
      this.#archive,
      path,
      signal,
      ({ name, type, size, mtime }) => {
        if (type === 'directory' || !isRead(name)) return;
        if (files.size >= MAX_FILES) {
          beyond += 1;
          return;
        }
        // A second name of one file is packed as a link to the first, and is a file like it.
        const kind = type === 'file' || type === 'link' ? 'file' : type === 'symlink' ? 'link' : 'other';
        files.set(name, { name, kind, size: size ?? 0, seconds: Math.floor((mtime?.getTime() ?? 0) / 1000) });
      },
      this.#limits,
    );
    this.#files = files;
    this.#beyond = beyond;
  }

  /** What is known may lie beyond what was listed. Resolves with those of which it can't be said. */
  async #ask(directory: ArchiveStat, known: readonly string[], signal: AbortSignal): Promise<readonly string[]> {
    const missing = [INDEX, ...known].filter((name) => this.#files.get(name)?.kind !== 'file');
    for (const name of missing.slice(0, this.#limits.askedFiles)) {
      const stat = await this.#stat(posix.join(directory.path, name), signal);
      if (stat?.kind === 'file') this.#files.set(name, { name, kind: 'file', size: stat.size, seconds: Math.floor(stat.mtime / 1000) });
    }
    return missing.slice(this.#limits.askedFiles);
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
