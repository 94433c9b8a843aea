/** Which sandboxes there are, and every place that was looked at, with what was there or why it could not be looked at. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ContainerPlace } from '../attach/container/containerSource';
import type { EngineAddress } from '../attach/container/engine';
import { codeOf, skipReasonOf } from '../attach/reader/context';
import type { Looked, LookOutcome, SandboxInfo } from '../protocol/document';
import type { EngineSandbox, SandboxContainer } from './containers';
import { enginePlaces } from './engines';
import { ambiguous, joined, type RegisteredRow, type SeenSandbox } from './join';
import { calledPort, engineId, lookAtEngine, type EngineAnswer } from './lookAtEngine';
import { foundOnce, seenOnce } from './oncePerId';
import { readRegistry, registryPaths, type Registry } from './registries';

export interface FindOptions {
  readonly home: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly dockerHost?: string | null;
  readonly signal: AbortSignal;
}

export interface FoundSandbox extends SandboxInfo {
  /** That of its containers; null: it has none. */
  readonly engine: EngineAddress | null;
  readonly containers: readonly SandboxContainer[];
  /** What is needed to open it; null: it is not in a container, or its container is not there. */
  readonly place: ContainerPlace | null;
  /** Its state directory on this host, for the layout `directory`. */
  readonly directory: string | null;
}

/** Containers whose own name does not tell the gateway they are of; more than these are left open. */
const askedForPort = 16;

interface Answer<T> {
  readonly looked: Looked;
  readonly found: readonly T[];
}

export async function findSandboxes(
  options: FindOptions,
): Promise<{ readonly looked: readonly Looked[]; readonly sandboxes: readonly FoundSandbox[] }> {
  const { home, env, dockerHost, signal } = options;
  const places = enginePlaces({ env: { HOME: home, ...env }, dockerHost });
  const [answers, registries, local] = await Promise.all([
    Promise.all(places.map((place) => lookAtEngine(place, signal))).then((engines) => sameEngines(engines, signal)),
    lookAtRegistries(home),
    lookAtDirectory(join(home, '.openclaw')),
  ]);
  const rows = registries.flatMap(({ found }) => found);
  const seen = onceEach(answers);
  const ports = await portsOf(ambiguous(seen, rows).slice(0, askedForPort), signal);
  signal.throwIfAborted();
  return {
    looked: [...answers.flatMap(({ looked }) => looked), ...[...registries, local].map(({ looked }) => looked)],
    sandboxes: [...foundOnce([...joined(seen, rows, ports), ...local.found])].sort(runningFirst),
  };
}

/** What can be attached to stands before what can't; each by name. */
function runningFirst(a: FoundSandbox, b: FoundSandbox): number {
  const atRest = (found: FoundSandbox): number => Number(found.state === 'stopped' || found.state === 'unknown');
  return atRest(a) - atRest(b) || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
}

/** Two sockets may lead to one engine; where more than one answers, each is asked who it is, and the second is said to be the first. */
async function sameEngines(answers: readonly EngineAnswer[], signal: AbortSignal): Promise<readonly EngineAnswer[]> {
  const there = answers.filter(({ looked }) => looked[0]?.outcome === 'ok');
  if (there.length < 2) return answers;
  const ids = new Map(
    await Promise.all(
      there.map(async (answer) => [answer, answer.place.address ? await engineId(answer.place.address, signal) : null] as const),
    ),
  );
  return answers.map((answer) => {
    const id = ids.get(answer) ?? null;
    const first = there.find((other) => id !== null && ids.get(other) === id);
    if (first === undefined || first === answer) return answer;
    const [engine] = answer.looked;
    return { ...answer, looked: engine ? [{ ...engine, reason: `it is the same engine as ${first.place.place}` }] : [] };
  });
}

/** Each sandbox once, with all the places that lead to it. */
function onceEach(answers: readonly EngineAnswer[]): readonly SeenSandbox[] {
  const seen = new Map<string, { readonly sandbox: EngineSandbox; readonly places: string[] }>();
  for (const { place, sandboxes } of answers)
    for (const sandbox of sandboxes) {
      const key = sandbox.containers.map(({ id }) => id).join(' ');
      const known = seen.get(key);
      if (known) known.places.push(place.place);
      else seen.set(key, { sandbox, places: [place.place] });
    }
  return seenOnce([...seen.values()].map((each) => ({ ...each, elsewhere: [] })));
}

async function portsOf(seen: readonly SeenSandbox[], signal: AbortSignal): Promise<ReadonlyMap<string, number>> {
  const ports = new Map<string, number>();
  const ask = async ({ sandbox: { id, engine, containers } }: SeenSandbox): Promise<void> => {
    const [container] = containers;
    const port = container ? await calledPort(engine, container.id, signal) : null;
    if (port !== null) ports.set(id, port);
  };
  await Promise.all(seen.map(ask));
  return ports;
}

async function lookAtRegistries(home: string): Promise<readonly Answer<RegisteredRow>[]> {
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
      reports: [{ place: path, kind: 'directory', says: { name: path, state: 'recorded' } }],
      engine: null,
      containers: [],
      place: null,
      directory: path,
    };
    return answer('ok', null, [sandbox]);
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return answer('absent', 'there is none', []);
    return answer(code === 'EACCES' || code === 'EPERM' ? 'refused' : 'failed', skipReasonOf(error), []);
  }
}
