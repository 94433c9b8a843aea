/**
 * One trajectory file. OpenClaw writes it anew at the end of every run, and drops the oldest events when it grows large:
 * as long as it begins with what we know, we go on; else it is read again. Its events carry their own identity.
 */
import { createHash } from 'node:crypto';
import type { SourceRecord } from '../record';
import { openRegular } from '../regularFile';
import { skipReasonOf, type ReaderContext } from './context';
import { bytesOf, digestOf, prefixOf } from './fileBytes';
import { midwayStamp, readFileCursor, writeFileCursor, type FileCursor } from './fileCursor';
import { lineBatches, MAX_LINE_BYTES, type Line, type Rest } from './lines';
import { reduceTrajectory } from './reduce';
import { stampOf } from './stamp';

const SUFFIX = '.trajectory.jsonl';

export class TrajectoryFile {
  readonly #context: ReaderContext;
  readonly #agent: string;
  readonly #path: string;
  readonly #file: string;
  readonly #stem: string;
  readonly #key: string;
  #known: FileCursor | null;

  constructor(context: ReaderContext, agent: string, path: string, file: string, name: string) {
    this.#context = context;
    this.#agent = agent;
    this.#path = path;
    this.#file = file;
    this.#stem = name.slice(0, -SUFFIX.length);
    this.#key = `trajectory:${file}`;
    this.#known = readFileCursor(context.takeCursor(this.#key));
  }

  unchanged(stamp: string): boolean {
    return this.#known?.stamp === stamp;
  }

  async *scan(): AsyncGenerator<SourceRecord> {
    try {
      const handle = await openRegular(this.#path);
      try {
        const stamp = stampOf(await handle.stat({ bigint: true }));
        const known = this.#known;
        const prefix = known ? await prefixOf(handle, false, known.offset) : null;
        const goesOn = known !== null && prefix !== null && digestOf(prefix.hash) === known.hash;
        let hash = goesOn ? prefix.hash : createHash('sha256');
        let offset = goesOn ? known.offset : 0;
        if (!goesOn) yield* this.#context.mended(this.#file, 'part');
        const batches = lineBatches(bytesOf(handle, false, offset), offset, hash);
        for (;;) {
          const next = await batches.next();
          if (next.done) {
            // What has no end yet is being written, or, in a recording, was cut off.
            yield* this.#lastLine(next.value);
            break;
          }
          const records = next.value.lines.flatMap((line) => [...this.#records(line)]);
          ({ hash, end: offset } = next.value);
          this.#known = { stamp: midwayStamp(stamp, offset), offset, hash: digestOf(hash), session: this.#stem, lost: [] };
          yield* records;
        }
        this.#known = { stamp, offset, hash: digestOf(hash), session: this.#stem, lost: [] };
        yield* this.#context.mended(this.#file);
        yield { kind: 'heartbeat', cursor: { key: this.#key, value: writeFileCursor(this.#known) } };
      } finally {
        await handle.close();
      }
    } catch (error) {
      yield* this.#context.skipped(this.#file, skipReasonOf(error));
    }
  }

  *#lastLine(rest: Rest): Generator<SourceRecord> {
    const text = rest.bytes.toString('utf8');
    const empty = text.trim() === '' && !rest.tooLong;
    const whole = !rest.tooLong && !empty && reduceTrajectory(text).kind !== 'broken';
    const cut = empty || whole ? [] : [`the last line is cut off, at byte ${rest.start}`];
    yield* this.#context.mended(this.#file, 'end', cut);
    if (!this.#context.tellsUnfinished) return;
    if (whole) yield* this.#records(rest);
    for (const reason of cut) yield* this.#context.skipped(this.#file, reason, 'end');
  }

  *#records(line: Line): Generator<SourceRecord> {
    const text = line.bytes?.toString('utf8') ?? null;
    if (text?.trim() === '') return;
    const event = text === null ? null : reduceTrajectory(text);
    if (event?.kind === 'event') {
      const session = event.session ?? this.#stem;
      yield { kind: 'trajectory', agent: this.#agent, session, ordinal: line.start, text: event.text };
    } else if (event?.kind !== 'unused') {
      const reason = event ? 'is not JSON' : `is longer than ${MAX_LINE_BYTES / 1024 / 1024} MB`;
      yield* this.#context.skipped(this.#file, `the line at byte ${line.start} ${reason}`, 'part');
    }
  }
}
