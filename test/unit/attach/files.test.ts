/** Files of a recording: its own tree, nothing outside it, and no secret. */
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openDirectory } from '../../../server/src/attach/directory';
import { SandboxFileError } from '../../../server/src/attach/errors';
import { MAX_FILE_BYTES } from '../../../server/src/attach/fileLimits';
import { isSecretPath } from '../../../server/src/attach/secretPaths';
import type { SandboxFiles } from '../../../server/src/attach/record';
import { recording, recordings } from '../../fixtures/recordings';
import { temporary } from './reading';

const signal = new AbortController().signal;
const CART = '/sandbox/.openclaw/workspace/project/pricing/cart.py';

async function refusal(files: SandboxFiles, path: string): Promise<string> {
  try {
    const { bytes } = await files.read(path, signal);
    return `read ${bytes.length} bytes`;
  } catch (error) {
    if (SandboxFileError.is(error)) return error.reason;
    throw error;
  }
}

describe('secret paths', () => {
  it.each([
    '/sandbox/.openclaw/openclaw.json',
    '/sandbox/.openclaw/openclaw.json.bak',
    '/sandbox/.openclaw/openclaw.json.last-good',
    '/sandbox/.openclaw/identity/device.json',
    '/sandbox/.openclaw/credentials/oauth.json',
    '/sandbox/.openclaw/agents/main/agent/openclaw-agent.sqlite',
    '/sandbox/.openclaw/agents/main/agent/openclaw-agent.sqlite-wal',
    '/sandbox/.openclaw/agents/main/agent/auth-profiles.json',
    '/sandbox/.openclaw/agents/main/agent/auth.json',
    '/sandbox/.openclaw/config-journal-fingerprint.key',
    '/sandbox/.openclaw/workspace/project/.env',
    '/sandbox/.openclaw/workspace/project/.env.local',
    '/sandbox/.openclaw/workspace/project/prod.env',
    '/sandbox/.openclaw/workspace/.ENV',
    '/sandbox/project/credentials.json',
    '/sandbox/project/github-token',
    '/sandbox/project/my_secret.txt',
    '/sandbox/project/server.pem',
    '/sandbox/.ssh/config',
    '/sandbox/.ssh',
    '/sandbox/.aws/config',
    '/sandbox/.hermes/auth.json',
    '/sandbox/.deepagents/.mcp.json',
    '/sandbox/.netrc',
    '/home/dev/id_ed25519',
    '/etc/openshell/auth/sandbox.jwt',
    '/etc/openshell-tls/ca-bundle.pem',
    '/tmp/nemoclaw-proxy-env.sh',
    '/proc/self/environ',
    '/proc/1/root/etc/shadow',
    '/run/secrets/x',
    '/root/.bashrc',
    '/etc/shadow',
    '/sandbox/.openclaw/agents/main/agent/models.json',
    '/sandbox/.openclaw/agents/ops/agent/plugins/x/catalog.json',
    '/sandbox/.openclaw/exec-approvals.json',
    '/sandbox/.openclaw/devices/paired.json',
    '/sandbox/.openclaw/nodes/paired.json',
    '/sandbox/.openclaw/node.json',
    '/sandbox/.openclaw/workspace/config/mcporter.json',
    '/sandbox/.mcporter/mcporter.json',
    '/sandbox/.clawdbot/clawdbot.json',
    '/sandbox/.pi/agent/models.json',
    '/sandbox/.hermes/.env',
    '/sandbox/.hermes/config.yaml',
    '/sandbox/.hermes/pairing/device.json',
    '/sandbox/.deepagents/.env',
    '/sandbox/.deepagents/config.toml',
    '/sandbox/.deepagents/.state/auth.json',
    '/sandbox/.deepagents/.state/chatgpt-auth.json',
    '/sandbox/.deepagents/.nemoclaw-mcp.json',
    '/sandbox/.claude.json',
    '/sandbox/.claude.json.backup',
    '/sandbox/.claude/.credentials.json',
    '/sandbox/.claude/settings.local.json',
    '/sandbox/.codex/auth.json',
    '/sandbox/.gemini/oauth_creds.json',
    '/sandbox/.config/gh/hosts.yml',
    '/sandbox/.config/gcloud/application_default_credentials.json',
    '/sandbox/project/application_default_credentials.json',
    '/sandbox/.config/github-copilot/apps.json',
    '/sandbox/.bash_history',
    '/sandbox/.zsh_history',
    '/sandbox/.python_history',
    '/sandbox/.node_repl_history',
    '/sandbox/.histfile',
    '/sandbox/.local/share/fish/fish_history',
    '/sandbox/.viminfo',
    '/sandbox/project/.envrc',
    '/sandbox/project/.env~',
    '/sandbox/project/.env.swp',
    '/sandbox/project/..env.swp',
    '/sandbox/project/.netrc.bak',
    '/sandbox/project/#id_rsa#',
    '/sandbox/project/.id_ed25519.swp',
    '/sandbox/.openclaw/agents/main/agent/models.json.bak',
    '/sandbox/project/.git/config',
    '/sandbox/project/terraform.tfstate',
    '/sandbox/.kube/config',
    '/sandbox/.yarnrc.yml',
    '/sandbox/.config/pip/pip.conf',
    '/sandbox/dual-station-vllm-api-key',
    '/sandbox/ollama-proxy-token',
  ])('%s', (path) => expect(isSecretPath(path)).toBe(true));

  it.each([
    CART,
    '/sandbox/.openclaw/workspace/AGENTS.md',
    '/sandbox/.openclaw/workspace/memory/2026-09-14.md',
    '/sandbox/.openclaw/agents/main/sessions/a.jsonl',
    '/sandbox/project/src/tokenizer.py',
    '/sandbox/project/src/authors.ts',
    '/sandbox/project/src/environment.ts',
    '/sandbox/project/src/keyboard.ts',
    '/sandbox/project/package.json',
    '/sandbox/project/models.json',
    '/sandbox/project/src/models.py',
    '/sandbox/project/src/devices/list.ts',
    '/sandbox/project/src/oauth.ts',
    '/sandbox/project/src/history.ts',
    '/sandbox/project/HISTORY.md',
    '/sandbox/project/agent/model.json',
    '/sandbox/project/tsconfig.json',
    '/sandbox/project/config.toml',
    '/sandbox/project/.git/HEAD',
    '/sandbox/project/notes.md~',
    '/sandbox/.pi/agent/sessions/a.jsonl',
    '/sandbox/.config/nvim/init.lua',
    '/usr/lib/python3.11/unittest/case.py',
    '/sandbox',
    '/',
  ])('not %s', (path) => expect(isSecretPath(path)).toBe(false));
});

describe('files of a recording', () => {
  it.each(recordings().filter(({ name }) => name !== 'sandbox-live'))(
    '$name: a file under the name it had in the sandbox',
    async ({ root, stateDir }) => {
      for (const path of [root, stateDir]) {
        const { files } = await openDirectory(path);
        const { bytes, mtime } = await files.read(CART, signal);
        expect(Buffer.from(bytes).toString()).toContain('class Cart');
        expect(mtime).toBeGreaterThan(0);
        expect(await files.stat(CART, signal)).toMatchObject({ type: 'file', size: bytes.length });
        expect(await files.stat('/sandbox/.openclaw/workspace', signal)).toMatchObject({ type: 'directory' });
        expect(await files.stat('/sandbox/.openclaw/workspace/nothing.txt', signal)).toBeNull();
        expect((await files.list('/sandbox/.openclaw/workspace/project', signal)).map(({ name, type }) => `${type} ${name}`)).toEqual(
          expect.arrayContaining(['directory pricing', 'directory tests', 'file README.md']),
        );
      }
    },
  );

  it('no secret, by whatever way', async () => {
    const { files } = await openDirectory(recording('openclaw-2026.7.1').root);
    for (const path of [
      '/sandbox/.openclaw/openclaw.json',
      '/sandbox/.openclaw/workspace/../openclaw.json',
      '/sandbox/.openclaw/./identity/device.json',
      '/sandbox//.openclaw//openclaw.json',
      '/sandbox/.openclaw/state/openclaw.sqlite',
    ]) {
      expect(await refusal(files, path), path).toBe('secret');
    }
    expect((await files.list('/sandbox/.openclaw', signal)).map(({ name }) => name)).not.toContain('openclaw.json');
    expect((await files.list('/sandbox/.openclaw', signal)).map(({ name }) => name)).not.toContain('identity');
  });

  it('nothing outside, by whatever way', async () => {
    const outside = join(temporary(), 'outside.txt');
    writeFileSync(outside, 'outside');
    const root = temporary();
    const workspace = join(root, 'sandbox', '.openclaw', 'workspace');
    mkdirSync(workspace, { recursive: true });
    mkdirSync(join(root, 'sandbox', '.openclaw', 'agents'));
    mkdirSync(join(root, 'sandbox', '.openclaw', 'credentials'));
    writeFileSync(join(root, 'sandbox', '.openclaw', 'credentials', 'oauth.json'), '{}');
    writeFileSync(join(workspace, 'file.txt'), 'inside');
    symlinkSync(outside, join(workspace, 'link.txt'));
    symlinkSync('/etc', join(workspace, 'etc'));
    symlinkSync('../credentials', join(workspace, 'innocent'));
    symlinkSync('../credentials/oauth.json', join(workspace, 'innocent.json'));
    symlinkSync('file.txt', join(workspace, 'good.txt'));
    symlinkSync('loop', join(workspace, 'loop'));
    const { files } = await openDirectory(root);
    const at = '/sandbox/.openclaw/workspace';
    expect(await refusal(files, `${at}/good.txt`)).toBe('read 6 bytes');
    expect(await refusal(files, `${at}/link.txt`)).toBe('not-found');
    expect(await refusal(files, `${at}/etc/hostname`)).toBe('not-found');
    expect(await refusal(files, `${at}/innocent.json`)).toBe('secret');
    expect(await refusal(files, `${at}/innocent/oauth.json`)).toBe('secret');
    expect(await refusal(files, `${at}/loop`)).toBe('not-found');
    expect(await refusal(files, `${at}/../../../../../../etc/hostname`)).toBe('not-found');
    expect(await refusal(files, `/sandbox/../../../etc/hostname`)).toBe('not-found');
    expect(await refusal(files, '/etc/hostname')).toBe('not-found');
    expect(await refusal(files, 'file.txt')).toBe('not-found');
    expect(await refusal(files, `${at}/file.txt\0.md`)).toBe('not-found');
    expect(await refusal(files, at)).toBe('not-a-file');
    expect((await files.list(at, signal)).map(({ name }) => name)).toEqual(['file.txt', 'good.txt']);
  });

  it('no secret that a link or a detour leads to, whatever the directory is called', async () => {
    for (const [inside, at] of [
      [join('sandbox', '.openclaw'), '/sandbox/.openclaw'],
      ['.openclaw', '/sandbox/.openclaw'],
      ['copied-state', null],
    ] as const) {
      const root = temporary();
      const stateDir = join(root, inside);
      const workspace = join(stateDir, 'workspace');
      mkdirSync(join(stateDir, 'agents', 'main', 'agent'), { recursive: true });
      mkdirSync(join(stateDir, 'agents', 'main', 'sessions'));
      mkdirSync(workspace);
      writeFileSync(join(stateDir, 'agents', 'main', 'agent', 'models.json'), '{"apiKey":"canary"}');
      writeFileSync(join(stateDir, 'exec-approvals.json'), '{}');
      mkdirSync(join(stateDir, 'devices'));
      writeFileSync(join(stateDir, 'devices', 'paired.json'), '{}');
      writeFileSync(join(stateDir, 'agents', 'main', 'agent', 'other.json'), '{}');
      symlinkSync('../devices/paired.json', join(workspace, 'paired.txt'));
      writeFileSync(join(workspace, '.bash_history'), 'export TOKEN=canary');
      symlinkSync('../agents/main/agent/models.json', join(workspace, 'catalogue.txt'));
      symlinkSync('../agents/main', join(workspace, 'innocent'));
      symlinkSync('../exec-approvals.json', join(workspace, 'approvals.txt'));
      symlinkSync('.bash_history', join(workspace, 'typed.txt'));
      symlinkSync('typed.txt', join(workspace, 'typed-twice.txt'));
      const { files } = await openDirectory(inside === 'copied-state' ? stateDir : root);
      const state = at ?? stateDir;
      for (const path of [
        'agents/main/agent/models.json',
        'workspace/catalogue.txt',
        'workspace/innocent/agent/models.json',
        'workspace/../agents/main/agent/models.json',
        'agents/main/sessions/../agent/models.json',
        'workspace/approvals.txt',
        'workspace/paired.txt',
        'devices/paired.json',
        'agents/main/agent/other.json',
        'workspace/innocent/agent/other.json',
        'workspace/typed.txt',
        'workspace/typed-twice.txt',
        'workspace/./.bash_history',
      ])
        expect(await refusal(files, `${state}/${path}`), `${inside}: ${path}`).toBe('secret');
      for (const path of ['agents/main/agent/models.json', 'workspace/typed.txt'])
        await expect(files.stat(`${state}/${path}`, signal), path).rejects.toMatchObject({ reason: 'secret' });
      expect((await files.list(`${state}/workspace`, signal)).map(({ name }) => name)).toEqual(['innocent']);
      expect((await files.list(`${state}/workspace/innocent`, signal)).map(({ name }) => name)).toEqual(['agent', 'sessions']);
      expect(await files.list(`${state}/workspace/innocent/agent`, signal).catch(() => [])).toEqual([]);
    }
  });

  it('none that is too large', async () => {
    const root = temporary();
    mkdirSync(join(root, '.openclaw', 'agents'), { recursive: true });
    writeFileSync(join(root, '.openclaw', 'large.bin'), '');
    truncateSync(join(root, '.openclaw', 'large.bin'), MAX_FILE_BYTES + 1);
    const { files } = await openDirectory(root);
    expect(await refusal(files, '/sandbox/.openclaw/large.bin')).toBe('too-large');
  });

  it('of a state directory that was copied from elsewhere, under its old names', async () => {
    const root = temporary();
    mkdirSync(join(root, '.openclaw', 'agents'), { recursive: true });
    mkdirSync(join(root, '.openclaw', 'workspace'));
    writeFileSync(join(root, '.openclaw', 'workspace', 'a.txt'), 'a');
    const source = await openDirectory(join(root, '.openclaw'));
    for (const path of [
      '/sandbox/.openclaw/workspace/a.txt',
      '/home/robin/.openclaw/workspace/a.txt',
      join(root, '.openclaw', 'workspace', 'a.txt'),
    ]) {
      expect(Buffer.from((await source.files.read(path, signal)).bytes).toString(), path).toBe('a');
    }
    expect(source.mounts).toEqual([{ sandbox: root, host: root }]);
  });
});
