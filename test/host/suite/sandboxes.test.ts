import * as assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { actionCommands } from '../../../client/src/contributions';
import { description } from '../../../client/src/views/rowText';
import type { Services } from '../../../client/src/services';
import type { AgentRow, Row, SessionRow } from '../../../client/src/views/treeModel';
import { openRecording, sandglass, until } from '../support';
import type { OpenRecording } from '../support';

/** All rows beneath a row, as the view would show them unfolded. */
async function rowsBelow(services: Services, row: Row): Promise<readonly Row[]> {
  const rows = await services.view.getChildren(row);
  return (await Promise.all(rows.map(async (each) => [each, ...(await rowsBelow(services, each))]))).flat();
}

/** The document in front, once it is the one that says this: the one before may still be there when the command has ended. */
function activeText(says: RegExp): Promise<vscode.TextDocument> {
  return until(`a document that says ${says}`, () => {
    const document = vscode.window.activeTextEditor?.document;
    return document !== undefined && says.test(document.getText()) ? document : null;
  });
}

describe('the view Sandboxes', () => {
  let recording: OpenRecording | undefined;
  after(() => recording?.dispose());

  it('starts the server when it is shown, and says why it is empty', async () => {
    const { services, serverState } = await sandglass();
    await vscode.commands.executeCommand('sandglass.sandboxes.focus');
    await until('the server runs', () => serverState().kind === 'running');
    const inventory = await services.data.load();
    assert.notEqual(inventory.looked.length, 0);
    assert.equal(
      inventory.looked.some((looked) => looked.outcome !== 'ok' && looked.reason === null),
      false,
      JSON.stringify(inventory.looked),
    );
  });

  it('shows a recording as sandbox, agents and sessions, with sub-agents beneath their parents and counts that add up', async () => {
    const { services } = await sandglass();
    recording = await openRecording('openclaw-2026.7.1');
    const { sourceId } = recording;
    await until('its sessions are in the view', () => services.data.sessions.get(sourceId)?.kind === 'loaded');
    const root = (await services.view.getChildren()).find((row) => row.kind === 'sandbox' && row.node.id === sourceId);
    assert.ok(root?.kind === 'sandbox');
    const rows = await rowsBelow(services, root);
    const sessions = rows.filter((row): row is SessionRow => row.kind === 'session');
    const known = services.data.sessions.get(sourceId);
    assert.ok(known?.kind === 'loaded');
    assert.deepEqual(sessions.map((row) => row.session.id).sort(), known.sessions.map((session) => session.id).sort());
    const children = known.sessions.filter((session) => session.parentSessionId !== null);
    assert.ok(children.length > 0, 'the recording has sub-agents');
    for (const child of children) {
      const row = sessions.find((each) => each.session.id === child.id)!;
      const parent = services.view.getParent(row);
      assert.ok(parent?.kind === 'session' && parent.session.id === child.parentSessionId);
    }
    const agents = rows.filter((row): row is AgentRow => row.kind === 'agent');
    const sum = (pick: (row: AgentRow) => number): number => agents.reduce((total, row) => total + pick(row), 0);
    assert.equal(
      sum((row) => row.sum.sessions),
      known.sessions.length,
    );
    assert.equal(
      sum((row) => row.sum.failedToolCalls),
      known.sessions.reduce((total, each) => total + each.totals.failedToolCalls, 0),
    );
    for (const row of rows) {
      const item = services.view.getTreeItem(row);
      assert.doesNotMatch(
        `${String(item.label)}${String(item.description)}${String(item.tooltip)}`,
        /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/,
      );
    }
    const unpriced = sessions.find((row) => row.session.totals.cost.usd === null && row.session.totals.cost.unpricedCalls > 0);
    if (unpriced) assert.match(description(unpriced, vscode.l10n.t), /no price/);
  });

  it('says in a document where it looked', async () => {
    await vscode.commands.executeCommand('sandglass.whereWeLooked');
    const document = await activeText(/Where Sandglass looked/);
    assert.equal(document.uri.scheme, 'sandglass-call');
    assert.equal(document.languageId, 'plaintext');
    assert.match(document.getText(), / ms\n/);
  });

  it('says in a document that nothing was done to a sandbox yet', async () => {
    const { services } = await sandglass();
    await vscode.commands.executeCommand('sandglass.showActions');
    const document = await activeText(/What was done to sandboxes from Sandglass/);
    assert.equal(document.uri.scheme, 'sandglass-call');
    assert.match(document.getText(), /Nothing yet\./);
    assert.deepEqual(await services.server.request('actions', undefined), []);
  });

  it('acts on no recording, and says why', async () => {
    const { services } = await sandglass();
    recording ??= await openRecording('openclaw-2026.7.1');
    const { sourceId } = recording;
    // No confirmation is asked for, which would never be answered here.
    for (const command of Object.values(actionCommands)) await vscode.commands.executeCommand(command, { sourceId });
    await assert.rejects(
      () => services.server.request('act', { sourceId, action: 'pause' }),
      (error: Error & { hint?: string | null }) => error.message !== '' && Boolean(error.hint),
    );
    assert.deepEqual(await services.server.request('actions', undefined), []);
    const range = { from: '2000-01-01T00:00:00.000Z', to: '2100-01-01T00:00:00.000Z', limit: 10 };
    assert.deepEqual(await services.server.request('resources', { sourceId, ...range }), []);
  });

  it('says why a folder without a recording cannot be opened, and goes on', async () => {
    const { services } = await sandglass();
    const empty = mkdtempSync(join(tmpdir(), 'sandglass-empty-'));
    try {
      assert.equal(await services.sources.open(empty), null);
      await assert.rejects(
        () => services.server.request('open', { path: empty }),
        (error: Error & { hint?: string | null }) => error.message !== '' && Boolean(error.hint),
      );
      assert.equal((await services.data.load()).sandboxes.length > 0, true);
    } finally {
      rmSync(empty, { recursive: true, force: true });
    }
  });
});
