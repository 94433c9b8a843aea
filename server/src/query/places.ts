/**
 * From calls to lines and back, in the files as they are now: mapped to the workspace where that is sure, else in the
 * sandbox's own files. One question of the editor reads each file once.
 */
import { setImmediate } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import type { SandboxFiles } from '../attach/record';
import { SandboxFileError } from '../attach/errors';
import { readRegular } from '../attach/regularFile';
import type { Span } from '../protocol/document';
import type { Anchor, PathMapping } from '../protocol/messages';
import { claimsOf, movedTo, placeClaim } from '../locate/anchors';
import type { PlaceClaim, PlacedClaim } from '../locate/anchors';
import { FileCache, searchedBytes, toFile } from '../locate/fileCache';
import type { CachedFile } from '../locate/fileCache';
import { blamedBytes, blamedLines } from '../locate/blame/lines';
import { pathOfFileUri } from '../locate/fileUri';
import { isUnreadable, mappedDirectory, toWorkspace } from '../locate/mapping';
import { runNow } from '../locate/lineHistory';
import type { LineRun } from '../locate/lineHistory';
import { showsLine } from '../locate/shown';
import { parseSandboxUri, sandboxUri } from '../locate/sandboxUri';
import { mayLeadTo, ranCommand, touchedPaths } from '../locate/touches';
import { baseName } from '../store/touches';
import type { SessionView } from '../store/sessions';
import type { Store } from '../store/store';
import { callKey, LineHistories, rangeKey } from './lineHistories';
import type { FileLines, FileNow } from './lineHistories';
import { MovedFiles } from './movedFiles';
import type { FileThere } from './movedFiles';
import { readUntil, unlessAborted } from './patience';
import { spanPayload } from './payload';

export interface PlaceSource {
  readonly id: string;
  readonly row: number;
  /** Of a `directory` the files are a recording's, but for those that are mounted. */
  readonly source: {
    readonly kind?: 'directory' | 'container';
    readonly files: SandboxFiles;
    readonly mounts: readonly { readonly sandbox: string; readonly host: string }[];
  };
}

export interface PlacesContext {
  source(row: number): PlaceSource | null;
  readonly folders: readonly string[];
  readonly mappings: readonly PathMapping[];
}

export interface SandboxPath {
  readonly source: PlaceSource;
  readonly path: string;
}

/** A file of a sandbox that was looked for, and what was found then. */
export interface SeenFile extends SandboxPath {
  /** The sandbox's own file was read too, where the workspace has one that calls are shown in. */
  readonly own: boolean;
  /** Whether it surely was not there had a say. */
  readonly gone: boolean;
  readonly state: string;
}

export interface FileAt {
  readonly source: PlaceSource;
  readonly path: string;
  readonly file: CachedFile;
  /** The sandbox's own file, where the workspace has a copy of it that differs. */
  readonly original: () => Promise<CachedFile | null>;
}

/** Files of the workspace that were found by their content are remembered, so that they are still known once a person changed them. */
export const matchesKept = 1000;

/** Calls considered for one file, newest first; a file that was touched more often says so by its count. */
export const callsPerFile = 500;

/** Names of one file that are looked up beside its own. */
const otherNames = 8;

/** Places shown of one call. */
const anchorLimit = 64;

/** Lines of a text that tell where it stands, if it stands there once; more of them where later calls changed the file. */
const tellingLines = 2;
const tellingLater = 4;

type LinesNow = FileLines & { readonly now: ReadonlyMap<number, number> };

/** What a call wrote may carry a time a little after the call's own. */
const clockSlackMs = 2000;
/** After this long a question stands back for others. */
const turnMs = 25;
/** A file of a sandbox that takes longer has no places for now. */
const readTimeoutMs = 5000;

export class Places {
  readonly #store: Store;
  readonly #context: () => PlacesContext;
  readonly #files = new FileCache();
  /** Host paths by source and path. */
  readonly #matched = new Map<string, string>();
  readonly #histories: LineHistories;

  constructor(store: Store, context: () => PlacesContext) {
    this.#store = store;
    this.#context = context;
    this.#histories = new LineHistories(store);
  }

  /** A file of a sandbox. Rejects with SandboxFileError. */
  read(source: PlaceSource, path: string, signal: AbortSignal): Promise<CachedFile> {
    return this.#files.read(source.id, source.source.files, path, signal);
  }

  /** null: there is none that may be shown, or nobody answered before it was too late. Rejects when it is given up. */
  readUntil(source: PlaceSource, path: string, signal: AbortSignal, late: AbortSignal): Promise<CachedFile | null> {
    return readUntil(this.#files, source, path, signal, late);
  }

  get workspace(): Pick<PlacesContext, 'folders' | 'mappings'> {
    const { folders, mappings } = this.#context();
    return { folders, mappings };
  }

  /** What a call changed, or may have changed, must be read anew. */
  forget(source: PlaceSource, span: Span, workspaceDir: string | null): void {
    if (ranCommand(span)) this.#files.forgetAll(source.id);
    else for (const path of touchedPaths(span, workspaceDir, null)) this.#files.forget(source.id, path);
  }

  /** Calls that are not known by name changed what they changed. */
  forgetAll(source: PlaceSource): void {
    this.#files.forgetAll(source.id);
  }

  /** One question of the editor: what it learns of a file it asks once. */
  round(signal: AbortSignal): PlacesRound {
    return new PlacesRound(this.#store, this.#context(), this.#files, this.#matched, this.#histories, signal);
  }
}

/** A path in the sandbox, and those that calls touched which may mean the same file. */
export interface TouchedPath extends SandboxPath {
  readonly alsoAs: readonly string[];
}

interface ResolvedFile {
  readonly uri: string;
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

export class PlacesRound {
  readonly #store: Store;
  readonly #context: PlacesContext;
  readonly #files: FileCache;
  readonly #matched: Map<string, string>;
  readonly #histories: LineHistories;
  readonly #signal: AbortSignal;
  /** By source and path; where the lines that are known of a file are in it now. */
  readonly #lines = new Map<string, Promise<LinesNow>>();
  readonly #moved: MovedFiles;
  readonly #gone = new Map<string, Promise<boolean>>();
  /** By source and path; lives as long as the question. */
  readonly #resolved = new Map<string, Promise<ResolvedFile>>();
  /** Files that had a say in something, also those that were looked at before, for each who wants to know. */
  readonly #consulted = new Set<Map<string, SandboxPath>>();
  #rested = performance.now();

  constructor(
    store: Store,
    context: PlacesContext,
    files: FileCache,
    matched: Map<string, string>,
    histories: LineHistories,
    signal: AbortSignal,
  ) {
    this.#store = store;
    this.#context = context;
    this.#files = files;
    this.#matched = matched;
    this.#histories = histories;
    this.#signal = signal;
    this.#moved = new MovedFiles(store, () => this.#breathe());
  }

  /** Lets others have their turn now and then: files and calls may be made to be slow. */
  async #breathe(): Promise<void> {
    if (performance.now() - this.#rested < turnMs) return;
    await setImmediate();
    this.#rested = performance.now();
  }

  /** Where a call belongs, best first; a place in a file that is not there any more is left out. */
  async anchorsOf(source: PlaceSource, view: SessionView, span: Span, onlyPath?: string): Promise<readonly Anchor[]> {
    const payload = span.kind === 'execute_tool' ? spanPayload(this.#store, view.row, span) : null;
    const anchors: Anchor[] = [];
    const seen = new Set<string>();
    const add = (anchor: Anchor | null): void => {
      if (anchor === null) return;
      const key = `${anchor.uri} ${anchor.startLine}`;
      if (!seen.has(key)) anchors.push(anchor);
      seen.add(key);
    };
    const written = new Set<string>();
    for (const claim of claimsOf(span, payload?.args, view.workspaceDir, payload?.result ?? null)) {
      if (onlyPath !== undefined && claim.path !== onlyPath && claim.others?.includes(onlyPath) !== true) continue;
      await this.#breathe();
      const path = await this.#pathOf(source, claim);
      if (path === null || (onlyPath !== undefined && path !== onlyPath)) continue;
      const moved = await this.#movedAway(source, path, view, span);
      if (moved !== null) {
        add(await this.#anchorWhereMoved(source, { ...claim, path: moved }));
        continue;
      }
      const wrote =
        claim.kind === 'text' ? ((await this.#linesOf(source, path)).calls.get(callKey(view.row, span.id))?.wrote ?? null) : null;
      if (wrote === null) add(await this.#anchor(source, view, span, { ...claim, path }));
      else if (!written.has(path)) for (const run of wrote) add(await this.#anchorOfRun(source, path, run, 'edit-text'));
      if (wrote !== null) written.add(path);
    }
    return anchors.slice(0, anchorLimit);
  }

  /** Where a file that is not there any more was surely moved to; null: it is there, or that is not known. */
  async #movedAway(source: PlaceSource, path: string, view: SessionView, span: Span): Promise<string | null> {
    if ((await this.#resolve(source, path)).file !== null || span.startTime === null || span.endTime === null) return null;
    const call = { session: view.row, spanId: span.id, start: Date.parse(span.startTime), end: Date.parse(span.endTime) };
    const moved = await this.#moved.nameAfter(source.row, path, call, (to) => this.#there(source, to));
    // A file that can't be read may be there all the same.
    return moved !== null && (await this.#isGone(source, path)) ? moved : null;
  }

  /** A file that can be shown, and when the sandbox's own was written last, so that a change that no call tells of is seen. */
  async #there(source: PlaceSource, path: string): Promise<FileThere | null> {
    const { file, original } = await this.#resolve(source, path);
    if (file === null) return null;
    if (source.source.kind === 'directory') return { writtenAt: null };
    await original();
    return { writtenAt: (await this.#inSandbox(source, path))?.mtime ?? Number.POSITIVE_INFINITY };
  }

  /** Surely not there now, not only not to be read. */
  #isGone(source: PlaceSource, path: string): Promise<boolean> {
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

  /** Under its new name lines are told by their text alone: what stood where is not known of another file. */
  async #anchorWhereMoved(source: PlaceSource, claim: PlaceClaim): Promise<Anchor | null> {
    const { uri, file } = await this.#resolve(source, claim.path);
    if (file === null) return null;
    const whole = { startLine: 0, endLine: Math.max(0, file.lines.length - 1), wholeFile: true };
    if (claim.kind === 'lines') return { ...whole, uri, sandboxPath: claim.path, how: claim.how, stale: true };
    const placed = placeClaim(claim, file.lines, true);
    if (placed === null) return null;
    const sure = claim.kind === 'file' ? { ...placed, stale: true } : doubted(claim, placed, file.lines, true);
    const startLine = claim.kind === 'text' && !sure.stale ? Math.min(sure.startLine + (claim.before ?? 0), sure.endLine) : sure.startLine;
    return { ...sure, startLine, uri, sandboxPath: claim.path };
  }

  /** Of the files that a claim may mean, the one that is there; null: none, or another may be meant that nothing tells apart. */
  async #pathOf(source: PlaceSource, claim: PlaceClaim): Promise<string | null> {
    if (claim.others === undefined) return claim.path;
    const there: { readonly path: string; readonly line: string | undefined }[] = [];
    const missing: string[] = [];
    for (const path of [claim.path, ...claim.others]) {
      const { file } = await this.#resolve(source, path);
      const line = claim.kind === 'lines' ? file?.lines[claim.start] : '';
      if (file === null) missing.push(path);
      else there.push({ path, line });
    }
    const shown = claim.kind === 'lines' ? claim.shown : undefined;
    const same = shown === undefined ? [] : there.filter(({ line }) => line !== undefined && showsLine(shown, line));
    const [only] = there.length === 1 ? there : same.length === 1 ? same : [];
    if (only === undefined) return null;
    // One that is there and can't be read, or that was there then, may be the one.
    for (const path of missing) if ((await this.#moved.isKnown(source.row, path)) || !(await this.#isGone(source, path))) return null;
    return only.path;
  }

  #linesOf(source: PlaceSource, path: string): Promise<LinesNow> {
    const key = `${source.row} ${path}`;
    let lines = this.#lines.get(key);
    if (lines === undefined) {
      lines = this.#followed(source, path);
      this.#lines.set(key, lines);
    }
    return lines;
  }

  async #followed(source: PlaceSource, path: string): Promise<LinesNow> {
    const { file, original, writtenAt } = await this.#resolve(source, path);
    const searched = file !== null && file.lines.length <= blamedLines && file.bytes.byteLength <= blamedBytes;
    const asItIs = async (): Promise<FileNow | null> => {
      if (!searched) return null;
      const own = (await original()) ?? file;
      return { lines: own.lines, mtime: source.source.kind === 'directory' && writtenAt === null ? null : own.mtime };
    };
    const followed = await this.#histories.of(source.row, path, asItIs);
    if (!searched) return { ...followed, now: new Map() };
    return { ...followed, now: followed.history.linesIn(file.lines, (await original())?.lines ?? null) };
  }

  /** Lines that are surely followed; stale where none of them is there any more, and then as they were. */
  async #anchorOfRun(source: PlaceSource, path: string, run: LineRun, how: Anchor['how']): Promise<Anchor | null> {
    const { uri, file } = await this.#resolve(source, path);
    if (file === null) return null;
    const found = runNow(run, (await this.#linesOf(source, path)).now);
    const last = Math.max(0, file.lines.length - 1);
    const at = found ?? { start: Math.min(run.start, last), end: Math.min(run.end, last) };
    return { uri, sandboxPath: path, startLine: at.start, endLine: at.end, how, stale: found === null, wholeFile: false };
  }

  async #anchor(source: PlaceSource, view: SessionView, span: Span, claim: PlaceClaim): Promise<Anchor | null> {
    const resolved = await this.#resolve(source, claim.path);
    const { uri, file, lastWrite, writtenAt } = resolved;
    if (file === null) return null;
    if (claim.kind === 'lines') {
      const named = (await this.#linesOf(source, claim.path)).calls
        .get(callKey(view.row, span.id))
        ?.named.get(rangeKey(claim.start, claim.end));
      if (named !== undefined && named.ids.some((id) => id >= 0)) return this.#anchorOfRun(source, claim.path, named, claim.how);
    }
    const original = claim.kind === 'lines' ? await resolved.original() : null;
    const moved = original === null || claim.kind !== 'lines' ? null : movedTo(claim, original.lines, file.lines);
    const end = span.endTime ?? span.startTime;
    const changedSince =
      (lastWrite !== null && (span.startTime === null || lastWrite > Date.parse(span.startTime))) ||
      (original !== null && moved === null) ||
      (writtenAt !== null && end !== null && writtenAt > Date.parse(end) + clockSlackMs);
    const placed = placeClaim(moved ?? claim, file.lines, changedSince);
    // Of lines that are not there (any more) the file is left.
    if (placed === null && claim.kind === 'lines' && claim.how !== 'traceback')
      return {
        uri,
        sandboxPath: claim.path,
        startLine: 0,
        endLine: Math.max(0, file.lines.length - 1),
        how: claim.how,
        stale: true,
        wholeFile: true,
      };
    if (placed === null) return null;
    const sure = doubted(claim, placed, file.lines, changedSince);
    if (claim.kind !== 'text' || sure.stale) return { ...sure, uri, sandboxPath: claim.path };
    // The lines around those that were changed only told where they are.
    const startLine = Math.min(sure.startLine + (claim.before ?? 0), sure.endLine);
    return { ...sure, startLine, uri, sandboxPath: claim.path };
  }

  /** Whether the workspace has this file of a sandbox. */
  async isInWorkspace(source: PlaceSource, path: string): Promise<boolean> {
    return parseSandboxUri((await this.#resolve(source, path)).uri) === null;
  }

  #resolve(source: PlaceSource, path: string): Promise<ResolvedFile> {
    const key = `${source.row} ${path}`;
    for (const files of this.#consulted) files.set(key, { source, path });
    let resolved = this.#resolved.get(key);
    if (resolved === undefined) {
      resolved = this.#find(source, path);
      this.#resolved.set(key, resolved);
    }
    return resolved;
  }

  #inSandbox(source: PlaceSource, path: string): Promise<CachedFile | null> {
    return readUntil(this.#files, source, path, this.#signal, AbortSignal.timeout(readTimeoutMs));
  }

  async #find(source: PlaceSource, path: string): Promise<ResolvedFile> {
    const inSandbox = (): Promise<CachedFile | null> => this.#inSandbox(source, path);
    const { folders, mappings } = this.#context;
    const lastWrite = this.#store.touches.lastWrite(source.row, path);
    const mapped = await toWorkspace(
      path,
      { folders, mappings, mounts: source.source.mounts },
      async () => (await inSandbox())?.hash ?? null,
    );
    if (mapped?.by === 'content') this.#remember(source, path, mapped.path);
    const onHost = mapped === null ? null : await hostFile(mapped.path);
    if (mapped === null || onHost === null)
      return { uri: sandboxUri(source.id, path), file: await inSandbox(), lastWrite, original: nothing, ownAsked: never, writtenAt: null };
    let asked: Promise<CachedFile | null> | null = null;
    const original = (): Promise<CachedFile | null> =>
      (asked ??= inSandbox().then((own) => (own === null || own.hash === onHost.hash ? null : own)));
    return {
      uri: pathToFileURL(mapped.path).href,
      file: onHost,
      lastWrite,
      // A mount is the very file, and by content they are the same.
      original: mapped.by === 'mapping' ? original : nothing,
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
        const own = (await this.#resolve(source, path)).ownAsked();
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
    const { uri, file, lastWrite, original, writtenAt } = await this.#resolve(source, path);
    const ownHash = own ? (await original())?.hash : null;
    return JSON.stringify([uri, file?.hash, file?.mtime, lastWrite, ownHash, writtenAt, gone && (await this.#isGone(source, path))]);
  }

  /** Files of sandboxes that this file of the editor is, with its lines as they are now. */
  async filesAt(uri: string): Promise<readonly FileAt[]> {
    const sandbox = parseSandboxUri(uri);
    if (sandbox !== null) return this.#ownFile(sandbox.sourceId, uri);
    const files: FileAt[] = [];
    for (const { source, path } of await this.pathsOf(uri)) {
      const { file, original } = await this.#resolve(source, path);
      if (file !== null) files.push({ source, path, file, original });
    }
    return files.length > 0 ? files : this.#onceMatched(uri);
  }

  /** Files that held the very same bytes before, in this window, and are a copy that somebody went on with now. */
  async #onceMatched(uri: string): Promise<readonly FileAt[]> {
    const files: FileAt[] = [];
    for (const { source: row, path } of this.#candidates(uri)) {
      const source = this.#context.source(row);
      const host = this.#matched.get(`${row} ${path}`);
      if (source === null || host === undefined || !sameUri(pathToFileURL(host).href, uri)) continue;
      const file = await hostFile(host);
      const original = async (): Promise<CachedFile | null> => {
        const own = await this.#inSandbox(source, path);
        return own === null || own.hash === file?.hash ? null : own;
      };
      if (file !== null) files.push({ source, path, file, original });
    }
    return files;
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

  /** The sandbox's own, also where the workspace has one that calls are shown in. */
  async #ownFile(sourceId: string, uri: string): Promise<readonly FileAt[]> {
    for (const { source: row, path } of this.#candidates(uri)) {
      const source = this.#context.source(row);
      if (source === null || source.id !== sourceId) continue;
      const file = await this.#inSandbox(source, path);
      return file === null ? [] : [{ source, path, file, original: nothing }];
    }
    return [];
  }

  /** Rows of the sessions whose calls may have touched this file of the editor; judged by its name, so that no file is read. */
  sessionsOf(uri: string): ReadonlySet<number> {
    const touches = this.#candidates(uri).flatMap(({ source, path }) => this.#store.touches.ofPath(source, path, callsPerFile).newest);
    return new Set(touches.map(({ session }) => session));
  }

  #candidates(uri: string): readonly { readonly source: number; readonly path: string }[] {
    const sandbox = parseSandboxUri(uri);
    if (sandbox !== null) return this.#store.touches.pathsNamed(baseName(sandbox.path)).filter(({ path }) => path === sandbox.path);
    const host = pathOfFileUri(uri);
    if (host === null) return [];
    const { folders, mappings } = this.#context;
    const known =
      folders.some((folder) => host.startsWith(folder)) ||
      mappings.some((mapping) => host.startsWith(mappedDirectory(mapping, folders) ?? '\u0000'));
    return known ? this.#store.touches.pathsNamed(baseName(host.replaceAll('\\', '/'))) : [];
  }

  /** Sandbox paths that were touched and are this file of the editor. */
  async pathsOf(uri: string): Promise<readonly TouchedPath[]> {
    const sandbox = parseSandboxUri(uri);
    const paths: TouchedPath[] = [];
    for (const { source: row, path } of this.#candidates(uri)) {
      const source = this.#context.source(row);
      if (source === null || (sandbox !== null && source.id !== sandbox.sourceId)) continue;
      const { uri: resolved, file } = await this.#resolve(source, path);
      if (file !== null && sameUri(resolved, uri)) paths.push({ source, path, alsoAs: await this.#alsoAs(source, path) });
    }
    return paths;
  }

  /** What outputs call a file by that leave out where its package lies, and where no file is. */
  async #alsoAs(source: PlaceSource, path: string): Promise<readonly string[]> {
    const names: string[] = [];
    for (const { source: row, path: name } of this.#store.touches.pathsNamed(baseName(path))) {
      if (names.length >= otherNames) break;
      if (row === source.row && mayLeadTo(name, path) && (await this.#resolve(source, name)).file === null) names.push(name);
    }
    return names;
  }
}

/**
 * A line that a search showed and that is another now; and text that says little alone, or that later calls may have changed, and
 * which then stands there for another reason.
 */
function doubted(claim: PlaceClaim, placed: PlacedClaim, lines: readonly string[], changedSince: boolean): PlacedClaim {
  if (placed.stale || placed.wholeFile) return placed;
  if (claim.kind === 'lines' && claim.shown !== undefined && !showsLine(claim.shown, lines[placed.startLine] ?? ''))
    return { ...placed, stale: true };
  if (claim.kind !== 'text') return placed;
  const telling = claim.text.split('\n').filter((line) => /[\p{L}\p{N}]/u.test(line)).length;
  return telling >= (changedSince ? tellingLater : tellingLines) || (!changedSince && placed.startLine === claim.near)
    ? placed
    : { ...placed, stale: true };
}

function nothing(): Promise<null> {
  return Promise.resolve(null);
}

function never(): boolean {
  return false;
}

/** Editors write addresses with other escapes than we do. */
export function sameUri(a: string, b: string): boolean {
  return a === b || normalUri(a) === normalUri(b);
}

export function normalUri(uri: string): string {
  const sandbox = parseSandboxUri(uri);
  if (sandbox !== null) return sandboxUri(sandbox.sourceId, sandbox.path);
  const path = pathOfFileUri(uri);
  return path === null ? uri : pathToFileURL(path).href;
}

/** Null when it can't be read (any more), or is too large to be searched. */
async function hostFile(path: string): Promise<CachedFile | null> {
  try {
    const { bytes, stat } = await readRegular(path, searchedBytes, 'followed');
    return toFile(bytes, stat.mtimeMs);
  } catch (error) {
    if (isUnreadable(error)) return null;
    throw error;
  }
}
