// `npm test`: the whole proof, every kind in order, and one summary at the end: ran, failed, or did not run and why.
// `npm test -- unit host` runs only those kinds. The last lines are what failed, with its reason, and the sum.
//
// Most kinds watch real processes on a real clock, on machines that may stall for seconds. A file that failed there is
// run once more, alone. What holds only then counts as passed, but is listed as unsteady, with what it said: a fault of the test
// (or worse) to be mended. A property's counterexample gets no second try: another seed would only hide it.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { relative, resolve } from 'node:path';
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

/** What failed: `file` is what the step can be asked to run again, null where there is none. */
const vitestFailures = (json) =>
  json.testResults.flatMap((file) => {
    const failed = file.assertionResults.filter((test) => test.status === 'failed');
    // A file that breaks before its first test, or after its last, has no failed test, and yet has failed.
    return failed.length === 0 && file.status === 'failed'
      ? [{ file: file.name, test: relative(root, file.name), message: file.message ?? '' }]
      : failed.map((test) => ({
          file: file.name,
          test: nameOf(file, test),
          message: test.failureMessages.join('\n'),
        }));
  });

const nameOf = (file, test) => `${relative(root, file.name)} › ${test.fullName}`;

const vitest = (project, files = []) => {
  const report = resolve(results, `${project}${files.length > 0 ? '-again' : ''}.json`);
  const errors = resolve(results, 'unhandled.json');
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
      '--reporter=./scripts/unhandledErrors.mjs',
      `--outputFile.json=${report}`,
      ...files,
    ],
    env: { SANDGLASS_UNHANDLED_ERRORS: errors },
    report,
    clear: [errors],
    again: (failed) => vitest(project, failed),
    count: ({ json }) => {
      const passed = json.numPassedTests;
      const skipped = json.numPendingTests + json.numTodoTests;
      const left = json.testResults.flatMap((file) =>
        file.assertionResults.filter((test) => ['pending', 'skipped', 'todo'].includes(test.status)),
      );
      const unhandled = existsSync(errors) ? JSON.parse(readFileSync(errors, 'utf8')) : ['nothing tells of errors outside of tests'];
      const failures = [
        ...vitestFailures(json),
        ...unhandled.map((message) => ({ file: null, test: `${project}, outside of any test`, message })),
      ];
      const held = json.testResults.flatMap((file) => [
        ...(file.status === 'passed' && file.assertionResults.length > 0 ? [relative(root, file.name)] : []),
        ...file.assertionResults.filter((test) => test.status === 'passed').map((test) => nameOf(file, test)),
      ]);
      return {
        passed,
        failed: failures.length,
        skipped,
        failures,
        held,
        note: left.length > 0 ? `skipped: ${left.map((test) => test.title).join(', ')}` : null,
      };
    },
  };
};

const host = (files = []) => {
  const report = resolve(results, 'host/report.json');
  return {
    label: 'host',
    command: process.execPath,
    args: ['test/host/run.mjs', ...(files.length > 0 ? [files.join(',')] : [])],
    report,
    again: host,
    count: ({ json }) => json,
  };
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
  { name: 'unit', limit: minutes(18), steps: [vitest('unit')] },
  { name: 'server', needs: 'build', limit: minutes(10), steps: [vitest('server')] },
  { name: 'webviews', needs: 'build', limit: minutes(10), steps: [vitest('webviews')] },
  { name: 'host', needs: 'build', limit: minutes(15), steps: [host()] },
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
async function run({ command, args, env = {} }, limit) {
  const child = spawn(command, args, {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'inherit', 'inherit'],
    detached: process.platform !== 'win32',
  });
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

const lost = (step, note) => ({ passed: 0, failed: 1, skipped: 0, failures: [{ file: null, test: step.label, message: note }], note });

async function runOnce(step, limit) {
  for (const file of [step.report, ...(step.clear ?? [])]) if (file) rmSync(file, { force: true });
  const code = await run(step, limit);
  if (code === null) return lost(step, `${step.label}: ended after ${limit / minutes(1)} minutes`);
  let json = null;
  if (step.report) {
    try {
      json = JSON.parse(readFileSync(step.report, 'utf8'));
    } catch (error) {
      return lost(step, `${step.label}: ended with ${code} and no report (${error.code ?? error.message})`);
    }
  }
  const { passed, failed, skipped, note, failures = [], held = [] } = step.count({ code, json });
  // An exit code that no failed test explains (an error outside of any test) is a failure too.
  const unexplained = code !== 0 && failed === 0 ? [{ file: null, test: step.label, message: `ended with ${code}` }] : [];
  const notes = [
    json?.ran,
    note,
    unexplained.length > 0 ? `${step.label}: ended with ${code}` : null,
    failed > 0 && !step.report ? `${step.label} failed` : null,
  ];
  return {
    passed,
    failed: failed + unexplained.length,
    skipped,
    failures: [...failures, ...unexplained],
    held,
    note: notes.filter(Boolean).join('; '),
  };
}

/** More files than this that fail are no machine that stalled. */
const againLimit = 3;
const isCounterexample = ({ message }) => message.includes('Property failed after');

async function runStep(step, limit) {
  const first = await runOnce(step, limit);
  const files = [...new Set(first.failures.map(({ file }) => file))];
  const mayBeTheMachine = step.again && files.length <= againLimit && !files.includes(null) && !first.failures.some(isCounterexample);
  if (first.failed === 0 || !mayBeTheMachine) return { ...first, unsteady: [] };
  console.log(`\n━━ ${step.label}, once more: ${files.map((file) => relative(root, file)).join(', ')}`);
  const second = await runOnce(step.again(files), limit);
  // What is skipped the second time, or not there, has not held.
  const open = first.failures.filter(({ test }) => !second.held.includes(test));
  if (second.failed > 0 || open.length > 0) return { ...first, failures: [...first.failures, ...second.failures], unsteady: [] };
  return { ...first, passed: first.passed + first.failed, failed: 0, failures: [], unsteady: first.failures };
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
  const sum = { passed: 0, failed: 0, skipped: 0, notes: [], failures: [], unsteady: [] };
  for (const step of kind.steps) {
    const { passed, failed, skipped, note, failures, unsteady } = await runStep(step, kind.limit);
    sum.failures.push(...failures);
    sum.unsteady.push(...unsteady);
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
  const unsteady = row.unsteady.length > 0 ? [`${row.unsteady.length} unsteady`] : [];
  const note = stripVTControlCharacters([...unsteady, ...row.notes].join('; '));
  console.log(
    `${row.name.padEnd(10)}${outcome(row).padEnd(13)}${String(row.passed).padStart(7)}${String(row.failed).padStart(7)}${String(row.skipped).padStart(8)}${`${row.seconds} s`.padStart(8)}${note ? `  ${note}` : ''}`,
  );
}
for (const kind of kinds.filter((each) => !chosen.includes(each))) console.log(`${kind.name.padEnd(10)}not asked for`);

const shownLines = 25;
function tell(title, failures) {
  if (failures.length > 0) console.log(`\n${title}`);
  for (const { test, message } of failures) {
    const lines = stripVTControlCharacters(message)
      .split('\n')
      .filter((line) => !/^\s+at .*node_modules/.test(line))
      .slice(0, shownLines);
    console.log(`  ✗ ${test}\n${lines.map((line) => `      ${line}`).join('\n')}`);
  }
}
tell(
  'Unsteady: failed, and held when run once more alone. To be mended.',
  rows.flatMap((row) => row.unsteady),
);
tell(
  'Failed:',
  rows.flatMap((row) => row.failures),
);

const total = (field) => rows.reduce((sum, row) => sum + row[field], 0);
console.log(`\n${total('passed')} passed, ${total('failed')} failed, ${total('skipped')} skipped`);
process.exitCode = total('failed') > 0 ? 1 : 0;
