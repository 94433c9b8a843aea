/**
 * The assistant for mappings: which touched files nothing maps, what is known of their content, and which files of the workspace
 * are the same. Asked for by a person, so it reads a little more than a lens may, within bounds.
 */
import { createHash } from 'node:crypto';
import { join, relative, sep } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { isSecretPath } from '../attach/secretPaths';
import { SandboxFileError } from '../attach/errors';
import { readRegular } from '../attach/regularFile';
import { eventsOf, saysMore } from '../locate/blame/events';
import { blamedLines, splitLines } from '../locate/blame/lines';
import { Rebuild } from '../locate/blame/rebuild';
import { changesUnnamed } from '../locate/command';
import type { CachedFile } from '../locate/fileCache';
import { isUnreadable, toWorkspace } from '../locate/mapping';
import { parseSandboxUri, sandboxUri } from '../locate/sandboxUri';
import { suggestMappings } from '../locate/suggest';
import type { ComparedFile, SuggestedPlace, Suggestion } from '../locate/suggest';
import { compareFile, isGenericName, knownVersions } from '../locate/suggestMatch';
import { findNames } from '../locate/suggestSearch';
import type { FoundFile } from '../locate/suggestSearch';
import { evidenceShown } from '../protocol/mappings';
import type { MappingAnswer, MappingMatch, MappingProposal } from '../protocol/mappings';
import type { PathMapping } from '../protocol/messages';
import { baseName } from '../store/touches';
import type { Store } from '../store/store';
import { spanPayload } from './payload';
import type { Places, PlaceSource } from './places';

/** Sessions of a source looked at, those last written in, and files that their calls touched. */
const sessionsLooked = 40;
export const pathsLooked = 500;
/** Files compared, and how often at most their content was another. */
export const filesCompared = 64;
const callsOfFile = 60;
const versionsKept = 12;
/** Larger files are not compared; and so many bytes of the workspace are read in all. */
const comparedBytes = 512 * 1024;
const bytesInAll = 32 * 1024 * 1024;
/** Lines laid side by side in all: files and their versions may be made to be slow. */
const linesInAll = 5_000_000;
/** Asked of a sandbox only for so long in all. */
const sandboxMs = 5000;
const turnMs = 25;
const unmappedShown = 20;

export interface MappingsAsked {
  readonly store: Store;
  readonly places: Places;
  readonly sources: readonly PlaceSource[];
  /** Of a sandbox's file, or null. */
  readonly uri: string | null;
}

interface Touched {
  readonly source: PlaceSource;
  readonly path: string;
}

interface Candidate extends Touched {
  readonly found: readonly FoundFile[];
}

interface Asked extends MappingsAsked {
  readonly folders: readonly string[];
  readonly mappings: readonly PathMapping[];
}

export async function mappingAnswer(question: MappingsAsked, signal: AbortSignal): Promise<MappingAnswer> {
  const asked: Asked = { ...question, ...question.places.workspace };
  const folders = outermost(asked.folders);
  const focus = asked.uri === null ? null : parseSandboxUri(asked.uri);
  const touched = await unmappedOf(asked, focus, signal);
  const names = new Set(touched.map(({ path }) => baseName(path)));
  const search = await findNames(folders, names, signal);
  const named: Candidate[] = touched.flatMap((file) => {
    const found = search.byName.get(baseName(file.path));
    return found === undefined ? [] : [{ ...file, found }];
  });
  // What says most is compared first, in case not all can be.
  const generic = ({ path }: Touched): number => Number(isGenericName(baseName(path)));
  named.sort((a, b) => generic(a) - generic(b));
  const work = new Comparing(asked, signal);
  for (const file of named) {
    if (signal.aborted || work.files >= filesCompared || work.tired) break;
    await work.compare(file);
  }
  // What was not looked at may match alike.
  const partial = search.cut || work.tired || work.names.some((name) => search.everywhere.has(name));
  const homes = new Set(
    asked.sources.flatMap(({ row }) =>
      asked.store.sessions.newest(row, sessionsLooked).flatMap((session) => asked.store.sessions.byRow(session)?.workspaceDir ?? []),
    ),
  );
  const suggestions = suggestMappings(work.compared, { isProject: search.isProject, homes });
  const covers = ({ sandbox }: { readonly sandbox: string }): number => (focus !== null && focus.path.startsWith(`${sandbox}/`) ? 1 : 0);
  const proposals = suggestions
    .map((suggestion) => proposalOf(suggestion, asked.sources, named, work, partial))
    .sort((a, b) => covers(b) - covers(a));
  return {
    proposals,
    unmapped: directoriesOf(touched.filter((file) => !work.isShown(file))),
    looked: {
      folders: asked.folders,
      entries: search.entries,
      cut: search.cut || work.tired,
      touched: touched.length,
      named: named.length,
      compared: work.told,
    },
  };
}

/** Touched files that neither a mapping nor a mount leads to, the last touched first; the one asked for before all. */
async function unmappedOf(
  { store, sources, folders, mappings }: Asked,
  focus: { readonly sourceId: string; readonly path: string } | null,
  signal: AbortSignal,
): Promise<readonly Touched[]> {
  const found: Touched[] = [];
  for (const source of sources) {
    const paths = new Set<string>(focus?.sourceId === source.id ? [focus.path] : []);
    for (const session of store.sessions.newest(source.row, sessionsLooked)) {
      if (signal.aborted || paths.size >= pathsLooked) break;
      for (const path of store.touches.pathsOfSession(session, pathsLooked)) if (paths.size < pathsLooked) paths.add(path);
      await setImmediate();
    }
    for (const path of paths) {
      if (signal.aborted) return [];
      if (isSecretPath(path)) continue;
      const context = { folders, mappings, mounts: source.source.mounts };
      if ((await toWorkspace(path, context, () => Promise.resolve(null))) === null) found.push({ source, path });
    }
  }
  return found;
}

class Comparing {
  readonly compared: ComparedFile[] = [];
  readonly names: string[] = [];
  /** Files looked at, and those that said enough to be compared. */
  files = 0;
  told = 0;
  readonly #asked: Asked;
  readonly #signal: AbortSignal;
  readonly #late: AbortSignal;
  readonly #host = new Map<string, readonly string[] | null>();
  readonly #shown = new Set<string>();
  #left = bytesInAll;
  #lines = linesInAll;
  #rested = performance.now();

  constructor(asked: Asked, signal: AbortSignal) {
    this.#asked = asked;
    this.#signal = signal;
    this.#late = AbortSignal.timeout(sandboxMs);
  }

  /** It gave up before all was compared. */
  get tired(): boolean {
    return this.#lines < 0 || this.#left < 0;
  }

  /** It is shown in the workspace already, for it holds the very same bytes. */
  isShown({ source, path }: Touched): boolean {
    return this.#shown.has(`${source.row} ${path}`);
  }

  async compare({ source, path, found }: Candidate): Promise<void> {
    const known = knownVersions(baseName(path), await this.#versionsOf(source, path));
    if (known.versions.length === 0) return;
    this.files += 1;
    this.names.push(known.base);
    if (known.versions.some(({ enough }) => enough)) this.told += 1;
    const all = known.versions.reduce((sum, { lines }) => sum + lines.length, 0);
    for (const { folder, way } of found) {
      const lines = await this.#linesOf(join(folder, way));
      this.#lines -= all + (lines?.length ?? 0);
      if (lines === null || this.#lines < 0) continue;
      this.compared.push({ source: source.row, sandboxPath: path, folder, way, comparison: compareFile(known, lines) });
      await this.#breathe();
    }
  }

  /** How the file was at times when all of it was known, the last first. */
  async #versionsOf(source: PlaceSource, path: string): Promise<readonly (readonly string[])[]> {
    const { store, folders, mappings } = this.#asked;
    const now = await this.#inSandbox(source, path);
    if (now !== null) {
      const context = { folders, mappings, mounts: source.source.mounts };
      const hash = createHash('sha256').update(now.bytes).digest('hex');
      if ((await toWorkspace(path, context, () => Promise.resolve(hash))) !== null) this.#shown.add(`${source.row} ${path}`);
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
    if (this.#left < 0 || isSecretPath(path)) return null;
    await this.#breathe();
    try {
      const { bytes } = await readRegular(path, comparedBytes);
      this.#left -= bytes.byteLength;
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

function proposalOf(
  { confidence, rivals, ...place }: Suggestion,
  sources: readonly PlaceSource[],
  named: readonly Candidate[],
  work: Comparing,
  partial: boolean,
): MappingProposal {
  const ids = new Map(sources.map(({ row, id }) => [row, id]));
  const evidence = place.matches.slice(0, evidenceShown).flatMap(({ source, sandboxPath, folder, way, comparison }) => {
    const id = ids.get(source);
    const match = matchOf(comparison);
    return id === undefined || match === null
      ? []
      : [{ sandboxPath, sandboxUri: sandboxUri(id, sandboxPath), workspacePath: join(folder, way), match }];
  });
  const gained = new Set(named.filter((file) => !work.isShown(file) && liesIn(file, place)).map(({ path }) => path));
  for (const { sandboxPath } of place.differ) gained.delete(sandboxPath);
  return {
    sandbox: place.sandbox,
    workspace: directoryOf(place),
    evidence,
    matched: place.matches.length,
    differ: place.differ.length,
    gained: gained.size,
    confidence: confidence === 'sure' && partial ? 'likely' : confidence,
    rivals: rivals.map((rival) => ({ sandbox: rival.sandbox, workspace: directoryOf(rival) })),
  };
}

function directoryOf({ folder, way }: SuggestedPlace): string {
  return way === '' ? folder : join(folder, way);
}

/** The workspace has a file where the mapping would lead. */
function liesIn({ path, found }: Candidate, { sandbox, folder, way }: SuggestedPlace): boolean {
  if (!path.startsWith(`${sandbox}/`)) return false;
  const rest = path.slice(sandbox.length + 1);
  const wanted = way === '' ? rest : `${way}/${rest}`;
  return found.some((file) => file.folder === folder && file.way === wanted);
}

function matchOf(comparison: ComparedFile['comparison']): MappingMatch | null {
  return comparison === 'different' || comparison === 'nothing' ? null : comparison;
}

function directoriesOf(files: readonly Touched[]): MappingAnswer['unmapped'] {
  const counts = new Map<string, number>();
  for (const { path } of files) {
    const directory = path.slice(0, path.lastIndexOf('/')) || '/';
    counts.set(directory, (counts.get(directory) ?? 0) + 1);
  }
  return [...counts]
    .map(([sandbox, files]) => ({ sandbox, files }))
    .sort((a, b) => b.files - a.files || (a.sandbox < b.sandbox ? -1 : 1))
    .slice(0, unmappedShown);
}

/** A folder within another one is looked through once. */
function outermost(folders: readonly string[]): readonly string[] {
  const within = (a: string, b: string): boolean => {
    const way = relative(b, a);
    return way !== '' && way !== '..' && !way.startsWith(`..${sep}`);
  };
  return [...new Set(folders)].filter((folder) => !folders.some((other) => within(folder, other)));
}
