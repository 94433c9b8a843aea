/**
 * The files that the supervisor keeps of its log under /var/log, through the engine's archive API: shorthand day by day, and, while that
 * is switched on, one JSON object a line. They may reach further back than the console, and are all there is where the engine keeps no
 * console. Only files of the supervisor count: where the agent runs in the same container, those that root wrote.
 */
import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type Docker from 'dockerode';
import { SandboxFileError } from '../errors';
import { supervisorLogFile, type SupervisorLogFile } from '../labels';
import { lineBatches } from '../reader/lines';
import { parseObject } from '../reader/reduce';
import type { Cursor, SourceRecord } from '../record';
import { Told } from '../told';
import { restAfter } from './archiveRecords';
import { EngineArchive, type ArchiveStat } from './engineArchive';

const DIRECTORY = '/var/log';
/** To list it the engine sends all of it; after so much it is left. */
const MAX_LIST_BYTES = 512 * 1024 * 1024;
/** It keeps a few days of each kind. */
const MAX_FILES = 100;
const MAX_LINE_BYTES = 1024 * 1024;

export type LogKinds = 'all' | 'ocsf-json';

interface Position {
  /** Of the file when it was read to `offset`, its end. */
  readonly stamp: string;
  readonly offset: number;
}

export class SupervisorFiles {
  readonly #archive: EngineArchive;
  readonly #prefix: string;
  readonly #rootOnly: boolean;
  readonly #at = new Map<string, Position>();
  readonly #told = new Told();
  #listed: ReadonlyMap<string, SupervisorLogFile> = new Map();
  #stamp: string | null = null;

  /** `rootOnly`: someone else than the supervisor runs in this container too. */
  constructor(container: Docker.Container, cursors: ReadonlyMap<string, string>, rootOnly: boolean) {
    this.#archive = new EngineArchive(container);
    this.#prefix = `log:${container.id}:`;
    this.#rootOnly = rootOnly;
    for (const [key, value] of cursors) {
      const at = key.startsWith(this.#prefix) ? parseObject(value) : null;
      if (typeof at?.stamp === 'string' && typeof at.offset === 'number' && at.offset >= 0)
        this.#at.set(key.slice(this.#prefix.length), { stamp: at.stamp, offset: at.offset });
    }
  }

  /** Were there any at the last look? */
  get any(): boolean {
    return this.#listed.size > 0;
  }

  /** What came since the last look. */
  async *scan(kinds: LogKinds, signal: AbortSignal): AsyncGenerator<SourceRecord> {
    try {
      await this.#list(signal);
      yield* this.#told.gone(DIRECTORY);
    } catch (error) {
      if (!SandboxFileError.is(error)) throw error;
      yield* this.#told.skipped(DIRECTORY, error.message);
      return;
    }
    for (const [name, { kind }] of this.#listed) {
      if (kinds === 'ocsf-json' && kind !== 'ocsf-json') continue;
      const path = posix.join(DIRECTORY, name);
      try {
        yield* this.#file(name, path, kind, signal);
        yield* this.#told.mended(path, 'whole');
      } catch (error) {
        if (!SandboxFileError.is(error)) throw error;
        if (error.reason === 'not-found') yield* this.#told.gone(path);
        else yield* this.#told.skipped(path, error.message);
      }
    }
  }

  async *follow(kinds: LogKinds, signal: AbortSignal, everyMs?: number): AsyncGenerator<SourceRecord> {
    let took = 0;
    for (;;) {
      await sleep(everyMs ?? restAfter(took), undefined, { signal }).catch(() => undefined); // aborted: seen below
      if (signal.aborted) return;
      const began = performance.now();
      yield* this.scan(kinds, signal);
      took = performance.now() - began;
    }
  }

  async #list(signal: AbortSignal): Promise<void> {
    let directory: ArchiveStat;
    try {
      directory = await this.#archive.resolve(DIRECTORY, signal);
    } catch (error) {
      if (!SandboxFileError.is(error, 'not-found')) throw error;
      this.#listed = new Map();
      return;
    }
    if (directory.kind !== 'directory' || directory.stamp === this.#stamp) return;
    const found = new Map<string, SupervisorLogFile>();
    let passed = 0;
    for await (const { header } of this.#archive.entries(directory.path, signal)) {
      const [, name, ...deeper] = header.name.split('/').filter((part) => part !== '' && part !== '.');
      const file = name === undefined || deeper.length > 0 ? null : supervisorLogFile(name);
      if (name !== undefined && file && header.type === 'file' && found.size < MAX_FILES) found.set(name, file);
      passed += header.size ?? 0;
      if (passed > MAX_LIST_BYTES) break;
    }
    this.#listed = found;
    this.#stamp = directory.stamp;
  }

  async *#file(name: string, path: string, kind: SupervisorLogFile['kind'], signal: AbortSignal): AsyncGenerator<SourceRecord> {
    const { stamp } = await this.#archive.stat(path, signal);
    const known = this.#at.get(name);
    if (stamp === known?.stamp) return;
    for await (const { header, bytes } of this.#archive.entries(path, signal)) {
      if (header.type !== 'file') throw new SandboxFileError('not-a-file', 'it is no regular file');
      if (this.#rootOnly && header.uid !== 0) throw new SandboxFileError('unreadable', 'it belongs to someone else than the supervisor');
      // Shorter than it was: another file of the same name.
      const from = known && known.offset <= (header.size ?? 0) ? known.offset : 0;
      const batches = lineBatches(after(bytes, from), from, createHash('sha256'), MAX_LINE_BYTES);
      for (;;) {
        const next = await batches.next();
        // A line without an end is still being written.
        if (next.done) {
          yield { kind: 'heartbeat', cursor: this.#reached(name, { stamp, offset: next.value.start }) };
          return;
        }
        const lines = next.value.lines
          .map(({ bytes: line }) => line?.toString('utf8').replace(/\r$/, '') ?? '')
          .filter((text) => text.trim() !== '');
        for (const [index, text] of lines.entries()) {
          const record = { kind: 'log', origin: kind === 'shorthand' ? 'file' : 'jsonl', text } as const;
          // Not at its end yet: the stamp is not that of the file.
          yield index < lines.length - 1 ? record : { ...record, cursor: this.#reached(name, { stamp: '', offset: next.value.end }) };
        }
      }
    }
  }

  #reached(name: string, at: Position): Cursor {
    this.#at.set(name, at);
    return { key: `${this.#prefix}${name}`, value: JSON.stringify(at) };
  }
}

async function* after(bytes: AsyncIterable<Buffer>, offset: number): AsyncGenerator<Buffer> {
  let left = offset;
  for await (const piece of bytes) {
    if (left < piece.length) yield left > 0 ? piece.subarray(left) : piece;
    left = Math.max(0, left - piece.length);
  }
}
