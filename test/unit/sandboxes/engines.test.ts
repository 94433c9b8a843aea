/** Which engines are asked: the named one, or every one of this host; and why one could not be asked. */
import { createHash } from 'node:crypto';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { contextLimit, dockerContexts } from '../../../server/src/sandboxes/dockerContexts';
import { enginePlaces, isEnginePlace, type EngineQuestion } from '../../../server/src/sandboxes/engines';
import { findSandboxes } from '../../../server/src/sandboxes/findSandboxes';
import { lookFailure, socketHint } from '../../../server/src/sandboxes/lookReason';
import { temporary } from '../attach/reading';
import { container, id, PlayedEngine } from './playedEngine';

const closing: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});
const signal = new AbortController().signal;

interface Context {
  readonly name: string;
  readonly host?: string;
  readonly keys?: boolean;
}

/** A home as the docker command leaves it. */
function homeWith(contexts: readonly Context[], current?: string, directory = '.docker'): string {
  const home = temporary();
  const base = join(home, directory);
  mkdirSync(base, { recursive: true });
  const logins = { auths: { 'index.example': { auth: 'dXNlcjpjYW5hcnktbG9naW4=' } } };
  writeFileSync(join(base, 'config.json'), JSON.stringify(current === undefined ? logins : { ...logins, currentContext: current }));
  for (const { name, host, keys } of contexts) {
    const digest = createHash('sha256').update(name).digest('hex');
    mkdirSync(join(base, 'contexts', 'meta', digest), { recursive: true });
    const Endpoints = host === undefined ? { kubernetes: {} } : { docker: { Host: host, SkipTLSVerify: false } };
    writeFileSync(join(base, 'contexts', 'meta', digest, 'meta.json'), JSON.stringify({ Name: name, Metadata: {}, Endpoints }));
    if (!keys) continue;
    const tls = join(base, 'contexts', 'tls', digest, 'docker');
    mkdirSync(tls, { recursive: true });
    for (const file of ['ca.pem', 'cert.pem', 'key.pem']) writeFileSync(join(tls, file), `${name} ${file}`);
  }
  return home;
}

async function socketAt(path: string): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(path, resolve));
  closing.push(() => void server.close());
  return path;
}

const ask = (
  home: string,
  env: Readonly<Record<string, string>> = {},
  more: Partial<EngineQuestion> = {},
): ReturnType<typeof enginePlaces> => enginePlaces({ env: { HOME: home, ...env }, platform: 'linux', uid: 4242, ...more });
const usual = (home: string): readonly string[] => [
  'unix:///var/run/docker.sock',
  'unix:///run/user/4242/docker.sock',
  'unix:///run/user/4242/podman/podman.sock',
  'unix:///run/podman/podman.sock',
  `unix://${home}/.docker/run/docker.sock`,
  `unix://${home}/.docker/desktop/docker.sock`,
];

describe('contexts of the docker command', () => {
  it('the chosen one is asked first, then the usual sockets, then the other ones of this host; one elsewhere is named and not asked', () => {
    const home = homeWith(
      [
        { name: 'rootless', host: 'unix:///run/user/4242/other.sock' },
        { name: 'desktop-linux', host: 'unix:///home/dev/.docker/desktop/its.sock' },
        { name: 'prod', host: 'tcp://10.1.2.3:2376' },
        { name: 'cluster' },
      ],
      'rootless',
    );
    const places = ask(home);
    expect(places.map(({ place }) => place)).toEqual([
      'context rootless (current) unix:///run/user/4242/other.sock',
      ...usual(home),
      'context desktop-linux unix:///home/dev/.docker/desktop/its.sock',
      'context prod tcp://10.1.2.3:2376',
    ]);
    expect(places.at(-1)).toMatchObject({
      address: null,
      outcome: 'absent',
      reason: expect.stringContaining('docker context use prod') as string,
    });
    expect(places.every(({ place }) => isEnginePlace(place))).toBe(true);
    expect(JSON.stringify(places)).not.toContain('canary');
  });

  it('chosen on another host: asked there, with the keys of the context', () => {
    const home = homeWith([{ name: 'prod', host: 'tcp://10.1.2.3:2376', keys: true }], 'prod');
    const [first] = ask(home);
    expect(first?.address).toMatchObject({ kind: 'tcp', host: '10.1.2.3', port: 2376 });
    expect(first?.address?.kind === 'tcp' ? first.address.tls?.key.toString() : '').toBe('prod key.pem');
    expect(ask(homeWith([{ name: 'plain', host: 'tcp://10.1.2.3:2375' }], 'plain'))[0]?.address).toEqual({
      kind: 'tcp',
      host: '10.1.2.3',
      port: 2375,
      tls: null,
    });
  });

  it('over ssh: said what to do instead', () => {
    const [first] = ask(homeWith([{ name: 'lab', host: 'ssh://dev:secret@lab.example:2222' }], 'lab'));
    expect(first).toMatchObject({ place: 'context lab (current) ssh://lab.example:2222', address: null, outcome: 'failed' });
    expect(first?.reason).toContain('ssh -N -p 2222 -L /tmp/docker.sock:/var/run/docker.sock dev@lab.example');
    expect(JSON.stringify(first)).not.toContain('secret');
  });

  it('chosen and gone: said, and everything else is asked', () => {
    const home = homeWith([], 'colima');
    const places = ask(home);
    expect(places[0]).toMatchObject({ place: 'context colima (current)', address: null, outcome: 'failed' });
    expect(places.slice(1).map(({ place }) => place)).toEqual(usual(home));
  });

  it('named by DOCKER_CONTEXT: that one, and DOCKER_HOST before it; a setting before both', () => {
    const home = homeWith(
      [
        { name: 'a', host: 'unix:///nowhere/a.sock' },
        { name: 'b', host: 'unix:///nowhere/b.sock' },
      ],
      'a',
    );
    const only = (places: ReturnType<typeof enginePlaces>): readonly string[] =>
      places.map(({ place }) => place).filter((place) => !place.startsWith('not asked: '));
    expect(only(ask(home, { DOCKER_CONTEXT: 'b' }))).toEqual(['DOCKER_CONTEXT b unix:///nowhere/b.sock']);
    expect(only(ask(home, { DOCKER_CONTEXT: 'b', DOCKER_HOST: 'unix:///nowhere/c.sock' }))).toEqual(['DOCKER_HOST unix:///nowhere/c.sock']);
    expect(ask(home, { DOCKER_HOST: 'unix:///nowhere/c.sock' }, { dockerHost: 'unix:///nowhere/d.sock' })).toHaveLength(1);
    expect(only(ask(home, { DOCKER_CONTEXT: 'none' }))).toEqual(['DOCKER_CONTEXT none']);
    expect(only(ask(home, { DOCKER_CONTEXT: 'default' }))[0]).toBe('unix:///var/run/docker.sock');
  });

  it('a context of another configuration directory counts where that is named', () => {
    const home = homeWith([{ name: 'a', host: 'unix:///nowhere/a.sock' }], 'a', 'elsewhere');
    expect(ask(home, { DOCKER_CONFIG: join(home, 'elsewhere') })[0]?.place).toContain('context a (current)');
    expect(ask(home)[0]?.place).toBe('unix:///var/run/docker.sock');
  });

  it('broken, odd and too many ones do no harm', () => {
    const many = Array.from({ length: contextLimit + 10 }, (_, n) => ({ name: `c${n}`, host: `unix:///nowhere/${n}.sock` }));
    const home = homeWith([...many, { name: '../../etc', host: 'unix:///x' }, { name: 'a b', host: 'unix:///x' }], '../evil');
    const meta = join(home, '.docker', 'contexts', 'meta');
    mkdirSync(join(meta, '0broken'));
    writeFileSync(join(meta, '0broken', 'meta.json'), '{"Name":');
    writeFileSync(join(meta, '0file'), 'x');
    const { current, contexts } = dockerContexts(join(home, '.docker'));
    expect(current).toBeNull();
    expect(contexts.length).toBeLessThanOrEqual(contextLimit);
    expect(contexts.every(({ name }) => /^c\d+$/.test(name))).toBe(true);
    writeFileSync(join(home, '.docker', 'config.json'), '[]');
    expect(dockerContexts(join(home, '.docker')).current).toBeNull();
    expect(dockerContexts(join(home, 'nothing'))).toEqual({ current: null, contexts: [] });
  });
});

describe('a password in an address', () => {
  it.each([
    ['tcp://u:canary@h:2375', 'tcp://h:2375'],
    ['tcp://u:cana@ry@h:2375', 'tcp://h:2375'],
    ['tcp://u:@canary@h:2375', 'tcp://h:2375'],
    ['tcp://canary@h:2375', 'tcp://h:2375'],
    ['u:canary@h:2375', 'h:2375'],
    ['h:2375', 'h:2375'],
    ['tcp://u:canary/more@h:2375', 'tcp://…'],
    ['tcp://u:canary?more@h:2375', 'tcp://…'],
    // What stands before the slash would be a port.
    ['tcp://u:12345/canary@h:2375', 'tcp://…'],
    ['tcp://u:12345?canary@h:2375', 'tcp://…'],
    ['tcp://u:12345#canary@h:2375', 'tcp://…'],
    ['u:canary/more@h:2375', '…'],
    ['u:canary@tcp://h:2375', '…'],
    ['tcp://h:2375/?token=canary', 'tcp://h:2375'],
    ['tcp://h:2375/#canary', 'tcp://h:2375'],
    ['h:2375?token=canary', 'h:2375'],
    ['https://[::1]:2376/', 'https://[::1]:2376'],
    ['unix://u:canary@h/docker.sock', 'unix://h'],
    ['npipe:////./pipe/docker@engine', 'npipe:////./pipe/docker@engine'],
    ['unix:///home/dev@work/docker.sock', 'unix:///home/dev@work/docker.sock'],
    ['unix:///a\u001b[2Jb.sock', 'unix:///a[2Jb.sock'],
  ])('%s is not shown, wherever the address stands', (address, shown) => {
    const home = homeWith([{ name: 'a', host: address }]);
    const first = (env: Readonly<Record<string, string>>, dockerHost?: string): object => {
      const [place] = ask(home, env, dockerHost === undefined ? {} : { dockerHost });
      expect(JSON.stringify({ ...place, address: null })).not.toContain('canary');
      return { place: place?.place };
    };
    expect(first({ DOCKER_HOST: address })).toEqual({ place: `DOCKER_HOST ${shown}` });
    expect(first({}, address)).toEqual({ place: `setting sandglass.docker.host ${shown}` });
    // A context without a scheme is none the docker command makes, but one may be written by hand.
    expect(first({ DOCKER_CONTEXT: 'a' })).toEqual({ place: `DOCKER_CONTEXT a ${shown}` });
    expect(first({ DOCKER_CONTEXT: address })).toEqual({ place: `DOCKER_CONTEXT ${shown}` });
    expect(JSON.stringify(ask(home).map(({ place, reason }) => [place, reason]))).not.toContain('canary');
  });

  it('is no part of what is asked, and what is not sure to be a host is not asked', () => {
    expect(ask(homeWith([]), { DOCKER_HOST: 'tcp://u:p@ss@h:2375' })[0]?.address).toEqual({
      kind: 'tcp',
      host: 'h',
      port: 2375,
      tls: null,
    });
    for (const odd of ['tcp://u:12345/p@h:2375', 'tcp://u:pa/ss@h:2375', 'tcp://', '://h'])
      expect(ask(homeWith([]), { DOCKER_HOST: odd })[0]).toMatchObject({ address: null, outcome: 'failed' });
  });
});

describe('one engine', () => {
  it('at two addresses is asked once, where a link shows it', async () => {
    const home = homeWith([{ name: 'a', host: 'unix:///will/be/replaced' }]);
    const socket = await socketAt(join(home, 'engine.sock'));
    mkdirSync(join(home, '.docker', 'run'), { recursive: true });
    symlinkSync(socket, join(home, '.docker', 'run', 'docker.sock'));
    const places = ask(homeWith([{ name: 'linked', host: `unix://${join(home, '.docker', 'run', 'docker.sock')}` }], 'linked'), {
      HOME: home,
      DOCKER_CONFIG: '',
    });
    expect(places.filter(({ place }) => place.includes(home) && place.includes('run'))).toHaveLength(1);
    const again = enginePlaces({
      env: { HOME: home, CONTAINER_HOST: `unix://${socket}` },
      platform: 'linux',
      uid: 4242,
    });
    expect(again.filter(({ address }) => address?.kind === 'socket' && address.path.startsWith(home)).map(({ place }) => place)).toEqual([
      `unix://${home}/.docker/run/docker.sock`,
      `unix://${home}/.docker/desktop/docker.sock`,
    ]);
  });

  it('that answers at two addresses has its sandboxes once, and says which it is', async () => {
    const home = temporary();
    const both = [container('c', id('1'))];
    mkdirSync(join(home, '.docker', 'run'), { recursive: true });
    mkdirSync(join(home, '.docker', 'desktop'), { recursive: true });
    await using one = await new PlayedEngine(both, join(home, '.docker', 'run', 'docker.sock')).start();
    await using two = await new PlayedEngine(both, join(home, '.docker', 'desktop', 'docker.sock')).start();
    const env = { XDG_RUNTIME_DIR: join(home, 'none') };
    const { looked, sandboxes } = await findSandboxes({ home, env, signal });
    const ours = sandboxes.filter(({ id: sandbox }) => sandbox === '1');
    expect(ours.map(({ seenBy }) => seenBy)).toEqual([[one.host, two.host]]);
    expect(ours[0]?.reports.map(({ place, kind }) => [place, kind])).toEqual([
      [one.host, 'engine'],
      [two.host, 'engine'],
    ]);
    const of = (place: string): object | undefined => looked.find((each) => each.place === place);
    expect(of(one.host)).toMatchObject({ outcome: 'ok', reason: null, found: 1 });
    expect(of(two.host)).toMatchObject({ outcome: 'ok', reason: `it is the same engine as ${one.host}`, found: 1 });
  });

  it.each([
    ['running', 'exited', 'one'],
    ['exited', 'running', 'two'],
    ['paused', 'running', 'two'],
    ['exited', 'paused', 'two'],
    ['running', 'running', 'one'],
  ])('with a sandbox that another has too (%s here, %s there): one row, of the one that is awake', async (here, there, kept) => {
    const home = temporary();
    mkdirSync(join(home, '.docker', 'run'), { recursive: true });
    mkdirSync(join(home, '.docker', 'desktop'), { recursive: true });
    await using one = new PlayedEngine([container('one', id('1'), { State: here })], join(home, '.docker', 'run', 'docker.sock'));
    await using two = new PlayedEngine([container('two', id('1'), { State: there })], join(home, '.docker', 'desktop', 'docker.sock'));
    two.engineId = 'another';
    await one.start();
    await two.start();
    const { sandboxes } = await findSandboxes({ home, env: { XDG_RUNTIME_DIR: join(home, 'none') }, signal });
    const ours = sandboxes.filter(({ id: sandbox }) => sandbox === '1');
    const [meant, other] = kept === 'one' ? [one, two] : [two, one];
    expect(ours).toMatchObject([{ engine: { path: meant.path }, containers: [{ name: kept }], seenBy: [meant.host, other.host] }]);
    expect(ours[0]?.reports.map(({ place, kind, says }) => [place, kind, says.containers])).toEqual([
      [meant.host, 'engine', kept],
      [other.host, 'engine', kept === 'one' ? 'two' : 'one'],
    ]);
  });

  it('with a sandbox whose id reads like that of another kind: no two rows have one id', async () => {
    const home = temporary();
    const directory = join(home, '.openclaw');
    mkdirSync(join(directory, 'agents'), { recursive: true });
    await using engine = await new PlayedEngine([container('c', id(`directory:${directory}`))]).start();
    const { sandboxes } = await findSandboxes({ home, env: {}, dockerHost: engine.host, signal });
    expect(sandboxes.map(({ id: sandbox, layout, seenBy }) => [sandbox, layout, seenBy])).toEqual([
      [`directory:${directory}`, 'one-container', [`setting sandglass.docker.host ${engine.host}`, directory]],
    ]);
  });

  it('that is there, but not the named one, is not asked, and that is said', async () => {
    const home = homeWith([]);
    mkdirSync(join(home, '.docker', 'run'));
    const socket = await socketAt(join(home, '.docker', 'run', 'docker.sock'));
    const places = ask(home, { DOCKER_HOST: 'unix:///nowhere/docker.sock' });
    expect(places.filter(({ place }) => place.includes(home))).toMatchObject([
      { place: `not asked: unix://${socket}`, address: null, outcome: 'absent', reason: expect.stringContaining('DOCKER_HOST') as string },
    ]);
    expect(ask(home, { DOCKER_HOST: `unix://${socket}` }).filter(({ place }) => place.includes(home))).toHaveLength(1);
  });
});

describe('why an engine could not be asked', () => {
  const groups = 'root:x:0:\ndocker:x:998:eve,mallory\nodd;rm -rf:x:997:\n';

  it('says which group may, and what to do for one who is in it already', () => {
    expect(socketHint({ gid: 998, mode: 0o140660 }, groups, 'dev')).toContain('join the group "docker" (sudo usermod -aG docker "$USER")');
    expect(socketHint({ gid: 998, mode: 0o140660 }, groups, 'mallory')).toContain('you are in the group "docker" already: log out and in');
    expect(socketHint(null, '', '')).toContain('join the group "docker"');
  });

  it('names no group that would not help, that is root itself, or whose name is no name', () => {
    for (const socket of [
      { gid: 998, mode: 0o140600 },
      { gid: 0, mode: 0o140660 },
      { gid: 997, mode: 0o140660 },
      { gid: 12_345, mode: 0o140660 },
    ])
      expect(socketHint(socket, groups, 'dev')).toContain('only its owner may use it');
  });

  it.each([
    ['ENOTFOUND', 'the host is not known'],
    ['EHOSTUNREACH', 'can not be reached'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'certificate'],
    ['ECONNRESET', 'hung up'],
  ])('%s in plain words', async (code, words) => {
    const address = { kind: 'tcp', host: 'x', port: 1, tls: null } as const;
    expect((await lookFailure(Object.assign(new Error(code), { code }), address)).reason).toContain(words);
  });
});
