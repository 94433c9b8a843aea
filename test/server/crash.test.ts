// The server is killed ten times while a session streams: nothing is lost, nothing is there twice.
import { randomBytes } from 'node:crypto';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import type { TraceDocument } from '../../server/src/protocol/document';
import * as messages from '../../server/src/protocol/messages';
import { storeFile } from '../../server/src/openStore';
import { copyOfRecording } from '../fixtures/recordings';
import { runCli } from './support/cli';
import { ServerProcess, until } from './support/serverProcess';

const kills = 10;
const removed: string[] = [];
afterEach(() => {
  for (const path of removed.splice(0)) rmSync(path, { recursive: true, force: true });
});

it('a server killed ten times while a session streams ends with each event once', { timeout: 240_000 }, async () => {
  const copy = copyOfRecording('openclaw-2026.7.1');
  const storageDir = mkdtempSync(join(tmpdir(), 'sandglass-crash-'));
  removed.push(copy.root, storageDir);
  const [long] = Object.entries(copy.expected.sessions).find(([, session]) => session.sessionKey === 'agent:main:long') ?? [];
  const transcript = join(copy.stateDir, 'agents/main/sessions', `${long}.jsonl`);
  const whole = readFileSync(transcript);
  writeFileSync(transcript, '');
  const key = randomBytes(32).toString('base64');
  const start = async (): Promise<ServerProcess> => {
    const server = await ServerProcess.start({ options: { storageDir, storeKey: key } });
    await server.connection.sendRequest(messages.openRequest, { path: copy.root });
    return server;
  };

  // Pieces end anywhere, in the middle of a line and of a character too.
  const piece = Math.ceil(whole.length / (kills * 12));
  let written = 0;
  const stream = (pieces: number): void => {
    for (let i = 0; i < pieces && written < whole.length; i++) {
      appendFileSync(transcript, whole.subarray(written, written + piece));
      written += piece;
    }
  };
  for (let round = 0; round < kills; round++) {
    const server = await start();
    for (let step = 0; step < 6; step++) {
      stream(2);
      await new Promise((resolve) => setTimeout(resolve, 10 + round * 6));
    }
    await server.kill();
  }
  stream(Infinity);

  const server = await start();
  const { expected } = copy;
  await until('the last line to arrive', async () => {
    const inventory = await server.connection.sendRequest(messages.inventoryRequest, { refresh: false });
    const sessions = await server.connection.sendRequest(messages.sessionsRequest, { sourceId: inventory.sandboxes[0]?.id ?? '' });
    return sessions.find((session) => session.id === long)?.totals.toolCalls === expected.sessions[long ?? '']?.own.toolCalls;
  });
  await server[Symbol.asyncDispose]();

  const keyFile = join(storageDir, 'key');
  writeFileSync(keyFile, key, { mode: 0o600 });
  const kept = await runCli(['trace', copy.root, '--json', '--store', join(storageDir, storeFile), '--key-file', keyFile]);
  const fresh = await runCli(['trace', copy.root, '--json']);
  expect(kept.stderr).toBe('');
  const document = JSON.parse(kept.stdout) as TraceDocument;
  expect(document).toEqual(JSON.parse(fresh.stdout));
  expect(document.findings.filter(({ preview }) => !preview)).toEqual([]);
});
