import * as assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { commands, replayType } from '../../../client/src/contributions';
import { extensionId, note, sandglass } from '../support';

/** A target that is printed beside what was measured; the machine decides, so nothing is asserted of it. */
const activationTargetMs = 50;

describe('activation', () => {
  it('only registers: no server runs', async () => {
    const exported = await sandglass();
    note(
      `activate ${exported.activationMs.toFixed(1)} ms (aim: at most ${activationTargetMs} ms), evaluating the bundle ${exported.loadMs.toFixed(1)} ms`,
    );
    assert.equal(exported.serverState().kind, 'stopped');
    assert.equal(exported.statusText(), null);
    assert.ok(exported.activationMs > 0);
  });

  it('registers every command of the table', async () => {
    await sandglass();
    const known = new Set(await vscode.commands.getCommands(true));
    for (const id of Object.keys(commands)) assert.ok(known.has(id), id);
  });

  it('is known to the editor with its view, its debugger and no proposed API', async () => {
    const manifest = vscode.extensions.getExtension(extensionId)?.packageJSON;
    assert.equal(manifest.enabledApiProposals, undefined);
    assert.equal(manifest.contributes.debuggers[0].type, replayType);
    // Texts of package.nls.json are in place.
    assert.equal(manifest.contributes.commands[0].title.includes('%'), false);
  });
});
