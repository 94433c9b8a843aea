/**
 * From calls to lines and back, in the files as they are now: mapped to the workspace where that is sure, else in the
 * sandbox's own files. One question of the editor reads each file once.
 */
import { readFile, stat } from 'node:fs/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { SandboxFiles } from '../attach/record';
import { SandboxFileError } from '../attach/errors';
import type { Span } from '../protocol/document';
import type { Anchor, PathMapping } from '../protocol/messages';
import { claimsOf, placeClaim } from '../locate/anchors';
import type { PlaceClaim } from '../locate/anchors';
import { FileCache, searchedBytes, toFile } from '../locate/fileCache';
import type { CachedFile } from '../locate/fileCache';
import { mappedDirectory, toWorkspace } from '../locate/mapping';
import { parseSandboxUri, sandboxUri } from '../locate/sandboxUri';
import { baseName } from '../store/sessions';
import type { SessionView } from '../store/sessions';
import type { Store } from '../store/store';
import { withDenial } from './denials';
import { spanPayload } from './payload';

export interface PlaceSource {
  readonly id: string;
  readonly row: number;
  readonly source: { readonly files: SandboxFiles; readonly mounts: readonly { readonly sandbox: string; readonly host: string }[] };
}

export interface PlacesContext {
  source(row: number): PlaceSource | null;
  readonly folders: readonly string[];
  readonly mappings: readonly PathMapping[];
}

export interface PlacedCall {
  readonly source: PlaceSource;
  readonly view: SessionView;
  readonly span: Span;
  readonly anchor: Anchor;
}

/** Calls considered for one file, newest first; a file that was touched more often says so by its count. */
export const callsPerFile = 500;

export class Places {
  readonly #store: Store;
  readonly #context: () => PlacesContext;
  readonly #files = new FileCache();

  constructor(store: Store, context: () => PlacesContext) {
    this.#store = store;
    this.#context = context;
  }

  /** A file of a sandbox. Rejects with SandboxFileError. */
  read(source: PlaceSource, path: string, signal: AbortSignal): Promise<CachedFile> {
    return this.#files.read(source.id, source.source.files, path, signal);
  }

  /** What a call changed must be read anew. */
  forget(source: PlaceSource, span: Span, workspaceDir: string | null): void {
    for (const claim of claimsOf(span, undefined, workspaceDir)) this.#files.forget(source.id, claim.path);
  }

  /** Where a call belongs, best first; a place in a file that is not there any more is left out. */
  async anchorsOf(source: PlaceSource, view: SessionView, span: Span, signal: AbortSignal, onlyPath?: string): Promise<readonly Anchor[]> {
    const args = span.kind === 'execute_tool' ? spanPayload(this.#store, view.row, span).args : undefined;
    const anchors: Anchor[] = [];
    const seen = new Set<string>();
    for (const claim of claimsOf(span, args, view.workspaceDir)) {
      if (onlyPath !== undefined && claim.path !== onlyPath) continue;
      const anchor = await this.#anchor(source, span, claim, signal);
      if (anchor === null) continue;
      const key = `${anchor.uri} ${anchor.startLine}`;
      if (!seen.has(key)) anchors.push(anchor);
      seen.add(key);
    }
    return anchors;
  }

  async #anchor(source: PlaceSource, span: Span, claim: PlaceClaim, signal: AbortSignal): Promise<Anchor | null> {
    const { uri, file } = await this.#resolve(source, claim.path, signal);
    if (file === null) return null;
    const placed = placeClaim(claim, file.lines, this.#changedSince(source, span, claim.path));
    return placed === null ? null : { ...placed, uri, sandboxPath: claim.path };
  }

  async #resolve(
    source: PlaceSource,
    path: string,
    signal: AbortSignal,
  ): Promise<{ readonly uri: string; readonly file: CachedFile | null }> {
    const inSandbox = async (): Promise<CachedFile | null> => {
      try {
        return await this.read(source, path, signal);
      } catch (error) {
        // Gone, secret or too large: there is no place to show, which is what null says.
        if (SandboxFileError.is(error)) return null;
        throw error;
      }
    };
    const { folders, mappings } = this.#context();
    const mapped = await toWorkspace(
      path,
      { folders, mappings, mounts: source.source.mounts },
      async () => (await inSandbox())?.hash ?? null,
    );
    if (mapped !== null) return { uri: pathToFileURL(mapped).href, file: await hostFile(mapped) };
    return { uri: sandboxUri(source.id, path), file: await inSandbox() };
  }

  /** Whether a later call of the agent wrote the same file. */
  #changedSince(source: PlaceSource, span: Span, path: string): boolean {
    const start = span.startTime ?? '';
    for (const touch of this.#store.sessions.touches({ path })) {
      if (touch.source !== source.row || touch.spanId === span.id) continue;
      const later = this.#store.sessions.span(touch.source, touch.spanId)?.span;
      if (later === undefined || later.status === 'error' || (later.startTime ?? '') <= start) continue;
      if (writes.has(String(later.attributes['gen_ai.tool.name']))) return true;
    }
    return false;
  }

  /** Calls that touched a file of the editor, newest first, each with its place in it. */
  async callsIn(uri: string, signal: AbortSignal): Promise<readonly PlacedCall[]> {
    const placed: PlacedCall[] = [];
    for (const touch of this.#touchesOf(uri)) {
      if (placed.length >= callsPerFile || signal.aborted) break;
      const source = this.#context().source(touch.source);
      const view = this.#store.sessions.byRow(touch.session);
      const found = this.#store.sessions.span(touch.source, touch.spanId);
      if (source === null || view === null || found === null || found.span.attributes['sandglass.inherited'] === true) continue;
      const denials = new Map(
        this.#store.policies
          .ofCall(touch.source, touch.spanId)
          .filter((event) => event.status === 'denied')
          .map((event) => [touch.spanId, event.statusMessage]),
      );
      const span = withDenial(found.span, denials);
      for (const anchor of await this.anchorsOf(source, view, span, signal, touch.path)) {
        if (sameUri(anchor.uri, uri)) placed.push({ source, view, span, anchor });
      }
    }
    return placed.sort((a, b) => ((a.span.startTime ?? '') < (b.span.startTime ?? '') ? 1 : -1));
  }

  #touchesOf(
    uri: string,
  ): readonly { readonly session: number; readonly source: number; readonly spanId: string; readonly path: string }[] {
    const sandbox = parseSandboxUri(uri);
    if (sandbox !== null) {
      return this.#store.sessions
        .touches({ path: sandbox.path })
        .filter((touch) => this.#context().source(touch.source)?.id === sandbox.sourceId);
    }
    if (!uri.startsWith('file:')) return [];
    const path = fileURLToPath(uri);
    const { folders, mappings } = this.#context();
    const known =
      folders.some((folder) => path.startsWith(folder)) ||
      mappings.some((mapping) => path.startsWith(mappedDirectory(mapping, folders) ?? '\u0000'));
    return known ? this.#store.sessions.touches({ base: baseName(path.replaceAll('\\', '/')) }) : [];
  }
}

const writes: ReadonlySet<string> = new Set(['edit', 'write', 'apply_patch']);

/** Editors write addresses with other escapes than we do. */
export function sameUri(a: string, b: string): boolean {
  return a === b || normalUri(a) === normalUri(b);
}

export function normalUri(uri: string): string {
  const sandbox = parseSandboxUri(uri);
  if (sandbox !== null) return sandboxUri(sandbox.sourceId, sandbox.path);
  return uri.startsWith('file:') ? pathToFileURL(fileURLToPath(uri)).href : uri;
}

async function hostFile(path: string): Promise<CachedFile | null> {
  const { size, mtimeMs } = await stat(path);
  return size > searchedBytes ? null : toFile(await readFile(path), mtimeMs);
}
