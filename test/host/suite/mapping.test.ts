// A file of a sandbox that the workspace has too, changed since: the assistant finds where it lies, and calls are shown there after.
import * as assert from 'node:assert/strict';
import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { codeLenses, lensTitles, openRecording, sandglass, until } from '../support';
import type { OpenRecording } from '../support';

const inSandbox = '/sandbox/.openclaw/workspace/project';
const setting = 'sandglass.pathMappings';
const written = (): unknown => vscode.workspace.getConfiguration().inspect(setting)?.workspaceValue;

describe('a file of a sandbox that the workspace has too', () => {
  let recording: OpenRecording;
  let shop: string;
  let uri: vscode.Uri;

  before(async () => {
    const [folder] = vscode.workspace.workspaceFolders ?? [];
    assert.ok(folder, 'no folder is open');
    assert.ok(vscode.workspace.isTrusted, 'the workspace is not trusted');
    recording = await openRecording('openclaw-2026.7.1');
    shop = join(folder.uri.fsPath, 'shop');
    cpSync(join(recording.dir, `.${inSandbox}`), shop, { recursive: true });
    const vat = join(shop, 'pricing/vat.py');
    writeFileSync(vat, `${readFileSync(vat, 'utf8')}\n\ndef mine():\n    return None\n`);
    uri = vscode.Uri.parse(`sandglass-file://${recording.sourceId}${inSandbox}/pricing/vat.py`);
  });
  after(async () => {
    await vscode.commands.executeCommand('workbench.action.closeQuickOpen');
    await vscode.workspace.getConfiguration().update(setting, undefined, vscode.ConfigurationTarget.Workspace);
    await recording.dispose();
    if (existsSync(shop)) rmSync(shop, { recursive: true, force: true });
  });

  const mapLens = async (): Promise<boolean> => (await codeLenses(uri)).some(({ command }) => command?.command === 'sandglass.mapPaths');
  const places = async (): Promise<readonly string[]> => {
    const { services } = await sandglass();
    const calls = await services.server.request('callsAt', { uri: uri.toString(), line: 0 });
    const found: string[] = [];
    for (const { sourceId, spanId } of calls)
      found.push(...(await services.server.request('locate', { sourceId, spanId })).map((anchor) => anchor.uri));
    return found;
  };

  it('has a lens that leads to the assistant', async () => {
    await vscode.window.showTextDocument(uri);
    await until('the lens', mapLens);
    assert.ok(lensTitles(await codeLenses(uri)).includes('in the sandbox only · map to the workspace…'));
    assert.equal(written(), undefined, 'nothing is written unasked');
  });

  it('is mapped when the proposal is accepted, and shown in the workspace from then on', async () => {
    const calls = await places();
    assert.ok(calls.length > 0, 'no call touched the file');
    assert.ok(calls.includes(uri.toString()), calls.join('\n'));
    const spans = await (await sandglass()).services.server.request('callsAt', { uri: uri.toString(), line: 0 });
    void vscode.commands.executeCommand('sandglass.mapPaths', { uri: uri.toString() });
    await until('the setting', async () => {
      await vscode.commands.executeCommand('workbench.action.acceptSelectedQuickOpenItem');
      return written();
    });
    assert.deepEqual(written(), [{ sandbox: inSandbox, workspace: 'shop' }]);
    const file = vscode.Uri.file(join(shop, 'pricing/vat.py')).toString();
    const [span] = spans;
    assert.ok(span);
    await until('the calls to be in the file of the workspace', async () => {
      const anchors = await (await sandglass()).services.server.request('locate', span);
      return anchors.some((anchor) => vscode.Uri.parse(anchor.uri).toString() === file);
    });
    await until('the lens to be gone', async () => !(await mapLens()));
  });

  it('is in the sandbox alone again once that is undone', async () => {
    await until('the setting to be as it was', async () => {
      await vscode.commands.executeCommand('notification.acceptPrimaryAction');
      return written() === undefined;
    });
    await until('the lens', mapLens);
  });
});
