/**
 * One trajectory file. OpenClaw writes it anew at the end of every run, and drops the oldest events when it grows large:
 * as long as it begins with what we know, we go on; else it is read again. Its events carry their own identity.
 */
import { createHash, type Hash } from 'node:crypto';
import type { SourceRecord } from '../record';
import { openRegular } from '../regularFile';
import { skipReasonOf, type ReaderContext } from './context';
import { bytesOf, digestOf, prefixOf } from './fileBytes';
import { addLost, midwayStamp, readFileCursor, writeFileCursor, type FileCursor } from './fileCursor';
import { lineBatches, MAX_LINE_BYTES, type Line, type Rest } from './lines';
import { reduceTrajectory } from './reduce';
import { stampOf } from './stamp';

const SUFFIX = '.trajectory.jsonl';
/** One for all of the thousands of files of which all could be read. */
const NOTHING: readonly string[] = [];

export class TrajectoryFile {
  readonly #context: ReaderContext;
  readonly #agent: string;
  readonly #path: string;
  readonly #file: string;
  readonly #stem: string;
  readonly #key: string;
  #known: FileCursor | null;
  #lost: readonly string[];
  /** What an earlier life could not read was told in this one. */
  #recalled = false;

  constructor(context: ReaderContext, agent: string, path: string, file: string, name: string) {
    this.#context = context;
    this.#agent = agent;
    this.#path = path;
    this.#file = file;
    this.#stem = name.slice(0, -SUFFIX.length);
    this.#key = `trajectory:${file}`;
    this.#known = readFileCursor(context.takeCursor(this.#key));
    this.#lost = this.#known?.lost ?? NOTHING;
  }

  unchanged(stamp: string): boolean {
    return this.#known?.stamp === stamp;
  }

  /** What an earlier life could not read: a file that did not change is not looked at again. */
  *recall(): Generator<SourceRecord> {
    if (this.#recalled) return;
    this.#recalled = true;
    for (const reason of this.#known?.lost ?? []) yield* this.#context.skipped(this.#file, reason, 'part');
    if (this.#known && this.#known.cut !== null && this.#context.tellsUnfinished)
      yield* this.#context.skipped(this.#file, this.#known.cut, 'end');
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
        if (!goesOn) {
          this.#lost = NOTHING;
          yield* this.#context.mended(this.#file, 'part');
        }
        let cut: string | null;
        const batches = lineBatches(bytesOf(handle, false, offset), offset, hash);
        for (;;) {
          const next = await batches.next();
          if (next.done) {
            // What has no end yet is being written, or, in a recording, was cut off.
            cut = yield* this.#lastLine(next.value);
            break;
          }
          const records = next.value.lines.flatMap((line) => [...this.#records(line)]);
          ({ hash, end: offset } = next.value);
          this.#advance(midwayStamp(stamp, offset), offset, hash, null);
          yield* records;
        }
        const reached = this.#advance(stamp, offset, hash, cut);
        yield* this.#context.mended(this.#file);
        yield { kind: 'heartbeat', cursor: { key: this.#key, value: writeFileCursor(reached) } };
      } finally {
        await handle.close();
      }
    } catch (error) {
      yield* this.#context.skipped(this.#file, skipReasonOf(error));
    }
  }

  #advance(stamp: string, offset: number, hash: Hash, cut: string | null): FileCursor {
    this.#known = { stamp, offset, hash: digestOf(hash), session: this.#stem, lost: this.#lost, cut };
    return this.#known;
  }

  /** Why it was not taken; null: there is none, or it was. */
  *#lastLine(rest: Rest): Generator<SourceRecord, string | null> {
    const text = rest.bytes.toString('utf8');
    const empty = text.trim() === '' && !rest.tooLong;
    const whole = !rest.tooLong && !empty && reduceTrajectory(text).kind !== 'broken';
    const cut = empty || whole ? null : `the last line is cut off, at byte ${rest.start}`;
    yield* this.#context.mended(this.#file, 'end', cut === null ? [] : [cut]);
    if (!this.#context.tellsUnfinished) return cut;
    if (whole) yield* this.#records(rest);
    if (cut !== null) yield* this.#context.skipped(this.#file, cut, 'end');
    return cut;
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
      const lost = [...this.#lost];
      addLost(lost, `the line at byte ${line.start} ${reason}`);
      this.#lost = lost;
      yield* this.#context.skipped(this.#file, `the line at byte ${line.start} ${reason}`, 'part');
    }
  }
}
