/** The server as a child process that speaks over Node's IPC channel; its other output goes to the log, line by line. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { LogOutputChannel } from 'vscode';
import { asNode } from './probe';

/** Time between asking the server to end and ending it. */
const graceMs = 2_000;

export interface ServerProcess {
  readonly child: ChildProcess;
  readonly pid: number;
  /** Resolves when the process is gone, with what it left. */
  readonly gone: Promise<{ readonly code: number | null; readonly signal: string | null }>;
  /** Ends it for sure; quickly when it already ended by itself. */
  end(): Promise<void>;
}

export async function spawnServer(command: string, serverModule: string, log: LogOutputChannel): Promise<ServerProcess> {
  const child = spawn(command, ['--disable-warning=ExperimentalWarning', serverModule, '--node-ipc', `--clientProcessId=${process.pid}`], {
    env: { ...process.env, ...asNode },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    windowsHide: true,
  });
  const gone = new Promise<{ code: number | null; signal: string | null }>((resolve) =>
    child.once('exit', (code, signal) => resolve({ code, signal })),
  );
  const started = new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', reject);
  });
  pipeLines(child.stdout, (line) => log.info(line));
  pipeLines(child.stderr, (line) => log.warn(line));
  await started;
  // A failed write to a dying process is reported here; its end is what counts and is seen by `gone`.
  child.on('error', (error) => log.debug(`server process: ${error.message}`));
  return { child, pid: child.pid ?? -1, gone, end: () => end(child, gone) };
}

async function end(child: ChildProcess, gone: Promise<unknown>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  if (child.connected) child.disconnect();
  const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
  await gone;
  clearTimeout(timer);
}

function pipeLines(stream: Readable | null, take: (line: string) => void): void {
  if (stream !== null) createInterface({ input: stream, crlfDelay: Infinity }).on('line', take);
}
