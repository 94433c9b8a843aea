/**
 * What is defined in a file and what its uses came to, the calls of a definition, and the definition of a call's tool. Sums are the
 * database's: no session is read again for them.
 */
import { plainLine } from '../decode/preview';
import { coreOwner, isBuiltIn } from '../locate/defined/builtIn';
import type { Definition } from '../locate/defined/definition';
import { DefinitionFiles, maxFileBytes } from '../locate/defined/definitionFiles';
import type { FoundDefinition } from '../locate/defined/definitionFiles';
import { definingFile, findDefinitions, promptIn } from '../locate/defined/findDefinitions';
import { keysOf, ownerOf } from '../locate/defined/uses';
import type { CachedFile } from '../locate/fileCache';
import { pathOfFileUri } from '../locate/fileUri';
import { toWorkspace } from '../locate/mapping';
import { parseSandboxUri } from '../locate/sandboxUri';
import type { DefinedKind, ToolDefinition } from '../protocol/definitions';
import type { Span } from '../protocol/document';
import type { PathMapping } from '../protocol/messages';
import type { SessionView } from '../store/sessions';
import type { Store } from '../store/store';
import type { UseSums, WantedUses } from '../store/uses';
import { findSpan } from './detail';
import type { Places } from './places';
import type { PlaceSource } from './placeSource';

export interface DefinitionsContext {
  readonly sources: readonly PlaceSource[];
  readonly folders: readonly string[];
  readonly mappings: readonly PathMapping[];
}

export interface UsedDefinition {
  readonly definition: Definition;
  /** null: no use is recorded. */
  readonly sums: UseSums | null;
  /** Of a prompt file: sessions whose workspace it lies in. */
  readonly sessions: number | null;
  /** Whose calls are counted, by row. */
  readonly sources: readonly number[];
  /** That of the plugin whose folder it lies in. */
  readonly pluginId: string | null;
}

export interface UseAt {
  readonly source: PlaceSource;
  readonly view: SessionView;
  readonly span: Span;
}

/** More calls than these are not listed of a definition. */
export const listedUses = 500;
/** More files than stand open beside each other. */
const sumsKept = 32;
/** Workspaces of a sandbox that a prompt file is looked for in: those of the most sessions. */
const workspacesAsked = 16;
/** At once of one sandbox. */
const askedAtOnce = 4;
/** Of all that is asked of sandboxes for one file of the editor: what they hold that takes longer is not told of. */
const askedMs = 2000;

export class Definitions {
  readonly files: DefinitionFiles;
  readonly #store: Store;
  readonly #places: Places;
  readonly #context: () => DefinitionsContext;
  readonly #patience: () => AbortSignal;
  /** Of files that are asked for again and again, as while somebody types; until a call comes. */
  readonly #sums = new Map<string, ReadonlyMap<string, UseSums>>();

  constructor(store: Store, places: Places, context: () => DefinitionsContext, patience = () => AbortSignal.timeout(askedMs)) {
    this.#store = store;
    this.#places = places;
    this.#context = context;
    this.#patience = patience;
    this.files = new DefinitionFiles(() => context().folders);
  }

  /** Calls came, or are others than before. */
  callsChanged(): void {
    this.#sums.clear();
  }

  /** What is worth telling of a file of the editor. `line`: of this line, so that no sandbox is asked for what does not stand there. */
  async inFile(uri: string, signal: AbortSignal, line?: number): Promise<readonly UsedDefinition[]> {
    const context = this.#context();
    const sandbox = parseSandboxUri(uri);
    if (sandbox !== null) {
      const source = context.sources.find(({ id }) => id === sandbox.sourceId);
      return source === undefined ? [] : this.#inSandbox(source, sandbox.path, signal);
    }
    const path = pathOfFileUri(uri);
    const kind = path === null ? null : definingFile(path.replaceAll('\\', '/'));
    if (path === null || kind === null) return [];
    const definitions = (await this.files.ofFile(path))?.definitions ?? [];
    if (definitions.length === 0) return [];
    if (kind === 'prompt' && line !== undefined && definitions.every(({ range }) => range.start.line !== line)) return [];
    if (kind === 'prompt') return this.#promptFile(context, path, definitions, signal);
    const plugin = kind === 'source' || kind === 'manifest' ? await this.files.pluginOf(path) : null;
    const used = this.#used(definitions, context.sources, plugin?.id ?? null);
    // Others' programs register tools too: without a manifest above it a source is a plugin's if its tool was called.
    return kind === 'source' && plugin === null ? used.filter(({ sums }) => sums !== null) : used;
  }

  /** Its calls, newest first. */
  uses({ definition, sources, pluginId }: UsedDefinition, limit: number): readonly UseAt[] {
    const wanted = wantedOf(definition, pluginId);
    if (wanted === null) return [];
    const open = new Map(this.#context().sources.map((source) => [source.row, source]));
    return this.#store.uses.newest(wanted, sources, limit).flatMap((use) => {
      const source = open.get(use.source);
      const found = source === undefined ? null : findSpan(this.#store, use.source, use.spanId);
      return source === undefined || found === null ? [] : [{ source, view: found.view, span: found.span }];
    });
  }

  async ofCall(source: PlaceSource, spanId: string, signal: AbortSignal): Promise<ToolDefinition | null> {
    const found = findSpan(this.#store, source.row, spanId);
    if (found === null || found.span.kind !== 'execute_tool') return null;
    const { attributes } = found.span;
    const tool = String(attributes['gen_ai.tool.name'] ?? '');
    const owner = ownerOf(found.span);
    const builtIn = isBuiltIn(tool, owner);
    const { found: all, looked } = await this.files.find(new Set(keysOf(found.span, found.view.workspaceDir).keys()), signal);
    const places = best(all.filter((one) => mayBeOf(one, builtIn, owner)));
    return {
      tool: plainLine(tool, 80),
      builtIn,
      places: places.map(({ definition: { kind, name, range }, uri }) => ({ kind, name: plainLine(name, 80), uri, range })),
      looked,
    };
  }

  #used(definitions: readonly Definition[], sources: readonly PlaceSource[], pluginId: string | null): readonly UsedDefinition[] {
    const rows = sources.map(({ row }) => row);
    // OpenClaw takes no tool of a plugin by a name that its own have: calls of that name are of its own.
    const own = definitions.filter(({ kind, name }) => (kind !== 'plugin-tool' && kind !== 'manifest-tool') || !isBuiltIn(name));
    const wanted = own.flatMap((definition) => wantedOf(definition, pluginId) ?? []);
    const sums = wanted.length === 0 || rows.length === 0 ? new Map<string, UseSums>() : this.#sumsOf(wanted, rows);
    return own.map((definition) => ({
      definition,
      sums: definition.key === null ? null : (sums.get(definition.key) ?? null),
      sessions: null,
      sources: rows,
      pluginId,
    }));
  }

  #sumsOf(wanted: readonly WantedUses[], rows: readonly number[]): ReadonlyMap<string, UseSums> {
    const asked = JSON.stringify([wanted, rows]);
    const sums = this.#sums.get(asked) ?? this.#store.uses.sums(wanted, rows);
    if (this.#sums.size >= sumsKept) this.#sums.clear();
    this.#sums.set(asked, sums);
    return sums;
  }

  async #inSandbox(source: PlaceSource, path: string, signal: AbortSignal): Promise<readonly UsedDefinition[]> {
    const kind = definingFile(path);
    if (kind === null || kind === 'config') return [];
    const file = await this.#fileIn(source, path, signal, this.#patience());
    if (file === null || file.bytes.byteLength > maxFileBytes) return [];
    const definitions = findDefinitions(path, Buffer.from(file.bytes).toString('utf8'));
    if (kind === 'prompt') return this.#prompt(definitions, [source], path);
    const used = this.#used(definitions, [source], null);
    return kind === 'source' ? used.filter(({ sums }) => sums !== null) : used;
  }

  /** null: there is none that may be shown, nobody answered in time, or nobody wants to know any more. */
  async #fileIn(source: PlaceSource, path: string, signal: AbortSignal, late: AbortSignal): Promise<CachedFile | null> {
    if (signal.aborted || late.aborted) return null;
    try {
      return await this.#places.readUntil(source, path, signal, late);
    } catch (error) {
      if (signal.aborted) return null;
      throw error;
    }
  }

  /** `sources`: those in which the file has this path. */
  #prompt(definitions: readonly Definition[], sources: readonly PlaceSource[], path: string): readonly UsedDefinition[] {
    const folder = path.slice(0, path.lastIndexOf('/'));
    const sessions = sources
      .flatMap(({ row }) => this.#store.sessions.workspaces(row))
      .filter(({ workspaceDir }) => withoutSlash(workspaceDir) === folder)
      .reduce((sum, workspace) => sum + workspace.sessions, 0);
    if (sessions === 0) return [];
    const inIt = definitions.map((definition) => promptIn(definition, path));
    return this.#used(inIt, sources, null).map((used) => ({ ...used, sessions }));
  }

  /** Many projects have an AGENTS.md: it is an agent's only where it surely lies in the workspace of one. */
  async #promptFile(
    { sources, folders, mappings }: DefinitionsContext,
    path: string,
    definitions: readonly Definition[],
    signal: AbortSignal,
  ): Promise<readonly UsedDefinition[]> {
    const name = definitions[0]?.name ?? '';
    const late = this.#patience();
    // One sandbox that does not answer takes no other's turn.
    const found = await Promise.all(
      sources.map(async (source) => {
        const workspaces = [...this.#store.sessions.workspaces(source.row)].sort((a, b) => b.sessions - a.sessions);
        const left = workspaces.slice(0, workspacesAsked).values();
        const here: string[] = [];
        const ask = async (): Promise<void> => {
          for (const { workspaceDir } of left) {
            const inSandbox = `${withoutSlash(workspaceDir)}/${name}`;
            const hash = async (): Promise<string | null> => (await this.#fileIn(source, inSandbox, signal, late))?.hash ?? null;
            const git = (asked: string) => this.#places.git(source, asked);
            const mapped = await toWorkspace(inSandbox, { folders, mappings, mounts: source.source.mounts, git }, hash);
            if (mapped?.path === path) here.push(inSandbox);
          }
        };
        await Promise.all(Array.from({ length: askedAtOnce }, ask));
        return { source, here };
      }),
    );
    const byPath = new Map<string, PlaceSource[]>();
    for (const { source, here } of found) for (const inSandbox of here) byPath.set(inSandbox, [...(byPath.get(inSandbox) ?? []), source]);
    const used = [...byPath].flatMap(([inSandbox, of]) => this.#prompt(definitions, of, inSandbox));
    // One file of the workspace is one of the sandbox; where two have the same bytes it is that of more sessions.
    return used.sort((a, b) => (b.sessions ?? 0) - (a.sessions ?? 0)).slice(0, 1);
  }
}

function withoutSlash(path: string): string {
  return path.replace(/\/$/, '');
}

/** Whether a definition by the call's name is that of its tool. */
function mayBeOf({ definition, pluginId }: FoundDefinition, builtIn: boolean, owner: string | null): boolean {
  switch (definition.kind) {
    case 'plugin-tool':
    case 'manifest-tool':
      return !builtIn && (owner === null || pluginId === null || owner === pluginId);
    case 'mcp-server':
      return !builtIn;
    case 'skill':
    case 'prompt-file':
      return true;
  }
}

/** Calls that are this definition's for all that is known of them; as `mayBeOf` judges one. null: it has no key. */
function wantedOf({ kind, key }: Definition, pluginId: string | null): WantedUses | null {
  if (key === null) return null;
  switch (kind) {
    case 'plugin-tool':
    case 'manifest-tool':
      return { key, owner: pluginId === null ? { kind: 'not', owner: coreOwner } : { kind: 'only', owner: pluginId } };
    case 'mcp-server':
      return { key, owner: { kind: 'not', owner: coreOwner } };
    case 'skill':
    case 'prompt-file':
      return { key, owner: { kind: 'any' } };
  }
}

const order: readonly DefinedKind[] = ['skill', 'plugin-tool', 'manifest-tool', 'mcp-server', 'prompt-file'];

/** Where a tool's source is found, its manifest says nothing more. */
function best(found: readonly FoundDefinition[]): readonly FoundDefinition[] {
  const kind = order.find((each) => found.some(({ definition }) => definition.kind === each));
  return found.filter(({ definition }) => definition.kind === kind).slice(0, 20);
}
