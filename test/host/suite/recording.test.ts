// A recording, opened in the editor with no copy of its workspace on the host: what the agents did stands in the editor's
// own places, on the sandbox's own files.
import * as assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { SessionRef } from '../../../server/src/protocol/messages';
import { codeLenses, hoverText, lensTitles, openRecording, problems, problemThat, replaySteps, sandglass, until } from '../support';
import type { OpenRecording } from '../support';

describe('a recording', () => {
  let recording: OpenRecording;
  let coding: SessionRef;
  let edited: vscode.Uri;
  let editedLine: number;

  before(async () => {
    recording = await openRecording('openclaw-2026.7.1');
    coding = recording.session('coding');
    const edit = (await replaySteps(coding)).find(({ anchor }) => anchor?.how === 'edit-text');
    assert.ok(edit?.anchor, 'the edit has no place');
    edited = vscode.Uri.parse(edit.anchor.uri);
    editedLine = edit.anchor.startLine;
  });
  after(() => recording.dispose());

  describe('code lenses', () => {
    it('stand on the edited line and sum up the file at its top', async () => {
      await vscode.workspace.openTextDocument(edited);
      const lenses = await until('lenses', async () => {
        const found = await codeLenses(edited);
        return found.length >= 2 ? found : null;
      });
      const top = lensTitles(lenses.filter(({ range }) => range.start.line === 0)).join('\n');
      assert.match(top, /^\d+ agent calls? .*\$0\.\d+ list price · \d\d:\d\d/m);
      assert.match(lensTitles(lenses.filter(({ range }) => range.start.line === editedLine)).join('\n'), /edit ok/);
      const known = ['sandglass.showCalls', 'sandglass.mapPaths'];
      assert.ok(lenses.every(({ command }) => known.includes(command?.command ?? '')));
    });

    it('open the call in the trace', async () => {
      const lens = await until('the lens', async () =>
        (await codeLenses(edited)).find(({ range, command }) => range.start.line === editedLine && command !== undefined),
      );
      assert.ok(lens.command);
      await vscode.commands.executeCommand('workbench.action.closeAllEditors');
      await vscode.window.showTextDocument(edited, { viewColumn: vscode.ViewColumn.One });
      await vscode.commands.executeCommand(lens.command.command, ...(lens.command.arguments ?? []));
      await until('a trace tab', () => traceTabs().length > 0);
      // Asked again from the code beside it, it stays as it is: a page made anew would forget where one was.
      await vscode.window.showTextDocument(edited, { viewColumn: vscode.ViewColumn.One });
      const closed: vscode.Tab[] = [];
      const listening = vscode.window.tabGroups.onDidChangeTabs((change) => closed.push(...change.closed));
      await vscode.commands.executeCommand(lens.command.command, ...(lens.command.arguments ?? []));
      await until('the trace', () => vscode.window.tabGroups.activeTabGroup.activeTab?.input instanceof vscode.TabInputWebview);
      listening.dispose();
      assert.deepEqual(closed, []);
      assert.equal(traceTabs().length, 1);
    });
  });

  describe('diagnostics', () => {
    it('mark the failing test run on the line its output names, with a link to the call', async () => {
      const [uri, failed] = await problemThat(
        'the failed test run',
        ([file, { message }]) => /tests\/test_cart\.py$/.test(file.path) && /^exec failed with exit code 1 .*unittest/.test(message),
      );
      assert.equal(uri.scheme, 'sandglass-file');
      assert.ok(failed.range.start.line > 0);
      const code = failed.code;
      assert.ok(typeof code === 'object' && code.value === 'recovered-call');
      const document = await vscode.workspace.openTextDocument(code.target);
      assert.match(document.getText(), /unittest discover/);
    });

    it('name the retry that worked', async () => {
      await problemThat('a retry', ([, { relatedInformation }]) =>
        (relatedInformation ?? []).some(({ message }) => /worked later/.test(message)),
      );
      const retried = problems().filter(([, { relatedInformation }]) =>
        (relatedInformation ?? []).some(({ message }) => /worked later/.test(message)),
      );
      assert.ok(retried.length > 0);
      assert.ok(retried.some(([, { severity }]) => severity === vscode.DiagnosticSeverity.Information));
    });

    it('show denied calls, and no successful ones', async () => {
      await problemThat('a denied call', ([, { message }]) => /policy denied/.test(message));
      const denied = problems().filter(([, { code }]) => typeof code === 'object' && code.value === 'denied-call');
      assert.ok(denied.length > 0);
      assert.ok(denied.every(([, { message }]) => /policy denied/.test(message)));
      const codes = new Set(problems().map(([, { code }]) => (typeof code === 'object' ? code.value : code)));
      assert.deepEqual(
        [...codes].filter((code) => !['denied-call', 'failed-call', 'recovered-call', 'more-calls'].includes(String(code))),
        [],
      );
    });

    it('carry no icons, links or control characters of the trace', () => {
      for (const [, { message }] of problems()) {
        assert.doesNotMatch(message, /[\u0000-\u0008\u000b-\u001f\u007f\u202a-\u202e\u2066-\u2069]/, JSON.stringify(message));
        assert.doesNotMatch(message, /\$\([a-z]/);
      }
    });
  });

  describe('hover', () => {
    it('tells arguments, outcome, sizes and the thought before', async () => {
      const text = await until('the hover', async () => (await hoverText(edited, editedLine)) || null);
      assert.match(text, /\*\*edit\*\* ok/);
      assert.match(text, /Arguments \(\d+ bytes\)/);
      assert.match(text, /Result \(\d+ bytes\)/);
      assert.match(text, /(Thought|Said) before/);
    });
  });

  describe('jump', () => {
    it('leads from the line to its call', async () => {
      await vscode.commands.executeCommand('workbench.action.closeAllEditors');
      const editor = await vscode.window.showTextDocument(edited);
      editor.selection = new vscode.Selection(editedLine, 0, editedLine, 0);
      const {
        services: { server },
      } = await sandglass();
      const calls = await server.request('callsAt', { uri: edited.toString(), line: editedLine });
      assert.ok(
        calls.some(({ label }) => /edit/.test(label)),
        JSON.stringify(calls),
      );
    });

    it('opens a call without a file as a read-only document', async () => {
      const step = (await replaySteps(coding)).find(({ kind, anchor }) => kind === 'call' && anchor === null);
      assert.ok(step, 'every call has a file');
      await vscode.commands.executeCommand('sandglass.openCall', { sourceId: coding.sourceId, spanId: step.spanId });
      const editor = await until('the document', () =>
        vscode.window.visibleTextEditors.find(({ document }) => document.uri.scheme === 'sandglass-call'),
      );
      assert.equal(editor.document.languageId, 'plaintext');
      assert.ok(editor.document.getText().length > 0);
    });
  });

  it('opens a call under the address to which its problem leads, from wherever it is opened', async () => {
    const [, { code }] = await problemThat('a problem of a call without a file', ([file]) => file.scheme === 'sandglass-call');
    assert.ok(typeof code === 'object');
    const uri = code.target;
    const spanId = new URLSearchParams(uri.query).get('span') ?? '';
    const sourceId = new URLSearchParams(uri.query).get('source') ?? '';
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    await vscode.window.showTextDocument(uri, { preview: false });
    await vscode.commands.executeCommand('sandglass.openCall', { sourceId, spanId });
    await vscode.commands.executeCommand('sandglass.jumpToLine', { sourceId, spanId });
    const tabs = (): readonly (string | false)[] =>
      vscode.window.tabGroups.all.flatMap(({ tabs: all }) =>
        all.map(({ input }) => input instanceof vscode.TabInputText && input.uri.toString()),
      );
    await until('its tab, and no other', () => JSON.stringify(tabs()) === JSON.stringify([uri.toString()]));
    for (const session of recording.sessions) {
      const step = (await replaySteps({ sourceId, sessionId: session.id })).find((each) => each.spanId === spanId);
      if (step !== undefined) assert.equal(vscode.Uri.parse(step.address).toString(), uri.toString());
    }
  });

  it('opens a trace in a tab of its own, and the same session twice in the same tab', async () => {
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    await vscode.commands.executeCommand('sandglass.openTrace', coding);
    await until('one trace', () => traceTabs().length === 1);
    await vscode.commands.executeCommand('sandglass.openTrace', coding);
    assert.equal(traceTabs().length, 1);
  });
});

function traceTabs(): readonly vscode.Tab[] {
  return vscode.window.tabGroups.all
    .flatMap(({ tabs }) => tabs)
    .filter(({ input }) => input instanceof vscode.TabInputWebview && input.viewType.endsWith('sandglass.trace'));
}
