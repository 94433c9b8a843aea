// The assistant for mappings over the wire: what it proposes, the lens that leads to it, and both gone once the mapping is set.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CodeLensRequest } from 'vscode-languageserver-protocol/node';
import { mappingsRequest, mapPathsCommand } from '../../server/src/protocol/mappings';
import * as messages from '../../server/src/protocol/messages';
import { recording } from '../fixtures/recordings';
import { ServerProcess, until } from './support/serverProcess';

const inSandbox = '/sandbox/.openclaw/workspace/project';
const settings = { pathMappings: [], directories: [], dockerHost: 'unix:///nonexistent/docker.sock', autoAttach: false };
let server: ServerProcess;
let workspace: string;
let uri: string;

async function start(trusted: boolean): Promise<void> {
  const { root } = recording('openclaw-2026.7.1');
  workspace = mkdtempSync(join(tmpdir(), 'sandglass-mappings-'));
  const shop = join(workspace, 'shop');
  cpSync(join(root, `.${inSandbox}`), shop, { recursive: true });
  // A person went on with it: its bytes alone don't tell any more.
  const vat = join(shop, 'pricing/vat.py');
  writeFileSync(vat, `${readFileSync(vat, 'utf8')}\n\ndef mine():\n    return None\n`);
  server = await ServerProcess.start({ folders: [workspace], options: { settings, trusted } });
  const { sourceId } = await server.connection.sendRequest(messages.openRequest, { path: root });
  uri = `sandglass-file://${sourceId}${inSandbox}/pricing/vat.py`;
  await until('the recording to be read', async () => {
    const { sandboxes } = await server.connection.sendRequest(messages.inventoryRequest, { refresh: false });
    return sandboxes.find(({ id }) => id === sourceId)?.attach.kind === 'read';
  });
}
afterEach(async () => {
  await server[Symbol.asyncDispose]();
  rmSync(workspace, { recursive: true, force: true });
});

async function mapLenses(): Promise<readonly unknown[]> {
  const lenses = (await server.connection.sendRequest(CodeLensRequest.type, { textDocument: { uri } })) ?? [];
  return lenses.filter(({ command }) => command?.command === mapPathsCommand).map(({ command }) => command?.arguments?.[0]);
}

describe('in a trusted workspace', () => {
  beforeEach(() => start(true));

  it('proposes what matches, and has nothing left to say once that is set', async () => {
    expect(await mapLenses()).toEqual([{ uri }]);
    const answer = await server.connection.sendRequest(mappingsRequest, { uri });
    const [best] = answer.proposals;
    expect(best).toMatchObject({ sandbox: inSandbox, workspace: join(workspace, 'shop'), confidence: 'sure', differ: 0 });
    expect(best?.evidence.map(({ sandboxPath }) => sandboxPath)).toContain(`${inSandbox}/pricing/cart.py`);
    expect(best?.gained).toBeGreaterThan(0);
    await server.connection.sendNotification(messages.configureNotification, {
      trusted: true,
      settings: { ...settings, pathMappings: [{ sandbox: inSandbox, workspace: 'shop' }] },
    });
    await until('the lens to be gone', async () => (await mapLenses()).length === 0);
    const after = await server.connection.sendRequest(mappingsRequest, { uri });
    expect(after.proposals.filter(({ sandbox }) => sandbox.startsWith(inSandbox))).toEqual([]);
  });
});

describe('in a workspace that is not trusted', () => {
  beforeEach(() => start(false));

  it('has no lens: a mapping would not count', async () => {
    expect(await mapLenses()).toEqual([]);
  });
});
