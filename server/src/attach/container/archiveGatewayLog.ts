/**
 * OpenClaw's own log without running anything in the sandbox. To list a directory the engine sends all that is in it, so that is done
 * once; from then on it is asked for the files of these days by their names.
 */
import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import { SandboxFileError } from '../errors';
import { GATEWAY_LOG_FILE, gatewayLogLine, MAX_LOG_FILES, MAX_LOG_LINE_BYTES } from '../reader/gatewayLog';
import { lineBatches } from '../reader/lines';
import { asObject, parseObject } from '../reader/reduce';
import type { SourceRecord } from '../record';
import type { EngineArchive } from './engineArchive';

const CURSOR_KEY = 'gatewayLogArchive';
/** What a list of them may cost. */
const MAX_LIST_BYTES = 256 * 1024 * 1024;
const DAY_MS = 86_400_000;

interface Position {
  /** Of the file when it was read to `offset`, its end. */
  readonly stamp: string;
  readonly offset: number;
}

export class ArchiveGatewayLog {
  readonly #archive: EngineArchive;
  readonly #directory: string;
  readonly #at = new Map<string, Position>();
  #listed: readonly string[] | null = null;

  constructor(archive: EngineArchive, directory: string, cursors: ReadonlyMap<string, string>) {
    this.#archive = archive;
    this.#directory = directory;
    for (const [name, value] of Object.entries(parseObject(cursors.get(CURSOR_KEY) ?? '') ?? {})) {
      const at = asObject(value);
      if (typeof at?.stamp === 'string' && typeof at.offset === 'number' && at.offset >= 0)
        this.#at.set(name, { stamp: at.stamp, offset: at.offset });
    }
  }

  /** What came since the last look. Throws SandboxFileError. */
  async *look(signal: AbortSignal): AsyncGenerator<SourceRecord> {
    if (!(await this.#isThere(signal))) return;
    this.#listed ??= await this.#list(signal);
    const days = [-DAY_MS, 0, DAY_MS].map((ms) => `openclaw-${new Date(Date.now() + ms).toISOString().slice(0, 10)}.log`);
    for (const name of new Set([...this.#listed, ...days])) {
      try {
        yield* this.#file(name, signal);
      } catch (error) {
        if (!SandboxFileError.is(error, 'not-found')) throw error;
      }
    }
  }

  /** The agent may put a link in its place: where that leads is not looked. */
  async #isThere(signal: AbortSignal): Promise<boolean> {
    try {
      const found = await this.#archive.stat(this.#directory, signal);
      return found.kind === 'directory';
    } catch (error) {
      if (SandboxFileError.is(error, 'not-found')) return false;
      throw error;
    }
  }

  async #list(signal: AbortSignal): Promise<readonly string[]> {
    const names: string[] = [];
    let passed = 0;
    for await (const { header } of this.#archive.entries(this.#directory, signal)) {
      const [, name, ...deeper] = header.name.split('/').filter((part) => part !== '' && part !== '.');
      if (name !== undefined && deeper.length === 0 && header.type === 'file' && GATEWAY_LOG_FILE.test(name)) names.push(name);
      passed += header.size ?? 0;
      if (passed > MAX_LIST_BYTES) break;
    }
    return names.sort().slice(-MAX_LOG_FILES);
  }

  async *#file(name: string, signal: AbortSignal): AsyncGenerator<SourceRecord> {
    const path = posix.join(this.#directory, name);
    const found = await this.#archive.stat(path, signal);
    const known = this.#at.get(name);
    if (found.kind !== 'file' || found.stamp === known?.stamp) return;
    for await (const { header, bytes } of this.#archive.entries(path, signal)) {
      if (header.type !== 'file') return;
      // Shorter than it was: another file of the same name. What is read again changes nothing.
      const from = known && known.offset <= (header.size ?? 0) ? known.offset : 0;
      const batches = lineBatches(after(bytes, from), from, createHash('sha256'), MAX_LOG_LINE_BYTES);
      for (;;) {
        const next = await batches.next();
        if (next.done) {
          this.#at.set(name, { stamp: found.stamp, offset: next.value.start });
          break;
        }
        for (const { bytes: line } of next.value.lines) {
          const text = gatewayLogLine(line);
          if (text !== null) yield { kind: 'gatewayLog', text };
        }
      }
    }
    for (const old of this.#at.keys()) if (this.#at.size > MAX_LOG_FILES) this.#at.delete(old);
    yield { kind: 'heartbeat', cursor: { key: CURSOR_KEY, value: JSON.stringify(Object.fromEntries(this.#at)) } };
  }
}

async function* after(chunks: AsyncIterable<Buffer>, from: number): AsyncGenerator<Buffer> {
  let left = from;
  for await (const chunk of chunks) {
    if (left >= chunk.length) left -= chunk.length;
    else {
      yield left > 0 ? chunk.subarray(left) : chunk;
      left = 0;
    }
  }
}
