// Denials at their lines in policy files, over the wire: on a real recording, with the policy its sandbox ran with in the workspace.
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CodeActionRequest, DidSaveTextDocumentNotification } from 'vscode-languageserver-protocol/node';
import type { CodeAction, Diagnostic } from 'vscode-languageserver-protocol/node';
import * as messages from '../../server/src/protocol/messages';
import { backTestRequest, ruleChangeRequest } from '../../server/src/protocol/rules';
import type { BackTestAnswer, RuleRef } from '../../server/src/protocol/rules';
import { recording } from '../fixtures/recordings';
import { ServerProcess, until } from './support/serverProcess';

const seed = join(import.meta.dirname, '../bed/sandbox/inside/seed/etc/policy.yaml');
const text = readFileSync(seed, 'utf8');

const said = ({ message }: Diagnostic): string => (typeof message === 'string' ? message : message.value);

describe('denials of a recording', () => {
  let server: ServerProcess;
  let sourceId: string;
  let workspace: string;
  let policy: string;
  let uri: string;

  beforeAll(async () => {
    workspace = mkdtempSync(join(tmpdir(), 'sandglass-rules-'));
    mkdirSync(join(workspace, 'sandbox'));
    policy = join(workspace, 'sandbox/policy.yaml');
    uri = pathToFileURL(policy).href;
    server = await ServerProcess.start({ folders: [workspace], capabilities: { textDocument: { codeAction: { disabledSupport: true } } } });
    ({ sourceId } = await server.connection.sendRequest(messages.openRequest, { path: recording('openclaw-2026.7.1').root }));
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    rmSync(workspace, { recursive: true, force: true });
  });

  const ofCalls = (): readonly (readonly [string, Diagnostic])[] =>
    [...server.diagnostics].flatMap(([at, list]) =>
      list.filter(({ code }) => code === 'denied-call').map((diagnostic) => [at, diagnostic] as const),
    );
  const atRules = (): readonly Diagnostic[] => (server.diagnostics.get(uri) ?? []).filter(({ code }) => code === 'denied-by-policy');
  const line = ({ range }: Diagnostic): string => text.split('\n')[range.start.line]?.trim() ?? '';
  const rule = (word: string): Diagnostic => {
    const found = atRules().find((one) => said(one).includes(word));
    if (found === undefined) throw new Error(`no diagnostic of ${word}: ${atRules().map(said).join('\n')}`);
    return found;
  };
  async function actions(diagnostic: Diagnostic): Promise<readonly CodeAction[]> {
    const asked = { textDocument: { uri }, range: diagnostic.range, context: { diagnostics: [diagnostic] } };
    return ((await server.connection.sendRequest(CodeActionRequest.type, asked)) ?? []) as CodeAction[];
  }

  it('say where was looked, while no file has their rule', async () => {
    await until('the denials', () => ofCalls().length === 4 && ofCalls().every(([, one]) => said(one).includes('looked in')));
    expect(ofCalls().map(([, one]) => said(one))[0]).toContain(`${workspace} (0 YAML files, 0 of them a policy)`);
    expect(ofCalls().some(([, one]) => said(one).includes('.nemoclaw'))).toBe(false);
  });

  it('stand at their lines once there is one, each linked with its call', async () => {
    copyFileSync(seed, policy);
    await server.connection.sendNotification(DidSaveTextDocumentNotification.type, { textDocument: { uri } });
    await until('the diagnostics of the rules', () => atRules().length === 5);
    expect(line(rule('blocked.example.com:443'))).toBe('network_policies:');
    expect(line(rule('mirror.blocked.example.net:8443'))).toBe('network_policies:');
    expect(line(rule('POST docs.example.com:80/guide/prices'))).toBe('access: read-only');
    expect(line(rule('pypi.tst:443'))).toBe('binaries:');
    expect(rule('pypi.tst:443').range.start.line).toBe(text.split('\n').indexOf('  pypi:') + 7);
    for (const [at, diagnostic] of ofCalls()) {
      const link = diagnostic.relatedInformation?.find(({ location }) => location.uri === uri);
      expect(link, said(diagnostic)).toBeDefined();
      expect(said(diagnostic)).not.toContain('looked in');
      const back = atRules().filter(({ relatedInformation }) => relatedInformation?.some(({ location }) => location.uri === at));
      expect(back.map(({ range }) => range.start.line)).toContain(link?.location.range.start.line);
    }
  });

  it("of the agent's own traffic belong to no call, and say so", () => {
    const own = rule('packages.nemo.test:443');
    expect(own.severity).toBe(3);
    expect(own.relatedInformation?.[0]?.message).toContain('No call asked for it');
    expect(own.relatedInformation?.[0]?.location.uri).toMatch(/^sandglass-call:/);
    for (const [, { data }] of ofCalls()) expect(data).not.toMatchObject({ policyId: (own.data as RuleRef).policyId });
  });

  it('have a document where no call has one', async () => {
    const { policyId } = rule('packages.nemo.test:443').data as RuleRef;
    const document = await server.connection.sendRequest(messages.callTextRequest, { sourceId, spanId: policyId });
    expect(document?.text).toContain('traffic of the agent itself');
    expect(document?.text).toContain('packages.nemo.test:443');
    const address = await server.connection.sendRequest(messages.callAddressRequest, { sourceId, spanId: policyId });
    expect(address).toBe(rule('packages.nemo.test:443').codeDescription?.href);
  });

  it('offer the narrowest change from the rule and from the call', async () => {
    const post = rule('POST docs.example.com:80/guide/prices');
    const [allow, test] = await actions(post);
    expect(allow).toMatchObject({ kind: 'quickfix', command: { command: 'sandglass.previewRule', arguments: [post.data] } });
    expect(allow?.title).toContain('POST docs.example.com:80/guide/prices by curl');
    expect(allow?.edit).toBeUndefined();
    expect(test).toMatchObject({ command: { command: 'sandglass.backTest', arguments: [{ uri }] } });
    const call = ofCalls().find(([, one]) => said(one).includes('POST'))?.[1];
    if (call === undefined) throw new Error('no call');
    expect((await actions(call))[0]?.command?.arguments).toEqual([post.data]);
    expect(readFileSync(policy, 'utf8')).toBe(text);
  });

  it('answer the change for the text that the editor has, and what that would have allowed', async () => {
    const ref = rule('POST docs.example.com:80/guide/prices').data as RuleRef;
    const edited = `# mine, not saved yet\n${text}`;
    const answer = await server.connection.sendRequest(ruleChangeRequest, { ...ref, text: edited });
    if (answer.kind === 'none') throw new Error(answer.why);
    expect(answer).toMatchObject({
      added: 'rule',
      toldBy: 'supervisor',
      allows: { method: 'POST', path: '/guide/prices', binary: '/usr/bin/curl' },
    });
    const [edit] = answer.edits;
    const lines = edited.split('\n');
    expect(edit?.range.start).toEqual({ line: lines.length - 2, character: lines[lines.length - 2]?.length });
    const changed = `${edited.trimEnd()}${edit?.newText}\n`;
    const tested = (await server.connection.sendRequest(backTestRequest, { text: changed, before: edited })) as BackTestAnswer;
    expect(tested.wouldAllow.map(({ request }) => `${request.method} ${request.host}${request.path}`)).toEqual([
      'POST docs.example.com/guide/prices',
    ]);
    expect(tested.wouldAllow[0]).toMatchObject({ byChange: true, rule: 'docs_site_curl' });
    expect(tested.wouldAllow[0]?.callId).toBeTruthy();
    // What the model was asked goes past the rules, and is not counted.
    expect(tested.considered).toBe(8);
    const as = (await server.connection.sendRequest(backTestRequest, { text, before: null })) as BackTestAnswer;
    expect(as.wouldAllow).toEqual([]);
    expect(await server.connection.sendRequest(backTestRequest, { text: 'a: [', before: null })).toEqual({
      kind: 'none',
      why: 'not-a-policy',
    });
  });

  it('follow the file: a line above moves them, a file without rules takes them back', async () => {
    const before = rule('pypi.tst:443').range.start.line;
    writeFileSync(policy, `# one\n# two\n${text}`);
    await server.connection.sendNotification(DidSaveTextDocumentNotification.type, { textDocument: { uri } });
    await until('the moved line', () => atRules().length === 5 && rule('pypi.tst:443').range.start.line === before + 2);
    rmSync(policy);
    await server.connection.sendNotification(DidSaveTextDocumentNotification.type, { textDocument: { uri } });
    await until(
      'the rules to be taken back',
      () => atRules().length === 0 && ofCalls().every(([, one]) => said(one).includes('looked in')),
    );
  });
});
