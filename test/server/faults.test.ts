// What nobody caught in the server: a rejection is logged and it goes on, an exception is logged and it ends, so that it is started anew.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { LogMessageNotification } from 'vscode-languageserver-protocol/node';
import * as messages from '../../server/src/protocol/messages';
import { ServerProcess, until } from './support/serverProcess';

const made: string[] = [];
afterEach(() => {
  for (const path of made.splice(0)) rmSync(path, { recursive: true, force: true });
});

/** A server in which `fault` happens on SIGUSR2. */
async function faulty(fault: string): Promise<{ readonly server: ServerProcess; readonly logged: string[] }> {
  const dir = mkdtempSync(join(tmpdir(), 'sandglass-fault-'));
  made.push(dir);
  const script = join(dir, 'fault.cjs');
  writeFileSync(script, `process.on('SIGUSR2', () => setImmediate(() => { ${fault} }));`);
  const server = await ServerProcess.start({ env: { NODE_OPTIONS: `--require=${script}` } });
  const logged: string[] = [];
  server.connection.onNotification(LogMessageNotification.type, ({ message }) => void logged.push(message));
  return { server, logged };
}

it('a rejection that nobody handles is logged, and the server goes on', async () => {
  const { server, logged } = await faulty("Promise.reject(new Error('left alone \\u001b[31m'))");
  server.child.kill('SIGUSR2');
  await until('the log', () => logged.find((line) => line.includes('left alone')));
  await until('the words on stderr', () => server.stderr.includes('left alone'));
  expect(server.stderr).not.toContain('\u001b');
  expect(await server.connection.sendRequest(messages.probeRequest)).toMatchObject({ pid: server.child.pid });
  await server[Symbol.asyncDispose]();
  expect(server.child.exitCode).toBe(0);
});

it('an exception that nobody catches is logged, and ends the server with a code that says so', async () => {
  const { server, logged } = await faulty("throw new Error('broken beyond repair')");
  const gone = new Promise((resolve) => server.child.once('exit', resolve));
  server.child.kill('SIGUSR2');
  expect(await gone).toBe(70);
  // What it said may still be on its way when it is gone.
  await until('the words on stderr', () => server.stderr.includes('broken beyond repair'));
  await until('the log', () => logged.join('\n').includes('broken beyond repair'));
  server.connection.dispose();
});
