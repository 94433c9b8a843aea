/** The two readers that can run inside a sandbox, as sources: Node's in this process, Python's as a process of its own, as it is there. */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { buildSync } from 'esbuild';
import { joinPython } from '../../../scripts/joinPython.mjs';
import { prefixed } from '../../../server/src/attach/container/bootstrap';
import { parseFrame } from '../../../server/src/attach/container/frameParser';
import { PYTHON } from '../../../server/src/attach/container/pythonExec';
import { NODE, type Interpreter } from '../../../server/src/attach/container/readerExec';
import { openDirectory } from '../../../server/src/attach/directory';
import { AttachError } from '../../../server/src/attach/errors';
import type { ReaderRequest } from '../../../server/src/attach/reader/frames';
import { readState } from '../../../server/src/attach/reader/readState';
import type { OpenOptions, Source, SourceRecord } from '../../../server/src/attach/record';

export type Readable = Pick<Source, 'open'>;
export type Tuning = Pick<ReaderRequest, 'verifyEveryMs' | 'heartbeatMs' | 'tmpDir'>;

let script: string | null = null;

export function pythonScript(): string {
  script ??= joinPython();
  return script;
}

let bundle: string | undefined;

/** Made as the build makes it. */
function nodeScript(): string {
  bundle ??= buildSync({
    entryPoints: [resolve(import.meta.dirname, '../../../server/src/attach/reader/inside.ts')],
    bundle: true,
    write: false,
    platform: 'node',
    target: 'node22',
    format: 'cjs',
  }).outputFiles[0]?.text;
  return bundle ?? '';
}

/** The very command that runs in a sandbox, with the script sent and the request too. */
export function startPython(request: ReaderRequest, text: string = pythonScript()): ChildProcessWithoutNullStreams {
  return start(PYTHON, request, text);
}

function start(interpreter: Interpreter, request: ReaderRequest, text: string): ChildProcessWithoutNullStreams {
  const [command = '', ...args] = interpreter.command;
  // As in a sandbox its output is a pipe; what this process would give it is a socket.
  const child = spawn('sh', ['-c', '"$@" | cat 2>/dev/null', 'sh', command === 'node' ? process.execPath : command, ...args], { cwd: '/' });
  child.stdin.on('error', () => undefined); // the reading side tells
  child.stdin.write(prefixed(text));
  child.stdin.write(prefixed(JSON.stringify(request)));
  return child;
}

export interface Reader {
  readonly name: string;
  open(stateDir: string, tuning?: Tuning): Readable;
}

export const nodeReader: Reader = {
  name: 'Node',
  open: (stateDir, tuning = {}) => ({ open: (options) => readState({ ...options, ...tuning, stateDir, mayCopy: false }) }),
};

export const pythonReader: Reader = {
  name: 'Python',
  open: (stateDir, tuning = {}) => ({ open: (options) => inProcess(PYTHON, stateDir, tuning, options, pythonScript()) }),
};

/** Node's as a process of its own too. */
export const nodeProcess: Reader = {
  name: 'Node, as in a sandbox',
  open: (stateDir, tuning = {}) => ({ open: (options) => inProcess(NODE, stateDir, tuning, options, nodeScript()) }),
};

/** What a test of reading is done with: a directory, read in this process, and the reader that a sandbox without Node gets. */
export interface Way {
  readonly name: string;
  /** Inside a sandbox nothing is a recording, and no private copy of a database is made. */
  readonly inside: boolean;
  open(stateDir: string, tuning?: Tuning): Promise<Readable>;
}

export const ways: readonly Way[] = [
  { name: 'a directory', inside: false, open: openDirectory },
  { name: 'a sandbox, with Python', inside: true, open: async (stateDir, tuning) => pythonReader.open(stateDir, tuning) },
];

async function* inProcess(
  interpreter: Interpreter,
  stateDir: string,
  tuning: Tuning,
  options: OpenOptions,
  text: string,
): AsyncGenerator<SourceRecord> {
  const { cursors, follow, signal } = options;
  const child = start(interpreter, { ...tuning, stateDir, cursors: [...cursors], follow }, text);
  const exited = once(child, 'exit'); // rejects where there is no interpreter
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const close = (): void => void child.stdin.destroy();
  signal.addEventListener('abort', close, { once: true });
  try {
    for await (const line of linesOf(child)) {
      const frame = parseFrame(line);
      if (frame === null) throw new Error(`this is no frame: ${line.slice(0, 300)}`);
      if (frame.kind === 'failed') throw new AttachError(frame.reason, frame.message, frame.hint);
      if (frame.kind === 'end') return;
      yield frame;
    }
    if (!signal.aborted) throw new Error(`the reader ended: ${said}`);
  } finally {
    signal.removeEventListener('abort', close);
    child.stdin.destroy();
    child.stdout.destroy();
    await exited;
    if (said !== '') throw new Error(`the reader wrote to stderr: ${said}`);
  }
}

/** With another script: one that stands for another machine. */
export function pythonReaderOf(text: string): Reader {
  return { name: 'Python', open: (stateDir, tuning = {}) => ({ open: (options) => inProcess(PYTHON, stateDir, tuning, options, text) }) };
}

async function* linesOf(child: ChildProcessWithoutNullStreams): AsyncGenerator<string> {
  let parts: Buffer[] = [];
  for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
    let at = 0;
    for (let end = chunk.indexOf(0x0a); end !== -1; end = chunk.indexOf(0x0a, at)) {
      parts.push(chunk.subarray(at, end));
      yield Buffer.concat(parts).toString('utf8');
      parts = [];
      at = end + 1;
    }
    if (at < chunk.length) parts.push(chunk.subarray(at));
  }
}
