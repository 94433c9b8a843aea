#!/usr/bin/env node
// sandbox.mjs - one sandbox container, laid out as OpenShell/NemoClaw lay it out.
//
//   up    --name N --version V [--generation B|C] [--direct] [--home DIR] [--scenarios FILE] [--seed DIR] [--config JSON] [--env K=V]… [--ocsf-json]
//   run   --name N [scenario… | all | list]      turns through the real gateway
//   exec  --name N -- command…                   as user sandbox, HOME=/sandbox (what `openshell sandbox exec` does)
//   set   --name N ocsf_json_enabled true|false  the supervisor setting
//   restart|stop|start|kill --name N             keep the state
//   down  --name N | --all                       remove container(s) and registry row(s)
//   id    --name N [--role sandbox|supervisor]   container id
//   list                                         the test bed's sandboxes
//
// --home (or NEMOBED_HOME, default .cache/bed/home of the project): directory that plays the user's home. The NemoClaw registry is
// <home>/.nemoclaw/sandboxes.json; let the program under test use HOME=<home>. Containers of the test bed carry the
// extra label nemobed=1, and only such containers are ever stopped or removed.
import cp from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
const HERE = import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname);
const OPENSHELL = '0.0.116',
  NEMOCLAW = { '2026.6.10': '0.0.110', '2026.7.1': '0.0.124', '2026.9.5': '0.0.131', '2026.9.6': '0.0.132' };
const NETWORK = 'openshell-docker';

const [cmd, ...rest] = process.argv.slice(2);
const opt = { env: [] },
  pos = [];
for (let i = 0; i < rest.length; i++) {
  const a = rest[i];
  if (a === '--') {
    pos.push(...rest.slice(i + 1));
    break;
  }
  if (['--direct', '--all', '--ocsf-json', '--no-bind'].includes(a)) opt[a.slice(2)] = true;
  else if (a === '--env') opt.env.push(rest[++i]);
  else if (a.startsWith('--')) opt[a.slice(2)] = rest[++i];
  else pos.push(a);
}
const HOME = path.resolve(opt.home ?? process.env.NEMOBED_HOME ?? path.join(HERE, '..', '..', '..', '.cache', 'bed', 'home'));
const die = (m) => {
  console.error(m);
  process.exit(1);
};
function docker(args, o = {}) {
  const r = cp.spawnSync('docker', args, { encoding: 'utf8', maxBuffer: 1 << 28, ...o });
  if (r.error) die('docker: ' + r.error.message);
  if (r.status !== 0 && !o.soft) die(`docker ${args[0]} failed: ${(r.stderr || '').trim()}`);
  return o.soft ? r : (r.stdout || '').trim();
}
const find = (name, role, all = true) =>
  docker([
    'ps',
    ...(all ? ['-a'] : []),
    '-q',
    '--no-trunc',
    '--filter',
    'label=nemobed=1',
    ...(name ? ['--filter', `label=openshell.ai/sandbox-name=${name}`] : []),
    ...(role ? ['--filter', `label=nemobed.role=${role}`] : []),
  ])
    .split('\n')
    .filter(Boolean);
const main = () => find(opt.name ?? die('--name is missing'), 'sandbox')[0] ?? die(`no sandbox ${opt.name}`);

// ---- NemoClaw registry: read, change, replace atomically
const regFile = path.join(HOME, '.nemoclaw', 'sandboxes.json');
function registry(change) {
  fs.mkdirSync(path.dirname(regFile), { recursive: true, mode: 0o700 });
  let r;
  try {
    r = JSON.parse(fs.readFileSync(regFile, 'utf8'));
  } catch {
    r = { sandboxes: {}, defaultSandbox: null, defaultSelectionRevision: 0 };
  }
  change(r);
  r.defaultSelectionRevision = (r.defaultSelectionRevision ?? 0) + 1;
  const names = Object.keys(r.sandboxes);
  if (!r.sandboxes[r.defaultSandbox]) r.defaultSandbox = names[0] ?? null;
  const tmp = `${regFile}.${process.pid}.tmp`;
  fs.writeFileSync(tmp, JSON.stringify(r, null, 2) + '\n', { mode: 0o600 });
  fs.renameSync(tmp, regFile);
}
/** The supervisor "binary" where the Docker driver puts it, so that the bind mount looks the same. */
function stageSupervisor() {
  const src = path.join(HERE, 'inside', 'openshell-sandbox.cjs'),
    h = crypto.createHash('sha256').update(fs.readFileSync(src)).digest('hex');
  const dir = path.join(HOME, '.local', 'share', 'openshell', 'docker-supervisor', `sha256-${h.slice(0, 16)}`),
    f = path.join(dir, 'openshell-sandbox');
  fs.mkdirSync(dir, { recursive: true });
  if (!fs.existsSync(f)) {
    fs.copyFileSync(src, f + '.tmp');
    fs.chmodSync(f + '.tmp', 0o755);
    fs.renameSync(f + '.tmp', f);
  }
  return f;
}
/** tar of files to put into the container, made by tar itself with owner root. */
function copyIn(id) {
  const st = fs.mkdtempSync(path.join(os.tmpdir(), 'nemobed-'));
  fs.chmodSync(st, 0o755);
  try {
    const bed = path.join(st, 'opt/nemobed');
    fs.mkdirSync(bed, { recursive: true });
    for (const f of ['fake-model.mjs', 'scenarios.mjs', 'drive.mjs', 'seed.mjs', 'seed'])
      fs.cpSync(path.join(HERE, 'inside', f), path.join(bed, f), { recursive: true });
    if (opt.scenarios) fs.copyFileSync(opt.scenarios, path.join(bed, 'scenarios.extra.mjs'));
    if (opt.seed) fs.cpSync(opt.seed, path.join(bed, 'seed'), { recursive: true, force: true });
    fs.mkdirSync(path.join(st, 'etc/openshell'), { recursive: true });
    fs.copyFileSync(path.join(bed, 'seed/etc/policy.yaml'), path.join(st, 'etc/openshell/policy.yaml'));
    if (opt['ocsf-json']) fs.writeFileSync(path.join(st, 'etc/openshell/ocsf_json_enabled'), 'true\n');
    fs.mkdirSync(path.join(st, 'usr/local/bin'), { recursive: true });
    fs.copyFileSync(path.join(HERE, 'inside/nemoclaw-start'), path.join(st, 'usr/local/bin/nemoclaw-start'));
    fs.chmodSync(path.join(st, 'usr/local/bin/nemoclaw-start'), 0o755);
    if (opt['no-bind']) {
      fs.mkdirSync(path.join(st, 'opt/openshell/bin'), { recursive: true });
      fs.copyFileSync(path.join(HERE, 'inside/openshell-sandbox.cjs'), path.join(st, 'opt/openshell/bin/openshell-sandbox'));
      fs.chmodSync(path.join(st, 'opt/openshell/bin/openshell-sandbox'), 0o755);
    }
    const tar = cp.spawnSync('tar', ['-cf', '-', '--owner=0', '--group=0', '--mode=u+rwX,go+rX,go-w', '-C', st, '.'], {
      maxBuffer: 1 << 28,
    });
    docker(['cp', '-', `${id}:/`], { input: tar.stdout });
  } finally {
    fs.rmSync(st, { recursive: true, force: true });
  }
}

function up() {
  const name = opt.name ?? die('--name is missing'),
    v = opt.version ?? die('--version is missing'),
    gen = (opt.generation ?? 'B').toUpperCase();
  if (!/^[a-z](?:[a-z0-9-]{0,17}[a-z0-9])?$/.test(name) || name.includes('--'))
    die('bad sandbox name (1-19 characters, a-z 0-9 -, starts with a letter)');
  if (find(name).length) die(`sandbox ${name} is already there (down it first)`);
  const image = docker(['image', 'inspect', '-f', '{{.Id}}', `nemobed:${v}`], { soft: true });
  if (image.status !== 0) die(`no image nemobed:${v}: run image.sh ${v}`);
  if (docker(['network', 'inspect', NETWORK], { soft: true }).status !== 0)
    docker(['network', 'create', '--attachable', '--label', 'openshell.ai/managed-by=openshell', NETWORK]);
  const id = crypto.randomUUID(),
    cname = `openshell-default--${name}-${id}`,
    t0 = Date.now();
  const labels = (extra = {}) =>
    Object.entries({
      'openshell.ai/managed-by': 'openshell',
      'openshell.ai/sandbox-id': id,
      'openshell.ai/sandbox-name': name,
      'openshell.ai/sandbox-namespace': 'default',
      nemobed: '1',
      'nemobed.version': v,
      ...extra,
    }).flatMap(([k, x]) => ['--label', `${k}=${x}`]);
  const env = {
    OPENSHELL_ENDPOINT: 'https://host.openshell.internal:17670/',
    OPENSHELL_SANDBOX_ID: id,
    OPENSHELL_SANDBOX: name,
    OPENSHELL_SSH_SOCKET_PATH: '/run/openshell/ssh.sock',
    OPENSHELL_MAIN_PROCESS_SPEC: JSON.stringify({ version: 1, command: ['nemoclaw-start'], tty: false }),
    OPENSHELL_LOG_LEVEL: 'info',
    OPENSHELL_TELEMETRY_ENABLED: 'false',
    OPENSHELL_NETWORK_RUNTIME_CAPABILITIES: 'policy-dns-transparent-tcp',
    OPENSHELL_OCI_IMAGE_USER: 'sandbox',
    OPENSHELL_SANDBOX_UID: '',
    OPENSHELL_SANDBOX_GID: '',
    HOME: '/root',
    TERM: 'xterm',
    OPENSHELL_USER_ENVIRONMENT: JSON.stringify({ NEMOCLAW_AGENT: 'openclaw', ...(gen === 'C' ? { NEMOBED_WORKLOAD_OUTPUT: '1' } : {}) }),
    NEMOBED_VERSION: v,
    NEMOBED_OPENSHELL_VERSION: gen === 'C' ? '0.1.2' : OPENSHELL,
    ...(opt.direct ? { NEMOBED_DIRECT: '1' } : {}),
    ...(opt.config ? { NEMOBED_CONFIG: opt.config } : {}),
    ...(gen === 'C' ? { NEMOBED_ROLE: 'workload' } : {}),
  };
  for (const e of opt.env) {
    const i = e.indexOf('=');
    env[e.slice(0, i)] = e.slice(i + 1);
  }
  const envArgs = Object.entries(env).flatMap(([k, x]) => ['--env', `${k}=${x}`]);
  const bind = opt['no-bind'] ? [] : ['--volume', `${stageSupervisor()}:/opt/openshell/bin/openshell-sandbox:ro`];
  const common = [
    '--entrypoint',
    '/opt/openshell/bin/openshell-sandbox',
    '--restart',
    'no',
    '--security-opt',
    'apparmor=unconfined',
    ...bind,
  ];
  const img = image.stdout.trim(),
    hosts = ['--add-host', 'inference.local:127.0.0.1'];
  let cid;
  if (gen === 'B') {
    cid = docker([
      'create',
      '--name',
      cname,
      ...labels({ 'openshell.ai/sandbox-workspace': 'default', 'nemobed.role': 'sandbox' }),
      ...envArgs,
      '--user',
      '0',
      '--workdir',
      '/',
      '--network',
      NETWORK,
      ...hosts,
      '--add-host',
      'host.docker.internal:host-gateway',
      '--add-host',
      'host.openshell.internal:host-gateway',
      ...['SYS_ADMIN', 'NET_ADMIN', 'SYS_PTRACE', 'SYSLOG'].flatMap((c) => ['--cap-add', c]),
      ...common,
      img,
      '--workdir',
      '/sandbox',
    ]);
    copyIn(cid);
    docker(['start', cid]);
  } else if (gen === 'C') {
    // Two containers: workload without network, supervisor companion on the host network with a read-only root.
    const vol = `openshell-channel-${id}`;
    docker(['volume', 'create', '--label', 'nemobed=1', '--label', `openshell.ai/sandbox-id=${id}`, vol]);
    cid = docker([
      'create',
      '--name',
      cname,
      ...labels({
        'openshell.ai/sandbox-workspace': 'default',
        'openshell.ai/isolation-role': 'sandbox',
        'openshell.ai/isolation-backend': 'docker',
        'nemobed.role': 'sandbox',
      }),
      ...envArgs,
      '--user',
      '0',
      '--workdir',
      '/',
      '--network',
      'none',
      ...hosts,
      '--volume',
      `${vol}:/run/openshell-channel`,
      '--cap-add',
      'SYS_PTRACE',
      ...common,
      img,
      '--workdir',
      '/sandbox',
    ]);
    copyIn(cid);
    const sup = docker([
      'create',
      '--name',
      `${cname}-supervisor`,
      ...labels({ 'openshell.ai/isolation-role': 'supervisor', 'nemobed.role': 'supervisor' }),
      '--env',
      `OPENSHELL_SANDBOX_ID=${id}`,
      '--env',
      `OPENSHELL_SANDBOX=${name}`,
      '--env',
      'NEMOBED_ROLE=supervisor',
      '--user',
      '998:998',
      '--network',
      'host',
      '--read-only',
      '--tmpfs',
      '/tmp',
      '--tmpfs',
      '/run',
      '--tmpfs',
      '/var/log:size=64m,uid=998,mode=0700',
      '--volume',
      `${vol}:/run/openshell-channel:ro`,
      '--cap-drop',
      'ALL',
      ...common,
      img,
    ]);
    docker(['start', cid, sup]);
  } else die('--generation must be B or C');
  registry((r) => {
    r.sandboxes[name] = {
      name,
      createdAt: new Date().toISOString(),
      provider: 'nvidia-prod',
      model: 'nvidia/nemotron-3-super-120b-a12b',
      agent: 'openclaw',
      agentVersion: v,
      nemoclawVersion: NEMOCLAW[v] ?? '0.0.132',
      openshellDriver: 'docker',
      openshellVersion: gen === 'C' ? '0.1.2' : OPENSHELL,
      gatewayName: 'nemoclaw',
      gatewayPort: 8080,
      dashboardPort: 18789,
      gpuEnabled: false,
      hostGpuDetected: false,
      sandboxGpuEnabled: false,
      sandboxGpuMode: 'auto',
      toolDisclosure: opt.direct ? 'direct' : 'progressive',
      observabilityEnabled: false,
      imageTag: `openshell/sandbox-from:${Math.floor(t0 / 1000)}`,
      lifecycleGeneration: crypto.randomUUID(),
      policies: ['pypi', 'github'],
      workload: { schemaVersion: 1, kind: 'managed-image' },
    };
    r.defaultSandbox ??= name;
  });
  const w = docker(['exec', '-u', 'sandbox', '-e', 'HOME=/sandbox', cid, 'node', '/opt/nemobed/drive.mjs', '--wait-ready'], { soft: true });
  if (w.status !== 0) {
    console.error(docker(['exec', cid, 'tail', '-20', '/tmp/gateway.log'], { soft: true }).stdout);
    console.error(docker(['logs', '--tail', '20', cid], { soft: true }).stderr);
    die('gateway did not come up: ' + w.stderr);
  }
  console.log(`${cname}\n${cid.slice(0, 12)} up in ${((Date.now() - t0) / 1000).toFixed(1)} s; ${w.stdout.trim()}; registry ${regFile}`);
}
const inherit = (args) => {
  const r = cp.spawnSync('docker', args, { stdio: 'inherit' });
  process.exit(r.status ?? 1);
};
const execArgs = (id) => ['exec', '-u', 'sandbox', '-e', 'HOME=/sandbox', '-e', 'USER=sandbox', '-w', '/sandbox', id];

switch (cmd) {
  case 'up':
    up();
    break;
  case 'run':
    inherit([...execArgs(main()), 'node', '/opt/nemobed/drive.mjs', ...(pos.length ? pos : ['hello'])]);
    break;
  case 'exec':
    inherit([...execArgs(main()), ...pos]);
    break;
  case 'set': {
    if (pos[0] !== 'ocsf_json_enabled') die('known setting: ocsf_json_enabled');
    docker([
      'exec',
      main(),
      'sh',
      '-c',
      pos[1] === 'true' ? 'echo true >/etc/openshell/ocsf_json_enabled' : 'rm -f /etc/openshell/ocsf_json_enabled',
    ]);
    break;
  }
  case 'id':
    console.log(find(opt.name, opt.role ?? 'sandbox')[0] ?? die(`no sandbox ${opt.name}`));
    break;
  case 'list':
    console.log(
      docker([
        'ps',
        '-a',
        '--filter',
        'label=nemobed=1',
        '--format',
        '{{.ID}}  {{.Label "openshell.ai/sandbox-name"}}  {{.Label "nemobed.version"}}  {{.Status}}  {{.Names}}',
      ]),
    );
    break;
  case 'restart':
  case 'stop':
  case 'start':
  case 'kill': {
    const ids = find(opt.name ?? die('--name is missing'));
    if (!ids.length) die(`no sandbox ${opt.name}`);
    docker([cmd, ...(cmd === 'stop' || cmd === 'restart' ? ['-t', '12'] : []), ...ids]);
    if (cmd === 'restart' || cmd === 'start') console.log(docker([...execArgs(main()), 'node', '/opt/nemobed/drive.mjs', '--wait-ready']));
    if (cmd === 'stop' || cmd === 'start')
      registry((r) => {
        if (r.sandboxes[opt.name]) {
          if (cmd === 'stop') r.sandboxes[opt.name].stopped = true;
          else delete r.sandboxes[opt.name].stopped;
        }
      });
    break;
  }
  case 'down': {
    if (!opt.name && !opt.all) die('--name N or --all');
    const ids = find(opt.all ? undefined : opt.name);
    for (const id of ids) {
      const l = JSON.parse(docker(['inspect', '-f', '{{json .Config.Labels}}', id]));
      docker(['rm', '-f', '-v', id]);
      docker(['volume', 'rm', `openshell-channel-${l['openshell.ai/sandbox-id']}`], { soft: true });
      registry((r) => {
        delete r.sandboxes[l['openshell.ai/sandbox-name']];
      });
    }
    console.log(`${ids.length} container(s) removed`);
    break;
  }
  default:
    console.error(
      fs
        .readFileSync(new URL(import.meta.url), 'utf8')
        .split('\n')
        .filter((l) => l.startsWith('//'))
        .map((l) => l.slice(3))
        .join('\n'),
    );
    process.exit(2);
}
