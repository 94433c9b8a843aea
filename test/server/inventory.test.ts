// The first question of the editor comes before the first look has ended: the answer waits for it.
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import * as messages from '../../server/src/protocol/messages';
import { ServerProcess } from './support/serverProcess';

it('an engine that takes its time is not called absent', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'sandglass-engine-'));
  const engine = createServer((request, response) => {
    if (!request.url?.includes('/containers/json')) return; // events: none for now
    setTimeout(() => response.setHeader('content-type', 'application/json').end('[]'), 800);
  });
  await new Promise<void>((resolve) => engine.listen(join(dir, 'docker.sock'), resolve));
  const settings = { pathMappings: [], directories: [], dockerHost: `unix://${join(dir, 'docker.sock')}`, autoAttach: true };
  const server = await ServerProcess.start({ options: { trusted: true, settings } });
  try {
    const [first, second] = await Promise.all([
      server.connection.sendRequest(messages.inventoryRequest, { refresh: false }),
      server.connection.sendRequest(messages.inventoryRequest, { refresh: true }),
    ]);
    for (const inventory of [first, second]) {
      expect(inventory.empty).toBe('nothing-found');
      expect(inventory.looked[0]).toMatchObject({ outcome: 'ok' });
    }
  } finally {
    await server[Symbol.asyncDispose]();
    engine.closeAllConnections();
    engine.close();
    rmSync(dir, { recursive: true, force: true });
  }
});
