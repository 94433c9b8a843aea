// Who wrote a line, asked of the built server: in a mapped copy of a recording that a person goes on with, and in the sandbox's own file.
import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CodeLensRequest } from 'vscode-languageserver-protocol/node';
import * as messages from '../../server/src/protocol/messages';
import { recording } from '../fixtures/recordings';
import { ServerProcess, until } from './support/serverProcess';

let server: ServerProcess;
let sourceId: string;
let workspace: string;
const project = '/sandbox/.openclaw/workspace/project';

beforeAll(async () => {
  const { root } = recording('openclaw-2026.7.1');
  workspace = mkdtempSync(join(tmpdir(), 'sandglass-blame-'));
  cpSync(join(root, 'sandbox/.openclaw/workspace/project'), workspace, { recursive: true });
  const settings = { pathMappings: [{ sandbox: project, workspace: '.' }], directories: [], dockerHost: '', autoAttach: false };
  server = await ServerProcess.start({ folders: [workspace], options: { settings } });
  ({ sourceId } = await server.connection.sendRequest(messages.openRequest, { path: root }));
  await until('the recording to be read', async () => {
    const { sandboxes } = await server.connection.sendRequest(messages.inventoryRequest, { refresh: false });
    return sandboxes.find(({ id }) => id === sourceId)?.attach.kind === 'read';
  });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  rmSync(workspace, { recursive: true, force: true });
});

const uriOf = (name: string): string => pathToFileURL(join(workspace, name)).href;
const blame = (uri: string, text: string | null = null) => server.connection.sendRequest(messages.blameRequest, { uri, text });

function kinds(answer: messages.FileBlame | null): readonly string[] {
  return (answer?.lines ?? []).flatMap(({ startLine, endLine, by }) => Array.from({ length: endLine - startLine + 1 }, () => by.kind));
}

describe('the server, asked who wrote a file', () => {
  it('answers for the workspace and for the sandbox alike', async () => {
    const mapped = await blame(uriOf('pricing/vat.py'));
    const own = await blame(`sandglass-file://${sourceId}${project}/pricing/vat.py`);
    expect(mapped?.exact).toBe(true);
    expect(new Set(kinds(mapped))).toEqual(new Set(['call']));
    expect(own).toEqual(mapped);
    expect(mapped?.calls).toMatchObject([
      { tool: 'write', agent: 'main', turn: 1, cost: { basis: 'overlay', source: expect.any(String) as string }, outside: false },
    ]);
  });

  it('leaves what a person changed in the workspace to the person', async () => {
    const path = join(workspace, 'pricing/vat.py');
    const before = readFileSync(path, 'utf8');
    const count = kinds(await blame(uriOf('pricing/vat.py'))).length;
    appendFileSync(path, '\n\ndef mine():\n    return "mine"\n');
    const after = await blame(uriOf('pricing/vat.py'));
    expect(after?.exact).toBe(false);
    expect(kinds(after).slice(0, count)).toEqual(Array.from({ length: count }, () => 'call'));
    expect(kinds(after).slice(-2)).toEqual(['person', 'person']);
    const typed = readFileSync(path, 'utf8').replace(before.split('\n')[0] ?? '', '# typed, not saved');
    expect(kinds(await blame(uriOf('pricing/vat.py'), typed))[0]).toBe('person');
    writeFileSync(path, before);
    expect((await blame(uriOf('pricing/vat.py')))?.exact).toBe(true);
  });

  it('has a lens above the function that an agent wrote', async () => {
    const lenses = await server.connection.sendRequest(CodeLensRequest.type, { textDocument: { uri: uriOf('pricing/vat.py') } });
    const found = (lenses ?? []).filter(({ command }) => /^agent wrote all \d+ lines/.test(command?.title ?? ''));
    expect(found).toHaveLength(1);
    const lines = readFileSync(join(workspace, 'pricing/vat.py'), 'utf8').split('\n');
    expect(lines[found[0]?.range.start.line ?? -1]).toMatch(/^def /);
    expect(found[0]?.command?.command).toBe(messages.showCallsCommand);
  });

  it('answers nothing of a file that no call wrote, and of what is no file', async () => {
    expect(await blame(uriOf('tests/test_cart.py'))).toBeNull();
    expect(await blame('file:///etc/passwd')).toBeNull();
    expect(await blame('untitled:Untitled-1', 'x')).toBeNull();
  });
});

describe('a file that is known by its content alone', () => {
  it('is still known once a person went on with it', async () => {
    const { root } = recording('openclaw-2026.7.1');
    const folder = mkdtempSync(join(tmpdir(), 'sandglass-blame-'));
    const path = join(folder, 'vat.py');
    cpSync(join(root, 'sandbox/.openclaw/workspace/project/pricing/vat.py'), path);
    await using other = await ServerProcess.start({ folders: [folder] });
    const opened = await other.connection.sendRequest(messages.openRequest, { path: root });
    await until('the recording to be read', async () => {
      const { sandboxes } = await other.connection.sendRequest(messages.inventoryRequest, { refresh: false });
      return sandboxes.find(({ id }) => id === opened.sourceId)?.attach.kind === 'read';
    });
    const ask = () => other.connection.sendRequest(messages.blameRequest, { uri: pathToFileURL(path).href, text: null });
    expect((await ask())?.exact).toBe(true);
    const count = kinds(await ask()).length;
    appendFileSync(path, '\n\nmine = 1\n');
    const after = kinds(await ask());
    expect(after.slice(0, count)).toEqual(Array.from({ length: count }, () => 'call'));
    expect(after.at(-1)).toBe('person');
    // Something else under its name is nobody's it ever was.
    writeFileSync(path, 'another = 2\n');
    expect(kinds(await ask())).toEqual(['person']);
    rmSync(folder, { recursive: true, force: true });
  });
});
