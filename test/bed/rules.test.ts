// From a denial to the line of the policy and back, and what the narrowest change lets through, judged by the sandbox's own supervisor.
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DidSaveTextDocumentNotification } from 'vscode-languageserver-protocol/node';
import type { Diagnostic } from 'vscode-languageserver-protocol/node';
import * as messages from '../../server/src/protocol/messages';
import { backTestRequest, policyTextRequest, ruleChangeRequest } from '../../server/src/protocol/rules';
import type { BackTestAnswer, RuleRef, RuleTextEdit } from '../../server/src/protocol/rules';
import { FakeGateway } from '../gateway/fakeGateway';
import { ServerProcess, until } from '../server/support/serverProcess';
import { bed, BedSandbox, docker, VERSIONS } from './bed';

const state = await bed(VERSIONS.jsonl);
const inForce = '/etc/openshell/policy.yaml';
const said = ({ message }: Diagnostic): string => (typeof message === 'string' ? message : message.value);

describe.skipIf(state.kind === 'missing')('a denial in a sandbox', () => {
  let sandbox: BedSandbox;
  let gateway: FakeGateway;
  let server: ServerProcess;
  let sourceId: string;
  let workspace: string;
  let policy: string;
  let uri: string;

  beforeAll(async () => {
    sandbox = await BedSandbox.up({ version: VERSIONS.jsonl });
    workspace = mkdtempSync(join(tmpdir(), 'sandglass-bed-rules-'));
    policy = join(workspace, 'policy.yaml');
    uri = pathToFileURL(policy).href;
    writeFileSync(policy, sandbox.exec('cat', inForce) + '\n');
    gateway = await FakeGateway.start();
    const id = docker('inspect', '-f', '{{index .Config.Labels "openshell.ai/sandbox-id"}}', sandbox.id()).trim();
    gateway.sandboxes.push({ id, name: sandbox.name, policy: text() });
    gateway.register(join(sandbox.home, '.config'), 'nemoclaw');
    server = await ServerProcess.start({
      folders: [workspace],
      options: { trusted: true, settings: { ...settings, dockerHost: process.env.DOCKER_HOST ?? '' } },
      env: { HOME: sandbox.home, XDG_CONFIG_HOME: undefined, OPENSHELL_GATEWAY: undefined },
    });
    const inventory = await server.connection.sendRequest(messages.inventoryRequest, { refresh: true });
    const found = inventory.sandboxes.find((candidate) => candidate.name === sandbox.name);
    if (found === undefined) throw new Error(`the sandbox was not found: ${JSON.stringify(inventory.looked)}`);
    sourceId = found.id;
    await server.connection.sendRequest(messages.attachRequest, { sourceId });
    await sandbox.run('denied');
  });
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
    await gateway?.[Symbol.asyncDispose]();
    await sandbox?.down();
    if (workspace !== undefined) rmSync(workspace, { recursive: true, force: true });
  });

  const text = (): string => readFileSync(policy, 'utf8');
  const atRules = (): readonly Diagnostic[] => (server.diagnostics.get(uri) ?? []).filter(({ code }) => code === 'denied-by-policy');
  const calls = (): readonly (readonly [string, Diagnostic])[] =>
    [...server.diagnostics].flatMap(([at, list]) => list.filter(({ code }) => code === 'denied-call').map((one) => [at, one] as const));
  const rule = (word: string): Promise<Diagnostic> =>
    until(`the diagnostic of ${word}`, () => atRules().find((one) => said(one).includes(word)), 60_000);

  /** What the proxy answers to a request of curl: the status, of a tunnel that of the tunnel. */
  function curl(method: string, url: string): string {
    const secure = url.startsWith('https');
    const asked = ['-s', '-o', '/dev/null', '-m', '10', '-w', secure ? '%{http_connect}' : '%{http_code}', '-x', 'http://127.0.0.1:3128'];
    const body = method === 'GET' || secure ? [] : ['-X', method, '-d', 'note=1'];
    const ran = spawnSync('docker', ['exec', '-u', 'sandbox', sandbox.id(), 'curl', ...asked, ...body, url], { encoding: 'utf8' });
    return ran.stdout.trim();
  }
  /** The same of another program. */
  function python(method: string, url: string): string {
    const script = `
import urllib.request, urllib.error
opener = urllib.request.build_opener(urllib.request.ProxyHandler({'http': 'http://127.0.0.1:3128', 'https': 'http://127.0.0.1:3128'}))
try: print(opener.open(urllib.request.Request('${url}', data=${method === 'GET' ? 'None' : "b'note=1'"}, method='${method}'), timeout=10).status)
except urllib.error.HTTPError as error: print(error.code)
except OSError as error: print('403' if '403' in str(error) else '502' if '502' in str(error) else error)`;
    return sandbox.exec('python3', '-c', script);
  }
  async function change(ref: RuleRef): Promise<string> {
    const before = text();
    const answer = await server.connection.sendRequest(ruleChangeRequest, { ...ref, text: before });
    if (answer.kind === 'none') throw new Error(answer.why);
    return applied(before, answer.edits);
  }
  /** Only the test does this: gives the sandbox another policy, and waits until it says that it has it. */
  async function putInForce(next: string): Promise<void> {
    const hash = createHash('sha256').update(next).digest('hex').slice(0, 16);
    docker('cp', '-q', policy, `${sandbox.id()}:${inForce}`);
    await until(
      'the policy to be in force',
      () =>
        spawnSync('docker', ['logs', sandbox.id()], { encoding: 'utf8', maxBuffer: 1 << 28 }).stderr.includes(
          `reloaded successfully [policy_hash:${hash}]`,
        ),
      60_000,
    );
  }

  it('stands at the call and at the line of the policy, each linked with the other', async () => {
    const post = await rule('POST docs.example.com:80/guide/prices');
    await until('all five', () =>
      ['blocked.example.com:443', 'mirror.blocked.example.net:8443', 'pypi.tst:443'].every((word) =>
        atRules().some((one) => said(one).includes(word)),
      ),
    );
    expect(text().split('\n')[post.range.start.line]?.trim()).toBe('access: read-only');
    await until(
      'the links of the calls',
      () =>
        calls().length === 4 &&
        calls().every(([, { relatedInformation }]) => relatedInformation?.some(({ location }) => location.uri === uri)),
      60_000,
    );
    const [at, call] = calls().find(([, one]) => said(one).includes('POST')) ?? [];
    expect(call?.relatedInformation?.find(({ location }) => location.uri === uri)?.location.range).toEqual(post.range);
    expect(post.relatedInformation?.some(({ location }) => location.uri === at)).toBe(true);
    // The file is what the sandbox runs with, and so says the same.
    for (const one of atRules()) expect(said(one)).not.toContain('says otherwise');
  });

  it("of OpenClaw's own traffic belongs to no call", async () => {
    for (const one of atRules().filter(({ severity }) => severity === 3))
      expect(one.relatedInformation?.[0]?.message).toContain('No call asked for it');
    const own = atRules().filter((one) => said(one).includes('/usr/local/bin/node'));
    for (const one of own) expect(one.severity).toBe(3);
  });

  it('is let through by its narrowest change, and no request beside it', async () => {
    const ref = (await rule('POST docs.example.com:80/guide/prices')).data as RuleRef;
    const before = text();
    const target = 'http://docs.example.com/guide/prices';
    const neighbours: readonly (readonly [string, () => string])[] = [
      ['another method', () => curl('PUT', target)],
      ['one more method', () => curl('DELETE', target)],
      ['a path beneath', () => curl('POST', `${target}/x`)],
      ['a longer path', () => curl('POST', `${target}x`)],
      ['the path above', () => curl('POST', 'http://docs.example.com/guide')],
      ['another port', () => curl('POST', 'http://docs.example.com:8080/guide/prices')],
      ['a host beneath', () => curl('POST', 'http://www.docs.example.com/guide/prices')],
      ['a host that begins like it', () => curl('POST', 'http://docs.example.com.blocked.example.com/guide/prices')],
      ['another host', () => curl('POST', 'http://blocked.example.com/guide/prices')],
      ['another program', () => python('POST', target)],
    ];
    expect(curl('POST', target)).toBe('403');
    expect(curl('GET', target)).toBe('200');
    const next = await change(ref);
    writeFileSync(policy, next);
    await server.connection.sendNotification(DidSaveTextDocumentNotification.type, { textDocument: { uri } });
    // The sandbox is told nothing of it.
    expect(`${sandbox.exec('cat', inForce)}\n`).toBe(before);
    expect(curl('POST', target)).toBe('403');
    await putInForce(next);
    expect(curl('POST', target)).toBe('200');
    for (const [what, ask] of neighbours) expect.soft(ask(), what).toBe('403');
    expect(curl('GET', target)).toBe('200');
  });

  it('of a program that a rule does not list is let through for it alone', async () => {
    const ref = (await rule('pypi.tst:443')).data as RuleRef;
    const neighbours: readonly (readonly [string, () => string])[] = [
      ['another host of the rule', () => curl('GET', 'https://a.files.pypi.tst/simple/requests/')],
      ['another port', () => curl('GET', 'https://pypi.tst:8443/simple/requests/')],
      ['a host beneath', () => curl('GET', 'https://www.pypi.tst/simple/requests/')],
      ['another host', () => curl('GET', 'https://blocked.example.com/simple/requests/')],
    ];
    expect(curl('GET', 'https://pypi.tst/simple/requests/')).toBe('403');
    const next = await change(ref);
    writeFileSync(policy, next);
    await putInForce(next);
    // There is no network: what is let through fails behind the proxy.
    expect(curl('GET', 'https://pypi.tst/simple/requests/')).toBe('502');
    for (const [what, ask] of neighbours) expect.soft(ask(), what).toBe('403');
    expect(python('GET', 'https://pypi.tst/simple/requests/')).toBe('502');
  });

  it('is told by the back-test, each with its call', async () => {
    const test = (await server.connection.sendRequest(backTestRequest, { text: text(), before: null })) as BackTestAnswer;
    const allowed = test.wouldAllow
      .filter(({ callId }) => callId !== null)
      .map(({ request: { method, host, path } }) => `${method} ${host}${path}`);
    expect(new Set(allowed)).toEqual(new Set(['POST docs.example.com/guide/prices', 'GET pypi.tst/simple/requests/']));
    expect(test.wouldDenyCount).toBe(0);
    for (const { callId } of test.wouldAllow.filter((one) => one.callId !== null)) {
      const document = await server.connection.sendRequest(messages.callTextRequest, { sourceId, spanId: callId ?? '' });
      expect(document?.text).toContain('denied');
    }
  });

  it('leads to the policy that the gateway tells, where no file has the rule any more', async () => {
    rmSync(policy);
    await server.connection.sendNotification(DidSaveTextDocumentNotification.type, { textDocument: { uri } });
    const inForceAt = (): readonly (readonly [string, Diagnostic])[] =>
      [...server.diagnostics].flatMap(([at, list]) => (at.startsWith('sandglass-policy:') ? list.map((one) => [at, one] as const) : []));
    const [at, post] = await until(
      'the denial at the policy in force',
      () => inForceAt().find(([, one]) => said(one).includes('POST docs.example.com:80/guide/prices')),
      120_000,
    );
    const shown = await server.connection.sendRequest(policyTextRequest, { uri: at });
    expect(shown?.text.split('\n')[post.range.start.line]?.trim()).toBe('access: read-only');
    await until(
      'the links of the calls',
      () => calls().every(([, { relatedInformation }]) => relatedInformation?.some(({ location }) => location.uri === at)),
      60_000,
    );
    expect([...new Set(gateway.asked)]).toEqual(['Health', 'GetSandboxPolicyStatus', 'GetSandboxConfig']);
  });
});

const settings = { pathMappings: [], directories: [], autoAttach: false };

function applied(text: string, edits: readonly RuleTextEdit[]): string {
  const lines = text.split('\n');
  for (const { range, newText } of [...edits].reverse()) {
    const line = lines[range.start.line] ?? '';
    expect(range.end).toEqual(range.start);
    lines[range.start.line] = line.slice(0, range.start.character) + newText + line.slice(range.start.character);
  }
  return lines.join('\n');
}
