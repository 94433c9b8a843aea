/** The engine's events: heard, whole or in pieces; and heard again after the engine was away. */
import { describe, expect, it } from 'vitest';
import { followEngine } from '../../../server/src/sandboxes/followEngine';
import { sleep } from '../attach/reading';
import { id, PlayedEngine } from './playedEngine';

async function until(what: string, holds: () => boolean): Promise<void> {
  for (const end = Date.now() + 20_000; !holds(); await sleep(10)) if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
}

describe('following an engine', () => {
  it('tells of what happens to sandboxes, and not of other containers', async () => {
    await using engine = await new PlayedEngine().start();
    const controller = new AbortController();
    let changes = 0;
    const followed = followEngine({ kind: 'socket', path: engine.path }, controller.signal, () => changes++);
    await until('the connection', () => engine.listeners === 1 && changes === 1);
    expect(engine.asked).toEqual(['GET /events']);
    for (const action of ['create', 'start', 'pause', 'rename', 'destroy']) engine.tell(action, id('a'));
    await until('five changes', () => changes === 6);
    engine.tell('start', { 'com.docker.compose.project': 'x' });
    engine.tell('start', id('a'), true);
    await until('the one in pieces', () => changes === 7);
    controller.abort();
    await followed;
    await until('the end of the connection', () => engine.listeners === 0);
  });

  it('hears it again as soon as it is back, and tells that it went and that it came', async () => {
    await using engine = await new PlayedEngine().start();
    const controller = new AbortController();
    let changes = 0;
    const followed = followEngine({ kind: 'socket', path: engine.path }, controller.signal, () => changes++);
    for (let round = 0; round < 3; round++) {
      await until('the connection', () => engine.listeners === 1);
      const before = changes;
      await engine.stop();
      await until('word that it went', () => changes > before);
      const away = changes;
      await engine.start();
      await until('word that it came', () => changes > away && engine.listeners === 1);
      engine.tell('start', id('a'));
      const back = changes;
      await until('an event after that', () => changes > back);
    }
    controller.abort();
    await followed;
  });
});
