/** What the tests of attach share: reading a source to its end or while it is followed, and temporary state directories. */
import { createHash } from 'node:crypto';
import { chmodSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import type { Source, SourceRecord, TranscriptRecord } from '../../../server/src/attach/record';

export async function readAll(
  source: Pick<Source, 'open'>,
  cursors: ReadonlyMap<string, string> = new Map(),
): Promise<readonly SourceRecord[]> {
  const records: SourceRecord[] = [];
  for await (const record of source.open({ cursors, follow: false, signal: new AbortController().signal })) records.push(record);
  return records;
}

export function transcripts(records: readonly SourceRecord[]): readonly TranscriptRecord[] {
  return records.filter((record) => record.kind === 'transcript');
}

/** The place and the words of a record, without its cursor. */
export function identity(record: SourceRecord): string {
  const { cursor: _, ...rest } = record;
  return JSON.stringify(rest);
}

/** What a consumer that commits after every record would hand in again. */
export function cursorsOf(records: readonly SourceRecord[], before: ReadonlyMap<string, string> = new Map()): Map<string, string> {
  const cursors = new Map(before);
  for (const { cursor } of records) if (cursor) cursors.set(cursor.key, cursor.value);
  return cursors;
}

/** A source being followed; everything it said so far, and a way to wait for more. */
export class Following {
  readonly records: SourceRecord[] = [];
  readonly #controller = new AbortController();
  readonly #done: Promise<void>;
  #error: unknown = null;
  readonly #waiting = new Set<() => void>();

  constructor(source: Pick<Source, 'open'>, cursors: ReadonlyMap<string, string> = new Map()) {
    this.#done = this.#run(source, cursors);
  }

  async #run(source: Pick<Source, 'open'>, cursors: ReadonlyMap<string, string>): Promise<void> {
    try {
      for await (const record of source.open({ cursors, follow: true, signal: this.#controller.signal })) {
        this.records.push(record);
        this.#wake();
      }
    } catch (error) {
      this.#error = error;
    }
    this.#wake();
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  /** Resolves with the first record from `from` on that fits. */
  async until<T extends SourceRecord>(fits: (record: SourceRecord) => record is T, from?: number, timeoutMs?: number): Promise<T>;
  async until(fits: (record: SourceRecord) => boolean, from?: number, timeoutMs?: number): Promise<SourceRecord>;
  async until(fits: (record: SourceRecord) => boolean, from = 0, timeoutMs = 20_000): Promise<SourceRecord> {
    const end = Date.now() + timeoutMs;
    for (;;) {
      const found = this.records.slice(from).find(fits);
      if (found) return found;
      if (this.#error) throw this.#error;
      const left = end - Date.now();
      if (left <= 0) throw new Error(`it did not come; there are ${JSON.stringify(this.records.slice(from).map((record) => record.kind))}`);
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          clearTimeout(timer);
          this.#waiting.delete(wake);
          resolve();
        };
        const timer = setTimeout(wake, left);
        this.#waiting.add(wake);
      });
    }
  }

  caughtUp(): Promise<SourceRecord> {
    return this.until((record) => record.kind === 'caughtUp');
  }

  /** Ends it, and says how long that took. */
  async stop(): Promise<number> {
    const started = Date.now();
    this.#controller.abort();
    await this.#done;
    if (this.#error) throw this.#error;
    return Date.now() - started;
  }
}

const made: string[] = [];
afterEach(() => {
  for (const dir of made.splice(0)) rmSync(dir, { recursive: true, force: true });
});

export function temporary(): string {
  const dir = mkdtempSync(join(tmpdir(), 'sandglass-test-'));
  made.push(dir);
  return dir;
}

/** Every file below `root` with its time and a digest of its bytes: what must be the same after a reading. */
export function contents(root: string): readonly string[] {
  return (readdirSync(root, { recursive: true }) as string[]).sort().map((name) => {
    const stat = lstatSync(join(root, name), { bigint: true });
    if (!stat.isFile()) return `${name} ${stat.isDirectory() ? 'dir' : 'other'}`;
    return `${name} ${stat.mtimeNs} ${createHash('sha256')
      .update(readFileSync(join(root, name)))
      .digest('hex')}`;
  });
}

export function removeLater(dir: string): void {
  made.push(dir);
}

/** An empty state directory with one agent; returns its sessions directory too. */
export function emptyState(): { readonly stateDir: string; readonly sessions: string; readonly agent: string } {
  const stateDir = join(temporary(), '.openclaw');
  const sessions = join(stateDir, 'agents', 'main', 'sessions');
  const agent = join(stateDir, 'agents', 'main', 'agent');
  mkdirSync(sessions, { recursive: true });
  mkdirSync(agent, { recursive: true });
  return { stateDir, sessions, agent };
}

export function header(id: string): string {
  return `${JSON.stringify({ type: 'session', version: 3, id, timestamp: '2026-11-21T00:00:00.000Z', cwd: '/sandbox/.openclaw/workspace' })}\n`;
}

export function entry(id: string, text = 'hello'): string {
  return `${JSON.stringify({ type: 'message', id, parentId: null, timestamp: '2026-11-21T00:00:01.000Z', message: { role: 'user', content: text, timestamp: 1 } })}\n`;
}

export function writeSession(sessions: string, name: string, ...lines: readonly string[]): string {
  const path = join(sessions, name);
  writeFileSync(path, lines.join(''));
  return path;
}

/** Root may read everything: as root, the part in question runs as another user. */
export async function asNobody<T>(closed: string, run: () => Promise<T>): Promise<T> {
  chmodSync(closed, 0);
  const root = process.getuid?.() === 0;
  if (root) process.seteuid?.(65534);
  try {
    return await run();
  } finally {
    if (root) process.seteuid?.(0);
    chmodSync(closed, 0o700);
  }
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
