import * as assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { Anchor } from '../../../server/src/protocol/messages';
import { openRecording, replaySteps, sandglass, until } from '../support';
import type { OpenRecording } from '../support';

describe("the sandbox's own files", () => {
  let anchor: Anchor;
  let span: { sourceId: string; spanId: string };

  let recording: OpenRecording;

  before(async () => {
    recording = await openRecording('openclaw-2026.7.1');
    const session = recording.session('coding');
    const found = (await replaySteps(session)).find((step) => step.anchor?.uri.startsWith('sandglass-file:') === true);
    assert.ok(found?.anchor, 'a call of the session has a place in a file of the sandbox');
    anchor = found.anchor;
    span = { sourceId: session.sourceId, spanId: found.spanId };
  });
  after(() => recording.dispose());

  it('open read-only, and are listed', async () => {
    const uri = vscode.Uri.parse(anchor.uri);
    const document = await vscode.workspace.openTextDocument(uri);
    assert.ok(document.getText().length > 0);
    const stat = await vscode.workspace.fs.stat(uri);
    assert.equal(stat.permissions, vscode.FilePermission.Readonly);
    assert.equal(stat.size, Buffer.byteLength(document.getText()));
    const names = (await vscode.workspace.fs.readDirectory(vscode.Uri.joinPath(uri, '..'))).map(([name]) => name);
    assert.ok(names.includes(uri.path.split('/').at(-1)!));
    await assert.rejects(async () => vscode.workspace.fs.writeFile(uri, Buffer.from('x')));
    await assert.rejects(async () => vscode.workspace.fs.delete(uri));
  });

  it('refuse what holds secrets or is not there, and say so', async () => {
    const root = vscode.Uri.parse(anchor.uri);
    const at = (path: string): vscode.Uri => root.with({ path });
    await assert.rejects(async () => vscode.workspace.fs.readFile(at('/sandbox/.openclaw/credentials.json')), /secret/i);
    await assert.rejects(async () => vscode.workspace.fs.stat(at('/sandbox/not-there.txt')));
    await assert.rejects(async () => vscode.workspace.fs.readFile(at('/sandbox/../../../etc/passwd')));
  });

  it('are where a jump from a call leads', async () => {
    await vscode.commands.executeCommand('sandglass.jumpToLine', span);
    const [best] = await (await sandglass()).services.server.request('locate', span);
    assert.ok(best);
    const editor = await until('the file', () => {
      const active = vscode.window.activeTextEditor;
      return active?.document.uri.toString() === vscode.Uri.parse(anchor.uri).toString() ? active : null;
    });
    await until('the cursor on its line', () => editor.selection.active.line === best.startLine);
  });

  it('a call opens as a plain document', async () => {
    await vscode.commands.executeCommand('sandglass.openCall', span);
    const document = await until('the document', () => {
      const active = vscode.window.activeTextEditor?.document;
      return active?.uri.scheme === 'sandglass-call' ? active : null;
    });
    assert.equal(document.languageId, 'plaintext');
    assert.ok(document.getText().length > 0);
    assert.doesNotMatch(document.getText(), /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/);
  });
});
