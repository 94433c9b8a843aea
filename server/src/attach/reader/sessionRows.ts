/**
 * The rows of one session in an agent's database: the new ones, and what happened to the old ones. The analogue of
 * transcriptFile.ts; here the agent's own bookkeeping is the rewrite generation.
 */
import type { Cursor, SourceRecord } from '../record';
import type { ReaderContext } from './context';
import { readEntry } from './entry';
import { addLost } from './fileCursor';
import { nextLink, writeRowCursor, type RowCursor } from './rowCursor';
import { eventRows, generationOf, type EventRow } from './sqliteRows';
import type { Reading, SqliteStore } from './sqliteStore';
import { StoreError } from './storeError';

const FIRST = Number.MIN_SAFE_INTEGER;

export class SessionRows {
  readonly #context: ReaderContext;
  readonly #store: SqliteStore;
  readonly #agent: string;
  readonly #file: string;
  readonly session: string;
  readonly cursorKey: string;
  #known: RowCursor | null;
  /** Compared as a whole since the reader started. */
  #verified: boolean;
  #lost: string[];
  /** A comparison of everything that was read up to `target`, and how far it has come. */
  #check: { readonly target: RowCursor; readonly seq: number; readonly chain: string } | null = null;

  constructor(context: ReaderContext, store: SqliteStore, agent: string, file: string, session: string, known: RowCursor | null) {
    this.#context = context;
    this.#store = store;
    this.#agent = agent;
    this.#file = file;
    this.session = session;
    this.cursorKey = `rows:${file}#${session}`;
    this.#known = known;
    this.#verified = known === null;
    this.#lost = [...(known?.lost ?? [])];
  }

  /** Was everything compared, or read, in this life? */
  get verified(): boolean {
    return this.#verified;
  }

  /** The highest seq that was read; null: none. */
  get reached(): number | null {
    return this.#known?.seq ?? null;
  }

  /** What is behind what was read, with its last row; null: nothing was read yet. */
  ahead(reading: Reading): readonly EventRow[] | null {
    return this.#known && eventRows(reading, 'transcript_events', this.session, this.#known.seq);
  }

  /** `top`: the highest seq there is. `ahead`: what that gave just now, in the reading that found `top`. */
  async *scan(top: number, generation: string | null, ahead: readonly EventRow[] | null = null): AsyncGenerator<SourceRecord> {
    const known = this.#known;
    if (!known) {
      yield* this.#read(null, generation, null, top);
      return;
    }
    const renewed = generation !== known.generation;
    if (top === known.seq && !renewed) return;
    if (top < known.seq || ((renewed || !this.#verified) && !(await this.#holds(known)))) {
      yield* this.#reread(generation);
      return;
    }
    this.#verified = true;
    if (renewed) this.#known = { ...known, generation };
    yield* this.#read(this.#known, generation, null, top, ahead);
  }

  /** What an earlier life could not read. */
  *recall(): Generator<SourceRecord> {
    for (const reason of this.#lost) yield* this.#context.skipped(this.#where, reason, 'part');
  }

  /** Compares one more part of what was read, and reads all of it again where it is not what it was. True: that was the last part. */
  async *verify(): AsyncGenerator<SourceRecord, boolean> {
    if (!this.#known) return true;
    const { target, seq, chain } = this.#check ?? { target: this.#known, seq: FIRST, chain: '' };
    const check = this.#compare(target, seq, chain);
    this.#check = check.more ? { target, ...check } : null;
    if (check.more) return false;
    if (check.chain === target.hash) this.#verified = true;
    else yield* this.#reread(this.#store.read((reading) => generationOf(reading, this.session)));
    return true;
  }

  *gone(explained: boolean): Generator<SourceRecord> {
    yield* this.#context.gone(this.#where);
    yield {
      kind: 'gone',
      agent: this.#agent,
      session: this.session,
      file: this.#file,
      explained,
      cursor: { key: this.cursorKey, value: '' },
    };
  }

  async *#reread(generation: string | null): AsyncGenerator<SourceRecord> {
    const explained = generation !== null && generation !== this.#known?.generation;
    this.#check = null;
    yield* this.#read(null, generation, { explained }, Infinity);
  }

  async *#read(
    after: RowCursor | null,
    generation: string | null,
    reread: { readonly explained: boolean } | null,
    top: number,
    ahead: readonly EventRow[] | null = null,
  ): AsyncGenerator<SourceRecord> {
    if (!after) {
      this.#lost = [];
      yield* this.#context.mended(this.#where, 'part');
    }
    if (reread) yield this.#mark('begin', reread.explained);
    let at: RowCursor = after ?? { seq: FIRST, generation, hash: '', last: '', lost: [] };
    for (;;) {
      let rows = ahead ?? this.#store.read((reading) => eventRows(reading, 'transcript_events', this.session, at.seq));
      ahead = null;
      if (at.seq !== FIRST) {
        // The last known row comes along: it must still be the one we know.
        const [first, ...others] = rows;
        if (!first || first.seq !== at.seq || nextLink('', first).last !== at.last) {
          if (reread) throw new StoreError('its rows change faster than they can be read', { passing: true });
          yield* this.#reread(generation);
          return;
        }
        rows = others;
      }
      if (rows.length === 0) break;
      const records: SourceRecord[] = [];
      for (const row of rows) {
        records.push(...this.#records(row));
        at = { seq: row.seq, generation, ...nextLink(at.hash, row), lost: [...this.#lost] };
      }
      if (!reread) this.#known = at;
      const last = records.length - 1;
      for (const [index, record] of records.entries()) yield !reread && index === last ? { ...record, cursor: this.#cursor(at) } : record;
      if (!reread && last < 0) yield { kind: 'heartbeat', cursor: this.#cursor(at) };
      if (at.seq >= top) break; // what came since is there at the next look
    }
    this.#known = at.seq === FIRST ? null : at;
    this.#verified = true;
    if (reread)
      yield { ...this.#mark('end', reread.explained), cursor: this.#known ? this.#cursor(at) : { key: this.cursorKey, value: '' } };
  }

  *#records(row: EventRow): Generator<SourceRecord> {
    if (row.text === null) {
      yield* this.#lose(row.seq, row.reason ?? 'it is unreadable');
      return;
    }
    const entry = readEntry(row.text);
    if (entry.kind === 'noise') return;
    if (entry.kind === 'broken') yield* this.#lose(row.seq, entry.reason);
    else
      yield {
        kind: 'transcript',
        agent: this.#agent,
        session: this.session,
        state: 'live',
        file: this.#file,
        ordinal: row.seq,
        text: row.text,
      };
  }

  *#lose(seq: number, reason: string): Generator<SourceRecord> {
    const told = `row ${seq}: ${reason}`;
    addLost(this.#lost, told);
    yield* this.#context.skipped(this.#where, told, 'part');
  }

  get #where(): string {
    return `${this.#file} session ${this.session}`;
  }

  async #holds(known: RowCursor): Promise<boolean> {
    let at = { more: true, seq: FIRST, chain: '' };
    while (at.more) {
      at = this.#compare(known, at.seq, at.chain);
      await new Promise(setImmediate); // a long session must not hold up the rest of the process
    }
    return at.chain === known.hash;
  }

  /** One batch of rows further. */
  #compare(known: RowCursor, from: number, chain: string): { readonly more: boolean; readonly seq: number; readonly chain: string } {
    const rows = this.#store.read((reading) =>
      eventRows(reading, 'transcript_events', this.session, from === FIRST ? FIRST : from + 1, known.seq),
    );
    let seq = from;
    for (const row of rows) {
      chain = nextLink(chain, row).hash;
      seq = row.seq;
    }
    return { more: rows.length > 0 && seq < known.seq, seq, chain };
  }

  #cursor(cursor: RowCursor): Cursor {
    return { key: this.cursorKey, value: writeRowCursor(cursor) };
  }

  #mark(phase: 'begin' | 'end', explained: boolean): SourceRecord {
    return { kind: 'reread', phase, agent: this.#agent, session: this.session, file: this.#file, explained };
  }
}
