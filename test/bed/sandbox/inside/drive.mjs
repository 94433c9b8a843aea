// Runs plans of scenarios.mjs through the gateway's WebSocket API. Runs inside the sandbox as user sandbox.
// usage: node drive.mjs [--wait-ready] <plan…|all|list>
import fs from 'node:fs';
import crypto from 'node:crypto';
import cp from 'node:child_process';
const base = await import('./scenarios.mjs');
const extraUrl = new URL('./scenarios.extra.mjs', import.meta.url);
const extra = fs.existsSync(extraUrl) ? await import(extraUrl) : {};
const plans = { ...base.plans, ...(extra.plans ?? {}) },
  all = extra.all ?? base.all;
let args = process.argv.slice(2);
const onlyReady = args[0] === '--wait-ready';
if (onlyReady) args = [];
if (args[0] === 'list') {
  console.log(Object.keys(plans).join('\n'));
  process.exit(0);
}
if (args[0] === 'list-all') {
  console.log(all.join('\n'));
  process.exit(0);
}
if (args[0] === 'all') args = all;
for (const a of args)
  if (!plans[a]) {
    console.error(`unknown scenario: ${a} (try: list)`);
    process.exit(2);
  }
// On a busy machine OpenClaw takes minutes for what else takes seconds.
const readyMs = 360000,
  turnMs = 300000;
const sleep = (ms) => new Promise((r) => setTimeout(r, ms)),
  t0 = Date.now();
let port, token;
const readConfig = () => {
  const c = JSON.parse(fs.readFileSync('/sandbox/.openclaw/openclaw.json', 'utf8'));
  port = c.gateway.port;
  token = c.gateway.auth.token;
};

function connect() {
  return new Promise((resolve, reject) => {
    const ws = new WebSocket(`ws://127.0.0.1:${port}`),
      pend = new Map();
    let id = 0;
    const call = (method, params = {}) =>
      new Promise((res) => {
        const i = String(++id);
        pend.set(i, res);
        ws.send(JSON.stringify({ type: 'req', id: i, method, params }));
      });
    ws.onmessage = async (m) => {
      const f = JSON.parse(m.data);
      if (f.event === 'connect.challenge') {
        const r = await call('connect', {
          minProtocol: 3,
          maxProtocol: 4,
          client: { id: 'gateway-client', version: '1.0.0', platform: 'linux', mode: 'backend' },
          role: 'operator',
          scopes: ['operator.read', 'operator.write', 'operator.admin', 'operator.approvals'],
          caps: [],
          auth: { token },
        });
        return r.ok ? resolve({ call, close: () => ws.close() }) : reject(new Error(JSON.stringify(r.error)));
      }
      if (f.type === 'res') {
        pend.get(f.id)?.(f);
        pend.delete(f.id);
      }
    };
    ws.onerror = () => reject(new Error('connect failed'));
    ws.onclose = () => {
      reject(new Error('closed'));
      for (const r of pend.values()) r({ ok: false, error: { message: 'connection closed' } });
    };
  });
}
let gw;
for (;;) {
  try {
    readConfig();
    gw = await connect();
    break;
  } catch (e) {
    if (Date.now() - t0 > readyMs) {
      console.error('gateway not ready: ' + e.message);
      process.exit(1);
    }
    await sleep(500);
  }
}
if (onlyReady) {
  console.log(`gateway ready after ${((Date.now() - t0) / 1000).toFixed(1)} s`);
  process.exit(0);
}

let bad = 0;
const saved = {};
const subst = (v) =>
  typeof v === 'string'
    ? v.replace(/^\$(\w+)\.(\w+)$/, (_, a, b) => saved[a]?.[b] ?? _)
    : v && typeof v === 'object' && !Array.isArray(v)
      ? Object.fromEntries(Object.entries(v).map(([k, x]) => [k, subst(x)]))
      : v;
for (const name of args)
  for (const job of plans[name]) {
    const t = Date.now();
    let ok = true,
      note = '',
      label;
    if (job.sleep) {
      await sleep(job.sleep);
      continue;
    }
    if (job.script) {
      label = `turn agent:main:${job.key} (${job.script})`;
      const r = await gw.call('agent', {
        sessionKey: `agent:main:${job.key}`,
        message: `${job.message} [[scenario:${job.script}#${crypto.randomBytes(2).toString('hex')}]]`,
        idempotencyKey: crypto.randomUUID(),
        ...(job.model ? { model: job.model, provider: job.provider } : {}),
        ...(job.thinking ? { thinking: job.thinking } : {}),
      });
      ok = r.ok;
      note = r.ok ? '' : JSON.stringify(r.error).slice(0, 300);
      if (r.ok && job.wait !== false) {
        const w = await gw.call('agent.wait', { runId: r.payload.runId, timeoutMs: job.timeoutMs ?? turnMs });
        note = w.payload?.status ?? JSON.stringify(w.error);
        if (w.payload?.error) note += ' ' + String(w.payload.error).slice(0, 160);
        if (w.payload?.status === 'timeout') ok = false;
      }
    } else if (job.rpc) {
      label = `rpc ${job.rpc}`;
      const r = await gw.call(job.rpc, subst(job.params ?? {}));
      ok = r.ok;
      note = r.ok ? '' : JSON.stringify(r.error).slice(0, 300);
      if (job.as) saved[job.as] = r.payload;
    } else if (job.cli) {
      label = `cli openclaw ${job.cli.slice(0, 2).join(' ')}`;
      const r = cp.spawnSync('openclaw', job.cli, {
        encoding: 'utf8',
        timeout: 120000,
        env: { ...process.env, HOME: '/sandbox', OPENCLAW_HIDE_BANNER: '1', NO_COLOR: '1', DO_NOT_TRACK: '1' },
      });
      ok = r.status === 0;
      note = ok ? '' : (r.stderr || String(r.error || '')).slice(-300);
    }
    if (!ok && !job.optional) bad++;
    console.log(
      `[${String(Date.now() - t).padStart(6)} ms] ${name}: ${label} ${ok ? 'ok' : job.optional ? 'not available' : 'FAILED'} ${note}`.trimEnd(),
    );
  }
gw.close();
process.exit(bad ? 1 : 0);
