/**
 * One history, every way it can be stored, laid out and read: the same document each time. And the ways themselves: one that does not
 * work gives place to the next, and none leaves anything behind, here or there.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CONTAINER_WAYS, type ContainerWay } from '../../server/src/attach/container/ways';
import type { Source } from '../../server/src/attach/record';
import { collect } from '../../server/src/collect/collector';
import type { TraceDocument } from '../../server/src/protocol/document';
import { traceDocument } from '../../server/src/query/document';
import { findSandboxes } from '../../server/src/sandboxes/findSandboxes';
import { sandboxSource } from '../../server/src/sandboxes/sandboxSource';
import { keyBytes } from '../../server/src/store/sealedBox';
import { Store } from '../../server/src/store/store';
import { recording } from '../fixtures/recordings';
import { until } from '../server/support/serverProcess';
import { pythonScript } from '../unit/attach/readers';
import { temporary } from '../unit/attach/reading';
import { bed, docker, listing, PlainContainer, readerScript, VERSIONS } from './bed';

const there = await bed(VERSIONS.jsonl);
const signal = new AbortController().signal;
const containers: PlainContainer[] = [];
let script = '';

beforeAll(async () => {
  script = await readerScript();
});
afterAll(() => containers.forEach((container) => container.down()));

interface Storage {
  readonly title: string;
  readonly name: string;
}
const STORAGES: readonly Storage[] = [
  { title: 'JSONL', name: 'rotation-2026.7.1' },
  // With packed rows among the plain ones.
  { title: 'SQLite', name: 'zstd-2026.9.6' },
];
const LAYOUTS = ['one-container', 'two-containers'] as const;

/** A sandbox that stands there with a history, and the home of a user who knows it by name. */
interface Laid {
  readonly workload: PlainContainer;
  readonly home: string;
}

async function lay(name: string, layout: (typeof LAYOUTS)[number]): Promise<Laid> {
  const { root, stateDir } = recording(name);
  const made = (labels: Readonly<Record<string, string>>): PlainContainer => {
    const container = new PlainContainer(VERSIONS.jsonl, labels);
    containers.push(container);
    return container;
  };
  const workload = made(layout === 'one-container' ? {} : { 'openshell.ai/isolation-role': 'sandbox' });
  workload.fill(stateDir);
  const supervisor =
    layout === 'one-container'
      ? workload
      : made({
          'openshell.ai/isolation-role': 'supervisor',
          'openshell.ai/sandbox-id': workload.sandboxId,
          'openshell.ai/sandbox-name': workload.name,
        });
  // What the supervisor said, on the console of its container.
  const said = readFileSync(join(root, 'container.log'), 'utf8');
  execFileSync('docker', ['exec', '-i', '-u', '0', supervisor.id, 'sh', '-c', 'cat > /proc/1/fd/2'], { input: said });
  // The engine takes it from there in its own time.
  const kept = (): string => spawnSync('docker', ['logs', supervisor.id], { encoding: 'utf8', maxBuffer: 1 << 28 }).stderr;
  await until('the engine to have kept all of it', () => kept().trimEnd() === said.trimEnd(), 60_000);
  const home = temporary();
  mkdirSync(join(home, '.nemoclaw'));
  const row = { name: workload.name, agent: 'openclaw', agentVersion: name.split('-').pop(), provider: 'nvidia-prod' };
  writeFileSync(join(home, '.nemoclaw', 'sandboxes.json'), JSON.stringify({ sandboxes: { [workload.name]: row } }));
  return { workload, home };
}

async function sourceOf({ workload, home }: Laid, ways?: readonly ContainerWay[]): Promise<Source> {
  const { sandboxes } = await findSandboxes({ home, env: process.env, signal });
  const found = sandboxes.find(({ id }) => id === workload.sandboxId);
  if (!found) throw new Error('the sandbox was not found');
  return sandboxSource(found, { ways, script: async () => script, pythonScript: async () => pythonScript() });
}

/** What was written in it since it was made, and when. */
function changesIn(container: PlainContainer): readonly string[] {
  return [...docker('diff', container.id).split('\n').sort(), ...listing(container.id)];
}

async function documentOf(source: Source): Promise<TraceDocument> {
  using store = Store.open({ path: ':memory:', key: randomBytes(keyBytes), replaceUnreadable: false });
  const info = { kind: 'sandbox', name: 'one', sandbox: null, runtime: 'openclaw', runtimeVersion: null } as const;
  const row = store.transaction(() => store.sources.ensure('source', { info, registryProvider: null }));
  await collect(store, row, source, { follow: false, signal, onChange: () => undefined, onCaughtUp: () => undefined });
  return traceDocument(store, row, null);
}

describe.skipIf(there.kind === 'missing')('the same history', () => {
  describe.each(STORAGES)('kept as $title', ({ name }) => {
    it.each(LAYOUTS)('in %s is the same document by every way', { timeout: 120_000 }, async (layout) => {
      const laid = await lay(name, layout);
      const before = changesIn(laid.workload);
      const documents = new Map<ContainerWay, TraceDocument>();
      for (const way of CONTAINER_WAYS) documents.set(way, await documentOf(await sourceOf(laid, [way])));
      const byNode = documents.get('node');
      expect(byNode?.sessions.length).toBeGreaterThan(1);
      expect(byNode?.policy.length).toBeGreaterThan(5);
      for (const [way, document] of documents) expect(document, way).toEqual(byNode);
      expect(changesIn(laid.workload)).toEqual(before);
    });
  });
});
