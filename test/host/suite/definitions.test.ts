// Where a tool comes from, in the real editor: the lens at its name, its calls as references, and from a call back to it.
import * as assert from 'node:assert/strict';
import { cpSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as vscode from 'vscode';
import type { SpanRef } from '../../../server/src/protocol/messages';
import { codeLenses, hoverText, lensTitles, openRecording, projectRoot, sandglass, until } from '../support';
import type { OpenRecording } from '../support';

const setting = 'sandglass.definitions.lenses';
const added = ['plugins', 'skills', 'openclaw.json'];

describe('where tools come from', () => {
  let recording: OpenRecording;
  let root: vscode.Uri;
  let plugin: vscode.TextDocument;
  const remove = (): void => {
    for (const name of added) if (existsSync(join(root.fsPath, name))) rmSync(join(root.fsPath, name), { recursive: true });
  };
  const nameOf = (tool: string): vscode.Position => {
    const at = plugin.getText().indexOf(`name: "${tool}"`);
    assert.ok(at > 0, tool);
    return plugin.positionAt(at + 'name: "'.length);
  };
  /** A call of a tool, by its name. */
  const callOf = async (tool: string): Promise<SpanRef> => {
    const { services } = await sandglass();
    const { sourceId } = recording;
    for (const { id: sessionId } of recording.sessions) {
      const { rows } = await services.server.request('trace', { sourceId, sessionId, offset: 0, limit: 500 });
      const found = rows.find(({ span }) => span.kind === 'execute_tool' && span.attributes['gen_ai.tool.name'] === tool);
      if (found !== undefined) return { sourceId, spanId: found.span.id };
    }
    return assert.fail(`no call of ${tool}`);
  };
  const documentOf = async (call: SpanRef): Promise<vscode.TextDocument> => {
    const { services } = await sandglass();
    return vscode.workspace.openTextDocument(vscode.Uri.parse(await services.server.request('callAddress', call)));
  };

  before(async () => {
    const [folder] = vscode.workspace.workspaceFolders ?? [];
    assert.ok(folder, 'no folder is open');
    root = folder.uri;
    remove();
    const recorded = join(projectRoot(), 'test/fixtures/openclaw-2026.7.1/sandbox/.openclaw/workspace');
    for (const name of ['plugins', 'skills']) cpSync(join(recorded, name), join(root.fsPath, name), { recursive: true });
    writeFileSync(join(root.fsPath, 'openclaw.json'), '{ "mcp": { "servers": { "units": { "command": "node" } } } }\n');
    recording = await openRecording('openclaw-2026.7.1');
    plugin = await vscode.workspace.openTextDocument(vscode.Uri.joinPath(root, 'plugins/ticket-tools/index.ts'));
    await vscode.window.showTextDocument(plugin);
  });
  after(async () => {
    await vscode.workspace.getConfiguration().update(setting, undefined, vscode.ConfigurationTarget.Global);
    await recording.dispose();
    remove();
  });

  it('have a lens at the name, which opens the trace of the call', async () => {
    const close = await until('the lens', async () =>
      (await codeLenses(plugin.uri)).find(({ range }) => range.start.line === nameOf('ticket_close').line),
    );
    assert.match(close.command?.title ?? '', /^1 call · 1 failed · took \d+ ms · .* · last used /);
    assert.equal(plugin.getText(close.range), '"ticket_close"');
    await vscode.commands.executeCommand(close.command?.command ?? '', ...(close.command?.arguments ?? []));
    await until('the trace', () =>
      vscode.window.tabGroups.all.some(({ activeTab }) => activeTab?.input instanceof vscode.TabInputWebview && activeTab.isActive),
    );
    await vscode.window.showTextDocument(plugin);
    const manifest = vscode.Uri.joinPath(root, 'plugins/ticket-tools/openclaw.plugin.json');
    await vscode.workspace.openTextDocument(manifest);
    const titles = await until('the lenses of the manifest', async () => {
      const found = lensTitles(await codeLenses(manifest));
      return found.length === 2 ? found : null;
    });
    assert.match(titles.join('\n'), /^ticket_lookup: 2 calls[^\n]*\nticket_close: 1 call · 1 failed/);
  });

  it('have their calls as references, each once', async () => {
    const found = await until('the references', async () => {
      const all = await vscode.commands.executeCommand<vscode.Location[]>(
        'vscode.executeReferenceProvider',
        plugin.uri,
        nameOf('ticket_lookup'),
      );
      const calls = all.filter(({ uri }) => uri.scheme === 'sandglass-call').map(({ uri }) => uri.toString());
      return calls.length > 0 ? calls : null;
    });
    assert.equal(found.length, 2);
    assert.equal(new Set(found).size, 2);
    const [first = ''] = found;
    const call = await vscode.workspace.openTextDocument(vscode.Uri.parse(first));
    assert.match(call.lineAt(0).text, /ticket_lookup/);
    // What a list of references shows of each.
    assert.match(call.lineAt(1).text, /^status +ok/);
  });

  it('are where a call of theirs leads to, and back', async () => {
    const document = await documentOf(await callOf('ticket_lookup'));
    const [place] = await until('the definition', async () => {
      const found = await vscode.commands.executeCommand<vscode.Location[]>(
        'vscode.executeDefinitionProvider',
        document.uri,
        new vscode.Position(0, 3),
      );
      return found.length > 0 ? found : null;
    });
    assert.equal(place?.uri.toString(), plugin.uri.toString());
    assert.equal(place?.range.start.line, nameOf('ticket_lookup').line);
    const [lens] = (await codeLenses(document.uri)).filter(({ command }) => command?.command === 'sandglass.goToToolDefinition');
    assert.ok(lens?.command, 'no lens above the call');
    await vscode.commands.executeCommand(lens.command.command, ...(lens.command.arguments ?? []));
    await until('the definition to be opened', () => {
      const active = vscode.window.activeTextEditor;
      return active?.document === plugin && active.document.getText(active.selection) === '"ticket_lookup"';
    });
    await vscode.commands.executeCommand('sandglass.goToToolDefinition', await callOf('units__rate'));
    await until('the server of an MCP tool', () => {
      const active = vscode.window.activeTextEditor;
      return active?.document.fileName.endsWith('openclaw.json') === true && active.document.getText(active.selection) === '"units"';
    });
  });

  it('say so where the tool is OpenClaw’s own', async () => {
    const call = await callOf('exec');
    const document = await documentOf(call);
    await vscode.window.showTextDocument(document);
    const text = await until('the hover', async () => {
      const found = await hoverText(document.uri, 0);
      return found.includes('built into OpenClaw') ? found : null;
    });
    assert.match(text, /no definition in this workspace/);
    // Nothing is opened, and the call stays where it is.
    await vscode.commands.executeCommand('sandglass.goToToolDefinition', call);
    assert.equal(vscode.window.activeTextEditor?.document, document);
  });

  it('are quiet when they are switched off', async () => {
    const ours = async () => (await codeLenses(plugin.uri)).filter(({ command }) => command?.command === 'sandglass.showUses');
    assert.equal((await ours()).length, 2);
    await vscode.workspace.getConfiguration().update(setting, false, vscode.ConfigurationTarget.Global);
    await until('no lenses', async () => (await ours()).length === 0);
    await vscode.workspace.getConfiguration().update(setting, undefined, vscode.ConfigurationTarget.Global);
    await until('the lenses', async () => (await ours()).length === 2);
  });
});
