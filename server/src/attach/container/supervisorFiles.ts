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
import { ARCHIVE_LIMITS, sizeText, type ArchiveLimits } from './archiveLimits';
import { namesIn } from './archiveNames';
import { restAfter } from './archiveRecords';
import { tailOf, tailPosition, type TailPosition } from './archiveTail';
import { EngineArchive, type ArchiveStat } from './engineArchive';

const DIRECTORY = '/var/log';
/** It keeps a few days of each kind. */
const MAX_FILES = 100;
const MAX_LINE_BYTES = 1024 * 1024;
/** The supervisor changes its file daily. */
const MAX_FILE_BYTES = 4 * 1024 * 1024 * 1024;

export type LogKinds = 'all' | 'ocsf-json';

export class SupervisorFiles {
  readonly #archive: EngineArchive;
  readonly #prefix: string;
  readonly #rootOnly: boolean;
  readonly #at = new Map<string, TailPosition>();
  readonly #told = new Told();
  #listed: ReadonlyMap<string, SupervisorLogFile> = new Map();
  #stamp: string | null = null;
  readonly #limits: ArchiveLimits;

  /** `rootOnly`: someone else than the supervisor runs in this container too. */
  constructor(container: Docker.Container, cursors: ReadonlyMap<string, string>, rootOnly: boolean, limits = ARCHIVE_LIMITS) {
    this.#archive = new EngineArchive(container);
    this.#prefix = `log:${container.id}:`;
    this.#rootOnly = rootOnly;
    this.#limits = limits;
    for (const [key, value] of cursors) {
      const at = key.startsWith(this.#prefix) ? tailPosition(parseObject(value)) : null;
      if (at) this.#at.set(key.slice(this.#prefix.length), at);
    }
  }

  /** Were there any at the last look? */
  get any(): boolean {
    return this.#listed.size > 0;
  }

  /** What came since the last look. */
  async *scan(kinds: LogKinds, signal: AbortSignal): AsyncGenerator<SourceRecord> {
    try {
      yield* this.#list(signal);
      yield* this.#told.mended(DIRECTORY, 'whole');
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

  async *#list(signal: AbortSignal): AsyncGenerator<SourceRecord> {
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
    const stopped = await namesIn(
      this.#archive,
      directory.path,
      signal,
      ({ name, type }) => {
        const file = type === 'file' && found.size < MAX_FILES ? supervisorLogFile(name) : null;
        if (file) found.set(name, file);
      },
      this.#limits,
    );
    yield* this.#told.mended(DIRECTORY, 'part', stopped === null ? [] : [stopped]);
    if (stopped !== null) {
      // Those known before are there, or are not found when they are asked for.
      for (const [name, file] of this.#listed) if (found.size < MAX_FILES) found.set(name, file);
      yield* this.#told.skipped(DIRECTORY, stopped, 'part');
    }
    this.#listed = found;
    this.#stamp = directory.stamp;
  }

  async *#file(name: string, path: string, kind: SupervisorLogFile['kind'], signal: AbortSignal): AsyncGenerator<SourceRecord> {
    const { stamp, size: before } = await this.#archive.stat(path, signal);
    const known = this.#at.get(name);
    if (stamp === known?.stamp) return;
    if (before > MAX_FILE_BYTES) throw tooLarge();
    for await (const { header, bytes } of this.#archive.entries(path, signal)) {
      if (header.type !== 'file') throw new SandboxFileError('not-a-file', 'it is no regular file');
      if (this.#rootOnly && header.uid !== 0) throw new SandboxFileError('unreadable', 'it belongs to someone else than the supervisor');
      const size = header.size ?? 0;
      if (size > MAX_FILE_BYTES) throw tooLarge();
      // Shorter than it was, or with another beginning: another file of the same name.
      const tail = await tailOf(bytes, size, known ? [known] : []);
      const batches = lineBatches(tail.bytes, tail.from, createHash('sha256'), MAX_LINE_BYTES);
      for (;;) {
        const next = await batches.next();
        // A line without an end is still being written.
        if (next.done) {
          const offset = next.value.start;
          yield { kind: 'heartbeat', cursor: this.#reached(name, { stamp, offset, head: tail.head(offset) }) };
          return;
        }
        const lines = next.value.lines
          .map(({ bytes: line }) => line?.toString('utf8').replace(/\r$/, '') ?? '')
          .filter((text) => text.trim() !== '');
        for (const [index, text] of lines.entries()) {
          const record = { kind: 'log', origin: kind === 'shorthand' ? 'file' : 'jsonl', text } as const;
          const { end: offset } = next.value;
          // Not at its end yet: the stamp is not that of the file.
          yield index < lines.length - 1
            ? record
            : { ...record, cursor: this.#reached(name, { stamp: '', offset, head: tail.head(offset) }) };
        }
      }
    }
  }

  #reached(name: string, at: TailPosition): Cursor {
    this.#at.set(name, at);
    return { key: `${this.#prefix}${name}`, value: JSON.stringify(at) };
  }
}

function tooLarge(): SandboxFileError {
  return new SandboxFileError('too-large', `it is larger than ${sizeText(MAX_FILE_BYTES)}`);
}
