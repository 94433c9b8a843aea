import * as assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeRunning } from '../../fixtures/running';
import { openRecording, sandglass, until } from '../support';
import type { OpenRecording } from '../support';

describe('the status bar', () => {
  let recording: OpenRecording;
  before(async () => void (recording = await openRecording('openclaw-2026.7.1')));
  after(() => recording.dispose());

  it('says what the agent in view does and what it cost', async () => {
    const { services } = await sandglass();
    const session = recording.session('coding');
    services.status.follow(session);
    const text = await until('it follows the session', () =>
      services.status.view?.session.id === session.sessionId ? services.status.text : null,
    );
    assert.match(text, /^\$\(robot\) main idle · [\d.]+[kM]? tok · (\$|<\$|no price)/);
    services.status.follow(null);
  });

  it('says what an agent on this host does now, for how long, and turns amber when the model does not answer', async () => {
    const { services } = await sandglass();
    const shows = async (since: Date, call: Parameters<typeof writeRunning>[2], shown: RegExp): Promise<void> => {
      const dir = mkdtempSync(join(tmpdir(), 'sandglass-running-'));
      const sessionId = writeRunning(join(dir, '.openclaw'), since, call);
      const sourceId = await services.sources.open(dir);
      try {
        assert.ok(sourceId);
        services.status.follow({ sourceId, sessionId });
        await until(`${shown}`, () => shown.test(services.status.text ?? ''));
      } finally {
        services.status.follow(null);
        await services.sources.detach(sourceId ?? '');
        rmSync(dir, { recursive: true, force: true });
      }
    };
    const call = { tool: 'exec', args: { command: 'cd project && pytest -q' } };
    await shows(new Date(Date.now() - 12_000), call, /^\$\(sync~spin\) pytest \d\d s/);
    await shows(new Date(Date.now() - 130_000), null, /^\$\(sync~spin\) waiting for the model 2:\d\d/);
  });
});
