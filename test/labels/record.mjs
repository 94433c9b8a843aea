// Records the labelled sessions: node record.mjs <openclaw-version> <out-dir> [--direct] [session…]
// A fresh sandbox of the test bed (image nemobed:<version>-labels, see image.sh), all conversations of inside/scenarios.mjs, then the
// stopped state directory, the agent's workspace and the watcher's log are copied out. label.mjs makes the fixture of it.
import cp from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { links } from './inside/project.mjs';

const HERE = import.meta.dirname;
const words = process.argv.slice(2).filter((word) => word !== '--direct');
const direct = process.argv.includes('--direct');
const [version, out, ...sessions] = words;
if (!version || !out) throw new Error('usage: record.mjs <openclaw-version> <out-dir> [--direct] [session…]');
// A second MCP server, whose tools take a file and a line.
const config = {
  mcp: { servers: { code: { command: '/usr/local/bin/node', args: ['/sandbox/.openclaw/workspace/mcp/code-server.mjs'] } } },
};
const bed = path.join(HERE, '../bed/sandbox/sandbox.mjs');
const name = `labels-${version.replaceAll('.', '')}${direct ? 'd' : ''}`.slice(0, 19);
const home = fs.mkdtempSync(path.join(os.tmpdir(), 'nemobed-labels-'));
const env = { ...process.env, NEMOBED_HOME: path.join(home, 'home') };
const run = (command, args, options = {}) => {
  const done = cp.spawnSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], maxBuffer: 1 << 28, env, ...options });
  if (done.status !== 0 && !options.soft) throw new Error(`${command} ${args.slice(0, 4).join(' ')} ended with ${done.status}`);
  return done.stdout?.trim() ?? '';
};
const sandbox = (...args) => run('node', [bed, ...args]);

run('node', [path.join(HERE, 'inside/seed.mjs'), path.join(home, 'seed')]);
try {
  console.log(
    sandbox(
      'up',
      '--name',
      name,
      '--version',
      `${version}-labels`,
      '--scenarios',
      path.join(HERE, 'inside/scenarios.mjs'),
      '--seed',
      path.join(home, 'seed'),
      '--config',
      JSON.stringify(config),
      ...(direct ? ['--direct'] : []),
    ),
  );
  const id = sandbox('id', '--name', name);
  const shell = (script) =>
    run('docker', ['exec', '-u', 'sandbox', '-e', 'HOME=/sandbox', '-w', '/sandbox/.openclaw/workspace', id, 'bash', '-ec', script]);
  for (const [link, target] of links) shell(`ln -s '${target}' '${link}'`);
  shell("printf 'target\\nout\\nbuild\\nnode_modules\\n' > shop/.gitignore");
  shell('cd shop && git init -q && git add -A && git -c user.name=Robin -c user.email=robin@example.com commit -qm "The shop"');
  // The first build of a language is slow; it is not what the recording is about.
  shell(
    'cd shop/gate && (go build -o /dev/null . ; go vet ./cart; go test -run none ./cart) >/dev/null 2>&1; cd ../engine && cargo build --offline -q; rm -rf target; true',
  );
  const asked = sessions.length
    ? sessions
    : run('docker', ['exec', '-u', 'sandbox', '-e', 'HOME=/sandbox', id, 'node', '/opt/nemobed/drive.mjs', 'list-all']).split('\n');
  let log = '';
  for (const session of asked) {
    const line = run('node', [bed, 'run', '--name', name, session], { soft: true, timeout: 960_000 });
    console.log(line);
    log += line + '\n';
  }
  const tools = shell(
    "node --version; python3 --version; python3 -m pytest --version 2>&1; rustc --version; go version; java -version 2>&1 | head -n 1; gcc --version | head -n 1; rg --version | head -n 1; node -p \"['typescript','vitest','jest'].map((n) => n + ' ' + require('/opt/jstools/node_modules/' + n + '/package.json').version).join(', ')\"",
  );
  sandbox('stop', '--name', name);
  fs.rmSync(out, { recursive: true, force: true });
  fs.mkdirSync(out, { recursive: true });
  const take = (from, to) => {
    fs.mkdirSync(to, { recursive: true });
    const tar = cp.spawnSync('docker', ['cp', `${id}:${from}`, '-'], { maxBuffer: 1 << 30, env });
    if (tar.status !== 0) throw new Error(`docker cp ${from}: ${tar.stderr}`);
    cp.spawnSync('tar', ['-xf', '-', '-C', to, '--no-same-owner'], { input: tar.stdout });
  };
  take('/sandbox/.openclaw', path.join(out, 'sandbox'));
  take('/tmp/labels', out);
  fs.writeFileSync(
    path.join(out, 'run.txt'),
    `OpenClaw ${version}${direct ? ', tools offered directly' : ', tools as NemoClaw sets them'}\n${tools}\n${log}`,
  );
} finally {
  run('node', [bed, 'down', '--name', name], { soft: true });
  fs.rmSync(home, { recursive: true, force: true });
}
