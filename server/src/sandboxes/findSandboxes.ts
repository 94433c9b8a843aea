/** Which sandboxes there are, and every place that was looked at, with what was there or why it could not be looked at. */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ContainerInfo } from 'dockerode';
import type { ContainerPlace } from '../attach/container/containerSource';
import { engineAt } from '../attach/container/engine';
import { codeOf, reasonOf } from '../attach/reader/context';
import type { RegistryRow } from '../attach/registry';
import type { Looked, LookOutcome, SandboxInfo } from '../protocol/document';
import { LABEL_FILTERS, sandboxesOf, type EngineSandbox } from './containers';
import { enginePlaces, type EnginePlace } from './engines';
import { readRegistry, registryPaths, type Registry } from './registries';

export interface FindOptions {
  readonly home: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly dockerHost?: string | null;
  readonly signal: AbortSignal;
}

export interface FoundSandbox extends SandboxInfo {
  readonly containers: readonly { readonly id: string; readonly name: string }[];
  /** What is needed to open it; null: it is not in a container, or its container is not there. */
  readonly place: ContainerPlace | null;
  /** Its state directory on this host, for the layout `directory`. */
  readonly directory: string | null;
}

const ENGINE_TIMEOUT_MS = 5000;

interface Answer<T> {
  readonly looked: Looked;
  readonly found: readonly T[];
}

export async function findSandboxes(
  options: FindOptions,
): Promise<{ readonly looked: readonly Looked[]; readonly sandboxes: readonly FoundSandbox[] }> {
  const { home, env, dockerHost, signal } = options;
  const [engines, registries, local] = await Promise.all([
    Promise.all(enginePlaces({ env: { HOME: home, ...env }, dockerHost }).map((place) => lookAtEngine(place, signal))),
    lookAtRegistries(home),
    lookAtDirectory(join(home, '.openclaw')),
  ]);
  signal.throwIfAborted();
  const rows = registries.flatMap(({ found }) => found);
  const containers = unique(engines.flatMap(({ looked, found }) => found.map((sandbox) => ({ sandbox, place: looked.place }))));
  const joined = containers.map(({ sandbox, place }) =>
    withRow(
      sandbox,
      place,
      rows.filter(({ row }) => row.name === sandbox.name),
    ),
  );
  const inContainers = new Set(joined.map(({ name }) => name));
  const registryOnly = rows
    .filter(({ row }, index) => !inContainers.has(row.name) && rows.findIndex((other) => other.row.name === row.name) === index)
    .map(({ row, path }) => onlyInRegistry(row, path));
  return {
    looked: [...engines, ...registries, local].map(({ looked }) => looked),
    sandboxes: [...joined, ...registryOnly, ...local.found].sort(runningFirst),
  };
}

/** What can be attached to stands before what can't; each by name. */
function runningFirst(a: FoundSandbox, b: FoundSandbox): number {
  const atRest = (found: FoundSandbox): number => Number(found.state === 'stopped' || found.state === 'unknown');
  return atRest(a) - atRest(b) || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
}

/** Two sockets may lead to one engine. */
function unique(found: readonly { readonly sandbox: EngineSandbox; readonly place: string }[]): typeof found {
  const seen = new Set<string>();
  return found.filter(({ sandbox }) => {
    const key = sandbox.containers.map(({ id }) => id).join(' ');
    return seen.has(key) ? false : seen.add(key);
  });
}

async function lookAtEngine(engine: EnginePlace, signal: AbortSignal): Promise<Answer<EngineSandbox>> {
  const started = performance.now();
  const answer = (outcome: LookOutcome, reason: string | null, found: readonly EngineSandbox[]): Answer<EngineSandbox> => ({
    looked: { place: engine.place, outcome, reason, ms: Math.round(performance.now() - started), found: found.length },
    found,
  });
  const { address } = engine;
  if (!address) return answer('failed', engine.reason, []);
  const docker = engineAt(address);
  const limit = AbortSignal.any([signal, AbortSignal.timeout(ENGINE_TIMEOUT_MS)]);
  try {
    const lists = await Promise.all(
      LABEL_FILTERS.map((label) => docker.listContainers({ all: true, filters: { label: [label] }, abortSignal: limit })),
    );
    const containers = new Map<string, ContainerInfo>(lists.flat().map((container) => [container.Id, container]));
    return answer('ok', null, sandboxesOf([...containers.values()], address));
  } catch (error) {
    if (signal.aborted) throw error;
    if (limit.aborted) return answer('failed', `no answer within ${ENGINE_TIMEOUT_MS / 1000} s`, []);
    const place = address.kind === 'socket' ? await groupHint(address.path) : '';
    const code = codeOf(error);
    if (code?.startsWith('HPE_')) return answer('failed', 'what answers there is no container engine', []);
    switch (code) {
      case 'ENOENT':
      case 'ENOTDIR':
        return answer('absent', 'there is no such socket', []);
      case 'EACCES':
      case 'EPERM':
        return answer('refused', `permission denied${place}`, []);
      case 'ECONNREFUSED':
        return answer('failed', 'nothing listens there: Docker is not running', []);
      case 'ENOTFOUND':
        return answer('failed', 'the host is not known', []);
      default:
        return answer('failed', error instanceof Error ? error.message.trim() : String(error), []);
    }
  }
}

/** The group that owns the socket may use it; which one that is differs. */
async function groupHint(path: string): Promise<string> {
  let group = 'docker';
  try {
    const { gid } = await stat(path);
    const line = (await readFile('/etc/group', 'utf8')).split('\n').find((entry) => entry.split(':')[2] === String(gid));
    group = line?.split(':')[0] ?? group;
  } catch {
    group = 'docker'; // not to be seen from here; this is what it is called everywhere
  }
  return `: join the group "${group}" (sudo usermod -aG ${group} "$USER") and log in again`;
}

async function lookAtRegistries(home: string): Promise<readonly Answer<{ readonly row: RegistryRow; readonly path: string }>[]> {
  return Promise.all(
    (await registryPaths(home)).map(async (path) => {
      const started = performance.now();
      const registry: Registry = await readRegistry(path);
      return {
        looked: {
          place: path,
          outcome: registry.outcome,
          reason: registry.reason,
          ms: Math.round(performance.now() - started),
          found: registry.rows.length,
        },
        found: registry.rows.map((row) => ({ row, path })),
      };
    }),
  );
}

async function lookAtDirectory(path: string): Promise<Answer<FoundSandbox>> {
  const started = performance.now();
  const answer = (outcome: LookOutcome, reason: string | null, found: readonly FoundSandbox[]): Answer<FoundSandbox> => ({
    looked: { place: path, outcome, reason, ms: Math.round(performance.now() - started), found: found.length },
    found,
  });
  try {
    if (!(await stat(join(path, 'agents'))).isDirectory()) return answer('absent', 'no agents have run there', []);
    const sandbox: FoundSandbox = {
      id: `directory:${path}`,
      name: path,
      layout: 'directory',
      runtime: 'openclaw',
      runtimeVersion: null,
      provider: null,
      model: null,
      state: 'recorded',
      gateway: null,
      seenBy: [path],
      reports: [],
      containers: [],
      place: null,
      directory: path,
    };
    return answer('ok', null, [sandbox]);
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return answer('absent', 'there is none', []);
    return answer(code === 'EACCES' || code === 'EPERM' ? 'refused' : 'failed', reasonOf(error), []);
  }
}

function withRow(
  sandbox: EngineSandbox,
  place: string,
  rows: readonly { readonly row: RegistryRow; readonly path: string }[],
): FoundSandbox {
  const row = rows[0]?.row ?? null;
  return {
    id: sandbox.id,
    name: sandbox.name,
    layout: sandbox.layout,
    runtime: row?.agent ?? null,
    runtimeVersion: row?.agentVersion ?? null,
    provider: row?.provider ?? null,
    model: row?.model ?? null,
    state: sandbox.state,
    gateway: null,
    seenBy: [place, ...rows.map(({ path }) => path)],
    reports: [],
    containers: sandbox.containers,
    place: sandbox.place,
    directory: null,
  };
}

function onlyInRegistry(row: RegistryRow, path: string): FoundSandbox {
  return {
    id: `registry:${row.name}`,
    name: row.name,
    layout: 'registry-only',
    runtime: row.agent,
    runtimeVersion: row.agentVersion,
    provider: row.provider,
    model: row.model,
    state: row.stopped ? 'stopped' : 'unknown',
    gateway: null,
    seenBy: [path],
    reports: [],
    containers: [],
    place: null,
    directory: null,
  };
}
