/**
 * One transcript file: its new lines, and what happened to the old ones. A file that only grew is read on from where we
 * were; one that was replaced, cut or changed in place is read again as a whole, marked as such.
 */
import { createHash, type Hash } from 'node:crypto';
import { closeSync, fstatSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cursor, SourceRecord, TranscriptRecord } from '../record';
import { openRegularSync } from '../regularFile';
import { skipReasonOf, type ReaderContext } from './context';
import { readEntry } from './entry';
import { bytesOf, digestOf, prefixOf, tailHolds, tailOf, type OpenFile } from './fileBytes';
import { addLost, inodeOf, midwayStamp, readFileCursor, sizeOf, writeFileCursor, type FileCursor } from './fileCursor';
import { isTooLong, lineBatches, MAX_LINE_BYTES, type Line, type Rest } from './lines';
import { isArchiveOf, type TranscriptName } from './names';
import { stampOf } from './stamp';

const BRACE = 0x7d;
/** One for all of the thousands of files that are not held warm. */
const NO_BYTES: Buffer = Buffer.alloc(0);
const NOTHING: readonly string[] = [];
/** A whole comparison is followed by a rest of so many times as long. */
const VERIFY_REST = 200;
/** What was written so short a while ago may still be being written. */
const MIDWAY_MS = 30;

/** What is to be done with a file that was read before. */
type Verdict = { readonly kind: 'later' } | { readonly kind: 'on'; readonly hash: Hash } | { readonly kind: 'rewritten' };

export type Siblings = () => Promise<readonly string[]>;

export class TranscriptFile {
  readonly #context: ReaderContext;
  readonly #name: TranscriptName;
  readonly #agent: string;
  readonly #directory: string;
  /** Relative to the state directory. */
  readonly file: string;
  #known: FileCursor | null;
  /** The hash where we are; null after a restart, when it has to be built again from the bytes. */
  #hash: Hash | null = null;
  #tail: Buffer = NO_BYTES;
  #verifyFrom = 0;
  #unverified = false;
  #lost: readonly string[];
  /** What an earlier life could not read was told in this one. */
  #recalled = false;
  /** It could not be read as it was then; it is tried again when it changes, or after a while. */
  #failed: { readonly stamp: string; readonly until: number } | null = null;
  /** The cursor to hand out with the next record, where no record of its own could carry it. */
  #owed = false;

  constructor(context: ReaderContext, agent: string, directory: string, file: string, name: TranscriptName) {
    this.#context = context;
    this.#name = name;
    this.#agent = agent;
    this.#directory = directory;
    this.file = file;
    this.#known = readFileCursor(context.takeCursor(this.cursorKey));
    this.#lost = this.#known?.lost ?? NOTHING;
  }

  get cursorKey(): string {
    return `file:${this.file}`;
  }

  get #path(): string {
    return join(this.#directory, this.#name.name);
  }

  get session(): string {
    return this.#known?.session ?? this.#name.stem;
  }

  get name(): string {
    return this.#name.name;
  }

  /** Was anything of it ever handed out? */
  get seen(): boolean {
    return this.#known !== null;
  }

  /** It grew since it was last compared as a whole. */
  get unverified(): boolean {
    return this.#unverified;
  }

  /** When a look is due though the file does not change; never: Infinity. */
  get dueAt(): number {
    return this.#unverified ? this.#verifyFrom : Infinity;
  }

  unchanged(stamp: string): boolean {
    const now = performance.now();
    if (this.#failed?.stamp === stamp && now < this.#failed.until) return true;
    return this.#known?.stamp === stamp && this.dueAt > now;
  }

  /** Is the state of its hash held in memory? */
  get warm(): boolean {
    return this.#hash !== null;
  }

  /** Lets go of what can be built again from the file: it is compared as a whole when it changes next. */
  cool(): void {
    this.#hash = null;
    this.#tail = NO_BYTES;
  }

  /** What an earlier life could not read: a file that did not change is not looked at again. */
  *recall(): Generator<SourceRecord> {
    if (this.#recalled) return;
    this.#recalled = true;
    for (const reason of this.#known?.lost ?? []) yield* this.#context.skipped(this.file, reason, 'part');
    if (this.#known && this.#known.cut !== null && this.#final) yield* this.#context.skipped(this.file, this.#known.cut, 'end');
  }

  /** `seen`: the stamp that gave rise to it. `siblings`: names in the same directory now, for the archive that explains a replaced file. */
  async *scan(seen: string, siblings: Siblings): AsyncGenerator<SourceRecord> {
    try {
      const fd = openRegularSync(this.#path);
      try {
        yield* this.#scanOpen({ fd }, siblings);
        this.#failed = null;
        yield* this.#context.mended(this.file);
      } finally {
        closeSync(fd);
      }
    } catch (error) {
      const until = performance.now() + this.#context.verifyEveryMs;
      this.#failed = { stamp: seen, until };
      this.#verifyFrom = until;
      yield* this.#context.skipped(this.file, skipReasonOf(error));
    }
  }

  async *#scanOpen(file: OpenFile, siblings: Siblings): AsyncGenerator<SourceRecord> {
    let stat = fstatSync(file.fd, { bigint: true });
    let verdict = await this.#judge(file, stampOf(stat));
    if (verdict.kind === 'rewritten' && Math.abs(Date.now() - Number(stat.mtimeMs)) < MIDWAY_MS) {
      // A writer that empties a file and writes the same again, and more, may be in between: that is no rewriting.
      await sleep(MIDWAY_MS);
      stat = fstatSync(file.fd, { bigint: true });
      this.#verifyFrom = 0;
      verdict = await this.#judge(file, stampOf(stat));
    }
    const stamp = stampOf(stat);
    switch (verdict.kind) {
      case 'later':
        return;
      case 'on':
        yield* this.#read(file, stamp, verdict.hash, null);
        return;
      case 'rewritten': {
        const old = this.#known;
        if (!old) return;
        this.#lost = NOTHING;
        yield* this.#context.mended(this.file, 'part');
        yield* this.#read(file, stamp, createHash('sha256'), { session: old.session, explained: await this.#explained(old, siblings) });
      }
    }
  }

  async #judge(file: OpenFile, stamp: string): Promise<Verdict> {
    const known = this.#known;
    if (!known || known.offset === 0) return { kind: 'on', hash: createHash('sha256') };
    const now = performance.now();
    if (stamp === known.stamp && this.#hash && this.dueAt > now) return { kind: 'later' };
    const { compressed } = this.#name;
    if (!compressed && sizeOf(stamp) < known.offset) return { kind: 'rewritten' };
    const grown = !compressed && sizeOf(stamp) > sizeOf(known.stamp);
    const same = inodeOf(stamp) === inodeOf(known.stamp);
    if (this.#hash && same && now < this.#verifyFrom) {
      // The whole was compared a short while ago. Its end is looked at now, the rest when it is due again.
      this.#unverified = true;
      if (!grown) return { kind: 'later' };
      return tailHolds(file, known.offset, this.#tail) ? { kind: 'on', hash: this.#hash } : { kind: 'rewritten' };
    }
    this.#unverified = false;
    const prefix = await prefixOf(file, compressed, known.offset);
    const ended = performance.now();
    this.#verifyFrom = ended + Math.max(this.#context.verifyEveryMs, (ended - now) * VERIFY_REST);
    return prefix && digestOf(prefix.hash) === known.hash ? { kind: 'on', hash: prefix.hash } : { kind: 'rewritten' };
  }

  /** Everything from where `hash` stands. With `reread`, everything, and no cursor before all of it is out. */
  async *#read(
    file: OpenFile,
    stamp: string,
    hash: Hash,
    reread: { readonly session: string; readonly explained: boolean } | null,
  ): AsyncGenerator<SourceRecord> {
    const from = reread || !this.#known ? 0 : this.#known.offset;
    let session = from === 0 ? null : (this.#known?.session ?? null);
    let open = reread;
    if (open) yield this.#mark('begin', open);
    const batches = lineBatches(bytesOf(file, this.#name.compressed, from), from, hash);
    for (;;) {
      const next = await batches.next();
      const lines: readonly Line[] = next.done ? await this.#lastLine(next.value, hash) : next.value.lines;
      const records: SourceRecord[] = [];
      for (const line of lines) {
        const text = line.bytes?.toString('utf8') ?? '';
        if (session === null && (line.bytes === null || text.trim() !== ''))
          session = sessionIdIn(text) ?? (await headerBelow(file, this.#name.compressed)) ?? this.#name.stem;
        records.push(...this.#records(line, text, session ?? this.#name.stem));
      }
      if (open && session !== null && session !== open.session) {
        // The name now holds another session: the old one has vanished from it as a whole.
        yield this.#mark('end', open);
        open = null;
      }
      if (next.done) {
        const last = lines[lines.length - 1];
        const end = last ? last.start + (last.bytes?.length ?? 0) : next.value.start;
        const cut = !last && next.value.bytes.length + (next.value.tooLong ? 1 : 0) > 0 ? `the last line is cut off, at byte ${end}` : null;
        yield* this.#context.mended(this.file, 'end', cut === null ? [] : [cut]);
        if (cut !== null && this.#final) yield* this.#context.skipped(this.file, cut, 'end');
        this.#advance(end, hash, stamp, session, cut);
        this.#tail = this.#name.compressed ? NO_BYTES : tailOf(file, end);
        yield* this.#hand(records, open === null);
        if (open) yield { ...this.#mark('end', open), cursor: this.#cursor() };
        else if (this.#owed) yield { kind: 'heartbeat', cursor: this.#cursor() };
        this.#owed = false;
        return;
      }
      hash = next.value.hash;
      if (!reread) this.#advance(next.value.end, hash, midwayStamp(stamp, next.value.end), session, null);
      yield* this.#hand(records, !reread);
    }
  }

  /** A line without its end: taken when it is whole as it stands, since nothing but a line end can follow an object. */
  async #lastLine(rest: Rest, hash: Hash): Promise<readonly Line[]> {
    if (rest.tooLong || rest.bytes.length === 0 || rest.bytes[rest.bytes.length - 1] !== BRACE) return [];
    if (readEntry(rest.bytes.toString('utf8')).kind === 'broken') return [];
    hash.update(rest.bytes);
    return [{ start: rest.start, bytes: rest.bytes }];
  }

  *#records(line: Line, text: string, session: string): Generator<SourceRecord> {
    if (line.bytes === null || isTooLong(text)) {
      yield* this.#lose(`the line at byte ${line.start} is longer than ${MAX_LINE_BYTES / 1024 / 1024} MB`);
      return;
    }
    if (text.trim() === '') return;
    const entry = readEntry(text);
    switch (entry.kind) {
      case 'noise':
        return;
      case 'broken':
        yield* this.#lose(`the line at byte ${line.start} can't be read: ${entry.reason}`);
        return;
      case 'header':
      case 'entry':
        yield {
          kind: 'transcript',
          agent: this.#agent,
          session,
          state: this.#name.state,
          file: this.file,
          ordinal: line.start,
          text,
        } satisfies TranscriptRecord;
    }
  }

  *#lose(reason: string): Generator<SourceRecord> {
    const lost = [...this.#lost];
    addLost(lost, reason);
    this.#lost = lost;
    yield* this.#context.skipped(this.file, reason, 'part');
  }

  *#hand(records: readonly SourceRecord[], withCursor: boolean): Generator<SourceRecord> {
    const last = records.length - 1;
    for (const [index, record] of records.entries()) yield withCursor && index === last ? { ...record, cursor: this.#cursor() } : record;
    if (withCursor) this.#owed = last < 0;
  }

  #advance(offset: number, hash: Hash, stamp: string, session: string | null, cut: string | null): void {
    this.#hash = hash;
    this.#known = { stamp, offset, hash: digestOf(hash), session: session ?? this.#name.stem, lost: this.#lost, cut };
  }

  #cursor(): Cursor {
    if (!this.#known) throw new Error('no cursor before the first read');
    return { key: this.cursorKey, value: writeFileCursor(this.#known) };
  }

  #mark(phase: 'begin' | 'end', { session, explained }: { readonly session: string; readonly explained: boolean }): SourceRecord {
    return { kind: 'reread', phase, agent: this.#agent, session, file: this.file, explained };
  }

  get #final(): boolean {
    return this.#context.tellsUnfinished || this.#name.state !== 'live';
  }

  /** Did OpenClaw put the old bytes away under one of its archive names? The bytes tell, a name alone does not. */
  async #explained(old: FileCursor, siblings: Siblings): Promise<boolean> {
    for (const sibling of await siblings()) {
      if (!isArchiveOf(sibling, this.#name.name)) continue;
      if (await archiveHolds(join(this.#directory, sibling), sibling.endsWith('.zst'), old)) return true;
    }
    return false;
  }

  /** The file is not there any more. */
  async *gone(siblings: Siblings): AsyncGenerator<SourceRecord> {
    const old = this.#known;
    if (!old) return;
    const explained = await this.#explained(old, siblings);
    yield {
      kind: 'gone',
      agent: this.#agent,
      session: old.session,
      file: this.file,
      explained,
      cursor: { key: this.cursorKey, value: '' },
    };
  }
}

function sessionIdIn(text: string): string | null {
  const entry = readEntry(text);
  return entry.kind === 'header' ? entry.sessionId : null;
}

/** The header is the first line, unless someone put a file together by hand: then whose entries these are stands further below. */
async function headerBelow(file: OpenFile, compressed: boolean): Promise<string | null> {
  try {
    for await (const { lines } of lineBatches(bytesOf(file, compressed, 0), 0, createHash('sha256')))
      for (const { bytes } of lines) {
        const id = bytes?.includes('"session"') ? sessionIdIn(bytes.toString('utf8')) : null;
        if (id !== null) return id;
      }
    return null;
  } catch {
    return null; // what can't be read is told by the reading itself
  }
}

async function archiveHolds(path: string, compressed: boolean, old: FileCursor): Promise<boolean> {
  try {
    const fd = openRegularSync(path);
    try {
      const prefix = await prefixOf({ fd }, compressed, old.offset);
      return prefix !== null && digestOf(prefix.hash) === old.hash;
    } finally {
      closeSync(fd);
    }
  } catch {
    return false; // an archive that can't be read explains nothing
  }
}
