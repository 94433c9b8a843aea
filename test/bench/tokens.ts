/**
 * Counting tokens never blocks a request: hovers while the prompt files of many workspaces, 50 MB of them, are being counted for their
 * hints, beside hovers of the same file when nothing else is asked.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { HoverRequest, InlayHintRequest } from 'vscode-languageserver-protocol/node';
import * as messages from '../../server/src/protocol/messages';
import { ServerProcess, until } from '../server/support/serverProcess';
import { line, percentile } from './figures';
import { started } from './transcript';

const promptFiles = ['AGENTS.md', 'SOUL.md', 'TOOLS.md', 'MEMORY.md', 'IDENTITY.md', 'USER.md', 'HEARTBEAT.md', 'BOOTSTRAP.md'];
const workspaces = 7;
/** Files of up to 1 MiB are looked at. */
const fileBytes = Math.ceil((50 * 1024 * 1024) / (promptFiles.length * workspaces));
const aimMs = 50;
const asked = 100;

const words = [
  'build',
  'the',
  'release',
  'notes',
  'from',
  'each',
  'changed',
  'file',
  'and',
  'verify',
  'tests',
  'before',
  'commit',
  'policy',
];

/** Prose that nobody counted before: no part of it is that of another file. */
function prose(seed: number): string {
  let state = seed + 1;
  const lines: string[] = [];
  for (let length = 0; length < fileBytes;) {
    const text = Array.from({ length: 14 }, () => {
      state = (state * 48271) % 0x7fffffff;
      return `${words[state % words.length]}${state % 7 === 0 ? `_${state}` : ''}`;
    }).join(' ');
    lines.push(`- ${text}.`);
    length += text.length + 4;
  }
  return lines.join('\n').slice(0, fileBytes);
}

export async function tokens(): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'sandglass-bench-'));
  try {
    const sessions = join(root, '.openclaw/agents/main/sessions');
    mkdirSync(sessions, { recursive: true });
    const files: string[] = [];
    const index: Record<string, unknown> = {};
    const folders: string[] = [];
    for (let n = 0; n < workspaces; n++) {
      const folder = join(root, `.openclaw/workspace-${n}`);
      const inside = `/sandbox/.openclaw/workspace-${n}`;
      mkdirSync(folder, { recursive: true });
      folders.push(folder);
      for (const [i, name] of promptFiles.entries()) {
        writeFileSync(join(folder, name), prose(n * promptFiles.length + i));
        files.push(pathToFileURL(join(folder, name)).href);
      }
      writeFileSync(join(folder, 'steps.py'), 'a = 1\n'.repeat(200));
      index[`agent:main:${n}`] = writeSession(sessions, n, inside);
    }
    writeFileSync(join(sessions, 'sessions.json'), JSON.stringify(index));
    const settings = {
      pathMappings: folders.map((folder, n) => ({ sandbox: `/sandbox/.openclaw/workspace-${n}`, workspace: folder })),
      directories: [],
      dockerHost: '',
      autoAttach: false,
    };
    await using server = await ServerProcess.start({ folders, options: { settings } });
    const { sourceId } = await server.connection.sendRequest(messages.openRequest, { path: root });
    await until('the sessions to be read', async () => {
      const { sandboxes } = await server.connection.sendRequest(messages.inventoryRequest, { refresh: false });
      return sandboxes.some(({ id, attach }) => id === sourceId && attach.kind === 'read');
    });
    const textDocument = { uri: pathToFileURL(join(folders[0] ?? '', 'steps.py')).href };
    const hover = async (into: number[]): Promise<void> => {
      const at = performance.now();
      await server.connection.sendRequest(HoverRequest.type, { textDocument, position: { line: into.length % 100, character: 0 } });
      into.push(performance.now() - at);
    };
    const alone: number[] = [];
    for (let i = 0; i < asked; i++) await hover(alone);

    const begun = performance.now();
    const range = { start: { line: 0, character: 0 }, end: { line: 0, character: 0 } };
    let counted = 0;
    const hints = files.map(async (uri) => {
      const answer = await server.connection.sendRequest(InlayHintRequest.type, { textDocument: { uri }, range });
      if ((answer ?? []).length !== 1) throw new Error(`${uri} has no hint`);
      counted += 1;
    });
    const all = Promise.all(hints);
    const meanwhile: number[] = [];
    while (counted < files.length && performance.now() - begun < 300_000) await hover(meanwhile);
    await all;
    const seconds = (performance.now() - begun) / 1000;
    const [unit, p95] = [percentile(alone, 0.95), percentile(meanwhile, 0.95)];
    const megabytes = (files.length * fileBytes) / 1024 / 1024;
    line(
      `\na hover while the tokens of ${megabytes.toFixed(0)} MB of prompt files are counted (${seconds.toFixed(1)} s), beside one alone; p95`,
    );
    line(`  ${'alone'.padEnd(50)} ${unit.toFixed(1).padStart(8)} ms of ${alone.length}`);
    line(
      `  ${'meanwhile'.padEnd(50)} ${p95.toFixed(1).padStart(8)} ms of ${meanwhile.length} = ${(p95 / unit).toFixed(1)} × alone  (aim ≤ ${aimMs} ms: ${p95 <= aimMs ? 'met' : 'missed'}; longest ${Math.max(...meanwhile).toFixed(0)} ms)`,
    );
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

/** A session that wrote a file of its workspace, and its row of the index with what was in its prompt. */
function writeSession(sessions: string, n: number, workspaceDir: string): object {
  const sessionId = `${n}`.repeat(8) + '-3333-4333-8333-333333333333';
  const time = (ms: number): string => new Date(started + ms).toISOString();
  const path = `${workspaceDir}/steps.py`;
  const lines = [
    { type: 'session', version: 3, id: sessionId, timestamp: time(0), cwd: workspaceDir },
    { type: 'message', id: `u${n}`, parentId: null, timestamp: time(1), message: { role: 'user', content: 'go', timestamp: started } },
    {
      ...{ type: 'message', id: `a${n}`, parentId: `u${n}`, timestamp: time(900) },
      message: {
        ...{ role: 'assistant', provider: 'openai', model: 'gpt-5', responseId: `r${n}`, stopReason: 'toolUse', timestamp: started + 500 },
        content: [{ type: 'toolCall', id: `c${n}`, name: 'read', arguments: { path } }],
        usage: { input: 1000, output: 10, cacheRead: 0, cacheWrite: 0, cost: { total: 0.001 } },
      },
    },
    {
      ...{ type: 'message', id: `t${n}`, parentId: `a${n}`, timestamp: time(1000) },
      message: { role: 'toolResult', toolCallId: `c${n}`, toolName: 'read', content: [{ type: 'text', text: 'a = 1\n' }], isError: false },
    },
  ];
  writeFileSync(join(sessions, `${sessionId}.jsonl`), `${lines.map((one) => JSON.stringify(one)).join('\n')}\n`);
  const frame = { type: 'session.started', ts: time(0), runId: `run${n}`, sessionId, workspaceDir, data: { trigger: 'user' } };
  writeFileSync(join(sessions, `${sessionId}.trajectory.jsonl`), `${JSON.stringify(frame)}\n`);
  const injectedWorkspaceFiles = promptFiles.map((name) => ({
    ...{ name, path: `${workspaceDir}/${name}`, missing: false },
    ...{ rawChars: fileBytes, injectedChars: 20_000, truncated: true },
  }));
  return { sessionId, updatedAt: started, systemPromptReport: { generatedAt: started, model: 'gpt-5', injectedWorkspaceFiles } };
}
