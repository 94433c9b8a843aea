/** From a record written in a container to its row in the editor's hands, beside a bare `tail -f` through exec. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import * as messages from '../../server/src/protocol/messages';
import { bed, docker, PlainContainer, VERSIONS } from '../bed/bed';
import { ServerProcess, until } from '../server/support/serverProcess';
import { line, percentile } from './figures';

const records = 200;
const everyMs = 50;

/** Appends assistant messages that carry the time they were written; runs inside the container, where the clock is the same. */
const writer = `
const fs = require('node:fs');
const file = '/sandbox/.openclaw/agents/main/sessions/11111111-1111-4111-8111-111111111111.jsonl';
const entry = (n) => JSON.stringify({ type: 'message', id: 'e' + n, parentId: n === 0 ? null : 'e' + (n - 1), timestamp: new Date().toISOString(),
  message: { role: 'assistant', content: [{ type: 'text', text: n + ' ' + Date.now() }], api: 'openai-completions', provider: 'inference', model: 'm',
    usage: { input: 1, output: 1, cacheRead: 0, cacheWrite: 0 }, stopReason: 'toolUse', timestamp: Date.now(), responseId: 'r' + n } }) + '\\n';
let n = 0;
const timer = setInterval(() => { if (n === ${records}) return clearInterval(timer); fs.appendFileSync(file, entry(n++)); }, ${everyMs});
`;

export async function latency(): Promise<void> {
  const state = await bed(VERSIONS.jsonl);
  if (state.kind === 'missing') {
    line(`write to shown: did NOT run: ${state.reason}`);
    return;
  }
  const container = new PlainContainer(VERSIONS.jsonl);
  const file = '/sandbox/.openclaw/agents/main/sessions/11111111-1111-4111-8111-111111111111.jsonl';
  try {
    container.exec('mkdir', '-p', '/sandbox/.openclaw/agents/main/sessions');
    const header = JSON.stringify({
      type: 'session',
      version: 3,
      id: '11111111-1111-4111-8111-111111111111',
      timestamp: new Date().toISOString(),
      cwd: '/sandbox',
    });
    container.exec('sh', '-c', `echo '${header}' > ${file}`);
    const tailed: number[] = [];
    const shown: number[] = [];
    const tail = spawn('docker', ['exec', '-u', 'sandbox', container.id, 'tail', '-n0', '-f', file], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    createInterface({ input: tail.stdout }).on('line', (text) => {
      const at = Date.now();
      const written = /"text":"\d+ (\d+)"/.exec(text)?.[1];
      if (written !== undefined) tailed.push(at - Number(written));
    });
    await using server = await ServerProcess.start({
      options: {
        trusted: true,
        settings: { pathMappings: [], directories: [], dockerHost: process.env.DOCKER_HOST ?? '', autoAttach: false },
      },
    });
    const inventory = await server.connection.sendRequest(messages.inventoryRequest, { refresh: true });
    const sourceId = inventory.sandboxes.find((sandbox) => sandbox.name === container.name)?.id ?? '';
    await server.connection.sendRequest(messages.attachRequest, { sourceId });
    const node = async (): Promise<messages.SandboxNode | undefined> =>
      (await server.connection.sendRequest(messages.inventoryRequest, { refresh: false })).sandboxes.find(
        (sandbox) => sandbox.id === sourceId,
      );
    await until('the container to be live', async () => (await node())?.attach.kind === 'live');
    const seen = new Set<string>();
    let asking = false;
    let again = false;
    const sessionId = '11111111-1111-4111-8111-111111111111';
    const ask = async (): Promise<void> => {
      if (asking) {
        again = true;
        return;
      }
      asking = true;
      do {
        again = false;
        const offset = Math.max(0, seen.size - 5);
        const page = await server.connection.sendRequest(messages.traceRequest, { sourceId, sessionId, offset, limit: 200 });
        const at = Date.now();
        for (const row of page.rows) {
          const written = /^\d+ (\d+)$/.exec(row.preview ?? '')?.[1];
          if (row.span.kind !== 'chat' || written === undefined || seen.has(row.span.id)) continue;
          seen.add(row.span.id);
          shown.push(at - Number(written));
        }
      } while (again);
      asking = false;
    };
    server.connection.onNotification(messages.changedNotification, ({ sessions }) => {
      if (sessions.some((session) => session.sessionId === sessionId)) void ask();
    });
    docker('exec', '-d', '-u', 'sandbox', container.id, 'node', '-e', writer);
    await until('every record to be shown', () => shown.length >= records && tailed.length >= records, 60_000);
    tail.kill();
    line(`\nwrite to shown, ${records} records at ${1000 / everyMs}/s (the server announces at most ten times a second)`);
    for (const [name, values] of [
      ['bare tail -f through exec', tailed],
      ['shown: row fetched over LSP', shown],
    ] as const) {
      line(`  ${name.padEnd(32)} p50 ${percentile(values, 0.5)} ms, p95 ${percentile(values, 0.95)} ms, max ${Math.max(...values)} ms`);
    }
    line(`  ratio of the medians: ${(percentile(shown, 0.5) / Math.max(1, percentile(tailed, 0.5))).toFixed(1)}`);
  } finally {
    container.down();
  }
}
