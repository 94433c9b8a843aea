// What files cost the prompts that carry them, asked of the built server over the wire: hints, lenses, the action, the calls; and the refresh.
import { appendFileSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CodeActionRequest, CodeLensRequest, InlayHintRefreshRequest, InlayHintRequest } from 'vscode-languageserver-protocol/node';
import type { InlayHint, MarkupContent } from 'vscode-languageserver-protocol/node';
import { carriersAtRequest, showCarriersCommand } from '../../server/src/protocol/contextCost';
import * as messages from '../../server/src/protocol/messages';
import { ServerProcess, until } from './support/serverProcess';

let server: ServerProcess;
let root: string;
let transcript: string;
let refreshes = 0;
const sessionId = '44444444-4444-4444-8444-444444444444';
const settings: messages.Settings = {
  pathMappings: [{ sandbox: '/sandbox/.openclaw/workspace', workspace: '.' }],
  directories: [],
  dockerHost: '',
  autoAttach: false,
  cost: { prices: [{ model: 'priced', input: 10, output: 30 }] },
};
const text = '# Rules\n\nRun the tests before and after every change.\n';
const all = { start: { line: 0, character: 0 }, end: { line: 100, character: 0 } };

/** As it happened an hour ago, whenever this runs. */
const started = Date.now() - 3_600_000;
function call(n: number): string {
  const at = started + n * 1000;
  return JSON.stringify({
    ...{ type: 'message', id: `a${n}`, parentId: n === 0 ? 'u' : `a${n - 1}`, timestamp: new Date(at + 500).toISOString() },
    message: {
      ...{ role: 'assistant', provider: 'openai', model: 'priced', responseId: `r${n}`, stopReason: 'stop', timestamp: at },
      content: [{ type: 'text', text: `answer ${n}` }],
      usage: { input: 900, output: 10, cacheRead: 100, cacheWrite: 0, cost: { total: 0 } },
    },
  });
}

beforeAll(async () => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'sandglass-context-')));
  const sessions = join(root, '.openclaw/agents/main/sessions');
  const workspace = join(root, '.openclaw/workspace');
  mkdirSync(sessions, { recursive: true });
  mkdirSync(workspace, { recursive: true });
  writeFileSync(join(workspace, 'AGENTS.md'), text);
  transcript = join(sessions, `${sessionId}.jsonl`);
  const time = new Date(started - 1000).toISOString();
  const header = { type: 'session', version: 3, id: sessionId, timestamp: time, cwd: '/sandbox/.openclaw/workspace' };
  const user = {
    type: 'message',
    id: 'u',
    parentId: null,
    timestamp: time,
    message: { role: 'user', content: 'go', timestamp: started - 1000 },
  };
  writeFileSync(transcript, `${JSON.stringify(header)}\n${JSON.stringify(user)}\n${call(0)}\n${call(1)}\n`);
  const raw = text.trimEnd().length;
  const systemPromptReport = {
    ...{ generatedAt: started, model: 'gpt-5', systemPrompt: { chars: 9000 } },
    injectedWorkspaceFiles: [
      {
        name: 'AGENTS.md',
        path: '/sandbox/.openclaw/workspace/AGENTS.md',
        missing: false,
        rawChars: raw,
        injectedChars: raw,
        truncated: false,
      },
    ],
    skills: { entries: [] },
    tools: { entries: [] },
  };
  const frame = {
    type: 'session.started',
    ts: time,
    runId: 'r',
    sessionId,
    workspaceDir: '/sandbox/.openclaw/workspace',
    data: { trigger: 'user' },
  };
  writeFileSync(join(sessions, `${sessionId}.trajectory.jsonl`), `${JSON.stringify(frame)}\n`);
  writeFileSync(
    join(sessions, 'sessions.json'),
    JSON.stringify({ 'agent:main:main': { sessionId, updatedAt: started, systemPromptReport } }),
  );
  server = await ServerProcess.start({
    folders: [workspace],
    options: { settings },
    capabilities: { workspace: { inlayHint: { refreshSupport: true } } },
  });
  server.connection.onRequest(InlayHintRefreshRequest.type, () => void refreshes++);
  const { sourceId } = await server.connection.sendRequest(messages.openRequest, { path: root });
  await until('the recording to be read', async () => {
    const { sandboxes } = await server.connection.sendRequest(messages.inventoryRequest, { refresh: false });
    return sandboxes.find(({ id }) => id === sourceId)?.attach.kind === 'read';
  });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  rmSync(root, { recursive: true, force: true });
});

const uri = (): string => pathToFileURL(join(root, '.openclaw/workspace/AGENTS.md')).href;
const hints = async (): Promise<readonly InlayHint[]> =>
  (await server.connection.sendRequest(InlayHintRequest.type, { textDocument: { uri: uri() }, range: all })) ?? [];
const shown = async (): Promise<readonly string[]> =>
  (await hints()).map(({ label }) => (typeof label === 'string' ? label : label.map(({ value }) => value).join('')));

it('hints at what a prompt file costs, by the tokens of the real vocabulary', async () => {
  const [hint, ...others] = await hints();
  expect(others).toEqual([]);
  // 12 tokens, twice, at $10 a million.
  expect(await shown()).toEqual(['~12 tokens in each call · ~$0.0002 a day']);
  expect(hint?.position).toEqual({ line: 0, character: '# Rules'.length });
  const part = typeof hint?.label === 'string' ? undefined : hint?.label[0];
  expect((part?.tooltip as MarkupContent).value).toContain('counted with o200k\\_base in the file as it was saved');
  expect(part?.command).toEqual({
    title: 'Show the LLM calls that carried AGENTS.md',
    command: showCarriersCommand,
    arguments: [{ uri: uri(), line: 0, character: 0 }],
  });
  expect((await server.connection.sendRequest(InlayHintRequest.type, { textDocument: { uri: `${uri()}.txt` }, range: all })) ?? []).toEqual(
    [],
  );
});

it('shows the calls that carried it, by lens, action and request', async () => {
  const lenses = (await server.connection.sendRequest(CodeLensRequest.type, { textDocument: { uri: uri() } })) ?? [];
  const titles = lenses.filter(({ command }) => command?.command === showCarriersCommand).map(({ command }) => command?.title);
  expect(titles).toEqual(['~12 tokens in each call · ~$0.0002 a day · in 2 LLM calls of 24 hours']);
  const actions = await server.connection.sendRequest(CodeActionRequest.type, {
    textDocument: { uri: uri() },
    range: { start: all.start, end: all.start },
    context: { diagnostics: [] },
  });
  expect(actions?.map(({ title }) => title)).toContain('Show the LLM calls that carried AGENTS.md');
  const calls = await server.connection.sendRequest(carriersAtRequest, { uri: uri(), line: 0, character: 0 });
  expect(calls.map(({ sessionId: id }) => id)).toEqual([sessionId, sessionId]);
  const fixes = await server.connection.sendRequest(CodeActionRequest.type, {
    textDocument: { uri: uri() },
    range: { start: all.start, end: all.start },
    context: { diagnostics: [], only: ['quickfix'] },
  });
  expect(fixes?.map(({ title }) => title) ?? []).not.toContain('Show the LLM calls that carried AGENTS.md');
});

it('has the editor ask again when calls come, and is gone when it is switched off', async () => {
  await hints();
  const before = refreshes;
  appendFileSync(transcript, `${call(2)}\n`);
  await until('the editor to be told', () => refreshes > before);
  await until('the third call to count', async () => (await shown())[0] === '~12 tokens in each call · ~$0.0004 a day');
  await server.connection.sendNotification(messages.configureNotification, {
    trusted: false,
    settings: { ...settings, contextCost: false },
  });
  await until('no hint to be there', async () => (await hints()).length === 0);
  await server.connection.sendNotification(messages.configureNotification, { trusted: false, settings });
  await until('it to be back', async () => (await hints()).length === 1);
});
