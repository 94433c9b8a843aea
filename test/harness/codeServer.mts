// A real VS Code, workbench and extension host, without a download from the internet: the VS Code server inside the npm
// package code-server. Installed once into the cache; native modules stay uncompiled, so no compiler is needed (what is
// lost by that: terminals and the native logger).
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheDir, endGroup, HarnessError, node24, progress, run } from './tools.mts';

/** The one place that pins it. */
export const codeServerVersion = '4.139.1';

const startTimeoutMs = 60_000;
const graceMs = 3_000;

export interface CodeServer {
  /** Directory of the VS Code server in the package. */
  readonly dir: string;
  readonly vscodeVersion: string;
}

export async function installCodeServer(): Promise<CodeServer> {
  const home = join(cacheDir, 'code-server', codeServerVersion);
  if (!existsSync(home))
    await progress(`installing the npm package code-server ${codeServerVersion}, once, 600 MB into .cache`, () => install(home));
  const dir = vscodeDir(home);
  const { codeServerVersion: packaged, version } = JSON.parse(readFileSync(join(dir, 'product.json'), 'utf8')) as Record<string, string>;
  if (packaged && packaged !== codeServerVersion)
    throw new HarnessError(`${dir} holds code-server ${packaged}.`, `Delete ${home} and run this again.`);
  return { dir, vscodeVersion: version ?? 'unknown' };
}

const vscodeDir = (home: string) => join(home, 'node_modules/code-server/lib/vscode');

/** Aside first, then moved in place: an install that was cut off is never taken for a whole one. */
async function install(home: string): Promise<void> {
  const aside = `${home}.${process.pid}`;
  const npm = (args: readonly string[], dir: string) =>
    run('npm', [...args, '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', '--prefix', dir], { cwd: dir });
  try {
    await mkdir(aside, { recursive: true });
    await writeFile(join(aside, 'package.json'), '{ "private": true }\n');
    await npm(['install', `code-server@${codeServerVersion}`], aside);
    await npm(['install', '--omit=dev'], vscodeDir(aside));
    await rename(aside, home);
  } catch (error) {
    const raced = existsSync(home);
    if (!raced)
      throw new HarnessError(
        'VS Code (the npm package code-server) could not be installed.',
        'Check that npm can reach its registry, then run this again.',
        { cause: error },
      );
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
}

export interface Profile {
  readonly userDataDir: string;
  readonly extensionsDir: string;
}

export interface StartOptions extends Profile {
  /** Lets the page name a test module for the extension host to run; off for anything a person opens. */
  readonly allowTests?: boolean;
  /** Trust every folder without asking, as `--disable-workspace-trust` does. */
  readonly trustAll?: boolean;
  readonly env?: Readonly<Record<string, string>>;
}

export interface RunningCodeServer {
  readonly authority: string;
  /** The address that opens a folder; holds the token that the server asks for. */
  url(folder: string, payload?: readonly (readonly [string, string])[]): string;
  /** What the server printed, for the message when something went wrong. */
  log(): string;
  stop(): Promise<void>;
}

export async function startCodeServer(server: CodeServer, options: StartOptions): Promise<RunningCodeServer> {
  const token = randomBytes(16).toString('hex');
  const args = [
    ...['--host', '127.0.0.1', '--port', '0', '--connection-token', token, '--accept-server-license-terms'],
    ...profileArguments(options),
    ...['--telemetry-level', 'off', '--disable-update-check', '--disable-getting-started-override'],
    ...(options.allowTests ? ['--enable-smoke-test-driver'] : []),
    ...(options.trustAll ? ['--disable-workspace-trust'] : []),
  ];
  const child = spawn(node24(), ['out/server-main.js', ...args], {
    cwd: server.dir,
    env: { ...quietEnvironment(), ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: process.platform !== 'win32',
  });
  let log = '';
  const keep = (chunk: Buffer) => {
    log = (log + chunk.toString()).slice(-64 * 1024);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const endNow = () => endGroup(child.pid, 'SIGKILL');
  process.once('exit', endNow);
  const stop = async () => {
    await end(child);
    process.removeListener('exit', endNow);
  };
  try {
    const authority = `127.0.0.1:${await boundPort(child, () => log)}`;
    return {
      authority,
      url: (folder, payload) => {
        const query = new URLSearchParams({ tkn: token, folder });
        if (payload) query.set('payload', JSON.stringify(payload));
        return `http://${authority}/?${query.toString()}`;
      },
      log: () => log,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Installs a packaged extension as `code --install-extension` does. */
export async function installExtension(server: CodeServer, profile: Profile, vsix: string): Promise<string> {
  return run(node24(), ['out/server-main.js', ...profileArguments(profile), '--accept-server-license-terms', '--install-extension', vsix], {
    cwd: server.dir,
    env: quietEnvironment(),
  });
}

function profileArguments({ userDataDir, extensionsDir }: Profile): string[] {
  return ['--server-data-dir', join(userDataDir, 'server'), '--user-data-dir', userDataDir, '--extensions-dir', extensionsDir];
}

/** Without what an outer VS Code left in the environment, and without a gallery to call. */
function quietEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(VSCODE_|CODE_SERVER_|CS_|ELECTRON_)/.test(name));
  return { ...Object.fromEntries(kept), EXTENSIONS_GALLERY: '{}', DONT_PROMPT_WSL_INSTALL: '1' };
}

function boundPort(child: ChildProcess, log: () => string): Promise<number> {
  return new Promise((done, failed) => {
    const fail = (what: string) =>
      failed(
        new HarnessError(
          `VS Code's server ${what}.\n${log().trimEnd()}`,
          'If it names a missing module, delete .cache/code-server and run this again.',
        ),
      );
    const timer = setTimeout(() => fail(`did not start within ${startTimeoutMs / 1000} s`), startTimeoutMs);
    const look = () => {
      const port = /Extension host agent listening on (\d+)/.exec(log())?.[1];
      if (port) settle(() => done(Number(port)));
    };
    const gone = (code: number | null) => settle(() => fail(`ended with ${code} before it listened`));
    const broken = (error: Error) => settle(() => failed(error));
    const settle = (what: () => void) => {
      clearTimeout(timer);
      child.stdout?.off('data', look);
      child.off('exit', gone);
      child.off('error', broken);
      what();
    };
    child.stdout?.on('data', look);
    child.once('exit', gone);
    child.once('error', broken);
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) {
    endGroup(child.pid, 'SIGKILL');
    return;
  }
  const gone = new Promise((done) => child.once('exit', done));
  endGroup(child.pid, 'SIGTERM');
  const timer = setTimeout(() => endGroup(child.pid, 'SIGKILL'), graceMs);
  await gone;
  clearTimeout(timer);
  endGroup(child.pid, 'SIGKILL');
}
