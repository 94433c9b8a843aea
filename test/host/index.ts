// What VS Code loads as its test module: runs every compiled suite with mocha and writes what it says to a file, because
// the console of an extension host carries the editor's own chatter too.
import { appendFileSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import Mocha from 'mocha';
import * as vscode from 'vscode';

/** Written when the run is over; its absence means that the tests never ran to their end. */
export interface HostReport {
  readonly vscodeVersion: string;
  readonly appName: string;
  readonly nodeVersion: string;
  /** null: the editor is served to a browser. */
  readonly electronVersion: string | null;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly failures: readonly HostFailure[];
  /** The tests that passed, as failures name them. */
  readonly held: readonly string[];
}

export interface HostFailure {
  /** The suite's name, as `only` takes it. */
  readonly file: string | null;
  readonly test: string;
  readonly message: string;
}

function needed(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: start the host tests with \`npm run test:host\`.`);
  return value;
}

export async function run(): Promise<void> {
  const out = needed('SANDGLASS_HOST_LOG');
  const say = (line: string) => appendFileSync(out, `${line}\n`);
  const only = process.env['SANDGLASS_HOST_ONLY'];
  const suites = join(__dirname, 'suite');
  const files = readdirSync(suites).filter(
    (name) => name.endsWith('.test.js') && (!only || only.split(',').some((part) => name.includes(part))),
  );
  const mocha = new Mocha({
    ui: 'bdd',
    timeout: 180_000,
    reporter: class {} as unknown as string,
    ...(process.env['CI'] ? { forbidOnly: true } : {}),
  });
  for (const file of files.sort()) mocha.addFile(join(suites, file));
  let passed = 0;
  let failed = 0;
  const failures: HostFailure[] = [];
  const held: string[] = [];
  let skipped = 0;
  const nameOf = (test: Mocha.Test) => test.titlePath().join(' › ');
  const indent = (test: Mocha.Test) => '  '.repeat(test.titlePath().length - 1);
  await new Promise<void>((done) => {
    const runner = mocha.run(() => done());
    runner.on('suite', (suite: Mocha.Suite) => {
      if (suite.title) say(`${'  '.repeat(suite.titlePath().length - 1)}${suite.title}`);
    });
    runner.on('pass', (test: Mocha.Test) => {
      passed += 1;
      held.push(nameOf(test));
      say(`${indent(test)}✓ ${test.title} (${test.duration ?? 0} ms)`);
    });
    runner.on('pending', (test: Mocha.Test) => {
      skipped += 1;
      say(`${indent(test)}- ${test.title} (skipped)`);
    });
    runner.on('fail', (test: Mocha.Test, error: Error) => {
      failed += 1;
      const message = error.stack ?? error.message;
      failures.push({ file: test.file ? basename(test.file, '.js') : null, test: nameOf(test), message });
      say(`${indent(test)}✗ ${test.title}\n${message}`);
    });
  });
  // No suites found is a broken harness, not a success.
  if (passed + failed + skipped === 0) {
    failed = 1;
    const message = `No tests in ${suites}${only ? ` whose file name has "${only}"` : ''}.`;
    failures.push({ file: null, test: 'suites', message });
    say(`✗ ${message}`);
  }
  const report: HostReport = {
    vscodeVersion: vscode.version,
    appName: vscode.env.appName,
    nodeVersion: process.versions.node,
    electronVersion: process.versions['electron'] ?? null,
    passed,
    failed,
    skipped,
    failures,
    held,
  };
  writeFileSync(needed('SANDGLASS_HOST_REPORT'), JSON.stringify(report));
  if (failed > 0) throw new Error(`${failed} of ${passed + failed} tests failed.`);
}
