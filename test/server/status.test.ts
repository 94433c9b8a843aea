// What a followed directory's agent does now, told while it does it.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import * as messages from '../../server/src/protocol/messages';
import { writeRunning } from '../fixtures/running';
import { ServerProcess, until } from './support/serverProcess';

let server: ServerProcess;
let root: string;
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'sandglass-status-'));
  server = await ServerProcess.start();
});
afterEach(async () => {
  await server[Symbol.asyncDispose]();
  rmSync(root, { recursive: true, force: true });
});

it('names the program that runs, not the tool that runs it', async () => {
  const since = new Date(Date.now() - 12_000);
  const sessionId = writeRunning(join(root, '.openclaw'), since, {
    tool: 'exec',
    args: { command: 'cd project && python3 -m unittest discover -s tests -v' },
  });
  const { sourceId } = await server.connection.sendRequest(messages.openRequest, { path: root });
  const status = await until('what runs', async () => {
    const answer = await server.connection.sendRequest(messages.statusRequest, { sourceId, sessionId });
    return answer?.now.kind === 'tool' && answer;
  });
  expect(status.now).toEqual({ kind: 'tool', name: 'python3', since: since.toISOString() });
});
