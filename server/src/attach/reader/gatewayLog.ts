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
import { bytesOf } from './fileBytes';
import { lineBatches } from './lines';
import { parseObject, reduceGatewayLine } from './reduce';
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
/** Written by the parts of OpenClaw that tell what transcripts don't hold; an agent's words may hold it too. */
const TELLS =
  /\[model-fetch\] response .{0,400} status=[45]|same-model retry |model_fallback_decision|embedded_run_(?:agent_end|failover_decision|compaction_end)|auth_profile_failure_state_updated|\[compaction-diag\] end |\[(?:llm-idle-timeout|empty-error-retry|timeout-compaction|run-retry-limit|idle-timeout-circuit-breaker-tripped|context-overflow-recovery)\] |\[agent\] run .{1,200} ended|runId=.{1,200} sessionId=/s;

/** A line, cut to what is used of it; null: it tells nothing, or is too long to. */
export function gatewayLogLine(bytes: Buffer | null): string | null {
  const text = bytes?.toString('utf8') ?? '';
  return TELLS.test(text) ? reduceGatewayLine(text) : null;
}

export class GatewayLog {
  readonly #context: ReaderContext;
  readonly #parent: string;
  /** Up to where each file was read, by its inode: a file that is put aside keeps it. */
  readonly #offsets: Map<string, number>;
  #directories: readonly string[] = [];

  constructor(context: ReaderContext, parent: string) {
    this.#context = context;
    this.#parent = parent;
    const cursor = parseObject(context.takeCursor(CURSOR_KEY) ?? '{}') ?? {};
    this.#offsets = new Map(Object.entries(cursor).filter((pair): pair is [string, number] => Number.isSafeInteger(pair[1])));
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
      const { ino, size } = lstatSync(path, { bigint: true });
      const known = this.#offsets.get(String(ino));
      if (known === Number(size)) return;
      const handle = await openRegular(path);
      try {
        const found = await handle.stat({ bigint: true });
        const inode = String(found.ino);
        const before = this.#offsets.get(inode) ?? 0;
        let offset = before > Number(found.size) ? 0 : before;
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
          this.#offsets.set(inode, next.value.end);
        }
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
    for (const inode of this.#offsets.keys()) if (this.#offsets.size > MAX_LOG_FILES * MAX_DIRECTORIES) this.#offsets.delete(inode);
    return JSON.stringify(Object.fromEntries(this.#offsets));
  }
}
