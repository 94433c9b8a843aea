/**
 * The supervisor's log as a recording keeps it: `docker logs` of the container, and the files of its `/var/log`. Of files of one
 * origin a line counts as often as in the one that has it most often; what is the same by several origins is told where it is decoded.
 */
import { createHash } from 'node:crypto';
import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Cursor, LogOrigin, LogRecord, SourceRecord } from '../record';
import { supervisorLogFile } from '../labels';
import { isFileError, skipReasonOf } from '../reader/context';
import { bytesOf } from '../reader/fileBytes';
import { lineBatches, type Line, type Rest } from '../reader/lines';
import { parseObject } from '../reader/reduce';
import { irregular, openRegular } from '../regularFile';
import { Told } from '../told';

/** Different lines that are told apart; more are not expected of a supervisor in months. */
const MAX_LINES = 1_000_000;
const MAX_LOG_LINE_BYTES = 1024 * 1024;
const CURSOR_KEY = 'logs';
const VAR_LOG_DIR = 'var-log';

export type LogLayout = { readonly kind: 'one-container' } | { readonly kind: 'two-containers' } | { readonly kind: 'agent-only' };

export class LogFiles {
  readonly #root: string;
  readonly #layout: LogLayout;
  readonly #offsets = new Map<string, number>();
  /** How often each line was seen in each file, and how often it was handed out. */
  readonly #counts = new Map<string, Map<number, number>>();
  readonly #given = new Map<number, number>();
  readonly #resume: ReadonlyMap<string, number>;
  readonly #follow: boolean;
  readonly #told = new Told();
  /** Those that were there at the last look. */
  #there: readonly string[] = [];
  #resumed = false;
  /** All of it was looked at once. */
  #opened = false;

  constructor(root: string, layout: LogLayout, options: { readonly cursors: ReadonlyMap<string, string>; readonly follow: boolean }) {
    this.#follow = options.follow;
    this.#root = root;
    this.#layout = layout;
    const cursor = parseObject(options.cursors.get(CURSOR_KEY) ?? '{}') ?? {};
    this.#resume = new Map(Object.entries(cursor).filter((pair): pair is [string, number] => typeof pair[1] === 'number'));
  }

  get watched(): readonly string[] {
    return [this.#root, join(this.#root, 'var-log')];
  }

  async *scan(): AsyncGenerator<SourceRecord> {
    if (this.#layout.kind === 'agent-only') return;
    const files = this.#containerFiles();
    const before = this.#there;
    try {
      files.push(...this.#varLogFiles());
      this.#there = files;
      yield* this.#told.mended(VAR_LOG_DIR, 'whole');
    } catch (error) {
      if (!isFileError(error)) throw error;
      // Of those in it nothing is known now.
      this.#there = [...files, ...before.filter((file) => file.startsWith(`${VAR_LOG_DIR}/`))];
      yield* this.#told.skipped(VAR_LOG_DIR, skipReasonOf(error));
    }
    for (const file of before) if (!this.#there.includes(file)) yield* this.#told.gone(file);
    yield* this.#scan(files);
    this.#opened = true;
  }

  async *#scan(files: readonly string[]): AsyncGenerator<SourceRecord> {
    // What an earlier life handed out is counted first, in every file, and not told again.
    if (!this.#resumed) for (const file of files) if (this.#resume.has(file)) yield* this.#read(file, this.#resume.get(file) ?? 0);
    this.#resumed = true;
    let grown = false;
    for (const file of files) {
      let size: number;
      try {
        const stat = lstatSync(join(this.#root, file), { throwIfNoEntry: false });
        const reason = stat ? irregular(stat) : null;
        if (reason !== null) {
          yield* this.#told.skipped(file, reason);
          continue;
        }
        size = stat?.size ?? 0;
      } catch (error) {
        if (!isFileError(error)) throw error;
        yield* this.#told.skipped(file, skipReasonOf(error));
        continue;
      }
      const offset = this.#offsets.get(file) ?? 0;
      if (size === offset) {
        yield* this.#told.mended(file, 'whole');
        continue;
      }
      if (size < offset) this.#again(file);
      grown = true;
      yield* this.#read(file, null);
    }
    if (grown) yield { kind: 'heartbeat', cursor: this.#cursor() };
  }

  /** Another file of the same name: its lines are counted anew, and only what exceeds what was given goes out. */
  #again(file: string): void {
    this.#offsets.delete(file);
    this.#counts.delete(file);
  }

  /** With every line, so that what is kept and what is told as read never differ. */
  #cursor(): Cursor {
    return { key: CURSOR_KEY, value: JSON.stringify(Object.fromEntries(this.#offsets)) };
  }

  /** With `until`, lines before it are counted only. */
  async *#read(file: string, until: number | null): AsyncGenerator<SourceRecord> {
    try {
      const handle = await openRegular(join(this.#root, file));
      try {
        const from = this.#offsets.get(file) ?? 0;
        const batches = lineBatches(bytesOf(handle, false, from), from, createHash('sha256'), MAX_LOG_LINE_BYTES);
        for (;;) {
          const next = await batches.next();
          const lines: readonly Line[] = next.done ? this.#lastLine(next.value) : next.value.lines;
          if (next.done && until === null)
            yield* this.#unfinished(file, lines.length === 0 && (next.value.tooLong || next.value.bytes.length > 0));
          for (const line of lines) {
            if (until !== null && line.start >= until) return;
            if (line.bytes === null)
              yield* this.#told.skipped(
                file,
                `the line at byte ${line.start} is longer than ${MAX_LOG_LINE_BYTES / 1024 / 1024} MB`,
                'part',
              );
            const isNew = this.#isNew(file, line);
            this.#offsets.set(file, line.start + (line.bytes?.length ?? 0) + 1);
            if (isNew === null) {
              yield* this.#told.skipped(
                file,
                `the log has more than ${MAX_LINES} different lines: keep what is older in another recording`,
                'part',
              );
              return;
            }
            if (isNew && until === null)
              yield { kind: 'log', origin: originOf(file), text: textOf(line), cursor: this.#cursor() } satisfies LogRecord & {
                cursor: Cursor;
              };
          }
          if (!next.done) this.#offsets.set(file, next.value.end);
          else break;
        }
        yield* this.#told.mended(file, 'whole');
      } finally {
        await handle.close();
      }
    } catch (error) {
      if (!isFileError(error)) throw error;
      yield* this.#told.skipped(file, skipReasonOf(error));
    }
  }

  /** When it is opened nobody may be writing to it; after that, the end of the line is on its way. */
  *#unfinished(file: string, unfinished: boolean): Generator<SourceRecord> {
    if (!unfinished) yield* this.#told.mended(file, 'end');
    else if (!this.#opened)
      yield* this.#told.skipped(file, 'the last line has no end, and is read when it has: add a line end if nothing writes to it', 'end');
  }

  /** The last line of a recording may lack its end; a live one is waited for. */
  #lastLine(rest: Rest): readonly Line[] {
    return this.#follow || rest.tooLong || rest.bytes.length === 0 ? [] : [{ start: rest.start, bytes: rest.bytes }];
  }

  /** null: there are too many to tell. */
  #isNew(file: string, line: Line): boolean | null {
    const text = textOf(line);
    if (text.trim() === '') return false;
    if (this.#given.size >= MAX_LINES) return null;
    const key = createHash('sha256')
      .update(`${originOf(file)}\n${text}`)
      .digest()
      .readUIntBE(0, 6);
    const counts = this.#counts.get(file) ?? new Map<number, number>();
    this.#counts.set(file, counts);
    const count = (counts.get(key) ?? 0) + 1;
    counts.set(key, count);
    if (count <= (this.#given.get(key) ?? 0)) return false;
    this.#given.set(key, count);
    return true;
  }

  #containerFiles(): string[] {
    const container = this.#layout.kind === 'two-containers' ? ['container-supervisor.log'] : ['container.log'];
    return container.filter((name) => lstatSync(join(this.#root, name), { throwIfNoEntry: false }) !== undefined);
  }

  #varLogFiles(): readonly string[] {
    const varLog = join(this.#root, VAR_LOG_DIR);
    if (!lstatSync(varLog, { throwIfNoEntry: false })?.isDirectory()) return [];
    return readdirSync(varLog)
      .filter((name) => supervisorLogFile(name) !== null)
      .sort()
      .map((name) => `${VAR_LOG_DIR}/${name}`);
  }
}

function originOf(file: string): LogOrigin {
  if (!file.startsWith(`${VAR_LOG_DIR}/`)) return 'console';
  return supervisorLogFile(file.slice(VAR_LOG_DIR.length + 1))?.kind === 'ocsf-json' ? 'jsonl' : 'file';
}

function textOf(line: Line): string {
  return line.bytes?.toString('utf8').replace(/\r$/, '') ?? '';
}
