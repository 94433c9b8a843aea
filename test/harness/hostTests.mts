// Runs suites in a real VS Code through @vscode/test-electron: in the VS Code it downloads, where it can, else in the VS
// Code inside the npm package code-server. Says which of the two it was, for they are not the same build.
import { downloadAndUnzipVSCode, runTests } from '@vscode/test-electron';
import * as esbuild from 'esbuild';
import { createWriteStream, existsSync, readFileSync } from 'node:fs';
import { cp, mkdir, open, readdir, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { HostReport } from '../host/index.ts';
import { codeServerVersion } from './codeServer.mts';
import { temporaryProfile } from './profile.mts';
import { cacheDir, ensureProgram, HarnessError, projectRoot } from './tools.mts';

export interface HostTestsOptions {
  /** Folder with `*.test.ts` of mocha; each becomes one CommonJS file. */
  readonly suites: string;
  /** Copied, so that tests may change it; none: an empty folder. */
  readonly workspace: string | null;
  readonly env?: Readonly<Record<string, string>>;
  /** A part of the file names to run. */
  readonly only?: string;
  /** Name of the run, for its folder of logs. */
  readonly name: string;
  readonly say: (line: string) => void;
}

export interface HostResult extends HostReport {
  /** The words for the summary: which VS Code ran. */
  readonly ran: string;
}

const downloadTimeoutMs = 20_000;

export async function runHostTests(options: HostTestsOptions): Promise<HostResult> {
  const compiled = await compileSuites(options.suites, options.name);
  const electron = await findElectron(options.say);
  if (electron) {
    const report = await attempt(options, compiled, electron);
    if (report) return named(report, options.say);
    options.say('The downloaded VS Code could not be started here (no display or libraries missing?); trying the VS Code of code-server.');
  }
  const shim = { executable: join(projectRoot, 'test/harness/codeShim.mjs'), prefix: [] };
  const report = await attempt(options, compiled, shim);
  if (!report) throw new HarnessError('The tests in VS Code did not run to their end.', `See ${logDir(options.name)}/vscode.log.`);
  return named(report, options.say);
}

/** By what the editor says of itself, not by what was meant to run. */
function named(report: HostReport, say: (line: string) => void): HostResult {
  const build = report.electronVersion
    ? `Electron ${report.electronVersion}`
    : `of the npm package code-server ${codeServerVersion} in Chromium (not Electron)`;
  const ran = `VS Code ${report.vscodeVersion}, ${build}`;
  say(`Ran in: ${ran}, Node ${report.nodeVersion}.`);
  return { ...report, ran };
}

const logDir = (name: string) => join(projectRoot, 'test-results', name);

async function compileSuites(suites: string, name: string): Promise<string> {
  const outdir = join(cacheDir, 'host-tests', name);
  const files = (await readdir(suites)).filter((file) => file.endsWith('.test.ts'));
  await rm(outdir, { recursive: true, force: true });
  await esbuild.build({
    entryPoints: {
      index: join(projectRoot, 'test/host/index.ts'),
      ...Object.fromEntries(files.map((file) => [`suite/${basename(file, '.ts')}`, join(suites, file)])),
    },
    outdir,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node22',
    sourcemap: 'inline',
    external: ['vscode', 'mocha'],
    logLevel: 'warning',
  });
  await writeFile(join(outdir, 'package.json'), '{ "type": "commonjs" }\n');
  return outdir;
}

interface Executable {
  readonly executable: string;
  /** Put before the arguments; a virtual display, for one. */
  readonly prefix: readonly string[];
}

async function findElectron(say: (line: string) => void): Promise<Executable | null> {
  const wanted = process.env['SANDGLASS_TEST_VSCODE'];
  if (wanted === 'code-server') return null;
  try {
    const executable =
      wanted ??
      (await downloadAndUnzipVSCode({
        version: 'stable',
        cachePath: join(cacheDir, 'vscode-test'),
        timeout: downloadTimeoutMs,
        reporter: { report() {}, error() {} },
      }));
    if (process.platform !== 'linux' || process.env['DISPLAY'] || process.env['WAYLAND_DISPLAY']) return { executable, prefix: [] };
    return { executable: await ensureProgram(['xvfb-run'], 'xvfb', 'gives VS Code a display'), prefix: ['-a', executable] };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    say(`VS Code could not be downloaded or shown (${why.split('\n')[0]}); using the VS Code of the npm package code-server.`);
    return null;
  }
}

/** The report, or null when the editor never got as far as running the tests. */
async function attempt(options: HostTestsOptions, compiled: string, { executable, prefix }: Executable): Promise<HostReport | null> {
  const profile = await temporaryProfile();
  const logs = logDir(options.name);
  await mkdir(logs, { recursive: true });
  const folder = join(profile.dir, 'workspace');
  if (options.workspace) await cp(options.workspace, folder, { recursive: true });
  else await mkdir(folder);
  const told = join(profile.dir, 'told.log');
  const reportFile = join(profile.dir, 'report.json');
  await writeFile(told, '');
  const chatter = createWriteStream(join(logs, 'vscode.log'));
  const following = new AbortController();
  const followed = follow(told, options.say, following.signal);
  try {
    await runTests({
      vscodeExecutablePath: executable,
      extensionDevelopmentPath: projectRoot,
      extensionTestsPath: join(compiled, 'index.js'),
      launchArgs: [
        ...prefix,
        folder,
        '--user-data-dir',
        profile.userDataDir,
        '--extensions-dir',
        profile.extensionsDir,
        '--disable-telemetry',
      ],
      extensionTestsEnv: {
        ...options.env,
        SANDGLASS_HOST_LOG: told,
        SANDGLASS_HOST_REPORT: reportFile,
        ...(options.only ? { SANDGLASS_HOST_ONLY: options.only } : {}),
      },
      stdout: chatter,
      stderr: chatter,
    });
  } catch (error) {
    // A failed test ends here too; the report tells them apart from an editor that did not start.
    if (!existsSync(reportFile)) options.say(error instanceof Error ? error.message : String(error));
  } finally {
    following.abort();
    await followed;
    chatter.end();
  }
  const report = existsSync(reportFile) ? (JSON.parse(readFileSync(reportFile, 'utf8')) as HostReport) : null;
  const began = readFileSync(told, 'utf8') !== '';
  await profile.dispose();
  if (began && !report) throw new HarnessError('VS Code ended in the middle of the tests.', `See ${logs}/vscode.log.`);
  return report;
}

/** Says each line of a growing file as it comes, and the rest when told to stop. */
async function follow(file: string, say: (line: string) => void, stop: AbortSignal): Promise<void> {
  const handle = await open(file, 'r');
  const buffer = Buffer.alloc(64 * 1024);
  let rest = '';
  try {
    for (;;) {
      const last = stop.aborted;
      for (let read = await handle.read(buffer); read.bytesRead > 0; read = await handle.read(buffer)) {
        const lines = (rest + buffer.toString('utf8', 0, read.bytesRead)).split('\n');
        rest = lines.pop() ?? '';
        lines.forEach(say);
      }
      if (last) break;
      await new Promise((done) => setTimeout(done, 200));
    }
    if (rest) say(rest);
  } finally {
    await handle.close();
  }
}
