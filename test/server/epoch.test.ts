// Revisions begin anew with a new store and with a source that was removed: an epoch tells such countings apart.
import { afterEach, expect, it } from 'vitest';
import * as messages from '../../server/src/protocol/messages';
import { ServerProcess, until } from './support/serverProcess';

const started: ServerProcess[] = [];
afterEach(async () => {
  for (const server of started.splice(0)) await server[Symbol.asyncDispose]();
});

async function start(): Promise<ServerProcess> {
  const server = await ServerProcess.start();
  started.push(server);
  return server;
}

/** How far the sample's session is once it was played. */
async function play({ connection, changes }: ServerProcess): Promise<messages.SessionRevision> {
  changes.length = 0;
  const { sourceId } = await connection.sendRequest(messages.playSampleRequest, { speed: 0 });
  await until('the end of the sample', async () => {
    const { sandboxes } = await connection.sendRequest(messages.inventoryRequest, { refresh: false });
    return sandboxes.some(({ id, attach }) => id === sourceId && attach.kind === 'read');
  });
  const [session] = await connection.sendRequest(messages.sessionsRequest, { sourceId });
  const sessionId = session?.id ?? '';
  const { epoch, revision } = await connection.sendRequest(messages.traceRequest, { sourceId, sessionId, offset: 0, limit: 1 });
  const told = await until('its last change', () =>
    changes.flatMap(({ sessions }) => sessions).find((each) => each.sessionId === sessionId && each.revision === revision),
  );
  expect(told.epoch).toBe(epoch);
  return { epoch, revision };
}

it('each playing of the sample and each server counts in an epoch of its own', async () => {
  const server = await start();
  const [first, second, other] = [await play(server), await play(server), await play(await start())];
  expect(new Set([first.epoch, second.epoch, other.epoch]).size).toBe(3);
});
