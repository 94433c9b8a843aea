// What an agent does to a file shows at once, whatever was known of the file before; what is closed is taken back.
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { CodeLensRequest } from 'vscode-languageserver-protocol/node';
import { openSourceLimit } from '../../server/src/collect/roster';
import * as messages from '../../server/src/protocol/messages';
import { recording } from '../fixtures/recordings';
import { ServerProcess, until } from './support/serverProcess';

const began = Date.UTC(2026, 10, 20, 10);
const path = '/sandbox/.openclaw/workspace/a.py';
let server: ServerProcess;
let root: string;
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'sandglass-fresh-'));
  server = await ServerProcess.start();
});
afterEach(async () => {
  await server[Symbol.asyncDispose]();
  rmSync(root, { recursive: true, force: true });
});

it.each([
  ['edit', { path, edits: [{ oldText: 'three', newText: 'three\nINSERTED' }] }, {}],
  ['exec', { command: 'python3 grow.py' }, { exitCode: 0, cwd: '/sandbox/.openclaw/workspace' }],
])('an %s of a file that was just looked at', async (name, args, details) => {
  const id = '11111111-1111-4111-8111-111111111111';
  const state = join(root, 'sandbox/.openclaw');
  const file = join(state, 'workspace/a.py');
  const transcript = join(state, `agents/main/sessions/${id}.jsonl`);
  mkdirSync(join(transcript, '..'), { recursive: true });
  mkdirSync(join(file, '..'), { recursive: true });
  let parentId: string | null = null;
  let seconds = 0;
  const add = (message: object): void => {
    const entry = seconds++;
    const time = began + entry * 1000;
    const json = {
      type: 'message',
      id: `e${entry}`,
      parentId,
      timestamp: new Date(time).toISOString(),
      message: { ...message, timestamp: time },
    };
    appendFileSync(transcript, `${JSON.stringify(json)}\n`);
    parentId = `e${entry}`;
  };
  const call = (tool: string, input: object, result: object, output = 'done'): void => {
    const content = [{ type: 'toolCall', id: `c${seconds}`, name: tool, arguments: input }];
    const toolCallId = `c${seconds}`;
    add({ role: 'assistant', content, provider: 'inference', model: 'm', stopReason: 'toolUse' });
    add({ role: 'toolResult', toolCallId, toolName: tool, content: [{ type: 'text', text: output }], details: result, isError: false });
  };
  writeFileSync(
    transcript,
    `${JSON.stringify({ type: 'session', version: 3, id, timestamp: new Date(began).toISOString(), cwd: '/sandbox' })}\n`,
  );
  writeFileSync(file, 'one\ntwo\nthree\n');
  add({ role: 'user', content: 'go' });
  call('read', { path, offset: 2, limit: 1 }, {});
  const { sourceId } = await server.connection.sendRequest(messages.openRequest, { path: root });
  const uri = `sandglass-file://${sourceId}${path}`;
  const lenses = async (): Promise<readonly string[]> =>
    ((await server.connection.sendRequest(CodeLensRequest.type, { textDocument: { uri } })) ?? []).map(
      ({ range, command }) => `${range.start.line} ${command?.title ?? ''}`,
    );
  await until('the lens of the read', async () => (await lenses()).length > 0);
  // Any other second: what is looked at now is kept for the next.
  await new Promise((resolve) => setTimeout(resolve, 1200));
  await lenses();
  writeFileSync(file, 'one\ntwo\nthree\nINSERTED\n');
  call(name, args, details, name === 'exec' ? 'File "a.py", line 4' : 'done');
  const now = await until('the second call', async () => {
    const shown = await lenses();
    return shown.some((title) => title.includes('2 agent calls')) && shown;
  });
  expect(now.some((title) => title.startsWith(name === 'exec' ? '3 exec' : '2 edit'))).toBe(true);
});

it('problems of a source that is closed, to make room for others', async () => {
  const first = await server.connection.sendRequest(messages.openRequest, { path: recording('openclaw-2026.7.1').root });
  const shown = (): number => [...server.diagnostics].filter(([uri, all]) => all.length > 0 && uri.includes(first.sourceId)).length;
  await until('problems', () => shown() > 0);
  // One that is still being read is not closed, another would be.
  await until('it to be read', async () => {
    const { sandboxes } = await server.connection.sendRequest(messages.inventoryRequest, { refresh: false });
    return sandboxes.some(({ id, attach }) => id === first.sourceId && attach.kind === 'read');
  });
  for (let i = 0; i < openSourceLimit; i++) {
    const state = join(root, String(i), '.openclaw');
    mkdirSync(join(state, 'agents/main/sessions'), { recursive: true });
    await server.connection.sendRequest(messages.openRequest, { path: state });
  }
  await until('no problem of a source that is not open', () => shown() === 0);
});
