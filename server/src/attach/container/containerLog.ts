/** The supervisor's log as the engine keeps it, line by line with the engine's own times, which tell where to go on. */
import { setTimeout as sleep } from 'node:timers/promises';
import type Docker from 'dockerode';
import { parseObject } from '../reader/reduce';
import type { Cursor, SourceRecord } from '../record';
import { demux, type Channel } from './demux';
import { answered, engineError, statusOf } from './engine';

const MAX_LOG_LINE_BYTES = 1024 * 1024;
const AGAIN_MS = 1000;
/** By how much the engine's clock may be ahead of ours. */
const MAX_AHEAD_MS = 24 * 60 * 60_000;
/** An event of the supervisor, and not just a line of some program's log: its own time, its class, its severity; or its JSON. */
const EVENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z +(?:OCSF +(?:EVENT|[A-Z]+:[^[]*) \[[A-Z]+\]|OCSF-JSON +\{)/;
/** The engine's, and the space behind it. */
const TIME_BYTES = '2026-11-21T12:26:05.034216291Z '.length;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/;

/** The engine keeps none of this container, or none that can be read: its logging driver says which. */
export class NoConsole extends Error {}
const NOT_IMPLEMENTED = 501;

interface Position {
  /** The engine's time of the last line, as it wrote it, to the nanosecond. */
  readonly time: string;
  /** How many lines of exactly this time were handed out. */
  readonly count: number;
  /** On which the supervisor was seen to write. */
  readonly channel: Channel | null;
}

export class ContainerLog {
  readonly #container: Docker.Container;
  readonly #key: string;
  #at: Position | null;
  readonly #shared: boolean;
  /**
   * The supervisor writes its events on one of the two: on stderr, or on stdout as it did once. What comes on the other is someone
   * else's, whatever it looks like; an event on stderr settles it. null: none was seen yet.
   */
  #channel: Channel | null;

  /** `shared`: others than the supervisor may write in it too. */
  constructor(container: Docker.Container, cursors: ReadonlyMap<string, string>, shared: boolean) {
    this.#container = container;
    this.#shared = shared;
    this.#key = `log:${container.id}`;
    const cursor = parseObject(cursors.get(this.#key) ?? '');
    this.#at =
      cursor && typeof cursor.time === 'string' && isPast(cursor.time) && typeof cursor.count === 'number'
        ? {
            time: cursor.time,
            count: cursor.count,
            channel: cursor.channel === 'stdout' || cursor.channel === 'stderr' ? cursor.channel : null,
          }
        : null;
    this.#channel = this.#at?.channel ?? null;
  }

  /** What is there now. */
  async *backlog(signal: AbortSignal): AsyncGenerator<SourceRecord> {
    // Before any line on stdout is believed: what an agent printed may stand before the first event that is left of the supervisor's.
    if (this.#shared && this.#channel === null && (await this.#hasEventOnStderr(signal))) this.#channel = 'stderr';
    yield* this.#read(false, signal);
  }

  /** What comes. The engine ends it when it rotates its files, and while the container stands still. */
  async *follow(signal: AbortSignal): AsyncGenerator<SourceRecord> {
    while (!signal.aborted) {
      yield* this.#read(true, signal);
      await sleep(AGAIN_MS, undefined, { signal }).catch(() => undefined); // aborted: seen by the loop
    }
  }

  /** Reads no further than to the first; nothing is held. */
  async #hasEventOnStderr(signal: AbortSignal): Promise<boolean> {
    for await (const { channel, text } of this.#lines(false, signal)) if (channel === 'stderr' && EVENT.test(text)) return true;
    return false;
  }

  async *#read(follow: boolean, signal: AbortSignal): AsyncGenerator<SourceRecord> {
    for await (const { channel, time, text } of this.#lines(follow, signal)) {
      if (this.#shared && this.#channel !== 'stderr' && this.#channel !== channel && EVENT.test(text)) this.#channel = channel;
      this.#at = { time, count: this.#at?.time === time ? this.#at.count + 1 : 1, channel: this.#channel };
      if (text.trim() !== '' && channel === (this.#channel ?? channel))
        yield { kind: 'log', origin: 'console', text, cursor: this.#cursor(this.#at) };
    }
  }

  /** Those behind the cursor. */
  async *#lines(follow: boolean, signal: AbortSignal): AsyncGenerator<TimedLine> {
    let stream: (AsyncIterable<Buffer> & { destroy(): void }) | null = null;
    const close = (): void => stream?.destroy();
    signal.addEventListener('abort', close, { once: true });
    try {
      // One that is followed may have nothing to say for hours, and some engines begin to answer only then.
      stream = follow ? await this.#open(true) : await answered('a log', () => this.#open(false), signal);
      if (signal.aborted) return;
      const skip = this.#at;
      let same = 0;
      for await (const { channel, line } of loggedLines(stream)) {
        const space = line.indexOf(' ');
        const time = line.slice(0, Math.max(space, 0));
        if (!TIME.test(time)) continue; // a piece of a line that the engine cut
        if (skip && (time < skip.time || (time === skip.time && ++same <= skip.count))) continue;
        yield { channel, time, text: line.slice(space + 1) };
      }
    } catch (error) {
      if (signal.aborted) return;
      throw isUnreadable(error) ? new NoConsole('its logging driver can not be read', { cause: error }) : engineError(error);
    } finally {
      signal.removeEventListener('abort', close);
      close();
    }
  }

  /** Not container.logs(): without following it holds all of a log in memory. */
  async #open(follow: boolean): Promise<AsyncIterable<Buffer> & { destroy(): void }> {
    const since = this.#at ? secondsOf(this.#at.time) : null;
    return new Promise((resolve, reject) => {
      this.#container.modem.dial(
        {
          path: `/containers/${this.#container.id}/logs?`,
          method: 'GET',
          isStream: true,
          statusCodes: { 200: true, 404: 'no such container', 500: 'server error', 501: 'not implemented' },
          options: { follow, stdout: true, stderr: true, timestamps: true, ...(since === null ? {} : { since }) },
        },
        (error: unknown, stream: AsyncIterable<Buffer> & { destroy(): void }) => (error ? reject(error) : resolve(stream)),
      );
    });
  }

  #cursor(at: Position): Cursor {
    return { key: this.#key, value: JSON.stringify(at) };
  }
}

function isUnreadable(error: unknown): boolean {
  return statusOf(error) === NOT_IMPLEMENTED || (error instanceof Error && /logging driver does not support reading/.test(error.message));
}

interface TimedLine {
  readonly channel: Channel;
  readonly time: string;
  readonly text: string;
}

/** However wrong a clock is: from a time that never comes, nothing would be heard of the log again. */
function isPast(time: string): boolean {
  return TIME.test(time) && Date.parse(time) <= Date.now() + MAX_AHEAD_MS;
}

interface LoggedLine {
  readonly channel: Channel;
  /** With the engine's time before it. */
  readonly line: string;
}

/** Lines of both channels. The engine cuts a long one into frames, and puts its time before each of them. */
export async function* loggedLines(stream: AsyncIterable<Buffer>): AsyncGenerator<LoggedLine> {
  const held: Record<Channel, Buffer> = { stdout: Buffer.alloc(0), stderr: Buffer.alloc(0) };
  let frame: Buffer[] = [];
  let size = 0;
  for await (const { channel, bytes, last } of demux(stream)) {
    size += bytes.length;
    // A line without end is none of the supervisor's.
    if (size <= MAX_LOG_LINE_BYTES) frame.push(bytes);
    if (!last) continue;
    const whole = size > MAX_LOG_LINE_BYTES ? Buffer.alloc(0) : Buffer.concat(frame);
    frame = [];
    size = 0;
    const before = held[channel];
    const goesOn = before.length > TIME_BYTES && whole.subarray(0, TIME_BYTES).equals(before.subarray(0, TIME_BYTES));
    const all = before.length === 0 ? whole : Buffer.concat([before, goesOn ? whole.subarray(TIME_BYTES) : whole]);
    const end = all.lastIndexOf(0x0a);
    held[channel] = all.length - end - 1 > MAX_LOG_LINE_BYTES ? Buffer.alloc(0) : Buffer.from(all.subarray(end + 1));
    if (end >= 0) for (const line of all.toString('utf8', 0, end).split('\n')) yield { channel, line: line.replace(/\r$/, '') };
  }
}

/** The engine takes seconds with a fraction; JavaScript's dates would lose the nanoseconds. */
function secondsOf(time: string): string {
  const seconds = Math.floor(Date.parse(time) / 1000);
  const fraction = /\.(\d+)/.exec(time)?.[1] ?? '';
  return `${seconds}.${fraction}`;
}
