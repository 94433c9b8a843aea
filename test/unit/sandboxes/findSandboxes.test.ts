/** Where is looked, and what is said about it; the engine is played by a small server on a socket. */
import { chmodSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { createServer as createSocket } from 'node:net';
import { join } from 'node:path';
import type { ContainerInfo } from 'dockerode';
import { afterEach, describe, expect, it } from 'vitest';
import { AttachError } from '../../../server/src/attach/errors';
import { registryRows } from '../../../server/src/attach/registry';
import { sandboxesOf } from '../../../server/src/sandboxes/containers';
import { enginePlaces } from '../../../server/src/sandboxes/engines';
import { findSandboxes } from '../../../server/src/sandboxes/findSandboxes';
import { sandboxSource } from '../../../server/src/sandboxes/sandboxSource';
import { watchSandboxes } from '../../../server/src/sandboxes/watchSandboxes';
import { recording } from '../../fixtures/recordings';
import { readAll, sleep, temporary } from '../attach/reading';
import { container, home, id, PlayedEngine } from './playedEngine';

const signal = new AbortController().signal;
const closing: (() => void)[] = [];
afterEach(() => closing.splice(0).forEach((close) => close()));

async function engine(containers: readonly ContainerInfo[]): Promise<string> {
  const played = await new PlayedEngine(containers).start();
  closing.push(() => void played.stop());
  return played.host;
}

describe('the containers of an engine', () => {
  const address = { kind: 'socket', path: '/x' } as const;

  it('are put together by sandbox id, whatever the prefix of the labels', () => {
    const found = sandboxesOf(
      [
        container('one', id('a')),
        container('work', id('b', { 'openshell.ai/isolation-role': 'sandbox' })),
        container('super', id('b', { 'openshell.ai/isolation-role': 'supervisor' })),
        container('staging', id('b', { 'openshell.ai/isolation-role': 'staging' })),
        container('identity', id('c', { 'openshell.ai/isolation-role': 'identity' })),
        container('ryno', { 'ryno.ai/sandbox-id': 'd', 'ryno.ai/sandbox-name': 'later' }),
        container('other', { 'com.docker.compose.project': 'x' }),
        container('one-nemoclaw-gpu-backup-17', id('a')),
      ],
      address,
    );
    expect(
      found.map((sandbox) => [
        sandbox.id,
        sandbox.name,
        sandbox.layout,
        sandbox.place?.workloadId.split('-')[0],
        sandbox.place?.logId?.split('-')[0],
        sandbox.containers.length,
      ]),
    ).toEqual([
      ['a', 'name-a', 'one-container', 'one', 'one', 1],
      ['b', 'name-b', 'two-containers', 'work', 'super', 2],
      ['d', 'later', 'one-container', 'ryno', 'ryno', 1],
    ]);
  });

  it('made again under the same id: the one that runs counts, else the newest', () => {
    const old = container('old', id('a'), { State: 'exited', Created: 5 });
    expect(sandboxesOf([old, container('new', id('a'), { Created: 3 })], address)[0]?.place?.workloadId).toContain('new');
    expect(sandboxesOf([old, container('newer', id('a'), { State: 'exited', Created: 9 })], address)[0]?.place?.workloadId).toContain(
      'newer',
    );
  });

  it('show what they share with the host, but not what OpenShell keeps for itself', () => {
    const Mounts = [
      { Type: 'bind', Source: '/home/dev/shop', Destination: '/sandbox/shop' },
      { Type: 'bind', Source: '/x/openshell-sandbox', Destination: '/opt/openshell/bin/openshell-sandbox' },
      { Type: 'bind', Source: '/x/sandbox.jwt', Destination: '/etc/openshell/auth/sandbox.jwt' },
      { Type: 'volume', Source: '/var/lib/docker/volumes/x', Destination: '/data' },
    ] as unknown as ContainerInfo['Mounts'];
    expect(sandboxesOf([container('one', id('a'), { Mounts })], address)[0]?.place?.mounts).toEqual([
      { sandbox: '/sandbox/shop', host: '/home/dev/shop' },
    ]);
  });

  it('of which only the supervisor is left have no place to read', () => {
    expect(sandboxesOf([container('super', id('b', { 'openshell.ai/isolation-role': 'supervisor' }))], address)).toMatchObject([
      { state: 'stopped', place: null },
    ]);
  });
});

describe('where an engine may be', () => {
  it('is the setting, else DOCKER_HOST, else the usual sockets', () => {
    const env = { DOCKER_HOST: 'tcp://10.0.0.1:2375', XDG_RUNTIME_DIR: '/run/user/1', HOME: '/home/dev' };
    expect(enginePlaces({ env, dockerHost: 'unix:///mine.sock' })).toEqual([
      { place: 'setting sandglass.docker.host unix:///mine.sock', address: { kind: 'socket', path: '/mine.sock' }, reason: null },
    ]);
    expect(enginePlaces({ env })).toEqual([
      { place: 'DOCKER_HOST tcp://10.0.0.1:2375', address: { kind: 'tcp', host: '10.0.0.1', port: 2375, tls: null }, reason: null },
    ]);
    expect(enginePlaces({ env: { ...env, DOCKER_HOST: '' }, dockerHost: '', platform: 'linux', uid: 7 }).map(({ place }) => place)).toEqual(
      [
        'unix:///var/run/docker.sock',
        'unix:///run/user/1/docker.sock',
        'unix:///run/user/1/podman/podman.sock',
        'unix:///run/user/7/docker.sock',
        'unix:///run/user/7/podman/podman.sock',
        'unix:///run/podman/podman.sock',
        'unix:///home/dev/.docker/run/docker.sock',
        'unix:///home/dev/.docker/desktop/docker.sock',
      ],
    );
  });

  it.each(['ssh://dev@host', 'gopher://x', 'tcp://', ':::'])('is not %s, and that is said', (host) => {
    expect(enginePlaces({ env: {}, dockerHost: host })).toMatchObject([{ address: null, reason: expect.any(String) as string }]);
  });
});

describe('looking', () => {
  it('joins the registry with the containers by name, and shows the rest of both', async () => {
    const dockerHost = await engine([container('c1', id('1')), container('c2', id('2'))]);
    const rows = {
      sandboxes: {
        'name-1': { name: 'name-1', agent: null, agentVersion: '2026.9.6', provider: 'nvidia-prod', model: 'm' },
        gone: { name: 'gone', agent: 'hermes', stopped: true },
        soon: { name: 'soon', pendingRouteReservation: true },
      },
    };
    const { looked, sandboxes } = await findSandboxes({ home: home(rows), env: {}, dockerHost, signal });
    expect(
      sandboxes.map(({ name, layout, runtime, runtimeVersion, provider, state }) => [
        name,
        layout,
        runtime,
        runtimeVersion,
        provider,
        state,
      ]),
    ).toEqual([
      ['name-1', 'one-container', 'openclaw', '2026.9.6', 'nvidia-prod', 'running'],
      ['name-2', 'one-container', null, null, null, 'running'],
      ['gone', 'registry-only', 'hermes', null, null, 'stopped'],
    ]);
    expect(looked.map(({ outcome, found }) => [outcome, found])).toEqual([
      ['ok', 2],
      ['ok', 2],
      ['absent', 0],
    ]);
    expect(looked.every(({ ms }) => ms >= 0)).toBe(true);
    const error: unknown = await readAll(sandboxSource(sandboxes[2] as (typeof sandboxes)[number])).catch((caught: unknown) => caught);
    expect(AttachError.is(error, 'no-such-path')).toBe(true);
  });

  it('reads the registries of all gateways, also one that was written by hand', async () => {
    const dir = home({ sandboxes: [{ name: 'by-hand' }, { noName: true }, 'x'] }, '8081');
    const { looked, sandboxes } = await findSandboxes({ home: dir, env: {}, dockerHost: `unix://${join(dir, 'no.sock')}`, signal });
    expect(sandboxes.map(({ name }) => name)).toEqual(['by-hand']);
    expect(looked.map(({ outcome }) => outcome)).toEqual(['absent', 'absent', 'ok', 'absent']);
  });

  it('says of a broken registry that it is broken, and goes on', async () => {
    const dir = home({});
    writeFileSync(join(dir, '.nemoclaw', 'sandboxes.json'), '{"sandboxes":');
    const { looked } = await findSandboxes({ home: dir, env: {}, dockerHost: await engine([]), signal });
    expect(looked[1]).toMatchObject({ outcome: 'failed', reason: 'it is not a JSON object' });
  });

  it('offers the state directory of this host', async () => {
    const dir = temporary();
    mkdirSync(join(dir, '.openclaw', 'agents', 'main', 'sessions'), { recursive: true });
    writeFileSync(join(dir, '.openclaw', 'agents', 'main', 'sessions', 'a.jsonl'), `${JSON.stringify({ type: 'session', id: 'a' })}\n`);
    const { sandboxes } = await findSandboxes({ home: dir, env: {}, dockerHost: `unix://${dir}/no.sock`, signal });
    expect(sandboxes).toMatchObject([{ layout: 'directory', state: 'recorded', directory: join(dir, '.openclaw') }]);
    const source = sandboxSource(sandboxes[0] as (typeof sandboxes)[number]);
    expect((await readAll(source)).map((record) => record.kind)).toContain('transcript');
  });

  it.each([
    ['no socket', async () => join(temporary(), 'no.sock'), 'absent', 'there is no such socket'],
    [
      'a socket that nobody listens on',
      async () => {
        const path = join(temporary(), 'dead.sock');
        const server = createSocket();
        await new Promise<void>((resolve) => server.listen(path, resolve));
        renameSync(path, `${path}.kept`);
        await new Promise((resolve) => server.close(resolve));
        return `${path}.kept`;
      },
      'failed',
      'Docker is not running',
    ],
    [
      'something that is no engine',
      async () => {
        const path = join(temporary(), 'odd.sock');
        const server = createSocket((socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n'));
        await new Promise<void>((resolve) => server.listen(path, resolve));
        closing.push(() => server.close());
        return path;
      },
      'failed',
      'no container engine',
    ],
    [
      'a socket that this user may not use',
      async () => {
        const path = (await engine([])).replace('unix://', '');
        chmodSync(path, 0);
        return path;
      },
      'refused',
      'permission denied: only its owner may use it',
    ],
  ] as const)('%s is said in plain words', async (_, socket, outcome, reason) => {
    const path = await socket();
    const root = process.getuid?.() === 0;
    if (root) chmodSync(join(path, '..'), 0o711);
    // Root may use every socket.
    if (root && outcome === 'refused') process.seteuid?.(65534);
    try {
      const { looked } = await findSandboxes({ home: '/nowhere', env: {}, dockerHost: `unix://${path}`, signal });
      expect(looked[0]).toMatchObject({ outcome });
      expect(looked[0]?.reason).toContain(reason);
    } finally {
      if (root) process.seteuid?.(0);
    }
  });

  it('gives up on an engine that does not answer', { timeout: 180_000 }, async () => {
    const path = join(temporary(), 'slow.sock');
    const server = createSocket(() => undefined);
    await new Promise<void>((resolve) => server.listen(path, resolve));
    closing.push(() => server.close());
    const { looked } = await findSandboxes({ home: '/nowhere', env: {}, dockerHost: `unix://${path}`, signal });
    expect(looked[0]).toMatchObject({ outcome: 'failed', reason: 'no answer within 5 s' });
  });

  it('is not led astray by the environment of this process', async () => {
    const before = process.env.DOCKER_HOST;
    process.env.DOCKER_HOST = 'tcp://127.0.0.1:1';
    try {
      const { looked } = await findSandboxes({ home: '/nowhere', env: {}, dockerHost: await engine([container('c', id('1'))]), signal });
      expect(looked[0]).toMatchObject({ outcome: 'ok', found: 1 });
    } finally {
      if (before === undefined) delete process.env.DOCKER_HOST;
      else process.env.DOCKER_HOST = before;
    }
  });
});

it('the registry of a recording reads as it was', () => {
  expect(registryRows({ sandboxes: { a: { agentVersion: '1' } } })).toEqual([
    {
      name: 'a',
      agent: 'openclaw',
      agentVersion: '1',
      provider: null,
      model: null,
      stopped: false,
      gatewayName: null,
      gatewayPort: null,
      more: {},
    },
  ]);
  expect(registryRows(null)).toEqual([]);
  expect(recording('openclaw-2026.7.1').expected.totals.sessions).toBe(30);
});

describe('watching', () => {
  it('tells of a registry that is made, replaced and made again', { timeout: 180_000 }, async () => {
    const dir = temporary();
    let changes = 0;
    mkdirSync(join(dir, '.nemoclaw'));
    const watch = watchSandboxes({ home: dir, env: {}, dockerHost: `unix://${dir}/no.sock` }, () => changes++);
    closing.push(() => watch.dispose());
    let others = 0;
    const other = watchSandboxes({ home: dir, env: {}, dockerHost: `unix://${dir}/no.sock` }, () => others++);
    closing.push(() => other.dispose());
    const replace = (): void => {
      writeFileSync(join(dir, '.nemoclaw', 'sandboxes.json.tmp'), '{}');
      renameSync(join(dir, '.nemoclaw', 'sandboxes.json.tmp'), join(dir, '.nemoclaw', 'sandboxes.json'));
    };
    const more = async (counts: () => readonly number[], again?: () => void): Promise<void> => {
      const before = counts();
      replace();
      for (let waited = 0; counts().some((count, at) => count === before[at]) && waited < 20_000; waited += 50) {
        await sleep(50);
        if (waited % 1000 === 950) again?.();
      }
      expect(counts().every((count, at) => count > (before[at] ?? 0))).toBe(true);
      await sleep(300); // word of the same change
    };
    // From when on they listen, nobody says.
    await more(() => [changes, others], replace);
    for (let round = 0; round < 3; round++) await more(() => [changes]);
    watch.dispose();
    const before = changes;
    // The other, which listens still, hears of it; this one does not.
    await more(() => [others]);
    expect(changes).toBe(before);
  });
});
