/**
 * OpenClaw's own log without running anything in the sandbox. To list a directory the engine sends all that is in it, so that is done
 * once; from then on it is asked for the files of these days by their names, those put aside among them.
 */
import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import { SandboxFileError } from '../errors';
import { GATEWAY_LOG_FILE, gatewayLogLine, MAX_LOG_FILES, MAX_LOG_LINE_BYTES } from '../reader/gatewayLog';
import { lineBatches } from '../reader/lines';
import { asObject, parseObject } from '../reader/reduce';
import type { SourceRecord } from '../record';
import { Told } from '../told';
import { ARCHIVE_LIMITS, sizeText, type ArchiveLimits } from './archiveLimits';
import { namesIn } from './archiveNames';
import { tailOf, tailPosition, type TailPosition } from './archiveTail';
import type { ArchiveStat, EngineArchive } from './engineArchive';

const CURSOR_KEY = 'gatewayLogArchive';
const PLACE = "OpenClaw's own log";
const DAY_MS = 86_400_000;
/** OpenClaw keeps so many of a day that it put aside. */
const PUT_ASIDE = 5;

export class ArchiveGatewayLog {
  readonly #archive: EngineArchive;
  readonly #directory: string;
  readonly #limits: ArchiveLimits;
  readonly #at = new Map<string, TailPosition>();
  readonly #told = new Told();
  #listed: readonly string[] | null = null;

  constructor(archive: EngineArchive, directory: string, cursors: ReadonlyMap<string, string>, limits = ARCHIVE_LIMITS) {
    this.#archive = archive;
    this.#directory = directory;
    this.#limits = limits;
    for (const [name, value] of Object.entries(parseObject(cursors.get(CURSOR_KEY) ?? '') ?? {})) {
      const at = tailPosition(asObject(value));
      if (at) this.#at.set(name, at);
    }
  }

  /** What came since the last look. Throws SandboxFileError. */
  async *look(signal: AbortSignal): AsyncGenerator<SourceRecord> {
    if (!(await this.#isThere(signal))) return;
    if (this.#listed === null) yield* this.#list(signal);
    // As they were before this look: a file that is put aside in it is known by where it was.
    const known = [...this.#at.values()];
    const done = new Set<string>();
    for (const name of this.#listed ?? []) {
      done.add(name);
      yield* this.#file(name, known, signal);
    }
    for (const ms of [-DAY_MS, 0, DAY_MS]) {
      const day = `openclaw-${new Date(Date.now() + ms).toISOString().slice(0, 10)}`;
      // They are numbered from the one put aside last on.
      for (let n = 0; n <= PUT_ASIDE; n++) {
        const name = n === 0 ? `${day}.log` : `${day}.${n}.log`;
        if (!done.has(name) && !(yield* this.#file(name, known, signal)) && n > 0) break;
      }
    }
  }

  /** The agent may put a link in its place: where that leads is not looked. */
  async #isThere(signal: AbortSignal): Promise<boolean> {
    return (await this.#stat(this.#directory, signal))?.kind === 'directory';
  }

  async #stat(path: string, signal: AbortSignal): Promise<ArchiveStat | null> {
    try {
      return await this.#archive.stat(path, signal);
    } catch (error) {
      if (SandboxFileError.is(error, 'not-found')) return null;
      throw error;
    }
  }

  async *#list(signal: AbortSignal): AsyncGenerator<SourceRecord> {
    const names: string[] = [];
    const stopped = await namesIn(
      this.#archive,
      this.#directory,
      signal,
      ({ name, type }) => {
        if (type === 'file' && GATEWAY_LOG_FILE.test(name)) names.push(name);
      },
      this.#limits,
    );
    this.#listed = names.sort().slice(-MAX_LOG_FILES);
    if (stopped !== null) yield* this.#told.skipped(PLACE, stopped, 'part');
  }

  /** Returns whether there is such a file. */
  async *#file(name: string, known: readonly TailPosition[], signal: AbortSignal): AsyncGenerator<SourceRecord, boolean> {
    const path = posix.join(this.#directory, name);
    const found = await this.#stat(path, signal);
    if (found?.kind !== 'file') {
      yield* this.#told.gone(name);
      return false;
    }
    if (found.stamp === this.#at.get(name)?.stamp) return true;
    try {
      yield* this.#read(name, found, known, signal);
      yield* this.#told.mended(name, 'whole');
    } catch (error) {
      if (!SandboxFileError.is(error)) throw error;
      if (error.reason === 'not-found') return false;
      yield* this.#told.skipped(name, error.message);
    }
    return true;
  }

  async *#read(name: string, found: ArchiveStat, known: readonly TailPosition[], signal: AbortSignal): AsyncGenerator<SourceRecord> {
    const { logBytes, logHistoryBytes } = this.#limits;
    if (found.size > logBytes) throw new SandboxFileError('too-large', `it is larger than ${sizeText(logBytes)}`);
    for await (const { header, bytes } of this.#archive.entries(found.path, signal)) {
      const size = header.size ?? 0;
      if (header.type !== 'file') throw new SandboxFileError('not-a-file', 'it is no regular file');
      if (size > logBytes) throw new SandboxFileError('too-large', `it is larger than ${sizeText(logBytes)}`);
      const own = this.#at.get(name);
      const tail = await tailOf(bytes, size, [...(own ? [own] : []), ...known].filter(isRecognised), logHistoryBytes);
      if (size - tail.from === logHistoryBytes && tail.from > 0)
        yield* this.#told.skipped(name, `of OpenClaw's own log only the last ${sizeText(logHistoryBytes)} are read`, 'part');
      const batches = lineBatches(tail.bytes, tail.from, createHash('sha256'), MAX_LOG_LINE_BYTES);
      for (;;) {
        const next = await batches.next();
        if (next.done) {
          const offset = next.value.start;
          this.#at.delete(name); // the one read last is the last
          this.#at.set(name, { stamp: found.stamp, offset, head: tail.head(offset) });
          break;
        }
        for (const { bytes: line } of next.value.lines) {
          const text = gatewayLogLine(line);
          if (text !== null) yield { kind: 'gatewayLog', text };
        }
      }
      break;
    }
    for (const old of this.#at.keys()) if (this.#at.size > MAX_LOG_FILES) this.#at.delete(old);
    yield { kind: 'heartbeat', cursor: { key: CURSOR_KEY, value: JSON.stringify(Object.fromEntries(this.#at)) } };
  }
}

/** One of nothing is of every file, and one that keeps no beginning of none for sure. */
function isRecognised({ offset, head }: TailPosition): boolean {
  return offset > 0 && head !== '';
}
