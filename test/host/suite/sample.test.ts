import * as assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { tracePanelType } from '../../../client/src/contributions';
import { problems, sandglass } from '../support';

describe('Play Sample Run', () => {
  after(() => vscode.commands.executeCommand('workbench.action.closeAllEditors'));

  it('ends at the line of the failing test, with its problem, its trace beside it and its cost in the status bar', async () => {
    const { services, statusText } = await sandglass();
    await vscode.commands.executeCommand('sandglass.playSample');
    const node = services.data.inventory?.sandboxes.find(({ kind }) => kind === 'sample');
    assert.ok(node?.attach.kind === 'read', JSON.stringify(node?.attach));

    const editor = vscode.window.activeTextEditor;
    assert.ok(editor, 'a file is open');
    const here = problems().filter(([uri]) => uri.toString() === editor.document.uri.toString());
    assert.equal(here.length > 0, true, `a problem in ${editor.document.uri.toString()}`);
    assert.ok(
      here.some(([, { range }]) => range.start.line === editor.selection.start.line),
      'the cursor is on its line',
    );

    const groups = vscode.window.tabGroups.all.map(({ tabs }) =>
      tabs.map(({ input }) =>
        input instanceof vscode.TabInputWebview ? input.viewType : input instanceof vscode.TabInputText ? 'text' : 'other',
      ),
    );
    assert.equal(groups.length, 2, JSON.stringify(groups));
    assert.ok(groups[0]?.includes('text') && groups[1]?.some((type) => type.endsWith(tracePanelType)), JSON.stringify(groups));
    assert.match(statusText() ?? '', /tok · (≥ )?\$/);
  });

  it('plays again, and nothing is there twice', async () => {
    const { services } = await sandglass();
    const count = async (): Promise<number> => (await services.server.request('sessions', { sourceId: sampleId() })).length;
    const sampleId = (): string => services.data.inventory?.sandboxes.find(({ kind }) => kind === 'sample')?.id ?? '';
    const before = [await count(), problems().length];
    await vscode.commands.executeCommand('sandglass.playSample');
    assert.deepEqual([await count(), problems().length], before);
    assert.equal(services.data.inventory?.sandboxes.filter(({ kind }) => kind === 'sample').length, 1);
    await services.sources.detach(sampleId());
  });
});
