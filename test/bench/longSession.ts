/**
 * One session of thousands of calls: what it costs to read it, to take in one more record, and to ask for the lenses of a
 * file that most of its calls touched; each beside a bare JSON.parse of the whole transcript.
 */
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { CodeLensRequest } from 'vscode-languageserver-protocol/node';
import * as messages from '../../server/src/protocol/messages';
import { ServerProcess, until } from '../server/support/serverProcess';
import { line, percentile } from './figures';

const calls = 4000;
const callsPerTurn = 100;
const appends = 30;
/** A session of this size is folded at most about once in this time. */
const appendEveryMs = 1200;
const sessionId = '22222222-2222-4222-8222-222222222222';
const started = Date.UTC(2026, 10, 20);

/** A transcript as OpenClaw writes it: turns of edits and test runs, all of them on one file. */
function transcript(): string {
  const lines: string[] = [];
  let parentId: string | null = null;
  const add = (time: number, message: object): void => {
    const id = (lines.length + 1).toString(16).padStart(8, '0');
    lines.push(JSON.stringify({ type: 'message', id, parentId, timestamp: new Date(time).toISOString(), message }));
    parentId = id;
  };
  lines.push(
    JSON.stringify({
      type: 'session',
      version: 3,
      id: sessionId,
      timestamp: new Date(started).toISOString(),
      cwd: '/sandbox/.openclaw/workspace',
    }),
  );
  const usage = { input: 100, output: 10, cacheRead: 5, cacheWrite: 0, cost: { total: 0.001 } };
  const model = { api: 'openai-completions', provider: 'inference', model: 'm', usage };
  for (let i = 0; i < calls; i++) {
    const time = started + i * 1000;
    if (i % callsPerTurn === 0) add(time - 500, { role: 'user', content: `go on ${i}`, timestamp: time - 510 });
    const edit = i % 5 === 0;
    const args = edit
      ? { path: 'src/calc.py', edits: [{ oldText: 'a', newText: `b${i}` }] }
      : { command: `pytest -q tests/test_${i % 7}.py` };
    const call = { type: 'toolCall', id: `call_${i}`, name: edit ? 'edit' : 'exec', arguments: args };
    add(time, {
      role: 'assistant',
      ...model,
      content: [{ type: 'text', text: `step ${i}` }, call],
      stopReason: 'toolUse',
      timestamp: time - 300,
      responseId: `r${i}`,
    });
    add(time + 200, {
      role: 'toolResult',
      toolCallId: call.id,
      toolName: call.name,
      content: [{ type: 'text', text: `File "src/calc.py", line 3\n${'x'.repeat(500)}` }],
      details: edit ? { firstChangedLine: 3 } : { exitCode: i % 50 === 1 ? 1 : 0, durationMs: 150 },
      isError: false,
      timestamp: time + 199,
    });
    if (i % callsPerTurn === callsPerTurn - 1) {
      const content = [{ type: 'text', text: 'done' }];
      add(time + 600, { role: 'assistant', ...model, content, stopReason: 'stop', timestamp: time + 300, responseId: `f${i}` });
    }
  }
  return `${lines.join('\n')}\n`;
}

export async function longSession(): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'sandglass-bench-'));
  try {
    const sessions = join(root, '.openclaw/agents/main/sessions');
    const workspace = join(root, '.openclaw/workspace');
    const file = join(sessions, `${sessionId}.jsonl`);
    mkdirSync(sessions, { recursive: true });
    mkdirSync(join(workspace, 'src'), { recursive: true });
    writeFileSync(file, transcript());
    writeFileSync(
      join(sessions, 'sessions.json'),
      JSON.stringify({ 'agent:main:main': { sessionId, updatedAt: started, status: 'running' } }),
    );
    writeFileSync(join(workspace, 'src/calc.py'), 'a\n'.repeat(50));
    const parseStart = performance.now();
    for (const text of readFileSync(file, 'utf8').trimEnd().split('\n')) JSON.parse(text);
    const parse = performance.now() - parseStart;

    await using server = await ServerProcess.start({ folders: [workspace] });
    const readStart = performance.now();
    const { sourceId } = await server.connection.sendRequest(messages.openRequest, { path: root });
    await until('the session to be read', async () => {
      const { sandboxes } = await server.connection.sendRequest(messages.inventoryRequest, { refresh: false });
      return sandboxes.some(({ id, attach }) => id === sourceId && attach.kind === 'read');
    });
    const read = performance.now() - readStart;

    const lenses: number[] = [];
    for (let i = 0; i < appends; i++) {
      const at = performance.now();
      const uri = pathToFileURL(join(workspace, 'src/calc.py')).href;
      const answered = await server.connection.sendRequest(CodeLensRequest.type, { textDocument: { uri } });
      if (answered === null || answered.length === 0) throw new Error('a touched file has no lens');
      lenses.push(performance.now() - at);
    }
    const shown: number[] = [];
    let parentId = (JSON.parse(readFileSync(file, 'utf8').trimEnd().split('\n').at(-1) ?? '{}') as { id: string }).id;
    for (let i = 0; i < appends; i++) {
      const before = server.changes.length;
      const at = performance.now();
      const message = { role: 'user', content: `more ${i}`, timestamp: Date.now() };
      appendFileSync(
        file,
        `${JSON.stringify({ type: 'message', id: `more${i}`, parentId, timestamp: new Date().toISOString(), message })}\n`,
      );
      parentId = `more${i}`;
      await until('the record to be announced', () => server.changes.slice(before).some(({ sessions: changed }) => changed.length > 0));
      shown.push(performance.now() - at);
      await new Promise((resolve) => setTimeout(resolve, appendEveryMs));
    }
    line(`\none session of ${calls} calls, beside JSON.parse of its transcript (${parse.toFixed(0)} ms)`);
    for (const [name, ms] of [
      ['read, folded, stored', read],
      ['lenses of the file (p95)', percentile(lenses, 0.95)],
      ['one record more, to announced (p50)', percentile(shown, 0.5)],
      ['one record more, to announced (p95)', percentile(shown, 0.95)],
    ] as const) {
      line(`  ${name.padEnd(38)} ${ms.toFixed(0).padStart(6)} ms = ${(ms / parse).toFixed(1)} × the parse`);
    }
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}
