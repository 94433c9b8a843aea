/**
 * OpenClaw's own log: `openclaw-YYYY-MM-DD.log` in the directory `openclaw` (or `openclaw-<uid>`) of its temporary directory. Nearly
 * all of it is noise, so a line is looked at as bytes first, and cut to a few fields before it goes anywhere. A line may come twice
 * (after a restart in the middle of one look): it is known by what it says.
 */
import { createHash } from 'node:crypto';
import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { SourceRecord } from '../record';
import { openRegular } from '../regularFile';
import { codeOf, isFileError, skipReasonOf, type ReaderContext } from './context';
import { bytesOf, tailOf, type OpenFile } from './fileBytes';
import { lineBatches } from './lines';
import { asObject, parseObject, reduceGatewayLine } from './reduce';
import { stampOf } from './stamp';
import type { Dirty } from './watcher';

const DIRECTORY = /^openclaw(?:-\d{1,10})?$/;
/** With a number: put aside, when it grew too large. */
export const GATEWAY_LOG_FILE = /^openclaw-\d{4}-\d\d-\d\d(?:\.\d{1,2})?\.log$/;
const MAX_DIRECTORIES = 8;
export const MAX_LOG_FILES = 64;
/** Of a file that was never read, as much of its end is. */
const MAX_HISTORY_BYTES = 64 * 1024 * 1024;
/** An answer of an agent may stand in a line; nothing that is looked for is as long. */
export const MAX_LOG_LINE_BYTES = 256 * 1024;
const CURSOR_KEY = 'gatewayLog';
/** Enough of a hash to tell two files apart. */
const MARK_LENGTH = 16;
/** Written by the parts of OpenClaw that tell what transcripts don't hold; an agent's words may hold it too. */
const TELLS =
  /\[model-fetch\] response .{0,400} status=[45]|same-model retry |model_fallback_decision|embedded_run_(?:agent_end|failover_decision|compaction_end)|auth_profile_failure_state_updated|\[compaction-diag\] end |\[(?:llm-idle-timeout|empty-error-retry|timeout-compaction|run-retry-limit|idle-timeout-circuit-breaker-tripped|context-overflow-recovery)\] |\[agent\] run .{1,200} ended|runId=.{1,200} sessionId=/s;

/** A line, cut to what is used of it; null: it tells nothing, or is too long to. */
export function gatewayLogLine(bytes: Buffer | null): string | null {
  const text = bytes?.toString('utf8') ?? '';
  return TELLS.test(text) ? reduceGatewayLine(text) : null;
}

interface Reached {
  readonly offset: number;
  /** Of the bytes before it: an inode is given to another file when its own is gone. */
  readonly mark: string;
}

export class GatewayLog {
  readonly #context: ReaderContext;
  readonly #parent: string;
  /** Up to where each file was read, by its inode: a file that is put aside keeps it; one that takes its place may get it, too. */
  readonly #reached: Map<string, Reached>;
  /** What each file was when it was read to its end in this life. */
  readonly #stamps = new Map<string, string>();
  #directories: readonly string[] = [];

  constructor(context: ReaderContext, parent: string) {
    this.#context = context;
    this.#parent = parent;
    this.#reached = readCursor(context.takeCursor(CURSOR_KEY));
  }

  get watched(): readonly string[] {
    this.#directories = this.#list();
    return this.#directories;
  }

  async *scan(dirty: Dirty | null): AsyncGenerator<SourceRecord> {
    if (dirty === null) this.#directories = this.#list();
    for (const directory of this.#directories) {
      if (dirty !== null && !dirty.has(directory)) continue;
      try {
        const names = readdirSync(directory).filter((name) => GATEWAY_LOG_FILE.test(name));
        for (const name of names.sort().slice(-MAX_LOG_FILES)) yield* this.#file(join(directory, name), name);
      } catch (error) {
        if (!isFileError(error)) throw error;
        if (codeOf(error) !== 'ENOENT') yield* this.#context.skipped("OpenClaw's own log", skipReasonOf(error));
      }
    }
  }

  #list(): readonly string[] {
    try {
      return readdirSync(this.#parent, { withFileTypes: true })
        .filter((entry) => entry.isDirectory() && DIRECTORY.test(entry.name))
        .map((entry) => join(this.#parent, entry.name))
        .sort()
        .slice(0, MAX_DIRECTORIES);
    } catch (error) {
      // Most sources have none.
      if (isFileError(error)) return [];
      throw error;
    }
  }

  async *#file(path: string, name: string): AsyncGenerator<SourceRecord> {
    try {
      const seen = lstatSync(path, { bigint: true });
      if (this.#stamps.get(String(seen.ino)) === stampOf(seen)) return;
      const handle = await openRegular(path);
      try {
        const found = await handle.stat({ bigint: true });
        const inode = String(found.ino);
        const before = this.#reached.get(inode);
        let offset = before && holds(handle, Number(found.size), before) ? before.offset : 0;
        if (offset === 0) this.#reached.delete(inode);
        else if (offset === Number(found.size)) {
          this.#stamps.set(inode, stampOf(found));
          yield* this.#context.mended(name);
          return;
        }
        if (Number(found.size) - offset > MAX_HISTORY_BYTES) {
          offset = Number(found.size) - MAX_HISTORY_BYTES;
          yield* this.#context.skipped(name, `of OpenClaw's own log only the last ${MAX_HISTORY_BYTES / 1024 / 1024} MB are read`, 'part');
        }
        const batches = lineBatches(bytesOf(handle, false, offset), offset, createHash('sha256'), MAX_LOG_LINE_BYTES);
        for (;;) {
          const next = await batches.next();
          if (next.done) break;
          for (const { bytes } of next.value.lines) {
            const text = gatewayLogLine(bytes);
            if (text !== null) yield { kind: 'gatewayLog', text };
          }
          this.#reached.set(inode, { offset: next.value.end, mark: markBefore(handle, next.value.end) });
        }
        this.#stamps.set(inode, stampOf(found));
        yield { kind: 'heartbeat', cursor: { key: CURSOR_KEY, value: this.#cursor() } };
      } finally {
        await handle.close();
      }
      yield* this.#context.mended(name);
    } catch (error) {
      if (!isFileError(error)) throw error;
      if (codeOf(error) !== 'ENOENT') yield* this.#context.skipped(name, skipReasonOf(error));
    }
  }

  /** Of the files last read, as many as there may be. */
  #cursor(): string {
    for (const inode of this.#reached.keys())
      if (this.#reached.size > MAX_LOG_FILES * MAX_DIRECTORIES) {
        this.#reached.delete(inode);
        this.#stamps.delete(inode);
      }
    return JSON.stringify(Object.fromEntries(this.#reached));
  }
}

function readCursor(value: string | undefined): Map<string, Reached> {
  const found = new Map<string, Reached>();
  for (const [inode, at] of Object.entries(parseObject(value ?? '{}') ?? {})) {
    const { offset, mark } = asObject(at) ?? {};
    if (typeof offset === 'number' && Number.isSafeInteger(offset) && offset >= 0 && typeof mark === 'string')
      found.set(inode, { offset, mark });
  }
  return found;
}

/** Is this still the file of which so much was read? Its lines have times, so those of two files differ. */
function holds(file: OpenFile, size: number, { offset, mark }: Reached): boolean {
  return offset <= size && markBefore(file, offset) === mark;
}

function markBefore(file: OpenFile, offset: number): string {
  return createHash('sha256').update(tailOf(file, offset)).digest('hex').slice(0, MARK_LENGTH);
}
