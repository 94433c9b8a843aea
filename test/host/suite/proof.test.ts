import * as assert from 'node:assert/strict';
import * as vscode from 'vscode';

describe('the harness', () => {
  it('runs in a real editor with an open folder', () => {
    assert.equal(vscode.workspace.workspaceFolders?.length, 1);
    assert.equal(vscode.workspace.isTrusted, true);
  });
});
