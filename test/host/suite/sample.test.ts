import * as assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { tracePanelType } from '../../../client/src/contributions';
import { problems, sandglass, until } from '../support';

describe('Play Sample Run', () => {
  after(() => vscode.commands.executeCommand('workbench.action.closeAllEditors'));

  it('ends at the line of the failing test, with its problem, its trace beside it and its cost in the status bar', async () => {
    const { services, statusText } = await sandglass();
    await vscode.commands.executeCommand('sandglass.playSample');
    const node = services.data.inventory?.sandboxes.find(({ kind }) => kind === 'sample');
    assert.ok(node?.attach.kind === 'read', JSON.stringify(node?.attach));

    const editor = await until('a file is open', () => vscode.window.activeTextEditor);
    await until(`a problem in ${editor.document.uri.toString()}, the cursor on its line`, () =>
      problems().some(
        ([uri, { range }]) => uri.toString() === editor.document.uri.toString() && range.start.line === editor.selection.start.line,
      ),
    );

    // The editor tells its extensions of its tabs after it made them.
    const groups = (): readonly (readonly string[])[] =>
      vscode.window.tabGroups.all.map(({ tabs }) =>
        tabs.map(({ input }) =>
          input instanceof vscode.TabInputWebview ? input.viewType : input instanceof vscode.TabInputText ? 'text' : 'other',
        ),
      );
    await until('file and trace side by side', () => {
      const [left, right] = groups();
      return left?.includes('text') && right?.some((type) => type.endsWith(tracePanelType));
    });
    assert.equal(groups().length, 2, JSON.stringify(groups()));
    await until('the cost', () => /tok · (≥ )?\$/.test(statusText() ?? ''));
  });

  it('plays again, and nothing is there twice', async () => {
    const { services } = await sandglass();
    const count = async (): Promise<number> => (await services.server.request('sessions', { sourceId: sampleId() })).length;
    const sampleId = (): string => services.data.inventory?.sandboxes.find(({ kind }) => kind === 'sample')?.id ?? '';
    // Each problem with the call that it leads to: the editor is told of them file by file, in its own time.
    const shown = (): readonly string[] =>
      problems().map(([uri, { range, message, code }]) =>
        JSON.stringify([uri.toString(), range.start.line, message, typeof code === 'object' ? code.target.toString() : code]),
      );
    const before = { sessions: await count(), problems: shown() };
    assert.ok(before.problems.length > 0);
    await vscode.commands.executeCommand('sandglass.playSample');
    await until('all problems of before', () => before.problems.every((problem) => shown().includes(problem)));
    assert.equal(await count(), before.sessions);
    const after = shown();
    assert.deepEqual(
      after.filter((problem, at) => after.indexOf(problem) !== at),
      [],
      'nothing is there twice',
    );
    assert.equal(services.data.inventory?.sandboxes.filter(({ kind }) => kind === 'sample').length, 1);
    await services.sources.detach(sampleId());
  });
});
