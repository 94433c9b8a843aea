/**
 * A real engine and real containers for tests: sandboxes in which the real OpenClaw runs (10 to 25 s to bring up), and plain
 * containers laid out like one, in which nothing runs (1 s). When no engine can be had, that is printed, and the tests are skipped.
 */
import { execFile, execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';

const HERE = import.meta.dirname;
const SCRIPTS = join(HERE, 'sandbox');
const run = promisify(execFile);

export const VERSIONS = { jsonl: '2026.7.1', sqlite: '2026.9.6' } as const;

export type Bed = { readonly kind: 'there'; readonly dockerHost: string } | { readonly kind: 'missing'; readonly reason: string };

/** Finds or starts an engine and has the images built; the first time that takes minutes and needs root. */
export async function bed(...versions: readonly string[]): Promise<Bed> {
  if (process.env.SANDGLASS_BED === 'off') return missing('it is switched off (SANDGLASS_BED=off)');
  if (process.platform !== 'linux') return missing(`it needs Linux, and this is ${process.platform}`);
  const engine = await script('engine.sh', 'start');
  const dockerHost = /export DOCKER_HOST=(\S+)/.exec(engine.output)?.[1];
  if (!engine.ok || dockerHost === undefined) return missing(`no container engine: ${lastLine(engine.output)}`);
  process.env.DOCKER_HOST = dockerHost;
  for (const version of versions) {
    const begun = setTimeout(
      () => console.log(`The bed builds its image with OpenClaw ${version}; the first time that takes some minutes.`),
      3000,
    );
    const image = await script('image.sh', version);
    clearTimeout(begun);
    if (!image.ok) return missing(`the image with OpenClaw ${version} could not be built: ${lastLine(image.output)}`);
  }
  return { kind: 'there', dockerHost };
}

async function script(name: string, ...args: readonly string[]): Promise<{ readonly ok: boolean; readonly output: string }> {
  try {
    const { stdout, stderr } = await run(join(SCRIPTS, name), args, { maxBuffer: 1 << 26 });
    return { ok: true, output: `${stderr}\n${stdout}` };
  } catch (error) {
    const { stdout = '', stderr = '', message } = error as { readonly stdout?: string; readonly stderr?: string; readonly message: string };
    return { ok: false, output: `${stdout}\n${stderr || message}` };
  }
}

function missing(reason: string): Bed {
  console.log(`The bed did NOT run: ${reason}`);
  return { kind: 'missing', reason };
}

function lastLine(text: string): string {
  return text.trim().split('\n').pop()?.slice(0, 300) ?? '';
}

export function docker(...args: readonly string[]): string {
  return execFileSync('docker', args, { encoding: 'utf8', maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'pipe'] }).trim();
}

/** The reader, as it is in this tree now. */
export async function readerScript(): Promise<string> {
  const entry = join(HERE, '../../server/src/attach/reader/inside.ts');
  const built = await build({ entryPoints: [entry], bundle: true, platform: 'node', target: 'node22', format: 'cjs', write: false });
  return built.outputFiles[0]?.text ?? '';
}

export interface SandboxOptions {
  readonly version: string;
  readonly generation?: 'B' | 'C';
  readonly config?: object;
}

/** A sandbox with the real OpenClaw in it; `home` plays the user's home directory. */
export class BedSandbox {
  readonly name: string;
  readonly home: string;

  private constructor(name: string, home: string) {
    this.name = name;
    this.home = home;
  }

  static async up({ version, generation = 'B', config }: SandboxOptions): Promise<BedSandbox> {
    const sandbox = new BedSandbox(`sg${randomUUID().slice(0, 10).replace('-', 'x')}`, mkdtempSync(join(tmpdir(), 'sandglass-bed-')));
    try {
      await sandbox.#do('up', '--version', version, '--generation', generation, ...(config ? ['--config', JSON.stringify(config)] : []));
    } catch (error) {
      await sandbox.down();
      throw error;
    }
    return sandbox;
  }

  /** Runs scenarios to their end. */
  async run(...scenarios: readonly string[]): Promise<void> {
    await this.#do('run', ...scenarios);
  }

  async restart(): Promise<void> {
    await this.#do('restart');
  }
  async stop(): Promise<void> {
    await this.#do('stop');
  }
  async start(): Promise<void> {
    await this.#do('start');
  }
  async kill(): Promise<void> {
    await this.#do('kill');
  }

  id(role: 'sandbox' | 'supervisor' = 'sandbox'): string {
    return docker(
      'ps',
      '-aq',
      '--no-trunc',
      '--filter',
      `label=openshell.ai/sandbox-name=${this.name}`,
      '--filter',
      `label=nemobed.role=${role}`,
    );
  }

  /** As user `sandbox`. */
  exec(...command: readonly string[]): string {
    return docker('exec', '-u', 'sandbox', '-e', 'HOME=/sandbox', this.id(), ...command);
  }

  async down(): Promise<void> {
    await this.#do('down');
    rmSync(this.home, { recursive: true, force: true });
  }

  async #do(command: string, ...args: readonly string[]): Promise<void> {
    const options = { env: { ...process.env, NEMOBED_HOME: this.home }, maxBuffer: 1 << 26 };
    await run(process.execPath, [join(SCRIPTS, 'sandbox.mjs'), command, '--name', this.name, ...args], options);
  }
}

/** A container with a sandbox's labels and files, in which only `sleep` runs. */
export class PlainContainer {
  readonly sandboxId = randomUUID();
  readonly name: string;
  readonly id: string;

  /** `more`: further flags of "docker run". */
  constructor(version: string, labels: Readonly<Record<string, string>> = {}, more: readonly string[] = []) {
    this.name = `sgplain-${this.sandboxId.slice(0, 8)}`;
    const all = { 'openshell.ai/sandbox-id': this.sandboxId, 'openshell.ai/sandbox-name': this.name, ...labels };
    const flags = Object.entries(all).flatMap(([key, value]) => ['--label', `${key}=${value}`]);
    this.id = docker(
      'run',
      '-d',
      '--init',
      '--network',
      'none',
      '--user',
      '0',
      '--name',
      this.name,
      ...flags,
      ...more,
      '--entrypoint',
      'sleep',
      `nemobed:${version}`,
      '3600',
    );
  }

  /** Puts a state directory into it, owned by user `sandbox`. */
  fill(stateDir: string): void {
    if (!existsSync(stateDir)) throw new Error(`no ${stateDir}`);
    docker('cp', `${stateDir}/.`, `${this.id}:/sandbox/.openclaw`);
    docker('exec', this.id, 'chown', '-R', 'sandbox:sandbox', '/sandbox/.openclaw');
  }

  exec(...command: readonly string[]): string {
    return docker('exec', '-u', 'sandbox', '-e', 'HOME=/sandbox', this.id, ...command);
  }

  down(): void {
    docker('rm', '-f', '-v', this.id);
  }
}

/** What lies under a path in a container, with sizes and times; two of these are equal when nobody wrote. */
export function listing(containerId: string, path = '/sandbox/.openclaw'): readonly string[] {
  return docker('exec', containerId, 'find', path, '-printf', '%p %y %s %T@ %C@\\n').split('\n').sort();
}

/** Our readers that run in it now. */
export function readersIn(containerId: string): readonly string[] {
  return docker('top', containerId, '-eo', 'pid,args')
    .split('\n')
    .filter((line) => line.includes('--no-warnings -e') || line.includes('-X utf8 -c'));
}

/** The state directory as it is now, copied out while the container stands still. */
export function copyOut(containerId: string, to: string): string {
  const stateDir = join(to, 'sandbox', '.openclaw');
  mkdirSync(join(to, 'sandbox'), { recursive: true });
  docker('pause', containerId);
  try {
    docker('cp', `${containerId}:/sandbox/.openclaw`, stateDir);
  } finally {
    docker('unpause', containerId);
  }
  return stateDir;
}
