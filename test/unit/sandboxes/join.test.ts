/** One sandbox, one row: what the engine and the registries say of it meets; and what can't be read is explained. */
import { join } from 'node:path';
import type { ContainerInfo } from 'dockerode';
import { afterEach, describe, expect, it } from 'vitest';
import { AttachError } from '../../../server/src/attach/errors';
import { findSandboxes, type FoundSandbox } from '../../../server/src/sandboxes/findSandboxes';
import { sandboxSource } from '../../../server/src/sandboxes/sandboxSource';
import { nameInContainerName, sameName } from '../../../server/src/sandboxes/naming';
import { readAll } from '../attach/reading';
import { container, home, id, PlayedEngine } from './playedEngine';

const closing: PlayedEngine[] = [];
afterEach(async () => {
  for (const engine of closing.splice(0)) await engine.stop();
});
async function played(...containers: readonly ContainerInfo[]): Promise<PlayedEngine> {
  const engine = await new PlayedEngine(containers).start();
  closing.push(engine);
  return engine;
}
const signal = new AbortController().signal;
const find = async (dir: string, engine: PlayedEngine): Promise<readonly FoundSandbox[]> =>
  (await findSandboxes({ home: dir, env: {}, dockerHost: engine.host, signal })).sandboxes;

const row = (name: string, more: object = {}): object => ({ sandboxes: { [name]: { name, ...more } } });

describe('a sandbox that registry and engine know', () => {
  it('is one row, with what each says of it', async () => {
    const labels = id('7', { 'openshell.ai/sandbox-name': 'alpha', 'openshell.ai/sandbox-namespace': 'default' });
    const engine = await played(
      container('openshell-default--alpha-7', labels, {
        Image: 'sha256:abc',
        Created: 1_790_000_000,
        Status: 'Up 2 hours',
        State: 'running',
      }),
    );
    const dir = home(
      row('alpha', {
        agent: 'openclaw',
        agentVersion: '2026.9.6',
        provider: 'nvidia-prod',
        model: 'nvidia/nemotron',
        gatewayName: 'nemoclaw',
        gatewayPort: 8080,
        imageTag: 'openshell/sandbox-from:1',
        createdAt: '2026-09-24T14:02:11.120Z',
        credentialEnv: 'CANARY_CREDENTIAL',
        endpointUrl: 'https://user:canary@example',
        stopped: false,
      }),
    );
    const [found, ...rest] = await find(dir, engine);
    expect(rest).toEqual([]);
    expect(found).toMatchObject({
      id: '7',
      name: 'alpha',
      state: 'running',
      gateway: 'nemoclaw',
      provider: 'nvidia-prod',
      runtimeVersion: '2026.9.6',
    });
    expect(found?.seenBy).toEqual([`setting sandglass.docker.host ${engine.host}`, join(dir, '.nemoclaw', 'sandboxes.json')]);
    expect(found?.reports).toEqual([
      {
        place: `setting sandglass.docker.host ${engine.host}`,
        kind: 'engine',
        says: {
          name: 'alpha',
          state: 'running',
          status: 'Up 2 hours',
          image: 'sha256:abc',
          created: '2026-09-21T14:13:20.000Z',
          layout: 'one container',
          containers: 'openshell-default--alpha-7',
          namespace: 'default',
        },
      },
      {
        place: join(dir, '.nemoclaw', 'sandboxes.json'),
        kind: 'registry',
        says: {
          name: 'alpha',
          runtime: 'openclaw',
          version: '2026.9.6',
          provider: 'nvidia-prod',
          model: 'nvidia/nemotron',
          gateway: 'nemoclaw',
          created: '2026-09-24T14:02:11.120Z',
          image: 'openshell/sandbox-from:1',
        },
      },
    ]);
    expect(JSON.stringify(found).toLowerCase()).not.toContain('canary');
  });

  it('that disagree is still one row: the engine is believed, and both are told', async () => {
    const engine = await played(container('c', id('1', { 'openshell.ai/sandbox-name': 'alpha' }), { State: 'paused' }));
    const [found] = await find(home(row('alpha', { stopped: true })), engine);
    expect(found?.state).toBe('paused');
    expect(found?.reports.map(({ says }) => says.state)).toEqual(['paused', 'stopped']);
  });

  it('meets by the name in the container name where no label tells it, and whatever OpenShell made of it', async () => {
    const sandbox = '0b6f1d0e-6d0c-4a53-9b2e-1f7f4f1f9c11';
    const only = { 'openshell.ai/sandbox-id': sandbox };
    const engine = await played(container(`openshell-default--my-box-${sandbox}`, only));
    const [found, ...rest] = await find(home(row('My_Box', { provider: 'p' })), engine).then((all) => all);
    expect(rest.map(({ name }) => name)).toEqual(['My_Box']); // "_" is kept by OpenShell: that is another one
    expect(found?.provider).toBeNull();
    const [met, ...others] = await find(home(row('My Box', { provider: 'p' })), engine);
    expect(others).toEqual([]);
    expect(met).toMatchObject({ id: sandbox, provider: 'p' });
  });

  it.each([
    ['openshell-default--my-sandbox-0b6f', 'my-sandbox'],
    ['openshell-my-sandbox-0b6f', 'my-sandbox'],
    ['openshell-alpha', 'alpha'],
    ['openshell-team-a--box-0b6f-supervisor', 'box'],
    ['ryno-default--box-0b6f', 'box'],
    ['something-else', 'something-else'],
    ['openshell-', 'openshell-'],
  ])('the container %s is of the sandbox %s', (name, expected) => {
    expect(nameInContainerName(name, '0B6F')).toBe(expected);
  });

  it('a name that was cut is the same as far as it goes, a short one is not', () => {
    expect(sameName(`${'long-'.repeat(30)}end`, 'long-'.repeat(28))).toBe(true);
    expect(sameName('alphabet', 'alpha')).toBe(false);
  });
});

it('a sandbox that is in no container of this host is explained by the driver that runs it', async () => {
  const engine = await played();
  const reasons = [];
  for (const openshellDriver of ['kubernetes', 'docker']) {
    const [found] = await find(home(row('box', { openshellDriver })), engine);
    const error: unknown = found ? await readAll(sandboxSource(found)).catch((caught: unknown) => caught) : null;
    reasons.push(AttachError.is(error, 'no-such-path') ? `${error.message}. ${error.hint}` : error);
  }
  expect(reasons[0]).toMatch(/driver "kubernetes".*recording/);
  expect(reasons[1]).toMatch(/no container of it.*Start it/);
});

describe('one name in the registries of two gateways', () => {
  const two = (a: object = {}, b: object = {}): string =>
    home(row('box', { provider: 'far', ...b }), '8081', home(row('box', { provider: 'near', ...a })));
  const box = (sandbox: string, more: Readonly<Record<string, string>> = {}): Record<string, string> =>
    id(sandbox, { 'openshell.ai/sandbox-name': 'box', ...more });
  const facts = (found: readonly FoundSandbox[]): unknown =>
    found.map(({ id: sandbox, provider, gateway, seenBy }) => [sandbox, provider, gateway, seenBy.length]);

  it('is two sandboxes; the labels of a container tell whose it is', async () => {
    const engine = await played(
      container('a', box('1', { 'openshell.ai/sandbox-namespace': 'nemoclaw' })),
      container('b', box('2', { 'openshell.ai/gateway-id': 'nemoclaw-8081' })),
    );
    const found = await find(two({ gatewayName: 'nemoclaw' }, { gatewayName: 'nemoclaw-8081' }), engine);
    expect(facts(found)).toEqual([
      ['1', 'near', 'nemoclaw', 2],
      ['2', 'far', 'nemoclaw-8081', 2],
    ]);
    // What the labels told was still asked for; it is small, and only where names collide.
    expect(engine.asked.filter((path) => path.endsWith('-0123456789abcdef/json')).length).toBeLessThanOrEqual(2);
  });

  it('else the port it calls does; the row that is left has no container', async () => {
    const engine = await played(container('b', box('2')));
    engine.env = { 'b-0123456789abcdef': ['SECRET=canary', 'OPENSHELL_ENDPOINT=https://host.openshell.internal:8081/'] };
    const found = await find(two({ gatewayPort: 8080 }), engine);
    expect(facts(found)).toEqual([
      ['2', 'far', null, 2],
      ['registry:box', 'near', null, 1],
    ]);
    expect(JSON.stringify(found)).not.toContain('canary');
  });

  it('where nothing tells, nothing is guessed: what both say is told, what they agree on is taken', async () => {
    const engine = await played(container('b', box('2')));
    const [found, ...rest] = await find(two({ model: 'm' }, { model: 'm' }), engine);
    expect(rest).toEqual([]);
    expect(found).toMatchObject({ id: '2', provider: null, model: 'm', gateway: null });
    expect(found?.reports.map(({ kind, says }) => [kind, says.provider])).toEqual([
      ['engine', undefined],
      ['registry', 'near'],
      ['registry', 'far'],
    ]);
  });

  it('without containers is two rows, and each keeps its own id', async () => {
    const found = await find(two(), await played());
    expect(found.map(({ id: sandbox, layout, provider }) => [sandbox, layout, provider])).toEqual([
      ['registry:box', 'registry-only', 'near'],
      ['registry:8081/box', 'registry-only', 'far'],
    ]);
  });

  it('is not asked for where names tell enough', async () => {
    const engine = await played(container('a', id('1')));
    await find(home(row('name-1', { provider: 'p' })), engine);
    expect(engine.asked.every((path) => path === 'GET /containers/json')).toBe(true);
  });
});

describe('the old gateway with k3s inside', () => {
  it.each([
    ['by its name', container('openshell-cluster-nemoclaw', {}, { Image: 'sha256:1' }), 'nemoclaw'],
    ['by its image', container('openshell-cluster-', {}, { Image: 'ghcr.io/nvidia/openshell/cluster:0.0.20' }), 'openshell-cluster-'],
  ])('is recognised %s, and explained', async (_, cluster, gateway) => {
    const engine = await played(cluster);
    const { looked, sandboxes } = await findSandboxes({ home: home({}), env: {}, dockerHost: engine.host, signal });
    expect(sandboxes).toEqual([]);
    expect(looked[0]).toMatchObject({ outcome: 'ok', found: 0 });
    expect(looked[1]).toMatchObject({
      place: `k3s gateway "${gateway}" on setting sandglass.docker.host ${engine.host}`,
      outcome: 'failed',
      found: 0,
    });
    expect(looked[1]?.reason).toMatch(/0\.0\.37.*pods of k3s.*Update NemoClaw.*recording/s);
  });

  it('is not what only has a similar name', async () => {
    const engine = await played(container('my-openshell-cluster-x', {}, { Image: 'openshell/clusterfuzz' }));
    const { looked } = await findSandboxes({ home: home({}), env: {}, dockerHost: engine.host, signal });
    expect(looked.some(({ place }) => place.startsWith('k3s'))).toBe(false);
  });
});
