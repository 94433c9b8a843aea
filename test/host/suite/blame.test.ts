// Who wrote a line, in the real editor: the hover with its links, the authors beside the lines, and the lens above a function.
import * as assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { codeLenses, lensTitles, openRecording, sandglass, until } from '../support';
import type { OpenRecording } from '../support';

const vat = '/sandbox/.openclaw/workspace/project/pricing/vat.py';
const cart = '/sandbox/.openclaw/workspace/project/pricing/cart.py';
const setting = 'sandglass.blame.gutter';

describe('agent blame', () => {
  let recording: OpenRecording;
  let document: vscode.TextDocument;
  const uriOf = (path: string): vscode.Uri => vscode.Uri.from({ scheme: 'sandglass-file', authority: recording.sourceId, path });
  const hovers = async (uri: vscode.Uri, line: number): Promise<readonly vscode.MarkdownString[]> => {
    const found = await vscode.commands.executeCommand<vscode.Hover[]>('vscode.executeHoverProvider', uri, new vscode.Position(line, 0));
    return found.flatMap(({ contents }) => contents.filter((content) => content instanceof vscode.MarkdownString));
  };
  const lineOf = (text: string): number =>
    document
      .getText()
      .split('\n')
      .findIndex((line) => line.includes(text));

  before(async () => {
    recording = await openRecording('openclaw-2026.7.1');
    document = await vscode.workspace.openTextDocument(uriOf(vat));
    await vscode.window.showTextDocument(document);
  });
  after(async () => {
    await vscode.workspace.getConfiguration().update(setting, undefined, vscode.ConfigurationTarget.Global);
    await recording.dispose();
  });

  it('tells in the hover of a line session, turn, model and cost, and leads to the call', async () => {
    const line = lineOf('def ');
    const hover = await until('the hover', async () =>
      (await hovers(document.uri, line)).find(({ value }) => value.includes('**write**') && value.includes('Show in Trace')),
    );
    assert.match(hover.value, /Session “.*”, turn 1, agent main/);
    assert.match(hover.value, /LLM call: \\\$0\\\.\d+ list price · .+, as of|LLM call: \\\$0\\\.\d+ reported/);
    assert.match(hover.value, /Thought before it:|Said before it:/);
    const [, link = ''] = /\(command:sandglass\.openCall\?([^)]*)\)/.exec(hover.value) ?? [];
    const [argument] = JSON.parse(decodeURIComponent(link)) as readonly unknown[];
    await vscode.commands.executeCommand('sandglass.openCall', argument);
    const opened = await until('the call', () => {
      const active = vscode.window.activeTextEditor?.document;
      return active?.uri.scheme === 'sandglass-call' ? active : null;
    });
    assert.match(opened.getText(), /vat\.py/);
    await vscode.window.showTextDocument(document);
  });

  it('is silent where no call wrote', async () => {
    const other = await vscode.workspace.openTextDocument(uriOf(cart));
    const told = await until('the edited line', async () => {
      const line = other
        .getText()
        .split('\n')
        .findIndex((text) => text.includes('100 - discount'));
      return (await hovers(other.uri, line)).some(({ value }) => value.includes('Show in Trace'));
    });
    assert.ok(told);
    assert.deepEqual(
      (await hovers(other.uri, 0)).filter(({ value }) => value.includes('Show in Trace')),
      [],
    );
  });

  it('stands beside the lines when it is switched on, and goes when it is switched off', async () => {
    const { services } = await sandglass();
    assert.equal(services.blame.gutter.drawnLines(document.uri), 0);
    await vscode.commands.executeCommand('sandglass.toggleBlame');
    assert.equal(vscode.workspace.getConfiguration().get(setting), true);
    const lines = document.getText().trimEnd().split('\n').length;
    await until('the authors beside the lines', () => services.blame.gutter.drawnLines(document.uri) === lines);
    await vscode.commands.executeCommand('sandglass.toggleBlame');
    assert.equal(vscode.workspace.getConfiguration().get(setting), false);
    await until('no authors beside the lines', () => services.blame.gutter.drawnLines(document.uri) === 0);
  });

  it('has a lens above the function', async () => {
    const titles = await until('the lens', async () => {
      const found = lensTitles(await codeLenses(document.uri)).filter((title) => title.startsWith('agent wrote all'));
      return found.length > 0 ? found : null;
    });
    assert.equal(titles.length, 1);
  });
});
