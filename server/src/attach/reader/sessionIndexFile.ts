/** `sessions.json`: replaced as a whole many times a turn. Each session key that changed goes out, cut to what is used. */
import { createHash } from 'node:crypto';
import type { SourceRecord } from '../record';
import { openRegular } from '../regularFile';
import { skipReasonOf, type ReaderContext } from './context';
import { asObject, parseObject, reduceIndexEntry } from './reduce';
import { stampOf } from './stamp';

/** 17 KB a session: this is some 7000 sessions. */
const MAX_INDEX_BYTES = 128 * 1024 * 1024;
/** Session keys whose last state is remembered; of others the state is simply told again. */
const MAX_KEYS = 50_000;
/** Between two readings at least this long, and this many times as long as a reading takes. */
const SPACING_MS = 250;
const SPACING_FACTOR = 10;

export class SessionIndexFile {
  readonly #context: ReaderContext;
  readonly #agent: string;
  readonly #path: string;
  readonly #file: string;
  readonly #key: string;
  #stamp: string | null;
  #sent = new Map<string, string>();
  #notBefore = 0;

  constructor(context: ReaderContext, agent: string, path: string, file: string) {
    this.#context = context;
    this.#agent = agent;
    this.#path = path;
    this.#file = file;
    this.#key = `index:${file}`;
    this.#stamp = context.takeCursor(this.#key) ?? null;
  }

  unchanged(stamp: string): boolean {
    return this.#stamp === stamp;
  }

  /** Changed, but read a moment ago: it is looked at again then. */
  get tooSoon(): boolean {
    return Date.now() < this.#notBefore;
  }

  async *scan(): AsyncGenerator<SourceRecord> {
    const started = Date.now();
    this.#notBefore = started + SPACING_MS;
    try {
      const handle = await openRegular(this.#path);
      try {
        const stat = await handle.stat({ bigint: true });
        const stamp = stampOf(stat);
        if (stat.size > BigInt(MAX_INDEX_BYTES)) {
          yield* this.#context.skipped(
            this.#file,
            `it is larger than ${MAX_INDEX_BYTES / 1024 / 1024} MB, so sessions lack their keys: let OpenClaw clear old ones out of it`,
          );
          this.#stamp = stamp;
          return;
        }
        const index = parseObject(await handle.readFile('utf8'));
        this.#stamp = stamp;
        this.#notBefore = started + Math.max(SPACING_MS, (Date.now() - started) * SPACING_FACTOR);
        if (!index) {
          yield* this.#context.skipped(this.#file, 'it is not a JSON object, so sessions lack their keys: copy it again');
          return;
        }
        yield* this.#context.mended(this.#file);
        for (const [key, value] of Object.entries(index)) {
          const entry = asObject(value);
          if (!entry) continue;
          const text = reduceIndexEntry({ ...entry, sessionKey: key });
          if (this.#isNew(key, text)) yield { kind: 'index', agent: this.#agent, text };
        }
        yield { kind: 'heartbeat', cursor: { key: this.#key, value: stamp } };
      } finally {
        await handle.close();
      }
    } catch (error) {
      yield* this.#context.skipped(this.#file, skipReasonOf(error));
    }
  }

  /** Sessions that it names, whether or not they were told; null: it can't be read. */
  async count(): Promise<number | null> {
    try {
      const handle = await openRegular(this.#path);
      try {
        const index = (await handle.stat()).size > MAX_INDEX_BYTES ? null : parseObject(await handle.readFile('utf8'));
        return index === null ? null : Object.values(index).filter((entry) => typeof asObject(entry)?.sessionId === 'string').length;
      } finally {
        await handle.close();
      }
    } catch {
      return null; // why is told by the scan
    }
  }

  #isNew(key: string, text: string): boolean {
    const digest = createHash('sha256').update(text).digest('base64');
    if (this.#sent.get(key) === digest) return false;
    if (this.#sent.size >= MAX_KEYS) this.#sent = new Map();
    this.#sent.set(key, digest);
    return true;
  }
}
