/** `sessions.json`: replaced as a whole many times a turn. Each session key that changed goes out, cut to what is used. */
import { createHash } from 'node:crypto';
import type { SourceRecord } from '../record';
import { openRegular } from '../regularFile';
import { skipReasonOf, type ReaderContext } from './context';
import { bytesOf } from './fileBytes';
import { membersOf, NoObject } from './indexMembers';
import { stemOf } from './names';
import { asObject, parseObject, reduceIndexEntry } from './reduce';
import { stampOf } from './stamp';

/** 17 KB a session: this is some 30,000 sessions. */
const MAX_INDEX_BYTES = 512 * 1024 * 1024;
/** Session keys whose last state is remembered; of others the state is simply told again. */
const MAX_KEYS = 50_000;
/** Between two readings at least this long, and this many times as long as a reading takes. */
const SPACING_MS = 250;
const SPACING_FACTOR = 50;
const MAX_SPACING_MS = 20_000;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

export class SessionIndexFile {
  readonly #context: ReaderContext;
  readonly #agent: string;
  readonly #path: string;
  readonly #file: string;
  readonly #key: string;
  #stamp: string | null;
  /** By key as it is spelled there: what its entry was, and then what was told of it. */
  #sent = new Map<string, string>();
  #notBefore = 0;
  #postponed = false;

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

  /** It was read a moment ago. */
  get tooSoon(): boolean {
    return performance.now() < this.#notBefore;
  }

  /** Changed, but too soon. */
  postpone(): void {
    this.#postponed = true;
  }

  get dueAt(): number {
    return this.#postponed ? this.#notBefore : Infinity;
  }

  /** `only`: entries of these sessions, or of files so called, and no other for now. */
  async *scan(only: ReadonlySet<string> | null): AsyncGenerator<SourceRecord> {
    const started = performance.now();
    if (!only) {
      this.#notBefore = started + SPACING_MS;
      this.#postponed = false;
    }
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
        if (!only) this.#stamp = stamp;
        let busy = 0;
        let since = performance.now();
        for await (const member of membersOf(bytesOf(handle, false, 0))) {
          const record = this.#changed(member, only);
          if (!record) continue;
          busy += performance.now() - since;
          yield record;
          since = performance.now();
        }
        busy += performance.now() - since;
        if (only) return;
        this.#notBefore = started + Math.min(MAX_SPACING_MS, Math.max(SPACING_MS, busy * SPACING_FACTOR));
        yield* this.#context.mended(this.#file);
        yield { kind: 'heartbeat', cursor: { key: this.#key, value: stamp } };
      } finally {
        await handle.close();
      }
    } catch (error) {
      const reason = NoObject.is(error) ? 'it is not a JSON object, so sessions lack their keys: copy it again' : skipReasonOf(error);
      yield* this.#context.skipped(this.#file, reason);
    }
  }

  /** null: it is as it was when it was told. */
  #changed(member: Buffer, only: ReadonlySet<string> | null): SourceRecord | null {
    const key = spelledKey(member);
    const entry = digestOf(member);
    const before = this.#sent.get(key);
    if (before?.startsWith(entry)) return null;
    const parsed = parseObject(`{${member.toString('utf8')}}`);
    if (!parsed) throw new NoObject();
    for (const [sessionKey, value] of Object.entries(parsed)) {
      const fields = asObject(value);
      if (!fields || (only && !isOf(fields, only))) return null;
      const text = reduceIndexEntry({ ...fields, sessionKey });
      const told = digestOf(text);
      if (this.#sent.size >= MAX_KEYS) this.#sent = new Map();
      this.#sent.set(key, entry + told);
      return before?.endsWith(told) ? null : { kind: 'index', agent: this.#agent, text };
    }
    return null;
  }

  /** Sessions that it names, whether or not they were told; null: it can't be read. */
  async count(): Promise<number | null> {
    try {
      const handle = await openRegular(this.#path);
      try {
        if ((await handle.stat()).size > MAX_INDEX_BYTES) return null;
        let count = 0;
        for await (const member of membersOf(bytesOf(handle, false, 0))) {
          const [entry] = Object.values(parseObject(`{${member.toString('utf8')}}`) ?? {});
          if (typeof asObject(entry)?.sessionId === 'string') count += 1;
        }
        return count;
      } finally {
        await handle.close();
      }
    } catch {
      return null; // why is told by the scan
    }
  }
}

/** With its escapes: it only has to be the same each time. */
function spelledKey(member: Buffer): string {
  let end = member.indexOf(QUOTE, member.indexOf(QUOTE) + 1);
  while (end > 0 && member[end - 1] === BACKSLASH) end = member.indexOf(QUOTE, end + 1);
  return member.toString('latin1', 0, Math.max(0, end)).trim();
}

/** Enough of it to tell two states of one entry apart. */
function digestOf(bytes: Buffer | string): string {
  return createHash('sha256').update(bytes).digest('base64').slice(0, 16);
}

function isOf(fields: Readonly<Record<string, unknown>>, sessions: ReadonlySet<string>): boolean {
  if (typeof fields.sessionId === 'string' && sessions.has(fields.sessionId)) return true;
  const { sessionFile } = fields;
  return typeof sessionFile === 'string' && sessions.has(stemOf(sessionFile.slice(sessionFile.lastIndexOf('/') + 1)));
}
