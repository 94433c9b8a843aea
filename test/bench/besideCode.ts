/**
 * Beside the code: a file that thousands of calls touched. Its lenses, hovers and problems, who its lines are from, the same while
 * someone types in it, and after one more call; each beside a bare reading and hashing of the file. And what the server reads for
 * them, beside the session.
 */
import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { CodeLensRequest, HoverRequest } from 'vscode-languageserver-protocol/node';
import type { Diagnostic } from 'vscode-languageserver-protocol/node';
import * as messages from '../../server/src/protocol/messages';
import { ServerProcess, until } from '../server/support/serverProcess';
import { line, percentile } from './figures';
import { started } from './transcript';

const edits = 5000;
const editsPerTurn = 100;
const fileLines = 2000;
const failsEvery = 100;
const asked = 100;
/** What an answer may take, in milliseconds at the 95th percentile. */
const aimMs = 50;
const sessionId = '33333333-3333-4333-8333-333333333333';

/** A session that reads a file and then edits a line of it, over and over; and the file as it is then. */
function history(path: string): { readonly records: readonly string[]; readonly text: string; edit(fails: boolean): readonly string[] } {
  const lines = Array.from({ length: fileLines }, (_, i) => (i % 20 === 0 ? `def step_${i}():` : `    value_${i} = ${i}`));
  const records: string[] = [];
  let parentId: string | null = null;
  let next = 0;
  const add = (made: string[], time: number, message: object): void => {
    const id = `${sessionId.slice(0, 8)}-${made.length}-${time}`;
    made.push(JSON.stringify({ type: 'message', id, parentId, timestamp: new Date(time).toISOString(), message }));
    parentId = id;
  };
  const call = (made: string[], name: string, args: object, text: string, isError = false): void => {
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
      isError,
      timestamp: time + 49,
    });
  };
  const edit = (made: string[], fails = next % failsEvery === 0): void => {
    const at = (((next * 7919) % fileLines) | 1) % fileLines;
    const oldText = lines[at] ?? '';
    if (fails) {
      // Two places: the tool refuses, and the file stays.
      const refused = `Found 2 occurrences of edits[0] in ${path}. Each oldText must be unique. Please provide more context to make it unique.`;
      call(made, 'edit', { path, edits: [{ oldText, newText: 'never' }] }, refused, true);
      return;
    }
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
    edit: (fails) => {
      const made: string[] = [];
      edit(made, fails);
      return made;
    },
  };
}

export async function besideCode(): Promise<void> {
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
    const textDocument = { uri };
    const lens = (): Promise<unknown> => server.connection.sendRequest(CodeLensRequest.type, { textDocument });
    const hover = (at: number): Promise<unknown> =>
      server.connection.sendRequest(HoverRequest.type, { textDocument, position: { line: (at * 7) % fileLines, character: 0 } });
    const problems = (): readonly Diagnostic[] => server.diagnostics.get(uri) ?? [];
    await until('its problems', () => problems().length > 0);

    const figures: (readonly [string, number[], aim?: number])[] = [];
    const measured = (name: string, aim?: number): number[] => {
      const values: number[] = [];
      figures.push([name, values, aim]);
      return values;
    };
    const answer = await timed(measured('who wrote it, asked for the first time'), ask);
    if (!answer.exact) throw new Error('the rebuilt file is not the file');
    await timed(measured('its lenses, asked for the first time'), lens);
    const readBefore = readByServer(server);
    const [again, lenses, hovers] = [measured('who wrote it', aimMs), measured('its lenses', aimMs), measured('a hover', aimMs)];
    for (let i = 0; i < asked; i++) {
      await timed(again, ask);
      await timed(lenses, lens);
      await timed(hovers, () => hover(i));
    }
    const readAfter = readByServer(server);

    // The server is told of no keystroke; what a stroke makes the editor ask for is who wrote the text as it stands, and the lenses.
    const [typed, typedLenses] = [measured('who wrote the text being typed', aimMs), measured('its lenses meanwhile', aimMs)];
    const text = made.text;
    for (let i = 1; i <= asked; i++) {
      const unsaved = `${text}# ${'a'.repeat(i)}`;
      const both = [
        timed(typed, () => server.connection.sendRequest(messages.blameRequest, { uri, text: unsaved })),
        timed(typedLenses, lens),
      ];
      await Promise.all(both);
    }

    const shown = measured('a failed call written, until its problem is there');
    for (let i = 0; i < asked / 10; i++) {
      const before = problems();
      await timed(shown, async () => {
        appendFileSync(transcript, `${made.edit(true).join('\n')}\n`);
        while (problems() === before) await sleep(1);
      });
    }
    await timed(measured('who wrote it, after more calls'), ask);

    line(
      `\na file of ${fileLines} lines that ${edits} calls touched (${answer.lines.length} runs of ${answer.calls.length} calls, ${problems().length} problems), beside reading and hashing it; p95`,
    );
    const unit = percentile(bare, 0.95);
    for (const [name, values, aim] of figures) {
      const ms = percentile(values, 0.95);
      const verdict = aim === undefined ? '' : `  (aim ≤ ${aim} ms: ${ms <= aim ? 'met' : 'missed'})`;
      line(`  ${name.padEnd(50)} ${ms.toFixed(1).padStart(8)} ms = ${(ms / unit).toFixed(0)} × the reading${verdict}`);
    }
    if (readBefore !== null && readAfter !== null) {
      const each = (readAfter - readBefore) / (3 * asked);
      line(`  read for an answer, of the session's bytes: ${((100 * each) / statSync(transcript).size).toFixed(3)} %`);
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

/** Bytes a process had read for it; null where the system doesn't tell. */
function readByServer({ child }: ServerProcess): number | null {
  const path = `/proc/${child.pid}/io`;
  return existsSync(path) ? Number(/^rchar: (\d+)$/m.exec(readFileSync(path, 'utf8'))?.[1]) : null;
}
