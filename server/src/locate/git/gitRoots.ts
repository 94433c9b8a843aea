/**
 * From a file in a repository of a sandbox to that of the workspace, by what both repositories say of the commits they are at. Sure only
 * where it is one repository and no other of the workspace may be it: what may be it, and is not surely it, is answered as a doubt.
 */
import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { SandboxFileError } from '../../attach/errors';
import type { SandboxFiles } from '../../attach/record';
import { isSecretPath } from '../../attach/secretPaths';
import { isUnreadable } from '../mapping';
import type { GitAnswer } from '../mapping';
import type { RepositoryDoubt } from '../../protocol/mappings';
import { leftOut } from '../suggestSearch';
import { linesMeet, nearestRoot, objectsOf, repositoriesOf, stateOf } from './hostRepository';
import type { FoundRepositories, HostRepository, HostState } from './hostRepository';
import type { HostObjects } from './objects';
import { sandboxRootOf, sandboxStateOf } from './sandboxRepository';
import type { SandboxState } from './sandboxRepository';

export interface GitSource {
  readonly id: string;
  readonly files: SandboxFiles;
}

type Relation = 'same' | 'diverged' | 'elsewhere' | 'unknown' | 'other';

const none: GitAnswer = { kind: 'none' };
/** How long what was seen is taken for true. */
const workspaceMs = 60_000;
/** What calls of the agent change is forgotten at once. */
const sandboxMs = 60_000;
const nothingMs = 10_000;
const hostMs = 5000;
/** A sandbox that takes longer is not asked for now. */
const lookMs = 3000;
const walkMs = 5000;
const kept = 1000;

interface Kept<T> {
  until: number;
  readonly value: Promise<T>;
}

export class GitRoots {
  /** Of the folders that are open now. */
  #found: { readonly key: string; readonly kept: Map<string, Kept<FoundRepositories>> } | null = null;
  /** By source and directory of a file. */
  readonly #roots = new Map<string, Kept<string | null>>();
  /** By source and root. */
  readonly #states = new Map<string, Kept<SandboxState | null>>();
  readonly #hosts = new Map<string, Kept<HostState | null>>();
  readonly #relations = new Map<string, Kept<Relation>>();
  readonly #bounds: Parameters<typeof repositoriesOf>[1];

  constructor(bounds?: Parameters<typeof repositoriesOf>[1]) {
    this.#bounds = bounds;
  }

  /** What ran in it may have changed where its repositories stand. */
  forget(sourceId: string): void {
    for (const map of [this.#roots, this.#states]) for (const key of map.keys()) if (key.startsWith(`${sourceId} `)) map.delete(key);
  }

  /** Where a file of a sandbox lies in the workspace. */
  async of(source: GitSource, path: string, folders: readonly string[]): Promise<GitAnswer> {
    if (folders.length === 0 || !path.startsWith('/') || isNobodys(path)) return none;
    const found = await this.#workspace(folders);
    // A sandbox is not asked for what the workspace has nowhere.
    if (!(await anyThere(path, found))) return none;
    const directory = path.slice(0, path.lastIndexOf('/'));
    const sandboxRoot = await recent(this.#roots, `${source.id} ${directory}`, sandboxMs, () =>
      told((signal) => sandboxRootOf(source.files, path, signal)),
    );
    if (sandboxRoot === null) return none;
    const state = await recent(this.#states, `${source.id} ${sandboxRoot}`, sandboxMs, () =>
      told((signal) => sandboxStateOf(source.files, sandboxRoot, signal)),
    );
    return state === null ? none : this.#compare(found, state, path, sandboxRoot);
  }

  async #compare(found: FoundRepositories, state: SandboxState, path: string, sandboxRoot: string): Promise<GitAnswer> {
    const related: { readonly root: string; readonly relation: Relation }[] = [];
    for (const repository of found.repositories) related.push({ root: repository.root, relation: await this.#relation(repository, state) });
    const same = related.filter(({ relation }) => relation === 'same');
    const [only] = same;
    const doubt = (why: RepositoryDoubt, roots: readonly { readonly root: string }[]): GitAnswer => ({
      kind: 'doubt',
      why,
      roots: roots.map(({ root }) => root),
      sandboxRoot,
    });
    if (only === undefined) {
      const diverged = related.filter(({ relation }) => relation === 'diverged');
      const elsewhere = related.filter(({ relation }) => relation === 'elsewhere');
      if (diverged.length > 0) return doubt('diverged', diverged);
      return elsewhere.length > 0 ? doubt('elsewhere', elsewhere) : none;
    }
    if (same.length > 1) return doubt('several', same);
    const rest = sandboxRoot === '/' ? path.slice(1) : path.slice(sandboxRoot.length + 1);
    const inRoot = (root: string): string => join(root, ...rest.split('/'));
    const diverged = related.filter(({ relation }) => relation === 'diverged');
    if (diverged.length > 0) return doubt('several', [...same, ...diverged]);
    const unknown: typeof related = [];
    for (const one of related) if (one.relation === 'unknown' && (await isThere(inRoot(one.root)))) unknown.push(one);
    if (unknown.length > 0 || found.cut) return doubt('unknown', [...same, ...unknown]);
    const target = inRoot(only.root);
    // What lies in a repository of its own here is no file of this one.
    return (await nearestRoot(target)) === only.root ? { kind: 'same', path: target, root: only.root, sandboxRoot } : none;
  }

  async #relation({ root, data }: HostRepository, state: SandboxState): Promise<Relation> {
    if (data === null) return 'unknown';
    const host = await recent(this.#hosts, root, hostMs, () => stateOf(data));
    if (host === null) return 'other';
    const key = JSON.stringify([root, host, state.head, [...state.been], state.origin]);
    return recent(this.#relations, createHash('sha256').update(key).digest('hex'), workspaceMs, () =>
      relationOf(objectsOf(data), host, state),
    );
  }

  async #workspace(folders: readonly string[]): Promise<FoundRepositories> {
    const key = JSON.stringify(folders);
    if (this.#found?.key !== key) this.#found = { key, kept: new Map() };
    return recent(this.#found.kept, key, workspaceMs, () => repositoriesOf(folders, this.#bounds));
  }
}

/** A repository's own data, what others put beside the project, and secrets: of none of that both sides have the same. */
function isNobodys(path: string): boolean {
  return isSecretPath(path) || path.split('/').some((part) => leftOut.has(part));
}

/** Of where a repository of a sandbox was before, the last ones, and the first. */
const movesCompared = 16;

async function relationOf(objects: HostObjects, host: HostState, state: SandboxState): Promise<Relation> {
  const late = AbortSignal.timeout(walkMs);
  const met = state.been.has(host.head) || (await linesMeet(objects, state.head, host.head, late));
  if (met === null) return 'unknown';
  if (met) return state.origin !== null && host.origin !== null && state.origin !== host.origin ? 'elsewhere' : 'same';
  // It went on from a commit that is known here; and so did the one here.
  const been = [...state.been].filter((commit) => commit !== state.head);
  for (const commit of new Set([...been.slice(0, 1), ...been.slice(-movesCompared)])) {
    const before = await linesMeet(objects, commit, host.head, late);
    if (before === null) return 'unknown';
    if (!before) continue;
    if (state.origin === null || host.origin === null) return 'diverged';
    return state.origin === host.origin ? 'same' : 'elsewhere';
  }
  return 'other';
}

async function anyThere(path: string, { repositories }: FoundRepositories): Promise<boolean> {
  const parts = path.split('/').filter((part) => part !== '');
  for (const { root } of repositories)
    for (let from = 0; from < parts.length; from++) if (await isThere(join(root, ...parts.slice(from)))) return true;
  return false;
}

async function isThere(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch (error) {
    if (isUnreadable(error)) return false;
    throw error;
  }
}

/** What was learned lately, or is being learned; what failed is not kept. */
async function recent<T>(map: Map<string, Kept<T>>, key: string, freshMs: number, learn: () => Promise<T>): Promise<T> {
  const known = map.get(key);
  if (known !== undefined && performance.now() < known.until) return known.value;
  const slot = { until: performance.now() + freshMs, value: learn() };
  map.delete(key);
  map.set(key, slot);
  for (const oldest of map.keys()) {
    if (map.size <= kept) break;
    map.delete(oldest);
  }
  try {
    const value = await slot.value;
    // Nothing may be there soon, or was only not told in time.
    if (value === null) slot.until = Math.min(slot.until, performance.now() + nothingMs);
    return value;
  } catch (error) {
    if (map.get(key) === slot) map.delete(key);
    throw error;
  }
}

/** What a sandbox answers in time; null: nothing, also where it takes no notice of being given up. */
async function told<T>(ask: (signal: AbortSignal) => Promise<T | null>): Promise<T | null> {
  const late = AbortSignal.timeout(lookMs);
  const given = new Promise<null>((done) => late.addEventListener('abort', () => done(null), { once: true }));
  const asked = ask(late).catch((error: unknown) => {
    if (SandboxFileError.is(error) || late.aborted) return null;
    throw error;
  });
  return Promise.race([asked, given]);
}
