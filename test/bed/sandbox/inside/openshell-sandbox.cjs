#!/usr/local/bin/node
// Stand-in for the OpenShell supervisor (/opt/openshell/bin/openshell-sandbox). Runs as root, pid 1.
//
// It does what an observer can see of the real one:
//   * OCSF shorthand lines on stderr and in /var/log/openshell.YYYY-MM-DD.log, and, while OCSF JSON is
//     enabled, JSONL in /var/log/openshell-ocsf.YYYY-MM-DD.log (file is created empty at start);
//   * an HTTP/CONNECT forward proxy on 127.0.0.1:3128 that applies /etc/openshell/policy.yaml
//     (hosts, ports, binaries, L7 method/path rules on plain HTTP), resolves the client process through
//     /proc/net/tcp and /proc/<pid>/fd, and logs the decision;
//   * the inference route http://inference.local:8088 -> model server, one API:INFERENCE line per call
//     (generation C: a NET:OPEN and an HTTP:POST line for the provider's host instead);
//   * starts the main process of OPENSHELL_MAIN_PROCESS_SPEC as user "sandbox" and logs launch/exit.
//
// Roles (env NEMOBED_ROLE): unset = generation B (everything in one container);
//   "workload"   = generation C workload: same work, but the OCSF lines go to the channel file only and
//                  the main process output goes to this container's own stdout/stderr;
//   "supervisor" = generation C companion: follows the channel file and prints the lines.
/* eslint-disable @typescript-eslint/no-require-imports */
'use strict';
const fs = require('node:fs'),
  http = require('node:http'),
  os = require('node:os');
const path = require('node:path'),
  crypto = require('node:crypto'),
  cp = require('node:child_process');

process.title = 'openshell-sandbox';
const E = process.env;
const ROLE = E.NEMOBED_ROLE || '';
const SANDBOX = E.OPENSHELL_SANDBOX || 'sandbox',
  SANDBOX_ID = E.OPENSHELL_SANDBOX_ID || crypto.randomUUID();
const VERSION = E.NEMOBED_OPENSHELL_VERSION || '0.0.116';
const CHANNEL = '/run/openshell-channel/ocsf.ndjson';
const POLICY = '/etc/openshell/policy.yaml',
  JSON_FLAG = '/etc/openshell/ocsf_json_enabled';
const PROXY_PORT = 3128,
  INFERENCE_PORT = 8088,
  MODEL_PORT = 18990,
  SITE_PORT = 18991;
const MODEL_UPSTREAM = E.NEMOBED_UPSTREAM || 'https://integrate.api.nvidia.com/v1';
const UID = 998,
  GID = 998;
const iso = (ms) => new Date(ms).toISOString();
const sevLong = { 1: 'Informational', 2: 'Low', 3: 'Medium', 4: 'High', 5: 'Critical', 6: 'Fatal' };

// ---------------------------------------------------------------- output
const logDir = '/var/log';
let fileOk = true;
function toFile(prefix, line) {
  if (!fileOk) return;
  try {
    fs.appendFileSync(path.join(logDir, `${prefix}.${iso(Date.now()).slice(0, 10)}.log`), line);
  } catch {
    fileOk = false;
    process.stderr.write(
      `${iso(Date.now())} WARN openshell_sandbox: Could not open /var/log for log rotation; using stderr-only logging\n`,
    );
  }
}
function emitLine(line) {
  if (ROLE === 'workload') {
    try {
      fs.appendFileSync(CHANNEL, JSON.stringify({ line }) + '\n');
    } catch {
      /* best effort: a stand-in, not the real supervisor */
    }
    return;
  }
  process.stderr.write(line + '\n');
  toFile('openshell', line + '\n');
}
const plain = (level, target, msg) => emitLine(`${iso(Date.now())} ${level} ${target}: ${msg}`);
const jsonEnabled = () => fs.existsSync(JSON_FLAG);
function emitJson(rec) {
  if (!jsonEnabled()) return;
  const sorted = (o) =>
    Array.isArray(o)
      ? o.map(sorted)
      : o && typeof o === 'object'
        ? Object.fromEntries(
            Object.keys(o)
              .sort()
              .filter((k) => o[k] !== undefined)
              .map((k) => [k, sorted(o[k])]),
          )
        : o;
  const text = JSON.stringify(sorted(rec));
  if (ROLE === 'workload') {
    try {
      fs.appendFileSync(CHANNEL, JSON.stringify({ json: text }) + '\n');
    } catch {
      /* best effort: a stand-in, not the real supervisor */
    }
    return;
  }
  toFile('openshell-ocsf', text + '\n');
}
const CLASSES = {
  NET: [4001, 'Network Activity', 4, 'Network Activity'],
  HTTP: [4002, 'HTTP Activity', 4, 'Network Activity'],
  SSH: [4007, 'SSH Activity', 4, 'Network Activity'],
  PROC: [1007, 'Process Activity', 1, 'System Activity'],
  FINDING: [2004, 'Detection Finding', 2, 'Findings'],
  CONFIG: [5019, 'Device Config State Change', 5, 'Discovery'],
  LIFECYCLE: [6002, 'Application Lifecycle', 6, 'Application Activity'],
  API: [6003, 'API Activity', 6, 'Application Activity'],
};
const ACTS = {
  OPEN: [1, 'Open'],
  CLOSE: [2, 'Close'],
  FAIL: [4, 'Fail'],
  REFUSE: [5, 'Refuse'],
  LISTEN: [7, 'Listen'],
  LAUNCH: [1, 'Launch'],
  TERMINATE: [2, 'Terminate'],
  CREATE: [1, 'Create'],
  INSTALL: [1, 'Install'],
  START: [3, 'Start'],
  LOG: [1, 'Log'],
  OTHER: [99, 'Other'],
};
/** One event: shorthand text after "OCSF " plus the matching JSON fields. */
function ocsf(cls, act, sev, shorthand, extra = {}) {
  const now = Date.now();
  emitLine(`${iso(now)} OCSF ${shorthand}`);
  const [uid, name, cat, catName] = CLASSES[cls],
    [aid, aname] = ACTS[act] || ACTS.OTHER;
  const profiles =
    cls === 'API'
      ? ['container', 'host', 'ai_operation']
      : cls === 'NET' || cls === 'HTTP'
        ? ['security_control', 'network_proxy', 'container', 'host']
        : ['security_control', 'container', 'host'];
  emitJson({
    class_uid: uid,
    class_name: name,
    category_uid: cat,
    category_name: catName,
    activity_id: aid,
    activity_name: aname,
    type_uid: uid * 100 + aid,
    type_name: `${name}: ${aname}`,
    time: now,
    severity_id: sev,
    severity: sevLong[sev],
    metadata: {
      version: '1.8.0',
      product: { name: 'OpenShell Sandbox Supervisor', vendor_name: 'OpenShell', version: VERSION },
      profiles,
      uid: SANDBOX_ID,
    },
    device: { hostname: os.hostname(), os: { name: 'Linux' } },
    container: { name: SANDBOX, uid: SANDBOX_ID, image: { name: '' } },
    ...extra,
  });
}
const ctx = (v) =>
  String(v)
    .replace(/[\\[\]]/g, (c) => '\\' + c)
    .replace(/\s/g, (c) => `\\u{${c.charCodeAt(0).toString(16)}}`);
const oneLine = (s) => {
  s = String(s).replace(/[\r\n]+/g, ' ');
  return Buffer.byteLength(s) > 256
    ? Buffer.from(s)
        .subarray(0, 256)
        .toString('utf8')
        .replace(/\uFFFD+$/, '') + '...'
    : s;
};

// ---------------------------------------------------------------- generation C companion
if (ROLE === 'supervisor') {
  let pos = 0,
    rest = '';
  const tick = () => {
    try {
      const st = fs.statSync(CHANNEL);
      if (st.size < pos) {
        pos = 0;
        rest = '';
      }
      if (st.size > pos) {
        const fd = fs.openSync(CHANNEL, 'r'),
          b = Buffer.alloc(st.size - pos);
        fs.readSync(fd, b, 0, b.length, pos);
        fs.closeSync(fd);
        pos = st.size;
        const lines = (rest + b.toString('utf8')).split('\n');
        rest = lines.pop();
        for (const l of lines) {
          let o;
          try {
            o = JSON.parse(l);
          } catch {
            continue;
          }
          if (o.line) {
            process.stderr.write(o.line + '\n');
            toFile('openshell', o.line + '\n');
          }
          if (o.json) {
            process.stderr.write(`${iso(Date.now())} OCSF-JSON ${o.json}\n`);
            toFile('openshell-ocsf', o.json + '\n');
          }
        }
      }
    } catch {
      /* best effort: a stand-in, not the real supervisor */
    }
  };
  setInterval(tick, 100);
  for (const s of ['SIGTERM', 'SIGINT'])
    process.on(s, () => {
      tick();
      process.exit(0);
    });
  return;
}
if (ROLE === 'workload') {
  fs.mkdirSync(path.dirname(CHANNEL), { recursive: true });
  fs.writeFileSync(CHANNEL, '');
}

// ---------------------------------------------------------------- policy
const YAML = require('/opt/openclaw/node_modules/yaml');
let policy = {},
  policyHash = '',
  policyMtime = 0;
function loadPolicy(first) {
  let text;
  try {
    const m = fs.statSync(POLICY).mtimeMs;
    if (m === policyMtime) return;
    policyMtime = m;
    text = fs.readFileSync(POLICY, 'utf8');
  } catch {
    return;
  }
  const hash = crypto.createHash('sha256').update(text).digest('hex').slice(0, 16);
  try {
    policy = YAML.parse(text) || {};
  } catch (e) {
    ocsf('CONFIG', 'LOG', 3, `CONFIG:RELOAD_FAILED [MED] Policy reload failed, keeping last valid policy: ${oneLine(e.message)}`, {
      state: 'RELOAD_FAILED',
      state_id: 99,
      message: 'Policy reload failed',
    });
    return;
  }
  if (!first)
    ocsf(
      'CONFIG',
      'LOG',
      1,
      `CONFIG:DETECTED [INFO] Settings poll: config change detected [old_revision:${parseInt(policyHash.slice(0, 12), 16)} new_revision:${parseInt(hash.slice(0, 12), 16)} policy_changed:true]`,
      { state: 'DETECTED', state_id: 99 },
    );
  policyHash = hash;
  ocsf('CONFIG', 'LOG', 1, `CONFIG:LOADED [INFO] Policy ${first ? 'loaded' : 'reloaded'} successfully [policy_hash:${hash}]`, {
    state: 'LOADED',
    state_id: 99,
    message: 'Policy loaded',
    unmapped: { policy_hash: hash },
  });
}
const hostMatch = (pat, host) =>
  pat === host ||
  (pat.startsWith('**.') && host.endsWith(pat.slice(2))) ||
  (pat.startsWith('*.') && host.endsWith(pat.slice(1)) && !host.slice(0, -pat.length + 1).includes('.'));
const globMatch = (pat, s) =>
  new RegExp(
    '^' +
      String(pat)
        .replace(/[.+?^${}()|[\]\\]/g, '\\$&')
        .replace(/\*\*/g, '\u0000')
        .replace(/\*/g, '[^/]*')
        .replace(/\u0000/g, '.*') +
      '$',
  ).test(s);
/** L4 decision like the OPA policy: endpoint first, then binary. */
function decide(host, port, proc) {
  if (/^(169\.254\.|127\.|0\.)/.test(host) || host === 'localhost')
    return { ok: false, engine: 'ssrf', policy: '-', reason: `${host} resolves to always-blocked address ${host}, connection rejected` };
  const np = policy.network_policies || {};
  if (!Object.keys(np).length) return { ok: false, engine: 'opa', policy: '-', reason: 'network connections not allowed by policy' };
  const hits = Object.keys(np)
    .sort()
    .flatMap((k) =>
      (np[k].endpoints || [])
        .filter(
          (e) =>
            hostMatch(String(e.host), host) &&
            []
              .concat(e.ports || e.port)
              .map(Number)
              .includes(port),
        )
        .map((e) => ({ k, e })),
    );
  if (!hits.length) return { ok: false, engine: 'opa', policy: '-', reason: `endpoint ${host}:${port} is not allowed by any policy` };
  const why = [],
    open = [];
  for (const { k, e } of hits) {
    const bins = (np[k].binaries || []).map((b) => b.path || b);
    if ([proc.exe, ...proc.ancestors].some((x) => bins.some((b) => globMatch(b, x)))) open.push({ k, e });
    else
      why.push(
        `binary '${proc.exe}' not allowed in policy '${k}' (ancestors: [${proc.ancestors.join(' -> ')}], cmdline: [${proc.absArgs.join(', ')}]). SYMLINK HINT: the binary path is the kernel-resolved target from /proc/<pid>/exe, not the symlink. If your policy specifies a symlink, use the target instead.`,
      );
  }
  // The log names the first rule by name; what is asked within the connection is judged by all that let it through.
  if (open.length) return { ok: true, engine: 'opa', policy: open[0].k, endpoints: open.map(({ e }) => e) };
  return { ok: false, engine: 'opa', policy: '-', reason: why.join('; ') };
}
const READ = ['GET', 'HEAD', 'OPTIONS'];
const fits = (r, method, p) =>
  (r.method === '*' || r.method === method || (r.method === 'GET' && method === 'HEAD')) && globMatch(r.path || '/**', p);
function allowsL7(e, method, p) {
  if (e.access === 'full') return true;
  if (e.access === 'read-only' && READ.includes(method)) return true;
  if (e.access === 'read-write' && method !== 'DELETE') return true;
  return (e.rules || []).some((r) => r.allow && fits(r.allow, method, p));
}
function decideL7(endpoints, method, p) {
  const inspected = endpoints.filter((e) => e.protocol === 'rest');
  if (!inspected.length) return { ok: true, inspected: false };
  const stopped = inspected.some((e) => (e.deny_rules || []).some((r) => fits(r, method, p)));
  const ok = !stopped && inspected.some((e) => allowsL7(e, method, p));
  return { ok: ok || inspected[0].enforcement === 'audit', inspected: true };
}

// ---------------------------------------------------------------- who is the client?
function clientOf(sock) {
  const none = { pid: 0, exe: '-', name: '-', args: [], absArgs: [], ancestors: [] };
  try {
    const hex = (p) => p.toString(16).toUpperCase().padStart(4, '0');
    const want = `:${hex(sock.remotePort)}`,
      rem = `:${hex(sock.localPort)}`;
    let inode = null;
    for (const f of ['/proc/net/tcp', '/proc/net/tcp6'])
      for (const l of fs.readFileSync(f, 'utf8').split('\n').slice(1)) {
        const c = l.trim().split(/\s+/);
        if (c.length > 9 && c[1].endsWith(want) && c[2].endsWith(rem)) inode = c[9];
      }
    if (!inode || inode === '0') return none;
    for (const pid of fs.readdirSync('/proc').filter((x) => /^\d+$/.test(x))) {
      let fds;
      try {
        fds = fs.readdirSync(`/proc/${pid}/fd`);
      } catch {
        continue;
      }
      for (const fd of fds) {
        let t;
        try {
          t = fs.readlinkSync(`/proc/${pid}/fd/${fd}`);
        } catch {
          continue;
        }
        if (t === `socket:[${inode}]`) {
          const exe = fs.readlinkSync(`/proc/${pid}/exe`),
            args = fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').filter(Boolean);
          const ancestors = [];
          let p = Number(pid),
            ppids = [];
          for (let i = 0; i < 16; i++) {
            const st = fs.readFileSync(`/proc/${p}/stat`, 'utf8');
            p = Number(st.slice(st.lastIndexOf(')') + 2).split(' ')[1]);
            if (p <= 1) break;
            try {
              ancestors.push(fs.readlinkSync(`/proc/${p}/exe`));
              ppids.push(p);
            } catch {
              break;
            }
          }
          return {
            pid: Number(pid),
            exe,
            name: path.basename(exe),
            args,
            absArgs: args.filter((a) => a.startsWith('/')),
            ancestors,
            ppids,
          };
        }
      }
    }
  } catch {
    /* best effort: a stand-in, not the real supervisor */
  }
  return none;
}
const actorOf = (c) => ({
  process: {
    name: c.exe,
    pid: c.pid,
    cmd_line: c.absArgs.join(', ') || '-',
    ...(c.ancestors.length ? { parent_process: { name: c.ancestors[0], pid: c.ppids[0] } } : {}),
  },
});
function logNet(ok, c, host, port, d, peerPort) {
  const msg = `${ok ? 'CONNECT allowed' : 'CONNECT denied'} ${host}:${port}`;
  ocsf(
    'NET',
    'OPEN',
    ok ? 1 : 3,
    `NET:OPEN [${ok ? 'INFO' : 'MED'}] ${ok ? 'ALLOWED' : 'DENIED'} ${c.exe}(${c.pid}) -> ${host.includes(':') ? `[${host}]` : host}:${port} [policy:${d.policy} engine:${d.engine}]${ok ? '' : ` [reason:${oneLine(d.reason)}]`}`,
    {
      action: ok ? 'Allowed' : 'Denied',
      action_id: ok ? 1 : 2,
      disposition: ok ? 'Allowed' : 'Blocked',
      disposition_id: ok ? 1 : 2,
      status: ok ? 'Success' : 'Failure',
      status_id: ok ? 1 : 2,
      actor: actorOf(c),
      src_endpoint: { ip: '127.0.0.1', port: peerPort },
      dst_endpoint: { domain: host, port },
      proxy_endpoint: { ip: '127.0.0.1', port: PROXY_PORT },
      firewall_rule: { name: d.policy, type: d.engine },
      connection_info: { protocol_name: 'tcp' },
      is_src_dst_assignment_known: true,
      observation_point_id: 2,
      message: msg,
      ...(ok ? {} : { status_detail: d.reason }),
    },
  );
}
function logHttp(ok, method, host, port, p, key) {
  const reason = `L7_REQUEST deny ${method} ${host}:${port}${p} reason=${method} ${p} not permitted by policy`;
  ocsf(
    'HTTP',
    'OTHER',
    ok ? 1 : 3,
    `HTTP:${method} [${ok ? 'INFO' : 'MED'}] ${ok ? 'ALLOWED' : 'DENIED'} ${method} http://${host}:${port}${p} [policy:${key} engine:l7]${ok ? '' : ` [reason:${oneLine(reason)}]`}`,
    {
      action: ok ? 'Allowed' : 'Denied',
      action_id: ok ? 1 : 2,
      disposition: ok ? 'Allowed' : 'Blocked',
      disposition_id: ok ? 1 : 2,
      dst_endpoint: { domain: host, port },
      firewall_rule: { name: key, type: 'l7' },
      http_request: { http_method: method, url: { scheme: 'http', hostname: host, path: p, port } },
      message: ok ? `L7_REQUEST allow ${method} ${host}:${port}${p}` : reason,
      ...(ok ? {} : { status_detail: reason }),
    },
  );
}
const denyBody = (d, host, port) =>
  JSON.stringify({ error: 'policy_denied', detail: `connection to ${host}:${port} not permitted by policy`, reason: d.reason });

// ---------------------------------------------------------------- forward proxy
const proxy = http.createServer((req, res) => {
  // absolute-form plain HTTP
  let u;
  try {
    u = new URL(req.url);
  } catch {
    res.writeHead(400);
    return res.end();
  }
  const host = u.hostname,
    port = Number(u.port || 80),
    c = clientOf(req.socket),
    d = decide(host, port, c);
  if (!d.ok) {
    logNet(false, c, host, port, d, req.socket.remotePort);
    res.writeHead(403, { 'content-type': 'application/json' });
    return res.end(denyBody(d, host, port) + '\n');
  }
  logNet(true, c, host, port, d, req.socket.remotePort);
  const l7 = decideL7(d.endpoints, req.method, u.pathname);
  if (l7.inspected) logHttp(l7.ok, req.method, host, port, u.pathname, d.policy);
  if (!l7.ok) {
    res.writeHead(403, { 'content-type': 'application/json' });
    return res.end(
      JSON.stringify({ error: 'policy_denied', detail: `${req.method} ${u.pathname} not permitted by policy`, reason: 'l7' }) + '\n',
    );
  }
  // Allowed hosts have no real Internet behind them here: a small in-container site answers for all of them.
  const up = http.request(
    { host: '127.0.0.1', port: SITE_PORT, method: req.method, path: u.pathname + u.search, headers: { ...req.headers, host } },
    (r) => {
      res.writeHead(r.statusCode, r.headers);
      r.pipe(res);
    },
  );
  up.on('error', () => {
    ocsf('NET', 'FAIL', 2, `NET:FAIL [LOW] ${host}:${port}`, { dst_endpoint: { domain: host, port } });
    res.writeHead(502, { 'content-type': 'application/json' });
    res.end('{"error":"upstream_unreachable"}\n');
  });
  req.pipe(up);
});
proxy.on('connect', (req, sock) => {
  const m = /^\[?([^\]]+?)\]?:(\d+)$/.exec(req.url) || [];
  const host = m[1] || req.url,
    port = Number(m[2] || 443),
    c = clientOf(sock),
    d = decide(host, port, c);
  sock.on('error', () => {});
  logNet(d.ok, c, host, port, d, sock.remotePort);
  if (!d.ok) {
    const b = denyBody(d, host, port);
    return sock.end(
      `HTTP/1.1 403 Forbidden\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(b)}\r\nConnection: close\r\n\r\n${b}`,
    );
  }
  // Allowed TLS destinations: no real network, so the connection fails upstream (as it would behind an outage).
  setTimeout(() => {
    ocsf('NET', 'FAIL', 2, `NET:FAIL [LOW] ${host}:${port}`, { dst_endpoint: { domain: host, port }, message: 'upstream unreachable' });
    sock.end(
      'HTTP/1.1 502 Bad Gateway\r\nContent-Type: application/json\r\nContent-Length: 31\r\nConnection: close\r\n\r\n{"error":"upstream_unreachable"}',
    );
  }, 60);
});
const site = http.createServer((req, res) => {
  req.resume();
  res.writeHead(200, { 'content-type': 'text/plain' });
  res.end(`stand-in site ${req.headers.host}: ${req.method} ${req.url}\nThe unit price list was last changed on 2026-09-01.\n`);
});

// ---------------------------------------------------------------- inference.local
const inference = http.createServer((req, res) => {
  const t0 = Date.now(),
    bufs = [];
  req.on('data', (b) => bufs.push(b));
  req.on('end', () => {
    const body = Buffer.concat(bufs);
    let model = '-';
    try {
      model = JSON.parse(body).model || '-';
    } catch {
      /* best effort: a stand-in, not the real supervisor */
    }
    const p = req.url.split('?')[0];
    if (ROLE === 'workload') {
      // generation C has no inference.local and no API:INFERENCE: it looks like ordinary provider traffic
      const u = new URL(MODEL_UPSTREAM),
        c = clientOf(req.socket),
        d = { policy: '_provider_nvidia_prod', engine: 'opa' };
      logNet(true, c, u.hostname, 443, d, req.socket.remotePort);
      logHttp(true, req.method, u.hostname, 443, p, d.policy);
    } else
      ocsf('NET', 'OPEN', 1, 'NET:OPEN [INFO] ALLOWED inference.local:443', {
        action: 'Allowed',
        action_id: 1,
        disposition: 'Detected',
        disposition_id: 15,
        dst_endpoint: { domain: 'inference.local', port: 443 },
        message: `Intercepted inference request, routing locally: ${req.method} ${p} (protocol=openai_chat_completions, kind=chat)`,
      });
    const done = (ok) => {
      const ms = Date.now() - t0;
      if (ROLE === 'workload') return;
      ocsf(
        'API',
        'OTHER',
        ok ? 1 : 2,
        `API:INFERENCE [${ok ? 'INFO' : 'LOW'}] ${ok ? 'Success' : 'Failure'} ${ctx(model)} via ${MODEL_UPSTREAM} ${ms}ms [${ctx(`${req.method} ${p}`)}]`,
        {
          status: ok ? 'Success' : 'Failure',
          status_id: ok ? 1 : 2,
          ai_model: { name: model, ai_provider: MODEL_UPSTREAM },
          api: { operation: `${req.method} ${p}` },
          actor: { process: { name: 'openshell-supervisor', pid: 1 } },
          dst_endpoint: { domain: 'inference.local', port: 443 },
          src_endpoint: { ip: '127.0.0.1', port: PROXY_PORT },
          http_request: { http_method: req.method, url: { scheme: 'https', hostname: 'inference.local', path: p, port: 443 } },
          message: `Model call: ${model} via ${MODEL_UPSTREAM} (?in, ?out)`,
          unmapped: { latency_ms: ms },
        },
      );
    };
    let closed = false;
    const up = http.request({ host: '127.0.0.1', port: MODEL_PORT, method: req.method, path: req.url, headers: req.headers }, (r) => {
      res.writeHead(r.statusCode, r.headers);
      r.pipe(res);
      const fin = (ok) => {
        if (!closed) {
          closed = true;
          done(ok);
        }
      };
      r.on('end', () => fin(r.statusCode < 400));
      r.on('close', () => fin(false));
      r.on('error', () => {
        fin(false);
        res.destroy();
      });
      r.on('aborted', () => res.destroy());
    });
    up.on('error', () => {
      if (!closed) {
        closed = true;
        done(false);
      }
      try {
        res.writeHead(502);
        res.end();
      } catch {
        /* best effort: a stand-in, not the real supervisor */
      }
    });
    res.on('close', () => up.destroy());
    up.end(body);
  });
});

// ---------------------------------------------------------------- main process
let stopping = false,
  main = null,
  model = null;
function runModel() {
  model = cp.spawn('/usr/local/bin/node', ['/opt/nemobed/fake-model.mjs', String(MODEL_PORT)], {
    stdio: ['ignore', fs.openSync('/var/log/nemobed-model.log', 'a'), fs.openSync('/var/log/nemobed-model.log', 'a')],
    env: { PATH: E.PATH, LANG: 'C.UTF-8', ...Object.fromEntries(Object.entries(E).filter(([k]) => k.startsWith('NEMOBED_'))) },
  });
  model.on('exit', () => {
    if (!stopping) setTimeout(runModel, 1000);
  });
}
function runMain() {
  const spec = JSON.parse(E.OPENSHELL_MAIN_PROCESS_SPEC || '{"version":1,"command":["nemoclaw-start"],"tty":false}');
  const [cmd, ...args] = spec.command;
  const env = {
    HOME: '/sandbox',
    USER: 'sandbox',
    SHELL: '/bin/bash',
    LANG: 'C.UTF-8',
    TERM: 'xterm',
    PATH: E.PATH,
    OPENSHELL_SANDBOX: SANDBOX,
    HTTP_PROXY: `http://127.0.0.1:${PROXY_PORT}`,
    HTTPS_PROXY: `http://127.0.0.1:${PROXY_PORT}`,
    http_proxy: `http://127.0.0.1:${PROXY_PORT}`,
    https_proxy: `http://127.0.0.1:${PROXY_PORT}`,
    NO_PROXY: 'localhost,127.0.0.1,::1,inference.local',
    no_proxy: 'localhost,127.0.0.1,::1,inference.local',
    ...JSON.parse(E.OPENSHELL_USER_ENVIRONMENT || '{}'),
  };
  main = cp.spawn(cmd, args, {
    cwd: '/sandbox',
    uid: UID,
    gid: GID,
    env,
    stdio: ['ignore', ROLE === 'workload' ? 'inherit' : 'ignore', ROLE === 'workload' ? 'inherit' : 'ignore'],
  });
  const pid = main.pid;
  ocsf('PROC', 'LAUNCH', 1, `PROC:LAUNCH [INFO] ${path.basename(cmd)}(${pid})`, {
    process: { name: path.basename(cmd), pid, cmd_line: spec.command.join(' ') },
  });
  main.on('exit', (code, sig) => {
    ocsf(
      'PROC',
      'TERMINATE',
      1,
      `PROC:TERMINATE [INFO] ${path.basename(cmd)}(${pid}) [exit:${code ?? 128 + (os.constants.signals[sig] || 0)}]`,
      { process: { name: path.basename(cmd), pid }, exit_code: code ?? undefined },
    );
    if (!stopping) setTimeout(runMain, 1500); // the test bed keeps the agent up; the real supervisor would end the sandbox
  });
}
function stop() {
  if (stopping) return;
  stopping = true;
  const end = () => {
    try {
      model?.kill('SIGTERM');
    } catch {
      /* best effort: a stand-in, not the real supervisor */
    }
    setTimeout(() => process.exit(0), 50);
  };
  if (!main || main.exitCode !== null) return end();
  main.on('exit', end);
  try {
    main.kill('SIGTERM');
  } catch {
    /* best effort: a stand-in, not the real supervisor */
  }
  setTimeout(() => {
    try {
      main.kill('SIGKILL');
    } catch {
      /* best effort: a stand-in, not the real supervisor */
    }
  }, 8000);
}
for (const s of ['SIGTERM', 'SIGINT']) process.on(s, stop);

// ---------------------------------------------------------------- start
fs.mkdirSync('/run/openshell', { recursive: true });
// Files an observer must leave alone. Their text is a canary: it must never turn up in a program's output, log or export.
fs.mkdirSync('/etc/openshell/auth', { recursive: true });
fs.writeFileSync('/etc/openshell/auth/sandbox.jwt', 'nemobed-canary-sandbox-jwt\n', { mode: 0o400 });
fs.rmSync('/tmp/nemoclaw-proxy-env.sh', { force: true });
fs.writeFileSync(
  '/tmp/nemoclaw-proxy-env.sh',
  ['HTTP_PROXY', 'HTTPS_PROXY', 'http_proxy', 'https_proxy'].map((k) => `export ${k}=http://127.0.0.1:${PROXY_PORT}\n`).join('') +
    'export NO_PROXY=localhost,127.0.0.1,::1,inference.local\nexport OPENCLAW_GATEWAY_TOKEN=nemobed-gateway-token-not-a-secret\n',
  { mode: 0o444 },
);
plain('INFO', 'openshell_sandbox', 'Starting sandbox');
if (ROLE !== 'workload') toFile('openshell-ocsf', '');
loadPolicy(true);
ocsf('CONFIG', 'LOG', 1, "CONFIG:VALIDATED [INFO] Validated 'sandbox' user exists in image", { state: 'VALIDATED', state_id: 99 });
const fsp = policy.filesystem_policy || {};
ocsf(
  'CONFIG',
  'LOG',
  1,
  `CONFIG:ENABLED [INFO] Landlock filesystem sandbox available [abi:v2 compat:BestEffort ro:${(fsp.read_only || []).length} rw:${(fsp.read_write || []).length}]`,
  { state: 'ENABLED', state_id: 99 },
);
runModel();
site.listen(SITE_PORT, '127.0.0.1');
inference.listen(INFERENCE_PORT, '127.0.0.1');
proxy.listen(PROXY_PORT, '127.0.0.1', () => {
  ocsf('NET', 'LISTEN', 1, `NET:LISTEN [INFO] 127.0.0.1:${PROXY_PORT}`, { dst_endpoint: { ip: '127.0.0.1', port: PROXY_PORT } });
  ocsf('SSH', 'LISTEN', 1, 'SSH:LISTEN [INFO]');
  cp.execFileSync('/usr/local/bin/node', ['/opt/nemobed/seed.mjs'], {
    uid: UID,
    gid: GID,
    cwd: '/sandbox',
    env: {
      PATH: E.PATH,
      HOME: '/sandbox',
      LANG: 'C.UTF-8',
      ...Object.fromEntries(Object.entries(E).filter(([k]) => k.startsWith('NEMOBED_'))),
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  ocsf('LIFECYCLE', 'INSTALL', 1, 'LIFECYCLE:INSTALL [INFO] OpenShell Sandbox Supervisor success', {
    app: { name: 'OpenShell Sandbox Supervisor' },
    status: 'Success',
    status_id: 1,
  });
  runMain();
});
let jsonWas = jsonEnabled();
setInterval(() => {
  loadPolicy(false);
  if (jsonEnabled() !== jsonWas) {
    jsonWas = !jsonWas;
    ocsf('CONFIG', 'LOG', 1, `CONFIG:UPDATED [INFO] Setting ocsf_json_enabled changed to ${jsonWas}`, { state: 'UPDATED', state_id: 99 });
  }
}, 2000);
