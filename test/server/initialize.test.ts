// What a client need not be able to do.
import { afterEach, describe, expect, it } from 'vitest';
import * as messages from '../../server/src/protocol/messages';
import { recording } from '../fixtures/recordings';
import { ServerProcess, until } from './support/serverProcess';

let server: ServerProcess | null = null;
afterEach(async () => {
  await server?.[Symbol.asyncDispose]();
  server = null;
});

describe('a client that tells nothing of workspace folders', () => {
  it('has the named directories opened all the same, without asking', async () => {
    const { root } = recording('generation-c');
    const settings = { pathMappings: [], directories: [root], dockerHost: 'unix:///nonexistent/docker.sock', autoAttach: false };
    server = await ServerProcess.start({ options: { trusted: true, settings }, env: { DOCKER_HOST: settings.dockerHost } });
    const told = server;
    await until('the recording to be announced and read', async () => {
      if (!told.changes.some((changed) => changed.inventory)) return false;
      const { sandboxes } = await told.connection.sendRequest(messages.inventoryRequest, { refresh: false });
      return sandboxes.some(({ attach }) => attach.kind === 'read');
    });
    expect(told.stderr).toBe('');
  });
});
