// The workspace changes while the editor is open: folders come and go, mappings are set and taken away.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DidChangeWorkspaceFoldersNotification, DidSaveTextDocumentNotification } from 'vscode-languageserver-protocol/node';
import * as messages from '../../server/src/protocol/messages';
import { recording } from '../fixtures/recordings';
import { ServerProcess, until } from './support/serverProcess';

const settings = { pathMappings: [], directories: [], dockerHost: '', autoAttach: false };
const inSandbox = '/sandbox/.openclaw/workspace/project';
let server: ServerProcess;
let workspace: string;
beforeEach(async () => {
  const { root } = recording('openclaw-2026.7.1');
  workspace = mkdtempSync(join(tmpdir(), 'sandglass-workspace-'));
  cpSync(join(root, 'sandbox/.openclaw/workspace/project'), join(workspace, 'project'), { recursive: true });
  server = await ServerProcess.start({ options: { settings }, capabilities: { workspace: { workspaceFolders: true } } });
  await server.connection.sendRequest(messages.openRequest, { path: root });
  await until('problems in the files of the sandbox', () => problems('sandglass-file:').length > 0 && server.lensRefreshes > 0);
});
afterEach(async () => {
  await server[Symbol.asyncDispose]();
  rmSync(workspace, { recursive: true, force: true });
});

/** Addresses under `prefix` that have problems, of the files of the project alone. */
function problems(prefix: string): readonly string[] {
  return [...server.diagnostics]
    .filter(([uri, shown]) => shown.length > 0 && uri.startsWith(prefix) && uri.includes('/project/'))
    .map(([uri]) => uri);
}

/** Nothing is asked of it, and nothing happens in the sandbox: what is shown moves by itself. */
async function movesFrom(from: string, to: string, change: () => Promise<void>): Promise<void> {
  const refreshes = server.lensRefreshes;
  expect(problems(from).length).toBeGreaterThan(0);
  expect(problems(to)).toEqual([]);
  await change();
  await until(`problems under ${to}`, () => problems(to).length > 0 && problems(from).length === 0);
  await until('the lenses to be asked for again', () => server.lensRefreshes > refreshes);
}

describe('a file of the workspace that is saved', () => {
  it('has its problems where their lines stand now, or is said to have changed since', async () => {
    const mapping = { sandbox: inSandbox, workspace: join(workspace, 'project') };
    const tests = pathToFileURL(join(workspace, 'project/tests/test_cart.py')).href;
    const shown = (): readonly (readonly [number, string])[] =>
      (server.diagnostics.get(tests) ?? []).map(({ range, message }) => [
        range.start.line,
        typeof message === 'string' ? message : message.value,
      ]);
    const save = async (text: string): Promise<void> => {
      writeFileSync(fileURLToPath(tests), text);
      await server.connection.sendNotification(DidSaveTextDocumentNotification.type, { textDocument: { uri: tests } });
    };
    await server.connection.sendNotification(messages.configureNotification, {
      trusted: false,
      settings: { ...settings, pathMappings: [mapping] },
    });
    const [before] = await until('the problem of the test', () => shown().length > 0 && shown());
    const [line, message] = before ?? [0, ''];
    expect(line).toBeGreaterThan(0);
    const text = readFileSync(fileURLToPath(tests), 'utf8');
    await save(`# one\n# two\n${text}`);
    await until('the problem two lines below', () => shown().some(([at, words]) => at === line + 2 && words === message));
    await save(text.replace(text.split('\n')[line] ?? '', '        pass'));
    await until('the problem of a line that is gone', () =>
      shown().some(([at, words]) => at === line && words.endsWith('the file changed since')),
    );
  });
});

describe('what is shown moves to where the files lie now', () => {
  it('when a folder is opened, and back when it is closed', async () => {
    const folder = { uri: pathToFileURL(workspace).href, name: 'workspace' };
    await movesFrom('sandglass-file:', folder.uri, () =>
      server.connection.sendNotification(DidChangeWorkspaceFoldersNotification.type, { event: { added: [folder], removed: [] } }),
    );
    await movesFrom(folder.uri, 'sandglass-file:', () =>
      server.connection.sendNotification(DidChangeWorkspaceFoldersNotification.type, { event: { added: [], removed: [folder] } }),
    );
  });

  it('when a mapping is set, and back when it is taken away', async () => {
    const configure = (pathMappings: readonly messages.PathMapping[]): Promise<void> =>
      server.connection.sendNotification(messages.configureNotification, { trusted: false, settings: { ...settings, pathMappings } });
    const { href } = pathToFileURL(workspace);
    await movesFrom('sandglass-file:', href, () => configure([{ sandbox: inSandbox, workspace: join(workspace, 'project') }]));
    await movesFrom(href, 'sandglass-file:', () => configure([]));
  });
});
