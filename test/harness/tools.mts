// What every part of the harness leans on: where the project is, a Node new enough for VS Code's server, programs that
// Debian has and the machine may not, and lines of progress that read well in a terminal and in a log.
import { spawn, spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';

export const projectRoot = resolve(import.meta.dirname, '../..');
export const cacheDir = join(projectRoot, '.cache');

const neededNodeMajor = 24;

/** What, why and what to do next: the only thing a person sees when the harness can't go on. */
export class HarnessError extends Error {
  readonly hint: string;

  constructor(what: string, hint: string, options?: ErrorOptions) {
    super(what, options);
    this.name = 'HarnessError';
    this.hint = hint;
  }

  static is(error: unknown): error is HarnessError {
    return error instanceof HarnessError;
  }
}

/** The Node that runs VS Code's server: this one when it is new enough, else the project's own dev dependency. */
export function node24(): string {
  if (Number(process.versions.node.split('.')[0]) >= neededNodeMajor) return process.execPath;
  const own = join(projectRoot, 'node_modules/node/bin/node');
  if (existsSync(own)) return own;
  throw new HarnessError(
    `Node ${neededNodeMajor} is missing (this is ${process.versions.node}).`,
    'Run `npm ci` in the project: it brings its own Node.',
  );
}

export function onPath(command: string): string | null {
  for (const dir of (process.env['PATH'] ?? '').split(delimiter)) {
    const candidate = join(dir, command);
    try {
      accessSync(candidate, constants.X_OK);
      return candidate;
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  }
  return null;
}

function isMissing(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'ENOENT' || code === 'EACCES' || code === 'ENOTDIR';
}

/**
 * The program by any of its names, installed from the distribution when it is missing and we may. Throws what to do when
 * we may not.
 */
export async function ensureProgram(names: readonly string[], debianPackage: string, why: string): Promise<string> {
  const there = names.map(onPath).find((path) => path !== null);
  if (there) return there;
  const hint = `Install it and run this again (Debian, Ubuntu: sudo apt-get install ${debianPackage}).`;
  if (!onPath('apt-get') || process.getuid?.() !== 0) throw new HarnessError(`${names[0]} is missing; it ${why}.`, hint);
  await progress(`installing the Debian package ${debianPackage}, which ${why}`, async () => {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    await run('apt-get', ['update', '-q'], { env });
    await run('apt-get', ['install', '-y', '-q', '--no-install-recommends', debianPackage], { env });
  });
  const installed = names.map(onPath).find((path) => path !== null);
  if (!installed) throw new HarnessError(`The package ${debianPackage} is installed, but brought no ${names.join(' or ')}.`, hint);
  return installed;
}

/** Chromium, which stands in for the window of VS Code; the packaged one, so that nothing is downloaded from elsewhere. */
export async function ensureChromium(): Promise<string> {
  const wanted = process.env['CHROMIUM'];
  if (wanted) {
    if (existsSync(wanted)) return wanted;
    throw new HarnessError(
      `CHROMIUM is set to ${wanted}, and there is no such file.`,
      'Set it to the path of a Chromium or Chrome, or unset it.',
    );
  }
  return ensureProgram(
    ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'],
    'chromium',
    'shows the editor without a window',
  );
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** Runs to the end; the last lines of what it said are in the error when it fails. */
export async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'], shell: process.platform === 'win32' });
  let output = '';
  const keep = (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-maxKeptOutput);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const code = await new Promise<number | null>((done, failed) => {
    child.once('error', failed);
    child.once('close', done);
  });
  if (code !== 0) {
    const tail = output.trimEnd().split('\n').slice(-15).join('\n');
    throw new HarnessError(
      `\`${[command, ...args].join(' ')}\` ended with ${code}:\n${tail}`,
      'Mend what it complains about and run this again.',
    );
  }
  return output;
}

const maxKeptOutput = 256 * 1024;

/** One line while something long runs: rewritten in a terminal, said at start and end in a log. */
export async function progress<T>(what: string, work: () => Promise<T>): Promise<T> {
  const started = Date.now();
  const seconds = () => `${Math.round((Date.now() - started) / 1000)} s`;
  const terminal = process.stderr.isTTY;
  process.stderr.write(terminal ? `… ${what}` : `… ${what}\n`);
  const timer = terminal ? setInterval(() => process.stderr.write(`\r… ${what}: ${seconds()}`), 1000) : null;
  try {
    const result = await work();
    process.stderr.write(`${terminal ? '\r' : ''}✓ ${what}: ${seconds()}\n`);
    return result;
  } catch (error) {
    process.stderr.write(`${terminal ? '\r' : ''}✗ ${what}: ${seconds()}\n`);
    throw error;
  } finally {
    if (timer) clearInterval(timer);
  }
}

/** Prints an error the way a person can use it. Anything that is not ours keeps its stack: it is a bug. */
export function report(error: unknown): void {
  if (HarnessError.is(error)) {
    const because = error.cause instanceof Error ? `${error.cause.message.split('\n')[0]}\n` : '';
    process.stderr.write(`\n${error.message}\n${because}${error.hint}\n`);
  } else process.stderr.write(`\n${error instanceof Error ? error.stack : String(error)}\n`);
}

/** Ends a process that was started `detached`, and all its children: politely first, then for good. */
export function endGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  if (process.platform === 'win32') {
    spawnSync('taskkill', ['/pid', String(pid), '/T', '/F']);
    return;
  }
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
