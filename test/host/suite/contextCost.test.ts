// What a prompt file costs each call, in the real editor: the hint behind its first line, the lens and the action; and the setting.
import * as assert from 'node:assert/strict';
import { cpSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { codeLenses, lensTitles, openRecording, projectRoot, sandglass, until } from '../support';
import type { OpenRecording } from '../support';

const setting = 'sandglass.contextCost';
const name = 'SOUL.md';

describe('what a prompt file costs each call', () => {
  let recording: OpenRecording;
  let file: vscode.TextDocument;
  const hints = async (): Promise<readonly vscode.InlayHint[]> =>
    (await vscode.commands.executeCommand<vscode.InlayHint[]>(
      'vscode.executeInlayHintProvider',
      file.uri,
      new vscode.Range(0, 0, file.lineCount, 0),
    )) ?? [];
  const partOf = (hint: vscode.InlayHint): vscode.InlayHintLabelPart =>
    typeof hint.label === 'string' ? assert.fail('the hint has no parts') : (hint.label[0] ?? assert.fail('the hint is empty'));

  before(async () => {
    const [folder] = vscode.workspace.workspaceFolders ?? [];
    assert.ok(folder, 'no folder is open');
    const path = join(folder.uri.fsPath, name);
    assert.ok(!existsSync(path), `${path} is there already`);
    cpSync(join(projectRoot(), 'test/fixtures/openclaw-2026.7.1/sandbox/.openclaw/workspace', name), path);
    recording = await openRecording('openclaw-2026.7.1');
    file = await vscode.workspace.openTextDocument(vscode.Uri.file(path));
    await vscode.window.showTextDocument(file);
  });
  after(async () => {
    await vscode.workspace.getConfiguration().update(setting, undefined, vscode.ConfigurationTarget.Global);
    await recording.dispose();
    rmSync(file.uri.fsPath);
  });

  it('stands behind its first line, with how that is known', async () => {
    const [hint, ...others] = await until('the hint', async () => {
      const found = await hints();
      return found.length > 0 ? found : null;
    });
    assert.ok(hint);
    assert.equal(others.length, 0);
    assert.deepEqual([hint.position.line, hint.position.character], [0, file.lineAt(0).text.length]);
    const { value, tooltip } = partOf(hint);
    assert.match(value, /^~\d+ tokens in each call · /);
    assert.ok(value.length <= 43, value);
    assert.ok(tooltip instanceof vscode.MarkdownString);
    assert.match(tooltip.value, /an estimate: counted with o200k\\_base in the file as it was saved, which is as long as what was sent/);
    assert.notEqual(tooltip.isTrusted, true);
  });

  it('has a lens with all of it, and an action that shows the calls', async () => {
    const titles = await until('the lens', async () => {
      const found = lensTitles(await codeLenses(file.uri)).filter((title) => title.includes('tokens in each call'));
      return found.length > 0 ? found : null;
    });
    assert.equal(titles.length, 1);
    const actions = await vscode.commands.executeCommand<vscode.CodeAction[]>(
      'vscode.executeCodeActionProvider',
      file.uri,
      new vscode.Range(0, 0, 0, 0),
    );
    assert.ok(actions.some(({ title }) => title === `Show the LLM calls that carried ${name}`));
    const { services } = await sandglass();
    const calls = await services.server.request('carriersAt', { uri: file.uri.toString(), line: 0, character: 0 });
    assert.equal(calls.length, 50);
    assert.ok((await vscode.commands.getCommands(true)).includes('sandglass.showCarriers'));
  });

  it('is gone when the setting says so, and back', async () => {
    const configuration = vscode.workspace.getConfiguration();
    await configuration.update(setting, false, vscode.ConfigurationTarget.Global);
    await until('no hint', async () => (await hints()).length === 0);
    await configuration.update(setting, undefined, vscode.ConfigurationTarget.Global);
    await until('the hint', async () => (await hints()).length === 1);
  });
});
