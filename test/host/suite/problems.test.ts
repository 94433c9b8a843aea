// Problems in the editor's own manners: what has no file stands in its session's document, as severe as was set, and a finding is
// settled by an entry that is shown before it is written.
import * as assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import * as vscode from 'vscode';
import { openRecording, problemThat, problems, sandglass, until } from '../support';
import type { OpenRecording } from '../support';

describe('problems', () => {
  let recording: OpenRecording;
  let file: vscode.Uri;
  const codeOf = ({ code }: vscode.Diagnostic): string => String(typeof code === 'object' ? code.value : code);
  const set = (key: string, value: unknown): Thenable<void> =>
    vscode.workspace.getConfiguration('sandglass.problems').update(key, value, vscode.ConfigurationTarget.Workspace);
  const sessionOf = (uri: vscode.Uri): string | null =>
    uri.scheme === 'sandglass-call' ? new URLSearchParams(uri.query).get('session') : null;

  before(async () => {
    const [folder] = vscode.workspace.workspaceFolders ?? [];
    assert.ok(folder, 'no folder is open');
    file = vscode.Uri.joinPath(folder.uri, '.sandglass/suppressions.yaml');
    recording = await openRecording('openclaw-2026.7.1');
  });
  after(async () => {
    await set('severity', undefined);
    await recording.dispose();
    rmSync(dirname(file.fsPath), { recursive: true, force: true });
  });

  it('are asked for again where the editor gave up because the document changed, and for no other error', async () => {
    let asked = 0;
    const answer = await until('an answer', () => (++asked < 3 ? Promise.reject(new vscode.CancellationError()) : asked));
    assert.equal(answer, 3);
    await assert.rejects(
      until('nothing', () => Promise.reject(new Error('Canceled, it says'))),
      /it says/,
    );
    // What is never answered is told.
    await assert.rejects(
      until('nothing', () => Promise.reject(new vscode.CancellationError()), 1),
      /nothing: not within 1 ms/,
    );
  });

  it('without a file stand in the read-only document of their session, each at its line', async () => {
    const { sessionId } = recording.session('egress');
    const [uri] = await problemThat('a denied call', ([at, one]) => codeOf(one) === 'denied-call' && sessionOf(at) === sessionId);
    const document = await vscode.workspace.openTextDocument(uri);
    const here = problems().filter(([at]) => at.toString() === uri.toString());
    assert.ok(here.length >= 4);
    for (const [, { range, message }] of here) {
      assert.equal(document.validateRange(range).isEqual(range), true);
      assert.ok(document.getText(range).includes(message.slice(0, 40)), document.getText(range));
    }
    assert.equal(new Set(here.map(([, { range }]) => range.start.line)).size, here.length);
    const { services } = await sandglass();
    // Lines move while the document is made anew.
    await until('the call of a line', async () => {
      const line = problems().find(([at]) => at.toString() === uri.toString())?.[1].range.start.line ?? 0;
      const calls = await services.server.request('callsAt', { uri: uri.toString(), line });
      return calls[0]?.status === 'denied';
    });
  });

  it('are as severe as the settings say, at once, also in the document that is open', async () => {
    const { sessionId } = recording.session('egress');
    const denied = (): readonly vscode.Diagnostic[] =>
      problems().flatMap(([at, one]) => (codeOf(one) === 'denied-call' && sessionOf(at) === sessionId ? [one] : []));
    const [uri] = await problemThat('a denied call', ([at, one]) => codeOf(one) === 'denied-call' && sessionOf(at) === sessionId);
    const document = await vscode.workspace.openTextDocument(uri);
    await set('severity', { 'denied-call': 'error' });
    await until('errors', () => denied().length > 0 && denied().every(({ severity }) => severity === vscode.DiagnosticSeverity.Error));
    await set('severity', { 'denied-call': 'off' });
    await until('none of them', () => denied().length === 0);
    await until('the text without them', () => !document.getText().includes('policy denied'));
    await set('severity', undefined);
    await until('them back', () => denied().length > 0 && document.getText().includes('policy denied'));
  });

  it('that are findings are settled with a reason, by an entry that is shown before it is written', async () => {
    const { sourceId, sessionId } = recording.session('loop');
    await set('severity', { 'repeated-calls': 'warning' });
    const isFinding = ([at, one]: readonly [vscode.Uri, vscode.Diagnostic]): boolean =>
      codeOf(one) === 'repeated-calls' && sessionOf(at) === sessionId;
    const [uri, finding] = await problemThat('the finding', isFinding);
    await vscode.window.showTextDocument(uri, { preview: false });
    const fix = await until('the quick fix', async () =>
      (await vscode.commands.executeCommand<vscode.CodeAction[]>('vscode.executeCodeActionProvider', uri, finding.range)).find(
        ({ title }) => title.startsWith('Suppress with a Reason'),
      ),
    );
    const [ref] = (fix.command?.arguments ?? []) as readonly object[];
    assert.deepEqual({ ...ref, evidence: null }, { sourceId, sessionId, code: 'repeated-calls', evidence: null });
    // A reason that comes with the command is not asked for.
    await vscode.commands.executeCommand(fix.command?.command ?? '', { ...ref, reason: 'it waits: for the build' });
    const diff = await until('the diff', () =>
      vscode.window.tabGroups.all
        .flatMap(({ tabs }) => tabs.map(({ input }) => input))
        .find((input): input is vscode.TabInputTextDiff => input instanceof vscode.TabInputTextDiff),
    );
    const shown = (await vscode.workspace.openTextDocument(diff.modified)).getText();
    assert.match(
      shown,
      /^suppressions:\n {2}- code: repeated-calls\n {4}session: .*\n {4}span: .*\n {4}reason: "it waits: for the build"\n$/,
    );
    assert.equal(existsSync(file.fsPath), false);
    await until('the file', async () => {
      await vscode.commands.executeCommand('notification.acceptPrimaryAction');
      return existsSync(file.fsPath);
    });
    assert.equal(readFileSync(file.fsPath, 'utf8'), shown);
    await until('the finding to go', () => !problems().some(isFinding));
    // In the trace it stays, with the reason.
    const { services } = await sandglass();
    const page = await services.server.request('trace', { sourceId, sessionId, offset: 0, limit: 1 });
    assert.equal(page.findings.find(({ code }) => code === 'repeated-calls')?.suppressed?.reason, 'it waits: for the build');
    assert.equal(page.maySuppress, true);
  });

  it('that are settled come back when their entry goes, and a file with comments keeps them', async () => {
    const { sessionId } = recording.session('loop');
    const isFinding = ([at, one]: readonly [vscode.Uri, vscode.Diagnostic]): boolean =>
      codeOf(one) === 'repeated-calls' && sessionOf(at) === sessionId;
    const comments = '# Looked at together.\nsuppressions: # none yet\n';
    const document = await vscode.workspace.openTextDocument(file);
    await vscode.window.showTextDocument(document);
    const whole = new vscode.WorkspaceEdit();
    whole.replace(file, new vscode.Range(0, 0, document.lineCount, 0), comments);
    await vscode.workspace.applyEdit(whole);
    await document.save();
    const [uri, finding] = await problemThat('the finding again', isFinding);
    const [fix] = await until('the quick fix', async () => {
      const found = await vscode.commands.executeCommand<vscode.CodeAction[]>('vscode.executeCodeActionProvider', uri, finding.range);
      const fits = found.filter(({ title }) => title.startsWith('Suppress with a Reason'));
      return fits.length > 0 ? fits : null;
    });
    const [ref] = (fix?.command?.arguments ?? []) as readonly object[];
    await vscode.commands.executeCommand(fix?.command?.command ?? '', { ...ref, reason: 'it waits' });
    await until('the entry', async () => {
      await vscode.commands.executeCommand('notification.acceptPrimaryAction');
      return document.getText() !== comments;
    });
    assert.ok(document.getText().startsWith(`${comments}  - code: repeated-calls\n`), document.getText());
    await until('it to be saved', () => readFileSync(file.fsPath, 'utf8') === document.getText());
    await until('the finding to go', () => !problems().some(isFinding));
    writeFileSync(file.fsPath, comments);
  });
});
