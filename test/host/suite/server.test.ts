import * as assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { openRecording, projectRoot, sandglass, until } from '../support';
import type { OpenRecording } from '../support';

/** More than the language client alone would put up with. */
const kills = 10;

describe('the server', () => {
  let recording: OpenRecording;
  before(async () => void (recording = await openRecording('openclaw-2026.7.1')));
  after(() => recording.dispose());

  it('comes back when it is killed, with what was open, and nothing twice', async function () {
    this.timeout(180_000);
    const { services } = await sandglass();
    const { sourceId } = recording;
    const sessions = (): string | null => {
      const known = services.data.sessions.get(sourceId);
      return known?.kind === 'loaded' && services.data.node(sourceId)?.attach.kind === 'read' ? JSON.stringify(known.sessions) : null;
    };
    const before = await until('the sessions are known', sessions);
    for (let i = 0; i < kills; i += 1) {
      const state = services.server.state;
      assert.ok(state.kind === 'running');
      process.kill(state.pid, 'SIGKILL');
      await until('another server runs', () => services.server.state.kind === 'running' && services.server.state.pid !== state.pid);
      await services.sources.restored;
      await until('its sessions are as they were', () => sessions() === before);
    }
  });

  it('answers a question that was asked while it died', async () => {
    const { services } = await sandglass();
    const state = services.server.state;
    assert.ok(state.kind === 'running');
    const asked = services.server.request('inventory', { refresh: true });
    process.kill(state.pid, 'SIGKILL');
    assert.ok((await asked).looked.length > 0);
  });

  it('does not read again, by itself, what was detached before it died', async () => {
    const { services } = await sandglass();
    const dir = mkdtempSync(join(tmpdir(), 'sandglass-detached-'));
    cpSync(join(projectRoot(), 'test/fixtures/openclaw-2026.7.1'), dir, { recursive: true });
    const configuration = vscode.workspace.getConfiguration('sandglass');
    await services.sources.restored;
    const before = new Set((await services.data.load(true)).sandboxes.map(({ id }) => id));
    await configuration.update('directories', [dir], vscode.ConfigurationTarget.Global);
    try {
      const { id } = await until('the directory of the settings', () =>
        services.data.inventory?.sandboxes.find((node) => !before.has(node.id) && node.attach.kind === 'read'),
      );
      await services.sources.detach(id);
      const state = services.server.state;
      assert.ok(state.kind === 'running');
      process.kill(state.pid, 'SIGKILL');
      await until('another server runs', () => services.server.state.kind === 'running' && services.server.state.pid !== state.pid);
      await services.sources.restored;
      await services.data.load(true);
      const now = await until('its row', () => services.data.node(id));
      assert.deepEqual(now.attach, { kind: 'idle' });
      await services.sources.attach(id);
      await until('it is read when asked for', () => services.data.node(id)?.attach.kind === 'read');
      await services.sources.detach(id);
    } finally {
      await configuration.update('directories', undefined, vscode.ConfigurationTarget.Global);
      rmSync(dir, { recursive: true, force: true });
    }
  });

  it('restarts when asked', async () => {
    const { services } = await sandglass();
    const state = services.server.state;
    await services.server.restart();
    const now = services.server.state;
    assert.ok(state.kind === 'running' && now.kind === 'running' && now.pid !== state.pid);
  });
});
