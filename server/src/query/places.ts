/**
 * From calls to lines and back, in the files as they are now: mapped to the workspace where that is sure, else in the
 * sandbox's own files. One question of the editor reads each file once.
 */
import { setImmediate } from 'node:timers/promises';
import type { Span } from '../protocol/document';
import type { Anchor } from '../protocol/messages';
import { claimsOf, movedTo, placeClaim } from '../locate/anchors';
import type { PlaceClaim, PlacedClaim } from '../locate/anchors';
import { blamedBytes, blamedLines } from '../locate/blame/lines';
import { FileCache } from '../locate/fileCache';
import type { CachedFile } from '../locate/fileCache';
import { GitRoots } from '../locate/git/gitRoots';
import { runNow } from '../locate/lineHistory';
import type { LineRun } from '../locate/lineHistory';
import type { GitAnswer } from '../locate/mapping';
import { showsLine } from '../locate/shown';
import { ranCommand, touchedPaths } from '../locate/touches';
import type { SessionView } from '../store/sessions';
import type { Store } from '../store/store';
import { EditorFiles } from './editorFiles';
import { callKey, LineHistories, rangeKey } from './lineHistories';
import type { FileLines, FileNow } from './lineHistories';
import { clockSlackMs, MovedFiles } from './movedFiles';
import type { FileThere } from './movedFiles';
import { readUntil } from './patience';
import { spanPayload } from './payload';
import { fileSourceOf } from './placeSource';
import type { PlacesContext, PlaceSource } from './placeSource';
import { RoundFiles } from './roundFiles';

/** Places shown of one call. */
const anchorLimit = 64;

/** Lines of a text that tell where it stands, if it stands there once; more of them where later calls changed the file. */
const tellingLines = 2;
const tellingLater = 4;

type LinesNow = FileLines & { readonly now: ReadonlyMap<number, number> };

/** After this long a question stands back for others. */
const turnMs = 25;

export class Places {
  readonly #store: Store;
  readonly #context: () => PlacesContext;
  readonly #files = new FileCache();
  readonly #git = new GitRoots();
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
    if (ranCommand(span)) this.forgetAll(source);
    else for (const path of touchedPaths(span, workspaceDir, null)) this.#files.forget(source.id, path);
  }

  /** Calls that are not known by name changed what they changed. */
  forgetAll(source: PlaceSource): void {
    this.#files.forgetAll(source.id);
    this.#git.forget(source.id);
  }

  /** What the repositories of a sandbox and of the workspace say of where a file lies. */
  git(source: PlaceSource, path: string): Promise<GitAnswer> {
    return this.#git.of(fileSourceOf(source), path, this.#context().folders);
  }

  /** One question of the editor: what it learns of a file it asks once. */
  round(signal: AbortSignal): PlacesRound {
    const context = this.#context();
    const files = new RoundFiles(this.#store, context, { cache: this.#files, matched: this.#matched, git: this.#git }, signal);
    return new PlacesRound(this.#store, context, files, this.#histories);
  }
}

export class PlacesRound {
  readonly #store: Store;
  readonly #histories: LineHistories;
  readonly #moved: MovedFiles;
  /** What it found of the files of sandboxes. */
  readonly files: RoundFiles;
  /** And which of them files of the editor are. */
  readonly editorFiles: EditorFiles;
  /** By source and path; where the lines that are known of a file are in it now. */
  readonly #lines = new Map<string, Promise<LinesNow>>();
  #rested = performance.now();

  constructor(store: Store, context: PlacesContext, files: RoundFiles, histories: LineHistories) {
    this.#store = store;
    this.#histories = histories;
    this.#moved = new MovedFiles(store, () => this.#breathe());
    this.files = files;
    this.editorFiles = new EditorFiles(store, context, files);
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
    if ((await this.files.resolve(source, path)).file !== null || span.startTime === null || span.endTime === null) return null;
    const call = { session: view.row, spanId: span.id, start: Date.parse(span.startTime), end: Date.parse(span.endTime) };
    const moved = await this.#moved.nameAfter(source.row, path, call, (to) => this.#there(source, to));
    // A file that can't be read may be there all the same.
    return moved !== null && (await this.files.isGone(source, path)) ? moved : null;
  }

  /** A file that can be shown, and when the sandbox's own was written last, so that a change that no call tells of is seen. */
  async #there(source: PlaceSource, path: string): Promise<FileThere | null> {
    const { file, original } = await this.files.resolve(source, path);
    if (file === null) return null;
    if (source.source.kind === 'directory') return { writtenAt: null };
    await original();
    return { writtenAt: (await this.files.inSandbox(source, path))?.mtime ?? Number.POSITIVE_INFINITY };
  }

  /** Under its new name lines are told by their text alone: what stood where is not known of another file. */
  async #anchorWhereMoved(source: PlaceSource, claim: PlaceClaim): Promise<Anchor | null> {
    const { uri, mapped, file } = await this.files.resolve(source, claim.path);
    if (file === null) return null;
    const whole = { startLine: 0, endLine: Math.max(0, file.lines.length - 1), wholeFile: true };
    if (claim.kind === 'lines') return { ...whole, uri, mapped, sandboxPath: claim.path, how: claim.how, stale: true };
    const placed = placeClaim(claim, file.lines, true);
    if (placed === null) return null;
    const sure = claim.kind === 'file' ? { ...placed, stale: true } : doubted(claim, placed, file.lines, true);
    const startLine = claim.kind === 'text' && !sure.stale ? Math.min(sure.startLine + (claim.before ?? 0), sure.endLine) : sure.startLine;
    return { ...sure, startLine, uri, mapped, sandboxPath: claim.path };
  }

  /** Of the files that a claim may mean, the one that is there; null: none, or another may be meant that nothing tells apart. */
  async #pathOf(source: PlaceSource, claim: PlaceClaim): Promise<string | null> {
    if (claim.others === undefined) return claim.path;
    const there: { readonly path: string; readonly line: string | undefined }[] = [];
    const missing: string[] = [];
    for (const path of [claim.path, ...claim.others]) {
      const { file } = await this.files.resolve(source, path);
      const line = claim.kind === 'lines' ? file?.lines[claim.start] : '';
      if (file === null) missing.push(path);
      else there.push({ path, line });
    }
    const shown = claim.kind === 'lines' ? claim.shown : undefined;
    const same = shown === undefined ? [] : there.filter(({ line }) => line !== undefined && showsLine(shown, line));
    const [only] = there.length === 1 ? there : same.length === 1 ? same : [];
    if (only === undefined) return null;
    // One that is there and can't be read, or that was there then, may be the one.
    for (const path of missing) if ((await this.#moved.isKnown(source.row, path)) || !(await this.files.isGone(source, path))) return null;
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
    const { file, original, writtenAt } = await this.files.resolve(source, path);
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
    const { uri, mapped, file } = await this.files.resolve(source, path);
    if (file === null) return null;
    const found = runNow(run, (await this.#linesOf(source, path)).now);
    const last = Math.max(0, file.lines.length - 1);
    const at = found ?? { start: Math.min(run.start, last), end: Math.min(run.end, last) };
    return { uri, mapped, sandboxPath: path, startLine: at.start, endLine: at.end, how, stale: found === null, wholeFile: false };
  }

  async #anchor(source: PlaceSource, view: SessionView, span: Span, claim: PlaceClaim): Promise<Anchor | null> {
    const resolved = await this.files.resolve(source, claim.path);
    const { uri, mapped, file, lastWrite, writtenAt } = resolved;
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
        mapped,
        sandboxPath: claim.path,
        startLine: 0,
        endLine: Math.max(0, file.lines.length - 1),
        how: claim.how,
        stale: true,
        wholeFile: true,
      };
    if (placed === null) return null;
    const sure = doubted(claim, placed, file.lines, changedSince);
    if (claim.kind !== 'text' || sure.stale) return { ...sure, uri, mapped, sandboxPath: claim.path };
    // The lines around those that were changed only told where they are.
    const startLine = Math.min(sure.startLine + (claim.before ?? 0), sure.endLine);
    return { ...sure, startLine, uri, mapped, sandboxPath: claim.path };
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
