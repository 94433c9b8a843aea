/**
 * The reader inside a sandbox. It is given as text to the sandbox's own Node, with the length and then the JSON of its request on
 * stdin, writes one JSON object a line to stdout, and nothing anywhere else. Its stdin is its life line: when that closes, or no
 * sign of life came for a minute, it ends.
 */
import { existsSync, fstatSync, write as writeFd } from 'node:fs';
import { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { AttachError } from '../errors';
import { LIFE_SIGN_LIMIT_MS, type FailedFrame, type Frame, type ReaderRequest } from './frames';
import { readState } from './readState';

/** Frames are gathered up to this before they are written. */
const WRITE_BYTES = 64 * 1024;
const STDOUT = 1;
/** How long an end may take before it is forced. */
const END_MS = 200;
const WAIT_FOR_STATE_MS = 500;

class Output {
  readonly #write = stdout();
  #held: string[] = [];
  #bytes = 0;
  #writing: Promise<void> | null = null;

  /** Resolves at once while little is held; then the reader goes no further ahead. */
  async put(frame: Frame): Promise<void> {
    const line = `${JSON.stringify(frame)}\n`;
    this.#held.push(line);
    this.#bytes += line.length;
    if (this.#bytes >= WRITE_BYTES) await this.flush();
    else if (!this.#writing) setImmediate(() => void this.flush());
  }

  async flush(): Promise<void> {
    while (this.#held.length > 0 || this.#writing) {
      this.#writing ??= this.#writeHeld().finally(() => (this.#writing = null));
      await this.#writing;
    }
  }

  get writing(): boolean {
    return this.#writing !== null;
  }

  async #writeHeld(): Promise<void> {
    const bytes = Buffer.from(this.#held.join(''));
    this.#held = [];
    this.#bytes = 0;
    await this.#write(bytes);
  }
}

/** Resolves when all of it was taken from us. */
type Write = (bytes: Buffer) => Promise<void>;

/** Not process.stdout: on a pipe that blocks the whole process, and with it the life line. */
function stdout(): Write {
  const kind = fstatSync(STDOUT);
  if (!kind.isFIFO() && !kind.isSocket()) return writeAll;
  // What the pipe has room for is written at once: another thread, woken for each write, would cost more than the writing.
  const socket = new Socket({ fd: STDOUT, readable: false, writable: true });
  socket.on('error', () => process.exit(0)); // no one is there to tell
  return (bytes) => new Promise((resolve) => void socket.write(bytes, () => resolve()));
}

async function writeAll(bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await writeSome(bytes.subarray(at));
}

function writeSome(bytes: Buffer): Promise<number> {
  return new Promise((resolve) => {
    writeFd(STDOUT, bytes, (error, written) => {
      if (!error) resolve(written);
      else if (error.code === 'EAGAIN') setTimeout(() => resolve(0), 5);
      else process.exit(0); // no one is there to tell
    });
  });
}

/** Whatever comes meanwhile, the end of the life line too, is seen afterwards. */
function asleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

async function request(): Promise<ReaderRequest> {
  let held = Buffer.alloc(0);
  return new Promise((resolve) => {
    process.stdin.on('data', function take(chunk: Buffer) {
      held = Buffer.concat([held, chunk]);
      const head = held.indexOf(0x0a);
      const length = head < 0 ? Infinity : Number(held.toString('latin1', 0, head));
      if (held.length < head + 1 + length) return;
      process.stdin.off('data', take);
      resolve(JSON.parse(held.toString('utf8', head + 1, head + 1 + length)) as ReaderRequest);
    });
  });
}

function watchLifeLine(output: Output, controller: AbortController): void {
  let sign = performance.now();
  const end = (): void => {
    controller.abort();
    // A write that nobody reads would hold the process; there is nothing to tidy up.
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), END_MS);
    if (!output.writing) process.exit(0);
  };
  process.stdin.on('data', () => (sign = performance.now()));
  process.stdin.on('end', end);
  process.stdin.on('close', end);
  process.stdin.on('error', end);
  setInterval(() => {
    if (performance.now() - sign > LIFE_SIGN_LIMIT_MS) end();
  }, LIFE_SIGN_LIMIT_MS / 4);
}

function failure(error: unknown): FailedFrame {
  if (AttachError.is(error)) return { kind: 'failed', reason: error.reason, message: error.message, hint: error.hint };
  return {
    kind: 'failed',
    reason: 'reader-failed',
    message: error instanceof Error ? error.message : String(error),
    hint: 'Try again.',
  };
}

/** A sandbox that just started has no state directory yet. */
async function waitForState(stateDir: string, follow: boolean, output: Output): Promise<void> {
  if (existsSync(stateDir)) return;
  if (!follow)
    throw new AttachError('nothing-recorded', `There is no ${stateDir} in this sandbox`, 'OpenClaw has not been started in it yet.');
  await output.put({ kind: 'caughtUp' });
  while (!existsSync(stateDir)) {
    await output.put({ kind: 'heartbeat' });
    await sleep(WAIT_FOR_STATE_MS);
  }
}

/** The heap is tidied up before it grows, since a sandbox's memory is not ours; a V8 that does not know these goes without. */
const FRUGAL = ['--heap-growing-percent=10', '--optimize-for-size'];

async function main(): Promise<void> {
  FRUGAL.forEach(setFlagsFromString);
  const output = new Output();
  const controller = new AbortController();
  const asked = await request();
  watchLifeLine(output, controller);
  try {
    await waitForState(asked.stateDir, asked.follow, output);
    const { cursors, ...options } = asked;
    const rest = async (ms: number): Promise<void> => {
      await output.flush();
      asleep(ms);
    };
    for await (const record of readState({ ...options, cursors: new Map(cursors), signal: controller.signal, mayCopy: false, rest }))
      await output.put(record);
    await output.put({ kind: 'end' });
  } catch (error) {
    await output.put(failure(error));
  }
  await output.flush();
  process.exit(0);
}

void main();
