// A denial whose rule is in no file leads to the policy in force, which the sandbox's gateway tells: over the wire, from a container
// whose gateway is a gRPC server with client certificates, where OpenShell's command would have registered it.
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CodeActionRequest, DidSaveTextDocumentNotification } from 'vscode-languageserver-protocol/node';
import type { CodeAction, Diagnostic } from 'vscode-languageserver-protocol/node';
import { parsePolicy } from '../../server/src/policy/parsePolicy';
import * as messages from '../../server/src/protocol/messages';
import { backTestRequest, policyTextRequest, ruleChangeRequest } from '../../server/src/protocol/rules';
import type { BackTestAnswer, RuleRef } from '../../server/src/protocol/rules';
import { recording } from '../fixtures/recordings';
import { Authority } from '../gateway/certificates';
import { FakeGateway } from '../gateway/fakeGateway';
import { PlayedSandboxes } from '../gateway/playedSandboxes';
import type { PlayedSandbox } from '../gateway/playedSandboxes';
import { ServerProcess, until } from './support/serverProcess';

const policy = readFileSync(join(import.meta.dirname, '../bed/sandbox/inside/seed/etc/policy.yaml'), 'utf8');
const withProvider = `${policy.trimEnd()}
  _provider_github:
    name: github
    endpoints: [{ host: 'github.com', port: 443 }]
    binaries: [{ path: /usr/bin/git }]
`;
const said = ({ message }: Diagnostic): string => (typeof message === 'string' ? message : message.value);
const demo = { id: '0b6f1d0e-6d0c-4a53-9b2e-1f7f4f1f9c11', name: 'demo' };

const made: string[] = [];
function temporary(): string {
  const directory = mkdtempSync(join(tmpdir(), 'sandglass-effective-'));
  made.push(directory);
  return directory;
}
afterAll(() => {
  for (const directory of made) rmSync(directory, { recursive: true, force: true });
});

/** A home directory with NemoClaw's registry: which gateway each sandbox is of. */
function homeWith(gateways: Readonly<Record<string, string>>): string {
  const home = temporary();
  mkdirSync(join(home, '.nemoclaw'));
  const sandboxes = Object.fromEntries(Object.entries(gateways).map(([name, gatewayName]) => [name, { name, gatewayName }]));
  writeFileSync(join(home, '.nemoclaw/sandboxes.json'), JSON.stringify({ sandboxes }));
  return home;
}

/** The recording with no more than the session in which something was denied: it is read once for each sandbox. */
function deniedSession(): string {
  const root = temporary();
  const { root: whole } = recording('openclaw-2026.7.1');
  const sessions = 'sandbox/.openclaw/agents/main/sessions';
  for (const name of readdirSync(join(whole, sessions)))
    if (/[0-9a-f]\.jsonl$/.test(name) && readFileSync(join(whole, sessions, name), 'utf8').includes('blocked.example.com'))
      cpSync(join(whole, sessions, name), join(root, sessions, name));
  cpSync(join(whole, 'container.log'), join(root, 'container.log'));
  return root;
}

function started(
  home: string,
  engine: PlayedSandboxes,
  folders: readonly string[] = [],
  options: Partial<messages.InitializeOptions> = {},
): Promise<ServerProcess> {
  const settings = { pathMappings: [], directories: [], dockerHost: engine.host, autoAttach: true };
  return ServerProcess.start({
    folders,
    options: { trusted: true, settings, ...options },
    env: { HOME: home, XDG_CONFIG_HOME: undefined, OPENSHELL_GATEWAY: undefined, OPENSHELL_SYSTEM_GATEWAY_DIR: join(home, 'none') },
    capabilities: { textDocument: { codeAction: { disabledSupport: true } } },
  });
}

/** A busy machine may let a gateway's time pass: it is asked again after a minute, when anything is looked at again. */
const patienceMs = 170_000;
async function asked<T>(server: ServerProcess, what: string, ask: () => T | null | undefined | false): Promise<T> {
  const again = setInterval(() => {
    void server.connection.sendNotification(DidSaveTextDocumentNotification.type, {
      textDocument: { uri: 'file:///nonexistent/policy.yaml' },
    });
  }, 5_000);
  try {
    return await until(what, ask, patienceMs);
  } finally {
    clearInterval(again);
  }
}

const all = (server: ServerProcess, code: string): readonly (readonly [string, Diagnostic])[] =>
  [...server.diagnostics].flatMap(([at, list]) => list.filter((one) => one.code === code).map((one) => [at, one] as const));

describe('the policy in force', () => {
  let gateway: FakeGateway;
  let engine: PlayedSandboxes;
  let server: ServerProcess;
  let home: string;
  let workspace: string;

  beforeAll(async () => {
    gateway = await FakeGateway.start();
    gateway.sandboxes.push({ ...demo, policy: withProvider });
    home = homeWith({ demo: 'nemoclaw' });
    workspace = temporary();
    gateway.register(join(home, '.config'), 'nemoclaw');
    engine = await PlayedSandboxes.start(recording('openclaw-2026.7.1').root, [demo]);
    server = await started(home, engine, [workspace]);
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await engine[Symbol.asyncDispose]();
    await gateway[Symbol.asyncDispose]();
  });

  const inForce = (): readonly (readonly [string, Diagnostic])[] =>
    all(server, 'denied-by-policy').filter(([at]) => at.startsWith('sandglass-policy:'));
  const text = async (): Promise<string> => {
    const [uri] = inForce()[0] ?? [''];
    return (await server.connection.sendRequest(policyTextRequest, { uri }))?.text ?? '';
  };
  const rule = (word: string): Diagnostic => {
    const found = inForce().find(([, one]) => said(one).includes(word));
    if (found === undefined)
      throw new Error(
        `no diagnostic of ${word}: ${inForce()
          .map(([, one]) => said(one))
          .join('\n')}`,
      );
    return found[1];
  };
  async function actions(diagnostic: Diagnostic): Promise<readonly CodeAction[]> {
    const [uri] = inForce()[0] ?? [''];
    const asked = { textDocument: { uri }, range: diagnostic.range, context: { diagnostics: [diagnostic] } };
    return ((await server.connection.sendRequest(CodeActionRequest.type, asked)) ?? []) as CodeAction[];
  }

  it('is where denials lead whose rules are in no file, each linked with its call', { timeout: 2 * patienceMs }, async () => {
    await asked(server, 'the denials at the policy in force', () => inForce().length === 5 && all(server, 'denied-call').length === 4);
    const [uri] = inForce()[0] ?? [''];
    expect(uri).toMatch(/^sandglass-policy:\/\/[0-9a-f]{16}\/policy-in-force-of-demo\.yaml$/);
    const shown = (await text()).split('\n');
    const line = ({ range }: Diagnostic): string => shown[range.start.line]?.trim() ?? '';
    expect(line(rule('blocked.example.com:443'))).toBe('network_policies:');
    expect(line(rule('POST docs.example.com:80/guide/prices'))).toBe('access: read-only');
    expect(line(rule('pypi.tst:443'))).toBe('binaries:');
    expect(said(rule('pypi.tst:443'))).toContain(
      'the policy in force, as gateway nemoclaw tells it (revision 4, taken by the sandbox); it stands in no policy file here',
    );
    await until('the links of the calls', () =>
      all(server, 'denied-call').every(
        ([, one]) => one.relatedInformation?.some(({ location }) => location.uri === uri) && !said(one).includes('looked in'),
      ),
    );
  });

  it('is shown as a file that says what it is, without what no file can say, and without what is hidden', async () => {
    const shown = await text();
    expect(shown).toMatch(/^# The policy in force of the sandbox demo, as its gateway tells it\. It is no file/);
    expect(shown).toContain(`# Gateway nemoclaw at https://127.0.0.1:${gateway.port}, OpenShell 0.0.111`);
    expect(shown).toContain('# Revision 4, taken by the sandbox, sha256-of-it');
    expect(shown).toContain('_provider_github:');
    const { document } = parsePolicy(shown);
    expect(document.rules.map(({ key }) => key.value)).toEqual(['_provider_github', 'docs_site', 'github_api', 'pypi']);
    expect(await server.connection.sendRequest(policyTextRequest, { uri: 'sandglass-policy://0123456789abcdef/x.yaml' })).toBeNull();
    expect(await server.connection.sendRequest(policyTextRequest, { uri: 'file:///etc/passwd' })).toBeNull();
  });

  it('is never changed: its change is to be copied, or to be made a file of', async () => {
    const post = rule('POST docs.example.com:80/guide/prices');
    const [copy, test] = await actions(post);
    expect(copy).toMatchObject({ kind: 'quickfix', command: { command: 'sandglass.previewRule', arguments: [post.data] } });
    expect(copy?.title).toBe('Show the lines to copy into your policy that allow only this: POST docs.example.com:80/guide/prices by curl');
    expect(copy?.edit).toBeUndefined();
    expect(test).toMatchObject({ command: { command: 'sandglass.backTest' } });
    const answer = await server.connection.sendRequest(ruleChangeRequest, {
      ...(post.data as RuleRef),
      text: 'what the editor has is not asked for',
    });
    if (answer.kind === 'none' || answer.toCopy === undefined) throw new Error(JSON.stringify(answer));
    const { lines, file } = answer.toCopy;
    expect(lines).toMatch(/^ {2}docs_site_curl:\n {4}name: docs-site-curl\n/);
    expect(file).toContain(lines.trimEnd());
    expect(file).not.toContain('_provider_');
    // The change of what is shown and that of the file are the same one.
    const tested = (await server.connection.sendRequest(backTestRequest, { text: file, before: await text() })) as BackTestAnswer;
    expect(tested.wouldAllow.map(({ request }) => `${request.method} ${request.host}${request.path}`)).toEqual([
      'POST docs.example.com/guide/prices',
    ]);
  });

  it('stands behind a file of the user, which says where it says otherwise', async () => {
    const path = join(workspace, 'policy.yaml');
    const uri = pathToFileURL(path).href;
    writeFileSync(path, policy.replace('/usr/bin/python3*', '/usr/bin/wget'));
    await server.connection.sendNotification(DidSaveTextDocumentNotification.type, { textDocument: { uri } });
    await until('the rules of the file', () => (server.diagnostics.get(uri) ?? []).length === 5 && inForce().length === 0);
    const [pypi] = (server.diagnostics.get(uri) ?? []).filter((one) => said(one).includes('pypi.tst:443'));
    if (pypi === undefined) throw new Error('no diagnostic');
    expect(said(pypi)).toContain(
      'the policy in force, as gateway nemoclaw tells it (revision 4, taken by the sandbox), says otherwise: Rule pypi opens',
    );
    const link = pypi.relatedInformation?.find(({ location }) => location.uri.startsWith('sandglass-policy:'));
    expect(link?.message).toContain('the policy in force');
    const others = (server.diagnostics.get(uri) ?? []).filter((one) => one !== pypi);
    expect(others.map(said).filter((one) => one.includes('says otherwise'))).toEqual([]);
    rmSync(path);
    await server.connection.sendNotification(DidSaveTextDocumentNotification.type, { textDocument: { uri } });
    await until('the policy in force again', () => inForce().length === 5);
  });

  it('was asked for by questions that only read, and nothing of the certificate was told', () => {
    expect([...new Set(gateway.asked)]).toEqual(['Health', 'GetSandboxPolicyStatus', 'GetSandboxConfig']);
    expect(server.stderr).not.toMatch(/PRIVATE KEY|BEGIN|Warning/);
  });
});

describe('where the policy in force is not told, the call says why', () => {
  const names = ['certificate', 'hangs', 'huge', 'unknown', 'unauthenticated', 'older', 'empty', 'remote', 'absent'] as const;
  const reasons: Readonly<Record<(typeof names)[number], readonly string[]>> = {
    certificate: ['gateway certificate at https://127.0.0.1:', 'the two do not trust each other', 'openshell status'],
    hangs: ['it did not answer within 5 seconds', 'it is asked again'],
    huge: ['its answer is too large', 'openshell policy get huge --full'],
    unknown: ['it does not know the sandbox', 'it may be the sandbox of another gateway'],
    unauthenticated: ['it does not know who asks'],
    older: ['it does not know the question', 'openshell policy get older --full'],
    empty: ['it keeps no policy of the sandbox yet', 'openshell policy set'],
    remote: ['it is on another host, and only gateways of this host are asked'],
    absent: ['no gateway absent is registered', 'openshell gateway add'],
  };
  const sandboxes: readonly PlayedSandbox[] = names.map((name) => ({ id: `id-of-${name}`, name }));
  const gateways = new Map<string, FakeGateway>();
  let engine: PlayedSandboxes;
  let server: ServerProcess;
  let home: string;

  beforeAll(async () => {
    home = homeWith(Object.fromEntries(names.map((name) => [name, name])));
    const config = join(home, '.config');
    for (const sandbox of sandboxes) {
      const gateway = await FakeGateway.start();
      gateway.sandboxes.push({ ...sandbox, policy });
      gateways.set(sandbox.name, gateway);
      if (sandbox.name !== 'absent')
        gateway.register(config, sandbox.name, sandbox.name === 'remote' ? { gateway_endpoint: 'https://gateway.example.com' } : {});
    }
    const of = (name: (typeof names)[number]): FakeGateway => gateways.get(name) as FakeGateway;
    writeFileSync(join(config, 'openshell/gateways/certificate/mtls/ca.crt'), new Authority('another').certificate);
    of('hangs').fault = 'hangs';
    of('huge').fault = 'huge';
    of('unknown').sandboxes.length = 0;
    of('unauthenticated').fault = 'unauthenticated';
    of('older').fault = 'unimplemented';
    for (const held of of('empty').sandboxes) held.policy = null;
    engine = await PlayedSandboxes.start(deniedSession(), sandboxes);
    server = await started(home, engine);
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await engine[Symbol.asyncDispose]();
    for (const gateway of gateways.values()) await gateway[Symbol.asyncDispose]();
  });

  it('with what to do about it', { timeout: 3 * patienceMs }, async () => {
    const inventory = await server.connection.sendRequest(messages.inventoryRequest, { refresh: false });
    const idOf = new Map(inventory.sandboxes.map(({ name, id }) => [name, id]));
    for (const name of names) {
      const own = (): readonly string[] =>
        all(server, 'denied-call').flatMap(([, one]) =>
          (one.data as { sourceId?: string }).sourceId === idOf.get(name) ? [said(one)] : [],
        );
      await asked(
        server,
        `why ${name} was not told`,
        () => own().length > 0 && own().every((message) => reasons[name].every((part) => message.includes(part))),
      );
      for (const message of own()) expect(message).toContain('no policy file with the rule was found; looked in');
    }
    expect(all(server, 'denied-by-policy')).toEqual([]);
    expect(gateways.get('remote')?.asked).toEqual([]);
    expect(gateways.get('certificate')?.asked).toEqual([]);
    expect([...new Set(gateways.get('empty')?.asked)]).toEqual(['Health', 'GetSandboxPolicyStatus']);
  });
});

describe('no gateway is asked', () => {
  it('where the user does not want it', async () => {
    await using gateway = await FakeGateway.start();
    gateway.sandboxes.push({ ...demo, policy });
    const home = homeWith({ demo: 'nemoclaw' });
    gateway.register(join(home, '.config'), 'nemoclaw');
    await using engine = await PlayedSandboxes.start(deniedSession(), [demo]);
    const settings = { pathMappings: [], directories: [], dockerHost: engine.host, autoAttach: true, askGateway: false };
    await using server = await started(home, engine, [], { settings });
    await until(
      'the denials',
      () => all(server, 'denied-call').length > 0 && all(server, 'denied-call').every(([, one]) => said(one).includes('looked in')),
    );
    expect(all(server, 'denied-call').map(([, one]) => said(one))[0]).toContain('sandglass.policy.askGateway');
    expect(gateway.asked).toEqual([]);
  });
});
