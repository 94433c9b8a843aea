import * as assert from 'node:assert/strict';
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
});
