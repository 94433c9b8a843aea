// Findings that a person settled in a committed file, over the wire and on the command line.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import Ajv from 'ajv';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { DidChangeWatchedFilesNotification, DidSaveTextDocumentNotification, FileChangeType } from 'vscode-languageserver-protocol/node';
import type { Finding, TraceDocument } from '../../server/src/protocol/document';
import * as messages from '../../server/src/protocol/messages';
import { suppressRequest } from '../../server/src/protocol/suppressions';
import type { SuppressAnswer, SuppressParams } from '../../server/src/protocol/suppressions';
import { recording } from '../fixtures/recordings';
import { runCli } from './support/cli';
import { root as project, ServerProcess, until } from './support/serverProcess';

const { root } = recording('openclaw-2026.7.1');
const settled = 'suppressions:\n  - code: repeated-calls\n    sessionKey: agent:main:loop\n    reason: it waits for the build\n';

describe('the server', () => {
  let server: ServerProcess;
  let sourceId: string;
  let sessionId: string;
  let folder: string;
  let path: string;
  let uri: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sandglass-suppressions-'));
    path = join(folder, '.sandglass/suppressions.yaml');
    uri = pathToFileURL(path).href;
    server = await ServerProcess.start({ folders: [folder] });
    ({ sourceId } = await server.connection.sendRequest(messages.openRequest, { path: root }));
    await until('the end of the recording', async () => (await node())?.attach.kind === 'read');
    const sessions = await server.connection.sendRequest(messages.sessionsRequest, { sourceId });
    sessionId = sessions.find(({ key }) => key === 'agent:main:loop')?.id ?? '';
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  async function node(): Promise<messages.SandboxNode | undefined> {
    const { sandboxes } = await server.connection.sendRequest(messages.inventoryRequest, { refresh: false });
    return sandboxes.find(({ id }) => id === sourceId);
  }
  const ofRow = async (): Promise<readonly string[]> => ((await node())?.findings ?? []).map(({ code }) => code);
  const ofPage = async (): Promise<readonly Finding[]> =>
    (await server.connection.sendRequest(messages.traceRequest, { sourceId, sessionId, offset: 0, limit: 1 })).findings;
  const told = (): readonly (readonly unknown[])[] =>
    (server.diagnostics.get(uri) ?? []).map(({ code, severity, range, message }) => [code, severity, range.start.line, message]);
  async function happened(type: FileChangeType, at = uri): Promise<void> {
    await server.connection.sendNotification(DidChangeWatchedFilesNotification.type, { changes: [{ uri: at, type }] });
  }

  it('leaves a finding out of the row of its sandbox once the file says so, and shows it with its reason in the trace', async () => {
    expect(await ofRow()).toEqual(['repeated-calls']);
    expect((await ofPage()).map(({ suppressed }) => suppressed)).toEqual([null]);
    const before = server.changes.length;
    mkdirSync(dirname(path));
    writeFileSync(path, settled);
    await happened(FileChangeType.Created);
    await until('the finding to leave', async () => (await ofRow()).length === 0);
    expect(await ofPage()).toMatchObject([
      { code: 'repeated-calls', suppressed: { reason: 'it waits for the build', file: '.sandglass/suppressions.yaml', line: 2 } },
    ]);
    await until('an announcement', () => server.changes.slice(before).some(({ inventory }) => inventory));
    expect(told()).toEqual([]);
  });

  it('tells what is wrong with an entry at its line, and that one of them settles nothing', async () => {
    const more = [
      '  - code: history-rewritten\n    reason: we know\n',
      '  - code: repeated-calls\n',
      '  - code: failing-tool\n    reason: the build was broken\n',
    ];
    writeFileSync(path, `${settled}${more.join('')}`);
    await server.connection.sendNotification(DidSaveTextDocumentNotification.type, { textDocument: { uri } });
    await until('the diagnostics', () => told().length === 3);
    expect(told()).toEqual([
      ['suppression-wrong', 2, 4, '"history-rewritten" is always a problem, and can\'t be suppressed.'],
      ['suppression-wrong', 2, 6, expect.stringContaining('A "reason" is missing')],
      ['suppression-unused', 3, 7, expect.stringContaining('No finding')],
    ]);
    expect(await ofRow()).toEqual([]);
  });

  it('shows the finding again when the file goes, with its folder too', async () => {
    rmSync(dirname(path), { recursive: true });
    await happened(FileChangeType.Deleted, pathToFileURL(dirname(path)).href);
    await until('the finding to come back', async () => (await ofRow()).length === 1);
    await until('the diagnostics to be taken back', () => told().length === 0);
    expect((await ofPage()).map(({ suppressed }) => suppressed)).toEqual([null]);
  });
});

describe('a finding that is to be settled', () => {
  let server: ServerProcess;
  let folder: string;
  let asked: SuppressParams;

  async function start(trusted: boolean): Promise<void> {
    const settings = { pathMappings: [], directories: [], dockerHost: 'unix:///nonexistent/docker.sock', autoAttach: false };
    server = await ServerProcess.start({ folders: [folder], options: { trusted, settings } });
    const { sourceId } = await server.connection.sendRequest(messages.openRequest, { path: root });
    const session = await until('the session', async () =>
      (await server.connection.sendRequest(messages.sessionsRequest, { sourceId })).find(({ key }) => key === 'agent:main:loop'),
    );
    const page = { sourceId, sessionId: session.id, offset: 0, limit: 1 };
    const [finding] = await until('the finding', async () => {
      const { findings, maySuppress } = await server.connection.sendRequest(messages.traceRequest, page);
      expect(maySuppress).toBe(trusted);
      return findings.length > 0 && findings;
    });
    const ref = { sourceId, sessionId: session.id, code: finding?.code ?? '', evidence: finding?.spanIds[0] ?? null };
    asked = { ...ref, reason: 'it waits\nfor the build ', folder: pathToFileURL(folder).href, text: '' };
  }
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'sandglass-suppressions-'));
  });
  afterEach(() => server[Symbol.asyncDispose]());
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const answer = (more: Partial<SuppressParams> = {}): Promise<SuppressAnswer> =>
    server.connection.sendRequest(suppressRequest, { ...asked, ...more });

  it('has an entry of its own, or a reason why there is none, and nothing is written', async () => {
    await start(true);
    const made = await answer();
    if (made.kind === 'none') throw new Error(made.why);
    const text = made.edits.map(({ newText }) => newText).join('');
    expect(text).toContain('    reason: it waits for the build\n');
    expect(existsSync(join(folder, '.sandglass'))).toBe(false);
    const why = async (more: Partial<SuppressParams>): Promise<string> => {
      const refused = await answer(more);
      return refused.kind === 'none' ? refused.why : 'changed';
    };
    expect(await why({ code: 'history-rewritten' })).toBe('never');
    expect(await why({ evidence: 'none' })).toBe('gone');
    expect(await why({ sessionId: 'none' })).toBe('gone');
    expect(await why({ reason: ' \n ' })).toBe('reason-missing');
    expect(await why({ reason: 'x'.repeat(501) })).toBe('reason-long');
    expect(await why({ folder: pathToFileURL(tmpdir()).href })).toBe('no-folder');
    expect(await why({ text: 'suppressions: [' })).toBe('not-yaml');
    // What is written is what settles it.
    const path = join(folder, '.sandglass/suppressions.yaml');
    mkdirSync(dirname(path));
    writeFileSync(path, text);
    const uri = pathToFileURL(path).href;
    await server.connection.sendNotification(DidSaveTextDocumentNotification.type, { textDocument: { uri } });
    await until('it to be settled', async () => (await why({ text })) === 'already');
    rmSync(path);
    symlinkSync(join(folder, 'elsewhere.yaml'), path);
    expect(await why({})).toBe('link');
    rmSync(dirname(path), { recursive: true });
  });

  it('is none in a workspace that nobody trusts', async () => {
    await start(false);
    expect(await answer()).toEqual({ kind: 'none', why: 'untrusted' });
  });
});

describe('the command line', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'sandglass-suppressions-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('keeps the finding in the document with its reason, and says last what is suppressed', async () => {
    const file = join(folder, 'ours.yaml');
    writeFileSync(file, `${settled}  - code: nothing\n    reason: because\n`);
    const ran = await runCli(['trace', root, '--json', '--suppressions', file]);
    expect(ran.code).toBe(0);
    expect(ran.stderr).toBe(
      `sandglass: ${file}:5: There is no finding "nothing"; there are repeated-calls, no-progress, failing-tool, claimed-success, secret-exposed, secret-then-request.\n`,
    );
    const document = JSON.parse(ran.stdout) as TraceDocument;
    expect(document.findings).toMatchObject([{ code: 'repeated-calls', suppressed: { reason: 'it waits for the build', file, line: 2 } }]);
    const valid = new Ajv({ strict: true, allowUnionTypes: true }).compile(
      JSON.parse(readFileSync(join(project, 'schemas/trace.schema.json'), 'utf8')),
    );
    expect(valid(document), JSON.stringify(valid.errors)).toBe(true);
    const text = (await runCli(['trace', root, '--suppressions', file])).stdout;
    expect(text).toContain(`suppressed (it waits for the build; ${file}:2): warning (preview): In session`);
  });

  it('takes that of the folder it runs in, and no file that is not there', async () => {
    mkdirSync(join(folder, '.sandglass'));
    writeFileSync(join(folder, '.sandglass/suppressions.yaml'), settled);
    const ran = await runCli(['sessions', root, '--json'], {}, folder);
    expect((JSON.parse(ran.stdout) as TraceDocument).findings).toMatchObject([{ suppressed: { file: '.sandglass/suppressions.yaml' } }]);
    const none = await runCli(['trace', root, '--suppressions', join(folder, 'none.yaml')]);
    expect([none.code, none.stdout, none.stderr]).toEqual([1, '', expect.stringContaining('there is no file')]);
    expect((await runCli(['sandboxes', '--suppressions', 'x'])).code).toBe(2);
  });
});
