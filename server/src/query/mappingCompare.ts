/**
 * Touched files of sandboxes held against the files of the workspace that have their names, within bounds: what was left out for
 * them is remembered, file by file and place by place.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { SandboxFileError } from '../attach/errors';
import { readRegular } from '../attach/regularFile';
import { isSecretPath } from '../attach/secretPaths';
import { eventsOf, saysMore } from '../locate/blame/events';
import { blamedLines, splitLines } from '../locate/blame/lines';
import { Rebuild } from '../locate/blame/rebuild';
import { changesUnnamed } from '../locate/command';
import type { CachedFile } from '../locate/fileCache';
import { isUnreadable, toWorkspace } from '../locate/mapping';
import type { ComparedFile } from '../locate/suggest';
import { compareFile, knownVersions } from '../locate/suggestMatch';
import { entryLimit } from '../locate/suggestSearch';
import type { FoundFile } from '../locate/suggestSearch';
import type { PathMapping } from '../protocol/messages';
import type { Store } from '../store/store';
import { baseName } from '../store/touches';
import { spanPayload } from './payload';
import type { Places } from './places';
import type { PlaceSource } from './placeSource';

/** How much is looked at. What is left out is remembered: it may match alike. */
export interface MappingBounds {
  /** Touched files of a sandbox. */
  readonly paths: number;
  /** Names of the workspace. */
  readonly entries: number;
  /** Files compared, and files of the workspace that each is compared with at first. */
  readonly files: number;
  readonly places: number;
  /** Files looked at to the end for the sake of a proposal that would be sure. */
  readonly filesAgain: number;
  /** Of the workspace, read in all. */
  readonly bytes: number;
  /** Laid side by side in all: files and their versions may be made to be slow. */
  readonly lines: number;
}

export const usualBounds: MappingBounds = {
  paths: 500,
  entries: entryLimit,
  files: 64,
  places: 64,
  filesAgain: 64,
  bytes: 32 * 1024 * 1024,
  lines: 5_000_000,
};
/** How often at most the content of a file was another. */
const callsOfFile = 60;
const versionsKept = 12;
/** Larger files are not compared. */
const comparedBytes = 512 * 1024;
/** Asked of a sandbox only for so long in all. */
const sandboxMs = 5000;
const turnMs = 25;

export interface MappingsAsked {
  readonly store: Store;
  readonly places: Places;
  readonly sources: readonly PlaceSource[];
  /** Of a sandbox's file, or null. */
  readonly uri: string | null;
}

export interface Touched {
  readonly source: PlaceSource;
  readonly path: string;
}

export interface Candidate extends Touched {
  readonly found: readonly FoundFile[];
}

export interface Asked extends MappingsAsked {
  readonly folders: readonly string[];
  readonly mappings: readonly PathMapping[];
}

export function keyOf({ source, path }: Touched): string {
  return `${source.row} ${path}`;
}

export async function isUnmapped({ source, path }: Touched, { folders, mappings, places }: Asked): Promise<boolean> {
  if (isSecretPath(path)) return false;
  const context = { folders, mappings, mounts: source.source.mounts, git: (asked: string) => places.git(source, asked) };
  return (await toWorkspace(path, context, () => Promise.resolve(null))) === null;
}

export class Comparing {
  readonly compared: ComparedFile[] = [];
  /** Files looked at, and those that said enough to be compared. */
  files = 0;
  told = 0;
  readonly #asked: Asked;
  readonly #signal: AbortSignal;
  readonly #late: AbortSignal;
  readonly #host = new Map<string, readonly string[] | null>();
  readonly #shown = new Set<string>();
  /** How many places of a file were looked at. */
  readonly #done = new Map<string, number>();
  #bytes: number;
  #lines: number;
  #rested = performance.now();

  constructor(asked: Asked, { bytes, lines }: MappingBounds, signal: AbortSignal) {
    this.#asked = asked;
    this.#bytes = bytes;
    this.#lines = lines;
    this.#signal = signal;
    this.#late = AbortSignal.timeout(sandboxMs);
  }

  /** It gave up before all was compared. */
  get tired(): boolean {
    return this.#lines < 0 || this.#bytes < 0;
  }

  /** It is shown in the workspace already, for it holds the very same bytes. */
  isShown(file: Touched): boolean {
    return this.#shown.has(keyOf(file));
  }

  /** Places that it was not compared with. */
  left(file: Candidate): readonly FoundFile[] {
    const done = this.#done.get(keyOf(file)) ?? 0;
    return done === 0 ? file.found : file.found.slice(done);
  }

  /** With the first so many of its places; those that it was compared with before are not looked at again. */
  async compare(file: Candidate, places: number): Promise<void> {
    const { source, path } = file;
    const key = keyOf(file);
    const before = this.#done.get(key);
    const late = this.#late.aborted;
    const known = knownVersions(baseName(path), await this.#versionsOf(source, path));
    if (known.versions.length === 0) {
      // Nothing is known of it; but one that was not asked for in time may hold anything.
      if (!late && !this.#late.aborted) this.#done.set(key, file.found.length);
      return;
    }
    if (before === undefined) {
      this.files += 1;
      if (known.versions.some(({ enough }) => enough)) this.told += 1;
    }
    const all = known.versions.reduce((sum, { lines }) => sum + lines.length, 0);
    for (let at = before ?? 0; at < Math.min(places, file.found.length); at++) {
      const found = file.found[at];
      if (found === undefined) return;
      const lines = await this.#linesOf(join(found.folder, found.way));
      this.#lines -= all + (lines?.length ?? 0);
      if (this.tired) return;
      this.#done.set(key, at + 1);
      await this.#breathe();
      if (lines === null) continue;
      this.compared.push({ source: source.row, sandboxPath: path, ...found, comparison: compareFile(known, lines) });
    }
  }

  /** How the file was at times when all of it was known, the last first. */
  async #versionsOf(source: PlaceSource, path: string): Promise<readonly (readonly string[])[]> {
    const { store, folders, mappings, places } = this.#asked;
    const now = await this.#inSandbox(source, path);
    if (now !== null) {
      const context = { folders, mappings, mounts: source.source.mounts, git: (asked: string) => places.git(source, asked) };
      const hash = createHash('sha256').update(now.bytes).digest('hex');
      if ((await toWorkspace(path, context, () => Promise.resolve(hash))) !== null) this.#shown.add(keyOf({ source, path }));
    }
    const rebuild = new Rebuild();
    const versions: (readonly string[])[] = [];
    for (const [at, call] of store.touches.callsOf(source.row, path, callsOfFile).calls.entries()) {
      await this.#breathe();
      const span = store.spans.ofSession(call.session, call.spanId)?.span;
      if (span === undefined) continue;
      const payload = spanPayload(store, call.session, span);
      const workspaceDir = store.sessions.byRow(call.session)?.workspaceDir ?? null;
      for (const event of saysMore(span) ? eventsOf(span, payload, path, workspaceDir) : []) {
        rebuild.apply(at, event, () => null);
        const version = wholeOf(rebuild);
        if (version !== null) versions.push(version);
      }
      if (changesUnnamed(span, payload.args)) rebuild.apply(at, { kind: 'maybe' }, () => null);
    }
    const own = now === null || now.bytes.byteLength > comparedBytes || now.bytes.includes(0) ? [] : [textLines(now.bytes)];
    return [...own, ...versions.reverse()].slice(0, versionsKept);
  }

  async #inSandbox(source: PlaceSource, path: string): Promise<CachedFile | null> {
    if (this.#late.aborted) return null;
    try {
      return await this.#asked.places.read(source, path, AbortSignal.any([this.#signal, this.#late]));
    } catch (error) {
      if (SandboxFileError.is(error) || (this.#late.aborted && !this.#signal.aborted)) return null;
      throw error;
    }
  }

  /** Null: not read, and neither for nor against anything. */
  async #linesOf(path: string): Promise<readonly string[] | null> {
    const known = this.#host.get(path);
    if (known !== undefined) return known;
    const lines = await this.#read(path);
    this.#host.set(path, lines);
    return lines;
  }

  async #read(path: string): Promise<readonly string[] | null> {
    if (this.#bytes < 0 || isSecretPath(path)) return null;
    await this.#breathe();
    try {
      const { bytes } = await readRegular(path, comparedBytes);
      this.#bytes -= bytes.byteLength;
      return bytes.includes(0) ? null : textLines(bytes);
    } catch (error) {
      if (isUnreadable(error)) return null;
      throw error;
    }
  }

  async #breathe(): Promise<void> {
    if (performance.now() - this.#rested < turnMs) return;
    await setImmediate();
    this.#rested = performance.now();
  }
}

function wholeOf(rebuild: Rebuild): readonly string[] | null {
  const { cells, wholeSince } = rebuild;
  if (wholeSince === null || cells.length === 0 || cells.length > blamedLines) return null;
  const lines = cells.map(({ text }) => text);
  return lines.every((line) => line !== null) ? lines : null;
}

function textLines(bytes: Uint8Array): readonly string[] {
  return splitLines(Buffer.from(bytes).toString('utf8'));
}
