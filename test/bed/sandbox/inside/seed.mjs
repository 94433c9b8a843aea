// First start: create the OpenClaw config and the workspace in /sandbox/.openclaw (as user sandbox).
// Later starts leave everything as it is. Env: NEMOBED_VERSION, NEMOBED_DIRECT=1.
import fs from 'node:fs';
import path from 'node:path';
import cp from 'node:child_process';
const STATE = '/sandbox/.openclaw',
  WS = `${STATE}/workspace`,
  SEED = '/opt/nemobed/seed';
const v = process.env.NEMOBED_VERSION ?? '',
  direct = process.env.NEMOBED_DIRECT === '1';
const num = v.split('.').map(Number);
const isNew = num[0] * 100 + num[1] >= 202608; // config shape changed in 2026.8
if (fs.existsSync(`${STATE}/openclaw.json`)) process.exit(0);
fs.mkdirSync(STATE, { recursive: true, mode: 0o700 });
fs.cpSync(`${SEED}/workspace`, WS, { recursive: true });
const COST0 = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 };
const model = (id, cost, extra = {}) => ({
  id,
  name: `inference/${id}`,
  reasoning: true,
  input: ['text'],
  cost: direct ? cost : COST0,
  contextWindow: 131072,
  maxTokens: 4096,
  ...extra,
});
const base = 'http://inference.local:8088/v1';
const BIG = 'nvidia/nemotron-3-super-120b-a12b',
  SMALL = 'nvidia/nemotron-3-nano-30b-a3b',
  ULTRA = 'nvidia/nemotron-3-ultra-550b-a55b';
const search = { enabled: true, provider: 'openai', model: 'nv-embed', remote: { baseUrl: 'http://127.0.0.1:8088/v1/', apiKey: 'unused' } };
const cfg = {
  ...(isNew ? { memory: { search } } : {}),
  models: {
    mode: 'merge',
    providers: {
      inference: {
        baseUrl: base,
        apiKey: 'unused',
        api: 'openai-completions',
        timeoutSeconds: 180,
        request: { allowPrivateNetwork: true },
        models: [
          model(BIG, { input: 0.9, output: 2.7, cacheRead: 0.09, cacheWrite: 1.1 }),
          model(SMALL, { input: 0.1, output: 0.4, cacheRead: 0.01, cacheWrite: 0.12 }, { contextWindow: 65536 }),
          model(ULTRA, { input: 2, output: 6, cacheRead: 0.2, cacheWrite: 2.5 }, { contextWindow: 1000000 }),
        ],
      },
    },
  },
  agents: {
    defaults: {
      model: { primary: `inference/${BIG}` },
      workspace: WS,
      skipBootstrap: true,
      thinkingDefault: 'low',
      heartbeat: { every: '6h' },
      ...(isNew
        ? {}
        : { models: { [`inference/${BIG}`]: {}, [`inference/${SMALL}`]: {}, [`inference/${ULTRA}`]: {} }, memorySearch: search }),
    },
    ...(isNew ? { ownership: 'explicit', entries: { main: { workspace: WS } } } : { list: [{ id: 'main', default: true }] }),
  },
  tools: {
    profile: 'full',
    alsoAllow: ['bundle-mcp'],
    toolSearch: direct ? false : { mode: 'tools', searchDefaultLimit: 8, maxSearchLimit: 20 },
  },
  gateway: {
    mode: 'local',
    port: 18789,
    bind: 'loopback',
    auth: { mode: 'token', token: 'nemobed-gateway-token-not-a-secret' },
    reload: { mode: 'off' },
  },
  plugins: { load: { paths: [`${WS}/plugins/ticket-tools`] }, entries: { bonjour: { enabled: false }, 'ticket-tools': { enabled: true } } },
  mcp: { servers: { units: { command: '/usr/local/bin/node', args: [`${WS}/mcp/units-server.mjs`] } } },
};
if (process.env.NEMOBED_CONFIG) {
  // JSON merged over the generated config (one level of objects at a time)
  const merge = (a, b) => {
    for (const k of Object.keys(b))
      a[k] = b[k] && typeof b[k] === 'object' && !Array.isArray(b[k]) && a[k] && typeof a[k] === 'object' ? merge(a[k], b[k]) : b[k];
    return a;
  };
  merge(cfg, JSON.parse(process.env.NEMOBED_CONFIG));
}
fs.writeFileSync(`${STATE}/openclaw.json`, JSON.stringify(cfg, null, 2), { mode: 0o600 });
const git = (...a) =>
  cp.spawnSync('git', ['-c', 'user.name=Robin', '-c', 'user.email=robin@example.com', '-c', 'init.defaultBranch=main', ...a], {
    cwd: path.join(WS, 'project'),
  });
git('init', '-q');
git('add', '-A');
git('commit', '-qm', 'Cart totals with discounts');
