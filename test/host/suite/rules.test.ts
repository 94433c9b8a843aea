// A denial's quick fix in the editor: at the line of the policy, shown as a diff before it is written, and what else it would have allowed.
import * as assert from 'node:assert/strict';
import { copyFileSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { openRecording, projectRoot, until } from '../support';
import type { OpenRecording } from '../support';

describe('a denial and its policy', () => {
  let recording: OpenRecording;
  let uri: vscode.Uri;
  let original: string;

  before(async () => {
    const [folder] = vscode.workspace.workspaceFolders ?? [];
    assert.ok(folder, 'no folder is open');
    uri = vscode.Uri.joinPath(folder.uri, 'sandbox-policy.yaml');
    const seed = join(projectRoot(), 'test/bed/sandbox/inside/seed/etc/policy.yaml');
    original = readFileSync(seed, 'utf8');
    recording = await openRecording('openclaw-2026.7.1');
    // Written while the window is open: the editor's own watch of the folder tells.
    copyFileSync(seed, uri.fsPath);
  });
  after(async () => {
    await vscode.commands.executeCommand('workbench.action.files.revert');
    await recording.dispose();
    if (existsSync(uri.fsPath)) rmSync(uri.fsPath);
  });

  const post = (): vscode.Diagnostic | undefined =>
    vscode.languages.getDiagnostics(uri).find(({ message }) => message.includes('POST docs.example.com:80/guide/prices'));

  it('stands at the line of the policy, linked with its call, and the call with it', async () => {
    const problem = await until('the problem of the policy', post, 100_000);
    const document = await vscode.workspace.openTextDocument(uri);
    assert.equal(document.lineAt(problem.range.start.line).text.trim(), 'access: read-only');
    const call = problem.relatedInformation?.[0]?.location.uri;
    assert.ok(call, 'no link to the call');
    const back = vscode.languages.getDiagnostics(call).flatMap(({ relatedInformation }) => relatedInformation ?? []);
    assert.ok(back.some(({ location }) => location.uri.toString() === uri.toString() && location.range.isEqual(problem.range)));
  });

  it('has a quick fix, whose change is shown and written only when it is applied', async () => {
    const problem = await until('the problem of the policy', post);
    await vscode.window.showTextDocument(uri, { preview: false });
    const actions = await until('the quick fix', async () => {
      const found = await vscode.commands.executeCommand<vscode.CodeAction[]>('vscode.executeCodeActionProvider', uri, problem.range);
      return found.some(({ title }) => title.startsWith('Allow only this')) ? found : null;
    });
    const fix = actions.find(({ title }) => title.includes('POST docs.example.com:80/guide/prices by curl'));
    assert.ok(fix?.command, actions.map(({ title }) => title).join('\n'));
    const document = await vscode.workspace.openTextDocument(uri);
    await vscode.commands.executeCommand(fix.command.command, ...(fix.command.arguments ?? []));
    const diff = await until('the diff', () =>
      vscode.window.tabGroups.all
        .flatMap(({ tabs }) => tabs.map(({ input }) => input))
        .find((input): input is vscode.TabInputTextDiff => input instanceof vscode.TabInputTextDiff),
    );
    assert.equal(diff.original.toString(), uri.toString());
    const shown = (await vscode.workspace.openTextDocument(diff.modified)).getText();
    assert.equal(document.getText(), original);
    assert.equal(readFileSync(uri.fsPath, 'utf8'), original);
    await until('the change', async () => {
      await vscode.commands.executeCommand('notification.acceptPrimaryAction');
      return document.getText() !== original;
    });
    assert.equal(document.getText(), shown);
    await until('the file', () => readFileSync(uri.fsPath, 'utf8') === shown);
    assert.match(
      document.getText(),
      / {2}docs_site_curl:\n[^]*- allow: \{ method: POST, path: \/guide\/prices \}\n[^]*- \{ path: \/usr\/bin\/curl \}\n/,
    );
    assert.ok(document.getText().startsWith(original.trimEnd()), 'every line of before is as it was');
  });

  it('is tested on what was recorded, and each request opens its call', async () => {
    const call = await until(
      'the call of the first',
      async () => {
        const listed = vscode.commands.executeCommand('sandglass.backTest', { uri: uri.toString() });
        let closed = false;
        void Promise.resolve(listed).then(() => (closed = true));
        await until('the list is answered', async () => {
          await vscode.commands.executeCommand('workbench.action.quickOpenSelectNext');
          await vscode.commands.executeCommand('workbench.action.acceptSelectedQuickOpenItem');
          return closed;
        });
        const { activeTextEditor } = vscode.window;
        return activeTextEditor?.document.uri.scheme === 'sandglass-call' ? activeTextEditor.document : null;
      },
      10000,
    );
    assert.match(call.getText(), /POST .*docs\.example\.com/);
  });
});
