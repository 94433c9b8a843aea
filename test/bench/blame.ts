/**
 * A file that thousands of calls wrote: who its lines are from, asked for the first time, then again and again as hovers and
 * lenses do, and after one more call; each beside a bare reading and hashing of the file.
 */
import { createHash } from 'node:crypto';
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { CodeLensRequest, HoverRequest } from 'vscode-languageserver-protocol/node';
import * as messages from '../../server/src/protocol/messages';
import { ServerProcess, until } from '../server/support/serverProcess';
import { line, percentile } from './figures';
import { started } from './transcript';

const edits = 5000;
const editsPerTurn = 100;
const fileLines = 2000;
const asked = 100;
const sessionId = '33333333-3333-4333-8333-333333333333';

/** A session that reads a file and then edits a line of it, over and over; and the file as it is then. */
function history(path: string): { readonly records: readonly string[]; readonly text: string; edit(): readonly string[] } {
  const lines = Array.from({ length: fileLines }, (_, i) => (i % 20 === 0 ? `def step_${i}():` : `    value_${i} = ${i}`));
  const records: string[] = [];
  let parentId: string | null = null;
  let next = 0;
  const add = (made: string[], time: number, message: object): void => {
    const id = `${sessionId.slice(0, 8)}-${made.length}-${time}`;
    made.push(JSON.stringify({ type: 'message', id, parentId, timestamp: new Date(time).toISOString(), message }));
    parentId = id;
  };
  const call = (made: string[], name: string, args: object, text: string): void => {
    const time = started + next * 1000;
    const id = `call_${next++}`;
    const usage = { input: 100, output: 10, cacheRead: 5, cacheWrite: 0, cost: { total: 0.001 } };
    const content = [
      { type: 'text', text: `step ${next}` },
      { type: 'toolCall', id, name, arguments: args },
    ];
    add(made, time, {
      role: 'assistant',
      api: 'openai-completions',
      provider: 'inference',
      model: 'm',
      usage,
      content,
      stopReason: 'toolUse',
      timestamp: time - 100,
    });
    add(made, time + 50, {
      role: 'toolResult',
      toolCallId: id,
      toolName: name,
      content: [{ type: 'text', text }],
      isError: false,
      timestamp: time + 49,
    });
  };
  const edit = (made: string[]): void => {
    const at = (((next * 7919) % fileLines) | 1) % fileLines;
    const oldText = lines[at] ?? '';
    const newText = `    value_${at} = ${next} # ${at}`;
    lines[at] = newText;
    call(made, 'edit', { path, edits: [{ oldText, newText }] }, `Successfully replaced 1 block(s) in ${path}.`);
  };
  records.push(
    JSON.stringify({
      type: 'session',
      version: 3,
      id: sessionId,
      timestamp: new Date(started).toISOString(),
      cwd: '/sandbox/.openclaw/workspace',
    }),
  );
  add(records, started - 500, { role: 'user', content: 'go on', timestamp: started - 510 });
  call(records, 'read', { path }, `${lines.join('\n')}\n`);
  for (let i = 0; i < edits; i++) {
    if (i % editsPerTurn === editsPerTurn - 1)
      add(records, started + next * 1000 - 500, { role: 'user', content: `go on ${i}`, timestamp: started + next * 1000 - 510 });
    edit(records);
  }
  return {
    records,
    get text() {
      return `${lines.join('\n')}\n`;
    },
    edit: () => {
      const made: string[] = [];
      edit(made);
      return made;
    },
  };
}

export async function blame(): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'sandglass-bench-'));
  try {
    const sessions = join(root, '.openclaw/agents/main/sessions');
    const workspace = join(root, '.openclaw/workspace');
    const transcript = join(sessions, `${sessionId}.jsonl`);
    const file = join(workspace, 'steps.py');
    mkdirSync(sessions, { recursive: true });
    mkdirSync(workspace, { recursive: true });
    const made = history('/sandbox/.openclaw/workspace/steps.py');
    writeFileSync(transcript, `${made.records.join('\n')}\n`);
    writeFileSync(file, made.text);
    writeFileSync(
      join(sessions, 'sessions.json'),
      JSON.stringify({ 'agent:main:main': { sessionId, updatedAt: started, status: 'running' } }),
    );
    const uri = pathToFileURL(file).href;
    const bare: number[] = [];
    for (let i = 0; i < asked; i++) await timed(bare, () => Promise.resolve(createHash('sha256').update(readFileSync(file)).digest('hex')));

    const settings = {
      pathMappings: [{ sandbox: '/sandbox/.openclaw/workspace', workspace: '.' }],
      directories: [],
      dockerHost: '',
      autoAttach: false,
    };
    await using server = await ServerProcess.start({ folders: [workspace], options: { settings } });
    const { sourceId } = await server.connection.sendRequest(messages.openRequest, { path: root });
    await until('the session to be read', async () => {
      const { sandboxes } = await server.connection.sendRequest(messages.inventoryRequest, { refresh: false });
      return sandboxes.some(({ id, attach }) => id === sourceId && attach.kind === 'read');
    });
    const ask = async (): Promise<messages.FileBlame> => {
      const answer = await server.connection.sendRequest(messages.blameRequest, { uri, text: null });
      if (answer === null) throw new Error('the file has no blame');
      return answer;
    };
    const first: number[] = [];
    const answer = await timed(first, ask);
    if (!answer.exact) throw new Error('the rebuilt file is not the file');
    const again: number[] = [];
    const lenses: number[] = [];
    const hovers: number[] = [];
    for (let i = 0; i < asked; i++) await timed(again, ask);
    for (let i = 0; i < asked / 5; i++) {
      await timed(lenses, () => server.connection.sendRequest(CodeLensRequest.type, { textDocument: { uri } }));
      await timed(hovers, () =>
        server.connection.sendRequest(HoverRequest.type, { textDocument: { uri }, position: { line: i * 7, character: 0 } }),
      );
    }
    const before = server.changes.length;
    appendFileSync(transcript, `${made.edit().join('\n')}\n`);
    await until('the call to be announced', () => server.changes.slice(before).some(({ sessions: changed }) => changed.length > 0));
    const after: number[] = [];
    await timed(after, ask);
    line(
      `\na file of ${fileLines} lines that ${edits} calls wrote (${answer.lines.length} runs of ${answer.calls.length} calls), beside reading and hashing it`,
    );
    for (const [name, values] of [
      ['who wrote it, asked for the first time', first],
      ['asked again (p95, aim ≤ 50 ms)', again],
      ['after one more call', after],
      ['its lenses, those of touches too (p95)', lenses],
      ["the server's hover of touches (p95)", hovers],
    ] as const) {
      const ms = percentile(values, 0.95);
      line(`  ${name.padEnd(40)} ${ms.toFixed(1).padStart(8)} ms = ${(ms / percentile(bare, 0.95)).toFixed(0)} × the reading`);
    }
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

async function timed<T>(into: number[], work: () => Promise<T>): Promise<T> {
  const at = performance.now();
  const made = await work();
  into.push(performance.now() - at);
  return made;
}
