/**
 * One long-lived exec in a sandbox that runs the reader, as user `sandbox`, on an interpreter of the sandbox's own. It is asked for no
 * more than is taken, and ends with its stdin.
 */
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type Docker from 'dockerode';
import { AttachError } from '../errors';
import { LIFE_SIGN_EVERY_MS, type ReaderRequest } from '../reader/frames';
import type { SourceRecord } from '../record';
import { BOOTSTRAP, prefixed } from './bootstrap';
import { answered, engineError, spoken, statusOf } from './engine';
import { ReaderCursors } from './readerCursors';
import { failureOf } from './readerFailure';
import { readerFrames } from './readerFrames';

/** The reader gives a sign every 3 seconds; a machine under load may keep it waiting. */
export const SILENCE_MS = 20_000;
const MAX_STDERR = 8 * 1024;
const MAX_WORDS = 300;
/** 128 and SIGKILL. */
const KILLED = 137;
const STOPPING_LOOKS = 10;
const STOPPING_MS = 150;

/** What in the sandbox runs the reader. */
export interface Interpreter {
  /** With the bootstrap in it, which takes the reader from stdin. */
  readonly command: readonly string[];
  readonly env: readonly string[];
  /** What to say where there is none. */
  readonly missing: { readonly message: string; readonly hint: string };
}

/** Less memory and fewer threads in the sandbox, for no time that anyone would notice: what a reader makes is dropped at once. */
const FRUGAL = ['--max-semi-space-size=1', '--v8-pool-size=0'];

export const NODE: Interpreter = {
  command: ['node', ...FRUGAL, '--no-warnings', '-e', BOOTSTRAP],
  // What the sandbox sets for its own Node must neither be loaded into ours nor make it write a cache.
  env: [
    'NODE_OPTIONS=',
    'NODE_EXTRA_CA_CERTS=',
    'NODE_COMPILE_CACHE=',
    'NODE_DISABLE_COMPILE_CACHE=1',
    'NODE_V8_COVERAGE=',
    'UV_THREADPOOL_SIZE=1',
    'MALLOC_ARENA_MAX=1',
  ],
  missing: {
    message: 'There is no Node in this sandbox',
    hint: 'Reading needs the Node that OpenClaw brings along, on the PATH of user "sandbox".',
  },
};

export interface ReaderExecOptions {
  /** The reader as one script, for this interpreter (dist/reader.js for Node). */
  readonly script: string;
  /** By default Node. */
  readonly interpreter?: Interpreter;
  readonly request: ReaderRequest;
  readonly signal: AbortSignal;
  readonly silenceMs?: number;
}

export async function* readerRecords(container: Docker.Container, options: ReaderExecOptions): AsyncGenerator<SourceRecord> {
  const { signal, interpreter = NODE } = options;
  const started = await start(container, interpreter, signal).catch((error: unknown) => {
    if (signal.aborted) return null;
    throw error;
  });
  if (started === null) return;
  const stderr = new Tail();
  const close = (): void => void started.stream.destroy();
  signal.addEventListener('abort', close, { once: true });
  if (signal.aborted) close(); // while it was being started
  const lifeSign = setInterval(() => {
    if (started.stream.writableLength === 0) started.stream.write('\n');
  }, LIFE_SIGN_EVERY_MS);
  const { cursors, follow } = options.request;
  let caughtUp = false;
  let ended = false;
  try {
    started.stream.write(prefixed(options.script));
    started.stream.write(prefixed(JSON.stringify(options.request)));
    const chunks = spoken(started.stream, 'The reader in the sandbox', options.silenceMs ?? SILENCE_MS);
    for await (const frame of readerFrames(chunks, new ReaderCursors(cursors), (bytes) => stderr.add(bytes))) {
      if (frame.kind === 'failed') throw failureOf(frame, { follow, caughtUp });
      if (frame.kind === 'end') {
        ended = true;
        break;
      }
      caughtUp ||= frame.kind === 'caughtUp';
      yield frame;
    }
    if (!ended && !signal.aborted) throw await whyEnded(container, started.exec, stderr, caughtUp ? null : interpreter);
  } catch (error) {
    if (signal.aborted) return;
    throw AttachError.is(error, 'lost') ? await whySilent(container, error) : engineError(error);
  } finally {
    clearInterval(lifeSign);
    signal.removeEventListener('abort', close);
    started.stream.destroy();
  }
}

async function start(
  container: Docker.Container,
  interpreter: Interpreter,
  signal: AbortSignal,
): Promise<{ readonly exec: Docker.Exec; readonly stream: Duplex }> {
  try {
    const exec = await answered(
      'an exec',
      (abortSignal) =>
        container.exec({
          Cmd: [...interpreter.command],
          User: 'sandbox',
          Env: ['HOME=/sandbox', ...interpreter.env],
          WorkingDir: '/',
          AttachStdin: true,
          AttachStdout: true,
          AttachStderr: true,
          Tty: false,
          abortSignal,
        }),
      signal,
    );
    const stream: Duplex = await answered('the start of an exec', () => exec.start({ hijack: true, stdin: true, Tty: false }), signal);
    stream.on('error', () => undefined); // the reading side tells
    return { exec, stream };
  } catch (error) {
    if (signal.aborted) throw error;
    const text = error instanceof Error ? error.message : '';
    if (/unable to find user/i.test(text))
      throw new AttachError('no-runtime', 'The container has no user "sandbox"', 'It does not look like a NemoClaw sandbox.', {
        cause: error,
      });
    if (statusOf(error) === 400 || /executable file not found|no such file/i.test(text)) throw missing(interpreter, error);
    throw isRefusal(error) ? refused(error, text) : engineError(error);
  }
}

/** The engine answers, and the container is there and runs: it is the exec that it will not do. */
function isRefusal(error: unknown): boolean {
  const status = statusOf(error);
  return status !== null && status !== 404 && status !== 409;
}

function refused(cause: unknown, text: string): AttachError {
  return new AttachError(
    'exec-refused',
    `Docker does not start a program in this sandbox: ${oneLine(text)}`,
    'Allow "docker exec" in it, for its user "sandbox".',
    { cause },
  );
}

/** Nothing that could move a cursor, or more than a line can hold. */
function oneLine(text: string): string {
  return text
    .replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ')
    .trim()
    .slice(0, MAX_WORDS);
}

function missing(interpreter: Interpreter, cause: unknown): AttachError {
  return new AttachError('no-runtime', interpreter.missing.message, interpreter.missing.hint, { cause });
}

/** The last words of the reader: a cause for the log, and none of them for a person to follow. */
class Tail {
  #text = '';
  add(bytes: Buffer): void {
    this.#text = (this.#text + bytes.toString('utf8')).slice(-MAX_STDERR);
  }
  /** Out of a sandbox. */
  get lastLine(): string {
    return oneLine(
      this.#text
        .split('\n')
        .filter((line) => line.trim() !== '')
        .pop() ?? '',
    );
  }
}

/** `interpreter`: the one that may not be there; null where it was seen to be. */
async function whyEnded(
  container: Docker.Container,
  exec: Docker.Exec,
  stderr: Tail,
  interpreter: Interpreter | null,
): Promise<AttachError> {
  try {
    const { ExitCode: code } = await answered('the end of an exec', (abortSignal) => exec.inspect({ abortSignal }));
    if (interpreter && (code === 126 || code === 127)) return missing(interpreter, stderr.lastLine);
    // Killed: by someone in the sandbox, or with the container, whose end the engine notices a moment later.
    for (let look = 0; look < (code === KILLED ? STOPPING_LOOKS : 1); look++) {
      if (look > 0) await sleep(STOPPING_MS);
      const stopped = await whyStopped(container);
      if (stopped) return stopped;
    }
    if (code === KILLED) return new AttachError('lost', 'The reader in the sandbox was killed', 'Try again.');
    if (code !== null && code !== 0)
      return new AttachError('reader-failed', `The reader in the sandbox ended with code ${code}`, 'Try again.', {
        cause: stderr.lastLine,
      });
  } catch (error) {
    return engineError(error);
  }
  return new AttachError('lost', 'The reader in the sandbox ended', 'Try again.');
}

async function whySilent(container: Docker.Container, error: AttachError): Promise<AttachError> {
  return (await whyStopped(container)) ?? error;
}

async function whyStopped(container: Docker.Container): Promise<AttachError | null> {
  return standsStill(container).catch((error: unknown) => engineError(error));
}

/** Why nothing can run in it now; null: it runs. Throws where that can't be said: the container or the engine is gone. */
export async function standsStill(container: Docker.Container): Promise<AttachError | null> {
  try {
    const { State: state } = await answered('the state of a container', (abortSignal) => container.inspect({ abortSignal }));
    if (state.Paused) return new AttachError('container-stopped', 'The sandbox is paused', 'Resume it, then try again.');
    if (!state.Running) return new AttachError('container-stopped', 'The sandbox was stopped', 'Start it again, then try again.');
    return null;
  } catch (error) {
    throw engineError(error);
  }
}
