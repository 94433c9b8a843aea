// A canary in every secret file and table of a sandbox and of this host: whatever way the sandbox is read, none may be seen in
// what is kept, printed, logged or started.
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { storeFile } from '../../server/src/openStore';
import * as messages from '../../server/src/protocol/messages';
import { recordings } from '../fixtures/recordings';
import { runCli } from '../server/support/cli';
import { decryptedStore } from '../server/support/decrypted';
import { ServerProcess, until } from '../server/support/serverProcess';
import { bed, docker, PlainContainer, VERSIONS } from './bed';

const there = await bed(VERSIONS.sqlite);
const mark = `canary${randomBytes(6).toString('hex')}`;
let planted = 0;
const canary = (): string => `${mark}-${(planted += 1)}`;

const secretFiles = [
  '/sandbox/.env',
  '/sandbox/.mcp.json',
  '/sandbox/.netrc',
  '/sandbox/.state/auth.json',
  '/sandbox/.state/chatgpt-auth.json',
  '/sandbox/.hermes/.env',
  '/sandbox/.hermes/auth.json',
  '/sandbox/.deepagents/.env',
  '/sandbox/.openclaw/.env',
  '/sandbox/.openclaw/openclaw.json',
  '/sandbox/.openclaw/openclaw.json.bak',
  '/sandbox/.openclaw/auth.json',
  '/sandbox/.openclaw/exec-approvals.json',
  '/sandbox/.openclaw/credentials/oauth.json',
  '/sandbox/.openclaw/identity/device.json',
  '/sandbox/.openclaw/agents/main/agent/auth.json',
  '/sandbox/.openclaw/agents/main/agent/auth-profiles.json',
  '/sandbox/.openclaw/agents/main/agent/models.json',
  '/sandbox/.openclaw/workspace/.env',
  '/tmp/nemoclaw-proxy-env.sh',
  '/etc/openshell/auth/sandbox.jwt',
  '/etc/openshell/tls/client.key',
] as const;
const hostSecrets = [
  '.nemoclaw/credentials.json',
  '.nemoclaw/ollama-proxy-token',
  '.nemoclaw/dual-station-vllm-api-key',
  '.nemoclaw/managed-llama-cpp/api-key',
  '.openclaw/openclaw.json',
  '.openclaw/agents/main/agent/auth-profiles.json',
] as const;

describe.skipIf(there.kind === 'missing')('secrets of a sandbox', () => {
  const container = new PlainContainer(VERSIONS.sqlite);
  const home = mkdtempSync(join(tmpdir(), 'sandglass-canary-home-'));
  const dir = mkdtempSync(join(tmpdir(), 'sandglass-canary-'));
  const clean = (what: string, text: string): void => {
    const at = text.indexOf(mark);
    expect(at < 0 ? '' : `${what}: ${text.slice(Math.max(0, at - 100), at + 60)}`).toBe('');
  };

  beforeAll(() => {
    const recording = recordings().find(({ name }) => name === 'zstd-2026.9.6');
    if (recording === undefined) throw new Error('the recording with a database is missing');
    container.fill(recording.stateDir);
    // JSON where JSON is expected, so that whoever parses one would have it.
    const plant = secretFiles.map((path) => {
      const text = path.endsWith('.json') ? JSON.stringify({ token: canary(), profiles: { x: { key: canary() } } }) : `TOKEN=${canary()}`;
      return `mkdir -p ${dirname(path)} && printf %s '${text}' > ${path} && chmod 644 ${path}`;
    });
    docker('exec', container.id, 'sh', '-c', plant.join('\n'));
    const database = '/sandbox/.openclaw/agents/main/agent/openclaw-agent.sqlite';
    const script = `const { DatabaseSync } = require('node:sqlite');
      const db = new DatabaseSync('${database}');
      const tables = db.prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'auth_profile%'").all();
      if (tables.length === 0) throw new Error('no table of profiles');
      for (const { name } of tables) {
        db.exec('DELETE FROM ' + name);
        const columns = db.prepare('PRAGMA table_info(' + name + ')').all();
        const value = (column) => /INT|REAL/i.test(column.type) ? 1 : ${JSON.stringify(canary())};
        db.prepare('INSERT INTO ' + name + ' VALUES (' + columns.map(() => '?').join(',') + ')').run(...columns.map(value));
      }
      db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
      db.close();`;
    docker('exec', container.id, 'node', '--no-warnings', '-e', script);
    docker('exec', container.id, 'chown', '-R', 'sandbox:sandbox', '/sandbox');
    for (const path of hostSecrets) {
      mkdirSync(dirname(join(home, path)), { recursive: true });
      writeFileSync(join(home, path), JSON.stringify({ token: canary() }));
    }
    mkdirSync(join(home, '.docker'));
    writeFileSync(join(home, '.docker/config.json'), JSON.stringify({ auths: { 'registry.example': { auth: canary() } } }));
  });
  afterAll(() => {
    container.down();
    for (const made of [home, dir]) rmSync(made, { recursive: true, force: true });
  });

  it.each(['node', 'python3', 'archive'])('are seen nowhere when it is read by %s', async (way) => {
    const store = join(dir, `${way}.sqlite`);
    const keyFile = join(dir, `${way}.key`);
    const args = ['trace', container.name, '--json', '--way', way, '--store', store, '--key-file', keyFile];
    const ran = await runCli(args, { HOME: home });
    expect(ran.code, ran.stderr).toBe(0);
    expect(JSON.parse(ran.stdout)).toHaveProperty('sessions.0.spans.0');
    clean('export', ran.stdout);
    clean('messages', ran.stderr);
    const kept = decryptedStore(store, readKey(keyFile));
    expect(kept.sealed).toBeGreaterThan(100);
    for (const text of kept.texts) clean('store', text);
  });

  it('are seen nowhere while it is followed, nor in what says where it was looked', async () => {
    const key = randomBytes(32);
    const storageDir = join(dir, 'storage');
    const settings = { pathMappings: [], directories: [], dockerHost: '', autoAttach: true };
    const server = await ServerProcess.start({
      options: { storageDir, storeKey: key.toString('base64'), trusted: true, settings },
      env: { HOME: home },
    });
    try {
      const live = await until(
        'it is live',
        async () => {
          const inventory = await server.connection.sendRequest(messages.inventoryRequest, { refresh: false });
          return inventory.sandboxes.some(({ name, attach }) => name === container.name && attach.kind === 'live') ? inventory : null;
        },
        60_000,
      );
      clean('inventory', JSON.stringify(live));
      const processes = docker('top', container.id, '-eo', 'pid,args');
      expect(processes).toContain('--no-warnings -e');
      clean('processes of the sandbox', processes);
      clean('processes of this host', commandLines());
      const source = live.sandboxes.find(({ name }) => name === container.name);
      for (const path of secretFiles) {
        const uri = `sandglass-file://${source?.id ?? ''}${path}`;
        await expect(server.connection.sendRequest(messages.readFileRequest, { uri }), path).rejects.toThrow();
      }
    } finally {
      await server[Symbol.asyncDispose]();
    }
    clean('log', server.stderr);
    clean('announcements', JSON.stringify(server.changes));
    const kept = decryptedStore(join(storageDir, storeFile), key);
    expect(kept.sealed).toBeGreaterThan(100);
    for (const text of kept.texts) clean('store', text);
    for (const name of readdirSync(storageDir)) clean(name, readFileSync(join(storageDir, name), 'latin1'));
    const looked = await runCli(['sandboxes', '--json'], { HOME: home });
    expect(looked.code, looked.stderr).toBe(0);
    clean('where we looked', looked.stdout + looked.stderr);
  });
});

function readKey(file: string): Uint8Array {
  const bytes = readFileSync(file);
  return bytes.length === 32 ? bytes : Buffer.from(bytes.toString('latin1').trim(), 'base64');
}

/** As any user of this host sees them. */
function commandLines(): string {
  const lines: string[] = [];
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      lines.push(readFileSync(join('/proc', pid, 'cmdline'), 'latin1'));
    } catch {
      lines.push(''); // ended meanwhile
    }
  }
  return lines.join('\n');
}
