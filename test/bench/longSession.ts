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
import { started, transcript } from './transcript';

const calls = 4000;
const callsPerTurn = 100;
const appends = 30;
/** Longer than the server waits between what it announces. */
const appendEveryMs = 200;
const sessionId = '22222222-2222-4222-8222-222222222222';

export async function longSession(): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'sandglass-bench-'));
  try {
    const sessions = join(root, '.openclaw/agents/main/sessions');
    const workspace = join(root, '.openclaw/workspace');
    const file = join(sessions, `${sessionId}.jsonl`);
    mkdirSync(sessions, { recursive: true });
    mkdirSync(join(workspace, 'src'), { recursive: true });
    writeFileSync(file, `${transcript(sessionId, calls, callsPerTurn).lines.join('\n')}\n`);
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
