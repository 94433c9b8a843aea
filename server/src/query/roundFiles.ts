/**
 * Files of sandboxes as one question of the editor finds them: mapped to the workspace where that is sure, else the sandbox's own.
 * Each is looked for once; and whoever keeps an answer can see later whether all that had a say in it is still the same.
 */
import { pathToFileURL } from 'node:url';
import { SandboxFileError } from '../attach/errors';
import { readRegular } from '../attach/regularFile';
import { searchedBytes, toFile } from '../locate/fileCache';
import type { CachedFile, FileCache } from '../locate/fileCache';
import type { GitRoots } from '../locate/git/gitRoots';
import { isUnreadable, toWorkspace } from '../locate/mapping';
import type { AnchorMapping } from '../protocol/messages';
import { parseSandboxUri, sandboxUri } from '../locate/sandboxUri';
import type { Store } from '../store/store';
import { readUntil, unlessAborted } from './patience';
import { fileSourceOf } from './placeSource';
import type { PlacesContext, PlaceSource, SandboxPath } from './placeSource';

/** Files of the workspace that were found by their content are remembered, so that they are still known once a person changed them. */
export const matchesKept = 1000;

/** A file of a sandbox that takes longer has no places for now. */
const readTimeoutMs = 5000;

/** A file of a sandbox that was looked for, and what was found then. */
export interface SeenFile extends SandboxPath {
  /** The sandbox's own file was read too, where the workspace has one that calls are shown in. */
  readonly own: boolean;
  /** Whether it surely was not there had a say. */
  readonly gone: boolean;
  readonly state: string;
}

export interface ResolvedFile {
  readonly uri: string;
  readonly mapped: AnchorMapping | null;
  /** Null: gone, secret or too large; there is no place to show in it. */
  readonly file: CachedFile | null;
  readonly lastWrite: number | null;
  /** The sandbox's own file, where the workspace has another copy of it that differs; asked for only when line numbers are at stake. */
  readonly original: () => Promise<CachedFile | null>;
  /** Whether it was. */
  readonly ownAsked: () => boolean;
  /** When the host's file was written last, where it is the very file of the sandbox. */
  readonly writtenAt: number | null;
}

/** What outlives a question. */
export interface KeptFiles {
  readonly cache: FileCache;
  /** Host paths by source and path. */
  readonly matched: Map<string, string>;
  readonly git: GitRoots;
}

export class RoundFiles {
  readonly #store: Store;
  readonly #context: PlacesContext;
  readonly #cache: FileCache;
  readonly #matched: Map<string, string>;
  readonly #git: GitRoots;
  readonly #signal: AbortSignal;
  /** By source and path. */
  readonly #resolved = new Map<string, Promise<ResolvedFile>>();
  readonly #gone = new Map<string, Promise<boolean>>();
  /** Files that had a say in something, also those that were looked at before, for each who wants to know. */
  readonly #consulted = new Set<Map<string, SandboxPath>>();

  constructor(store: Store, context: PlacesContext, { cache, matched, git }: KeptFiles, signal: AbortSignal) {
    this.#store = store;
    this.#context = context;
    this.#cache = cache;
    this.#matched = matched;
    this.#git = git;
    this.#signal = signal;
  }

  /** Surely not there now, not only not to be read. */
  isGone(source: PlaceSource, path: string): Promise<boolean> {
    const key = `${source.row} ${path}`;
    const gone = this.#gone.get(key) ?? this.#seeGone(source, path);
    this.#gone.set(key, gone);
    return gone;
  }

  async #seeGone(source: PlaceSource, path: string): Promise<boolean> {
    const late = AbortSignal.timeout(readTimeoutMs);
    try {
      return (await unlessAborted(source.source.files.stat(path, AbortSignal.any([this.#signal, late])), late)) === null;
    } catch (error) {
      // Also "not found": a sandbox that is not there says so of all.
      if (SandboxFileError.is(error) || (late.aborted && !this.#signal.aborted)) return false;
      throw error;
    }
  }

  /** Whether the workspace has this file of a sandbox. */
  async isInWorkspace(source: PlaceSource, path: string): Promise<boolean> {
    return parseSandboxUri((await this.resolve(source, path)).uri) === null;
  }

  resolve(source: PlaceSource, path: string): Promise<ResolvedFile> {
    const key = `${source.row} ${path}`;
    for (const files of this.#consulted) files.set(key, { source, path });
    let resolved = this.#resolved.get(key);
    if (resolved === undefined) {
      resolved = this.#find(source, path);
      this.#resolved.set(key, resolved);
    }
    return resolved;
  }

  inSandbox(source: PlaceSource, path: string): Promise<CachedFile | null> {
    return readUntil(this.#cache, source, path, this.#signal, AbortSignal.timeout(readTimeoutMs));
  }

  async #find(source: PlaceSource, path: string): Promise<ResolvedFile> {
    const inSandbox = (): Promise<CachedFile | null> => this.inSandbox(source, path);
    const { folders, mappings } = this.#context;
    const lastWrite = this.#store.touches.lastWrite(source.row, path);
    const mapped = await toWorkspace(
      path,
      { folders, mappings, mounts: source.source.mounts, git: (asked) => this.#git.of(fileSourceOf(source), asked, folders) },
      async () => (await inSandbox())?.hash ?? null,
    );
    if (mapped?.by === 'content') this.#remember(source, path, mapped.path);
    const onHost = mapped === null ? null : await hostFile(mapped.path);
    if (mapped === null || onHost === null)
      return { uri: sandboxUri(source.id, path), mapped: null, file: await inSandbox(), lastWrite, ...sandboxOnly };
    let asked: Promise<CachedFile | null> | null = null;
    const original = (): Promise<CachedFile | null> =>
      (asked ??= inSandbox().then((own) => (own === null || own.hash === onHost.hash ? null : own)));
    return {
      uri: pathToFileURL(mapped.path).href,
      mapped: mapped.by,
      file: onHost,
      lastWrite,
      // A mount is the very file, and by content they are the same.
      original: mapped.by === 'mapping' || mapped.by === 'git' ? original : nothing,
      ownAsked: () => asked !== null,
      writtenAt: mapped.by === 'mount' ? onHost.mtime : null,
    };
  }

  get aborted(): boolean {
    return this.#signal.aborted;
  }

  /** What the user has set that places depend on. */
  get setting(): string {
    return JSON.stringify([this.#context.folders, this.#context.mappings]);
  }

  /** What is learned by that, and the files that had a say in it. */
  async consulting<T>(learn: () => Promise<T>): Promise<{ readonly learned: T; readonly files: readonly SandboxPath[] }> {
    const files = new Map<string, SandboxPath>();
    this.#consulted.add(files);
    try {
      return { learned: await learn(), files: [...files.values()] };
    } finally {
      this.#consulted.delete(files);
    }
  }

  /** These files, with what tells whether they are still the same. */
  seen(files: readonly SandboxPath[]): Promise<readonly SeenFile[]> {
    const places = new Map(files.map((place) => [`${place.source.row} ${place.path}`, place]));
    return Promise.all(
      [...places.values()].map(async ({ source, path }) => {
        const own = (await this.resolve(source, path)).ownAsked();
        const gone = this.#gone.has(`${source.row} ${path}`);
        return { source, path, own, gone, state: await this.#state(source, path, own, gone) };
      }),
    );
  }

  async stillSo(seen: readonly SeenFile[]): Promise<boolean> {
    const same = await Promise.all(
      seen.map(async ({ source, path, own, gone, state }) => (await this.#state(source, path, own, gone)) === state),
    );
    return !same.includes(false) && !this.#signal.aborted;
  }

  async #state(source: PlaceSource, path: string, own: boolean, gone: boolean): Promise<string> {
    const { uri, mapped, file, lastWrite, original, writtenAt } = await this.resolve(source, path);
    const ownHash = own ? (await original())?.hash : null;
    return JSON.stringify([uri, mapped, file?.hash, file?.mtime, lastWrite, ownHash, writtenAt, gone && (await this.isGone(source, path))]);
  }

  /** The file of the workspace that held the very same bytes once, in this window. */
  matchedTo(source: number, path: string): string | null {
    return this.#matched.get(`${source} ${path}`) ?? null;
  }

  #remember(source: PlaceSource, path: string, host: string): void {
    const key = `${source.row} ${path}`;
    this.#matched.delete(key);
    this.#matched.set(key, host);
    for (const oldest of this.#matched.keys()) {
      if (this.#matched.size <= matchesKept) break;
      this.#matched.delete(oldest);
    }
  }
}

const sandboxOnly = { original: nothing, ownAsked: never, writtenAt: null } as const;

function nothing(): Promise<null> {
  return Promise.resolve(null);
}

function never(): boolean {
  return false;
}

/** Null when it can't be read (any more), or is too large to be searched. */
export async function hostFile(path: string): Promise<CachedFile | null> {
  try {
    const { bytes, stat } = await readRegular(path, searchedBytes, 'followed');
    return toFile(bytes, stat.mtimeMs);
  } catch (error) {
    if (isUnreadable(error)) return null;
    throw error;
  }
}
