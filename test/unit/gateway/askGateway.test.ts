// A gateway is asked over a real connection with real certificates; each way in which that can fail has a reason of its own.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { askGateway } from '../../../server/src/gateway/askGateway';
import type { ToldPolicy } from '../../../server/src/gateway/askGateway';
import { GatewayError } from '../../../server/src/gateway/gatewayError';
import { registeredGateways } from '../../../server/src/gateway/registered';
import type { Gateway, Registered } from '../../../server/src/gateway/registered';
import { Authority } from '../../gateway/certificates';
import { FakeGateway } from '../../gateway/fakeGateway';
import { bedPolicyText } from '../policy/made';

const sandbox = { id: '0b6f1d0e-6d0c-4a53-9b2e-1f7f4f1f9c11', name: 'demo', workspace: 'default' };
const { signal } = new AbortController();

let config: string;
let gateway: FakeGateway;
beforeEach(async () => {
  config = mkdtempSync(join(tmpdir(), 'sandglass-gateway-'));
  gateway = await FakeGateway.start();
  gateway.sandboxes.push({ ...sandbox, policy: bedPolicyText });
});
afterEach(async () => {
  await gateway[Symbol.asyncDispose]();
  rmSync(config, { recursive: true, force: true });
});

const places = (env: NodeJS.ProcessEnv = {}) => ({
  home: join(config, 'home'),
  env: { XDG_CONFIG_HOME: config, OPENSHELL_SYSTEM_GATEWAY_DIR: join(config, 'system'), ...env },
});
const registered = (named: string | null = null, env: NodeJS.ProcessEnv = {}): Promise<readonly Registered[]> =>
  registeredGateways(places(env), named);

async function one(metadata: object = {}): Promise<Gateway> {
  gateway.register(config, 'nemoclaw', metadata);
  const [found] = await registered('nemoclaw');
  if (found?.kind !== 'gateway') throw new Error(`not found: ${JSON.stringify(found)}`);
  return found.gateway;
}

async function failure(asked: Promise<ToldPolicy>): Promise<GatewayError> {
  try {
    await asked;
  } catch (error) {
    if (GatewayError.is(error)) return error;
    throw error;
  }
  throw new Error('it did not fail');
}

describe('a gateway', () => {
  it('tells the policy of a sandbox by its id, and is asked nothing but what reads', async () => {
    const told = await askGateway(await one(), sandbox, signal);
    expect(told).toMatchObject({ version: '0.0.111', revision: 4, source: 'sandbox', load: 'loaded', active: 4 });
    expect([...told.policy.networkPolicies.keys()]).toEqual(['docs_site', 'github_api', 'pypi']);
    expect(gateway.asked).toEqual(['Health', 'GetSandboxPolicyStatus', 'GetSandboxConfig']);
  });

  it('of a newer version is asked by name, and believed only where the sandbox of that name is this one', async () => {
    gateway.version = '0.1.5';
    const told = await askGateway(await one(), sandbox, signal);
    expect([...told.policy.networkPolicies.keys()]).toEqual(['docs_site', 'github_api', 'pypi']);
    expect(gateway.asked).toEqual(['Health', 'GetSandbox', 'GetSandboxPolicyStatus', 'GetSandboxConfig']);
    const other = await failure(askGateway(await one(), { ...sandbox, id: 'another' }, signal));
    expect(other.reason).toBe('unknown-sandbox');
    expect(gateway.asked.at(-1)).toBe('GetSandbox');
  });

  it('is called by a name or by an address, as it is registered', async () => {
    expect((await askGateway(await one({ gateway_endpoint: `https://localhost:${gateway.port}` }), sandbox, signal)).revision).toBe(4);
  });

  it('that keeps no policy yet is not asked for the one in force: it would write one down', async () => {
    gateway.sandboxes.splice(0, 1, { ...sandbox, policy: null });
    expect((await failure(askGateway(await one(), sandbox, signal))).reason).toBe('no-policy');
    expect(gateway.asked).toEqual(['Health', 'GetSandboxPolicyStatus']);
  });

  it('without TLS is asked on this host', async () => {
    await using plain = await FakeGateway.plain();
    plain.sandboxes.push({ ...sandbox, policy: bedPolicyText });
    const endpoint = { gateway_endpoint: `http://127.0.0.1:${plain.port}`, auth_mode: 'plaintext' };
    expect((await askGateway(await one(endpoint), sandbox, signal)).revision).toBe(4);
  });

  it('tells what it can of a revision that the sandbox did not take, and of a policy of the whole gateway', async () => {
    gateway.sandboxes.splice(0, 1, { ...sandbox, policy: bedPolicyText, revision: 5, load: 3, loadError: 'no such user', active: 4 });
    expect(await askGateway(await one(), sandbox, signal)).toMatchObject({
      revision: 5,
      load: 'failed',
      loadError: 'no such user',
      active: 4,
    });
    gateway.sandboxes.splice(0, 1, { ...sandbox, policy: bedPolicyText, source: 2 });
    expect(await askGateway(await one(), sandbox, signal)).toMatchObject({ source: 'global', globalRevision: 7, load: 'unknown' });
  });
});

describe('a gateway that tells nothing', () => {
  it.each([
    ['unauthenticated', 'unauthenticated'],
    ['denied', 'not-permitted'],
    ['unimplemented', 'other-api'],
    ['garbled', 'garbled'],
    ['huge', 'too-large'],
    ['hostile', 'failed'],
  ] as const)('because it is %s', async (fault, reason) => {
    gateway.fault = fault;
    const error = await failure(askGateway(await one(), sandbox, signal));
    expect(error.reason).toBe(reason);
    expect(error.message).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(error.message.length).toBeLessThan(400);
  });

  it('in time is not waited for', async () => {
    gateway.fault = 'hangs';
    expect((await failure(askGateway(await one(), sandbox, signal, 300))).reason).toBe('timeout');
  });

  it('is not waited for by one who left', async () => {
    gateway.fault = 'hangs';
    const leaving = new AbortController();
    const left = askGateway(await one(), sandbox, leaving.signal).catch((error: unknown) => error);
    await vi.waitUntil(() => gateway.asked.length > 0, { timeout: 20_000 });
    leaving.abort();
    expect(await left).toBe(leaving.signal.reason);
  });

  it('because the sandbox is not its own', async () => {
    expect((await failure(askGateway(await one(), { ...sandbox, id: 'x', name: 'other' }, signal))).reason).toBe('unknown-sandbox');
    expect((await failure(askGateway(await one(), { ...sandbox, id: 'x' }, signal))).reason).toBe('unknown-sandbox');
  });

  it('because it is of no version that is known', async () => {
    gateway.version = 'preview\u202e';
    const error = await failure(askGateway(await one(), sandbox, signal));
    expect([error.reason, error.message]).toEqual(['other-api', 'it calls its version preview, which is not known here']);
    expect(gateway.asked).toEqual(['Health']);
  });

  it('because it is not the one that the authority vouches for', async () => {
    const known = await one();
    writeFileSync(join(config, 'openshell/gateways/nemoclaw/mtls/ca.crt'), new Authority('another').certificate);
    expect((await failure(askGateway(known, sandbox, signal))).reason).toBe('certificate');
    expect(gateway.asked).toEqual([]);
  });

  it('because its certificate is for another host', async () => {
    await using other = await FakeGateway.start(['gateway.example.com']);
    other.register(config, 'other');
    const [found] = await registered('other');
    if (found?.kind !== 'gateway') throw new Error('not found');
    expect((await failure(askGateway(found.gateway, sandbox, signal))).reason).toBe('certificate');
    expect(other.asked).toEqual([]);
  });

  it('because it does not take our certificate', async () => {
    const known = await one();
    const { certificate, key } = new Authority('another').sign('client');
    writeFileSync(join(config, 'openshell/gateways/nemoclaw/mtls/tls.crt'), certificate);
    writeFileSync(join(config, 'openshell/gateways/nemoclaw/mtls/tls.key'), key);
    // It may hang up before it has said why.
    const error = await failure(askGateway(known, sandbox, signal));
    expect(['certificate', 'unreachable']).toContain(error.reason);
    expect(error.message).not.toMatch(/:error:|routines|\.\.\/|No connection established/);
    expect(gateway.asked).toEqual([]);
  });

  it('because a file of the certificate is missing or no such file, of which nothing is told', async () => {
    const known = await one();
    const key = join(config, 'openshell/gateways/nemoclaw/mtls/tls.key');
    writeFileSync(key, 'hush-hush');
    const unusable = await failure(askGateway(known, sandbox, signal));
    expect(unusable.reason).toBe('no-certificate');
    expect(`${unusable.message} ${unusable.stack}`).not.toContain('hush');
    rmSync(key);
    const missing = await failure(askGateway(known, sandbox, signal));
    expect(missing.message).toContain("tls.key of its client certificate can't be read");
    expect(gateway.asked).toEqual([]);
  });

  it('because nobody listens, or somebody who is no gateway', async () => {
    const known = await one();
    await gateway[Symbol.asyncDispose]();
    expect((await failure(askGateway(known, sandbox, signal))).reason).toBe('unreachable');
    const stranger = createServer((socket) => socket.end('HTTP/1.1 200 OK\r\n\r\n')).listen(0, '127.0.0.1');
    await new Promise((resolve) => stranger.once('listening', resolve));
    const { port } = stranger.address() as { readonly port: number };
    const error = await failure(askGateway({ ...known, port }, sandbox, signal));
    stranger.close();
    expect(['certificate', 'unreachable']).toContain(error.reason);
  });
});

describe('registered gateways', () => {
  const kinds = (all: readonly Registered[]): readonly string[] =>
    all.map((found) => (found.kind === 'gateway' ? found.gateway.name : `${found.name}: ${found.error.reason}`));

  it('are those of OpenShell, the one in use first, and one of a sandbox where its registry names it', async () => {
    expect(await registered()).toEqual([]);
    for (const name of ['a', 'nemoclaw', 'z']) gateway.register(config, name);
    writeFileSync(join(config, 'openshell/active_gateway'), 'z\n');
    expect(kinds(await registered())).toEqual(['z', 'a', 'nemoclaw']);
    expect(kinds(await registered(null, { OPENSHELL_GATEWAY: 'nemoclaw' }))).toEqual(['nemoclaw', 'a', 'z']);
    expect(kinds(await registered('a'))).toEqual(['a']);
    expect(await registered('b')).toEqual([]);
  });

  it('stand in the home directory, or in that of the system, with the certificates of the user', async () => {
    gateway.register(join(config, 'home/.config'), 'mine');
    expect(kinds(await registered(null, { XDG_CONFIG_HOME: undefined }))).toEqual(['mine']);
    gateway.register(join(config, 'home/snap/openshell/common/.config'), 'snapped');
    expect(kinds(await registered(null, { XDG_CONFIG_HOME: undefined }))).toEqual(['mine', 'snapped']);
    const snap = join(config, 'home/snap/openshell/common/.config/openshell/gateways/snapped/mtls');
    expect(await registered('snapped')).toMatchObject([{ kind: 'gateway', gateway: { certificates: snap } }]);
    mkdirSync(join(config, 'system/gateways/shared'), { recursive: true });
    writeFileSync(
      join(config, 'system/gateways/shared/metadata.json'),
      JSON.stringify({ gateway_endpoint: 'https://127.0.0.1:1', auth_mode: null }),
    );
    const [found] = await registered('shared');
    expect(found).toMatchObject({ kind: 'gateway', gateway: { certificates: join(config, 'openshell/gateways/shared/mtls') } });
  });

  it.each([
    ['on another host', { gateway_endpoint: 'https://gateway.example.com:443' }, 'elsewhere'],
    ['on another host by its own word', { is_remote: true }, 'elsewhere'],
    ['that looks as if it were on this one', { gateway_endpoint: 'https://127.0.0.1.example.com:443' }, 'elsewhere'],
    ['that asks for a sign-in', { auth_mode: 'oidc' }, 'sign-in'],
    ['behind an edge', { auth_mode: 'cloudflare_jwt' }, 'sign-in'],
    ['of a scheme of its own', { gateway_endpoint: 'ssh://127.0.0.1' }, 'unreadable'],
    ['without an address', { gateway_endpoint: 5 }, 'unreadable'],
  ])('%s are not asked', async (_, metadata, reason) => {
    gateway.register(config, 'nemoclaw', metadata);
    expect(kinds(await registered('nemoclaw'))).toEqual([`nemoclaw: ${reason}`]);
  });

  it('are looked for in their own directory alone', async () => {
    gateway.register(join(config, 'elsewhere'), 'x');
    for (const name of ['../../elsewhere/openshell/gateways/x', '..', '', 'a/b', 'a\\b', '\0'])
      expect(kinds(await registered(name))).toEqual([`${name}: unreadable`]);
    mkdirSync(join(config, 'openshell/gateways/broken'), { recursive: true });
    writeFileSync(join(config, 'openshell/gateways/broken/metadata.json'), '{');
    expect(kinds(await registered('broken'))).toEqual(['broken: unreadable']);
  });

  it('have no more in their address than scheme, host and port', async () => {
    gateway.register(config, 'nemoclaw', { gateway_endpoint: `https://user:hush@127.0.0.1:${gateway.port}/x?token=hush` });
    const [found] = await registered('nemoclaw');
    expect(JSON.stringify(found)).not.toContain('hush');
    expect(found).toMatchObject({ gateway: { address: `https://127.0.0.1:${gateway.port}` } });
  });
});
