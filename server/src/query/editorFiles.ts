/** Which files of sandboxes a file of the editor is, and under which names calls touched it. */
import { pathToFileURL } from 'node:url';
import type { CachedFile } from '../locate/fileCache';
import { pathOfFileUri } from '../locate/fileUri';
import { mappedDirectory } from '../locate/mapping';
import { parseSandboxUri } from '../locate/sandboxUri';
import { mayLeadTo } from '../locate/touches';
import type { Store } from '../store/store';
import { baseName } from '../store/touches';
import type { PlacesContext, PlaceSource, SandboxPath } from './placeSource';
import { hostFile } from './roundFiles';
import type { RoundFiles } from './roundFiles';
import { sameUri } from './sameUri';

/** Calls considered for one file, newest first; a file that was touched more often says so by its count. */
export const callsPerFile = 500;

/** Names of one file that are looked up beside its own. */
const otherNames = 8;

export interface FileAt {
  readonly source: PlaceSource;
  readonly path: string;
  readonly file: CachedFile;
  /** The sandbox's own file, where the workspace has a copy of it that differs. */
  readonly original: () => Promise<CachedFile | null>;
}

/** A path in the sandbox, and those that calls touched which may mean the same file. */
export interface TouchedPath extends SandboxPath {
  readonly alsoAs: readonly string[];
}

export class EditorFiles {
  readonly #store: Store;
  readonly #context: PlacesContext;
  readonly #files: RoundFiles;

  constructor(store: Store, context: PlacesContext, files: RoundFiles) {
    this.#store = store;
    this.#context = context;
    this.#files = files;
  }

  /** Files of sandboxes that this file of the editor is, with its lines as they are now. */
  async filesAt(uri: string): Promise<readonly FileAt[]> {
    const sandbox = parseSandboxUri(uri);
    if (sandbox !== null) return this.#ownFile(sandbox.sourceId, uri);
    const files: FileAt[] = [];
    for (const { source, path } of await this.pathsOf(uri)) {
      const { file, original } = await this.#files.resolve(source, path);
      if (file !== null) files.push({ source, path, file, original });
    }
    return files.length > 0 ? files : this.#onceMatched(uri);
  }

  /** Files that held the very same bytes before, in this window, and are a copy that somebody went on with now. */
  async #onceMatched(uri: string): Promise<readonly FileAt[]> {
    const files: FileAt[] = [];
    for (const { source: row, path } of this.#candidates(uri)) {
      const source = this.#context.source(row);
      const host = this.#files.matchedTo(row, path);
      if (source === null || host === null || !sameUri(pathToFileURL(host).href, uri)) continue;
      const file = await hostFile(host);
      const original = async (): Promise<CachedFile | null> => {
        const own = await this.#files.inSandbox(source, path);
        return own === null || own.hash === file?.hash ? null : own;
      };
      if (file !== null) files.push({ source, path, file, original });
    }
    return files;
  }

  /** The sandbox's own, also where the workspace has one that calls are shown in. */
  async #ownFile(sourceId: string, uri: string): Promise<readonly FileAt[]> {
    for (const { source: row, path } of this.#candidates(uri)) {
      const source = this.#context.source(row);
      if (source === null || source.id !== sourceId) continue;
      const file = await this.#files.inSandbox(source, path);
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
      const { uri: resolved, file } = await this.#files.resolve(source, path);
      if (file !== null && sameUri(resolved, uri)) paths.push({ source, path, alsoAs: await this.#alsoAs(source, path) });
    }
    return paths;
  }

  /** What outputs call a file by that leave out where its package lies, and where no file is. */
  async #alsoAs(source: PlaceSource, path: string): Promise<readonly string[]> {
    const names: string[] = [];
    for (const { source: row, path: name } of this.#store.touches.pathsNamed(baseName(path))) {
      if (names.length >= otherNames) break;
      if (row === source.row && mayLeadTo(name, path) && (await this.#files.resolve(source, name)).file === null) names.push(name);
    }
    return names;
  }
}

function nothing(): Promise<null> {
  return Promise.resolve(null);
}
