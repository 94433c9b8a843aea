// `npm test`: the whole proof, every kind in order, and one summary at the end: ran, failed, or did not run and why.
// `npm test -- unit host` runs only those kinds. The last line is the sum.
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

const root = resolve(import.meta.dirname, '..');
const results = resolve(root, 'test-results');
const minutes = (n) => n * 60_000;

/** One command that either holds or does not, counted as one check. */
const check = (label, command, args) => ({
  label,
  command,
  args,
  count: ({ code }) => (code === 0 ? { passed: 1, failed: 0, skipped: 0 } : { passed: 0, failed: 1, skipped: 0 }),
});
const node = (label, ...args) => check(label, process.execPath, args);

const vitest = (project) => {
  const report = resolve(results, `${project}.json`);
  return {
    label: project,
    command: process.execPath,
    args: [
      'node_modules/vitest/vitest.mjs',
      'run',
      '--project',
      project,
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
    ],
    report,
    count: ({ json }) => {
      const passed = json.numPassedTests;
      const skipped = json.numPendingTests + json.numTodoTests;
      // A file that breaks before its first test has no failed test, and yet has failed.
      const broken = json.testResults.filter(
        (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
      ).length;
      const left = json.testResults.flatMap((file) =>
        file.assertionResults.filter((test) => ['pending', 'skipped', 'todo'].includes(test.status)),
      );
      return {
        passed,
        failed: json.numFailedTests + broken,
        skipped,
        note: left.length > 0 ? `skipped: ${left.map((test) => test.title).join(', ')}` : null,
      };
    },
  };
};

const host = {
  label: 'host',
  command: process.execPath,
  args: ['test/host/run.mjs'],
  report: resolve(results, 'host/report.json'),
  count: ({ json }) => json,
};

/** In this order: what is cheap and breaks most often first. `package` builds what all after it run on. */
const kinds = [
  {
    name: 'types',
    limit: minutes(5),
    steps: [
      node('extension and server', 'node_modules/.bin/tsc', '--noEmit', '-p', 'tsconfig.json'),
      node('webviews', 'node_modules/.bin/tsc', '--noEmit', '-p', 'webviews/tsconfig.json'),
      node('tests of the page', 'node_modules/.bin/tsc', '--noEmit', '-p', 'test/webviews/tsconfig.json'),
    ],
  },
  {
    name: 'lint',
    limit: minutes(5),
    steps: [
      node('eslint', 'node_modules/eslint/bin/eslint.js', '.'),
      node('prettier', 'node_modules/prettier/bin/prettier.cjs', '--check', '.'),
    ],
  },
  { name: 'package', limit: minutes(5), steps: [node('vsce package', 'scripts/package.mjs'), vitest('package')] },
  { name: 'unit', limit: minutes(10), steps: [vitest('unit')] },
  { name: 'server', needs: 'build', limit: minutes(10), steps: [vitest('server')] },
  { name: 'webviews', needs: 'build', limit: minutes(10), steps: [vitest('webviews')] },
  { name: 'host', needs: 'build', limit: minutes(15), steps: [host] },
  { name: 'e2e', needs: 'package', limit: minutes(15), steps: [vitest('e2e')] },
  { name: 'bed', needs: 'build', limit: minutes(25), steps: [vitest('bed')] },
];

let running = null;
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    if (running?.pid) endGroup(running.pid, 'SIGTERM');
    process.exit(130);
  });
}

function endGroup(pid, signal) {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

/** Exit code of a command that says what it says on our terminal; `null` when it was ended for taking too long. */
async function run({ command, args }, limit) {
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], detached: process.platform !== 'win32' });
  running = child;
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    endGroup(child.pid, 'SIGKILL');
  }, limit);
  const code = await new Promise((done, failed) => {
    child.once('error', failed);
    child.once('exit', done);
  });
  clearTimeout(timer);
  running = null;
  return late ? null : code;
}

async function runStep(step, limit) {
  if (step.report) rmSync(step.report, { force: true });
  const code = await run(step, limit);
  if (code === null) return { passed: 0, failed: 1, skipped: 0, note: `${step.label}: ended after ${limit / minutes(1)} minutes` };
  let json = null;
  if (step.report) {
    try {
      json = JSON.parse(readFileSync(step.report, 'utf8'));
    } catch (error) {
      return { passed: 0, failed: 1, skipped: 0, note: `${step.label}: ended with ${code} and no report (${error.code ?? error.message})` };
    }
  }
  const { passed, failed, skipped, note } = step.count({ code, json });
  // An exit code that no failed test explains (an error outside of any test) is a failure too.
  const unexplained = code !== 0 && failed === 0 ? 1 : 0;
  const notes = [
    json?.ran,
    note,
    unexplained ? `${step.label}: ended with ${code}` : null,
    failed > 0 && !step.report ? `${step.label} failed` : null,
  ];
  return { passed, failed: failed + unexplained, skipped, note: notes.filter(Boolean).join('; ') };
}

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !kinds.some((kind) => kind.name === name));
if (unknown.length > 0) {
  console.error(`There is no kind of test called ${unknown.join(', ')}. There are: ${kinds.map((kind) => kind.name).join(', ')}.`);
  process.exit(2);
}

mkdirSync(results, { recursive: true });
const chosen = asked.length > 0 ? kinds.filter((kind) => asked.includes(kind.name)) : kinds;
const rows = [];

// A chosen few run on a build too; in a whole run the package is that build, so what is tested is what is shipped.
if (!chosen.some((kind) => kind.name === 'package')) {
  const script = chosen.some((kind) => kind.needs === 'package')
    ? 'scripts/package.mjs'
    : chosen.some((kind) => kind.needs)
      ? 'scripts/build.mjs'
      : null;
  const code = script ? await run(node('build', script), minutes(5)) : 0;
  if (code !== 0) {
    console.error(`${script} ended with ${code}: there is nothing to test.`);
    process.exit(1);
  }
}
for (const kind of chosen) {
  console.log(`\n━━ ${kind.name} ${'━'.repeat(Math.max(0, 70 - kind.name.length))}`);
  const started = Date.now();
  const sum = { passed: 0, failed: 0, skipped: 0, notes: [] };
  for (const step of kind.steps) {
    const { passed, failed, skipped, note } = await runStep(step, kind.limit);
    sum.passed += passed;
    sum.failed += failed;
    sum.skipped += skipped;
    if (note) sum.notes.push(note);
  }
  rows.push({ name: kind.name, ...sum, seconds: Math.round((Date.now() - started) / 1000) });
}

const outcome = ({ passed, failed }) => (failed > 0 ? 'FAILED' : passed > 0 ? 'ran' : 'did not run');
console.log(
  `\n${'kind'.padEnd(10)}${'outcome'.padEnd(13)}${'passed'.padStart(7)}${'failed'.padStart(7)}${'skipped'.padStart(8)}${'time'.padStart(8)}`,
);
for (const row of rows) {
  const note = stripVTControlCharacters(row.notes.join('; '));
  console.log(
    `${row.name.padEnd(10)}${outcome(row).padEnd(13)}${String(row.passed).padStart(7)}${String(row.failed).padStart(7)}${String(row.skipped).padStart(8)}${`${row.seconds} s`.padStart(8)}${note ? `  ${note}` : ''}`,
  );
}
for (const kind of kinds.filter((each) => !chosen.includes(each))) console.log(`${kind.name.padEnd(10)}not asked for`);

const total = (field) => rows.reduce((sum, row) => sum + row[field], 0);
console.log(`\n${total('passed')} passed, ${total('failed')} failed, ${total('skipped')} skipped`);
process.exitCode = total('failed') > 0 ? 1 : 0;
