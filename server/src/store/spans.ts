/** The spans the fold made, kept so that a page can be read without folding again; and the facts of tool calls beside them. */
import { hash } from 'node:crypto';
import type { Span } from '../protocol/document';
import type { Place, PlacedSpan } from '../model/place';
import type { CallFact, MadeSpan } from '../model/spanMaker';
import type { Use } from '../locate/defined/uses';
import type { Database } from './database';
import { triggerCode } from './ledgerCodes';
import type { LedgerWriter } from './ledgerWriter';
import type { Touch, TouchStore } from './touches';
import type { UseStore } from './uses';

/** A span as it is kept, with what it can be found by. */
export interface KeptSpan extends MadeSpan {
  readonly touches: readonly Touch[];
  readonly uses: readonly Use[];
}

/** Epoch milliseconds; a call without a result runs on. */
export interface TimeRange {
  readonly from: number;
  readonly to: number;
}

export interface PutSpans {
  /** Spans that are new or other than before, or of which other facts are known. */
  readonly changed: readonly Span[];
  /** Blinds of the keys of sessions that another call is known to have spawned, or none any more. */
  readonly respawned: readonly Uint8Array[];
  /** When calls ran, or were thought to, that are new or other than before. */
  readonly ran: readonly TimeRange[];
}

/** Part of each span's digest: what versions wrote that kept no ledger, or another one, is written again. */
const accounted = 'ledger 1';

interface SpanRecord {
  readonly body: Uint8Array;
  readonly place: Uint8Array;
  readonly depth: number;
  readonly turn_id: string | null;
}

export class SpanStore {
  readonly #db: Database;
  readonly #touches: TouchStore;
  readonly #uses: UseStore;
  readonly #ledger: LedgerWriter;
  constructor(db: Database, touches: TouchStore, uses: UseStore, ledger: LedgerWriter) {
    this.#db = db;
    this.#touches = touches;
    this.#uses = uses;
    this.#ledger = ledger;
  }

  /**
   * Writes the spans of a session that are new or other than before, with what they are found by. `whole`: these are all there
   * are, and what else is kept goes.
   */
  put(session: number, spans: readonly KeptSpan[], whole: boolean): PutSpans {
    const changed: Span[] = [];
    const respawned: Uint8Array[] = [];
    const ran: TimeRange[] = [];
    const forget = (spanId: string): Uint8Array | null => {
      const [ranBefore, childBefore] = this.#removeFacts(session, spanId);
      if (ranBefore !== null) ran.push(ranBefore);
      return childBefore;
    };
    const digestOf = this.#db.prepare('SELECT digest FROM span WHERE session = ? AND span_id = ?');
    for (const kept of spans) {
      const text = JSON.stringify(kept.span);
      const digest = this.#digest(kept, text);
      const known = digestOf.get(session, kept.span.id) as { digest: Uint8Array } | undefined;
      if (known !== undefined && digest.equals(known.digest)) continue;
      const childBefore = known === undefined ? null : forget(kept.span.id);
      this.#write(session, kept, text, digest);
      this.#ledger.put(session, kept.span, kept.turnId, known === undefined);
      changed.push(kept.span);
      const child = kept.childKey === null ? null : this.#db.box.blind(kept.childKey);
      ran.push(...this.#addFacts(session, kept, child));
      if (childBefore !== null && (child === null || !child.equals(childBefore))) respawned.push(childBefore);
      if (child !== null && (childBefore === null || !child.equals(childBefore))) respawned.push(child);
    }
    if (whole) {
      const ids = new Set(spans.map(({ span }) => span.id));
      const all = this.#db.prepare('SELECT span_id FROM span WHERE session = ?').all(session) as { span_id: string }[];
      for (const { span_id: gone } of all) {
        if (ids.has(gone)) continue;
        const childBefore = forget(gone);
        if (childBefore !== null) respawned.push(childBefore);
        this.#db.prepare('DELETE FROM span WHERE session = ? AND span_id = ?').run(session, gone);
      }
    }
    return { changed, respawned, ran };
  }

  #digest({ place, call, childKey, touches, uses }: KeptSpan, text: string): Buffer {
    return hash(
      'sha256',
      `${accounted} ${place.key.toString('hex')} ${place.depth} ${JSON.stringify([call, childKey, touches, ...uses])} ${text}`,
      'buffer',
    ).subarray(0, 16);
  }

  #write(session: number, { span, place, turnId, call }: KeptSpan, text: string, digest: Buffer): void {
    const { attributes } = span;
    const { box } = this.#db;
    const counts = attributes['sandglass.inherited'] !== true;
    this.#db
      .prepare(
        `INSERT INTO span(session, span_id, entry_id, kind, status, turn_id, place, depth, start, end, failed, thinking_blocks, tokens, target, trigger, digest, body)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT(session, span_id) DO UPDATE SET entry_id = excluded.entry_id, kind = excluded.kind, status = excluded.status, turn_id = excluded.turn_id,
           place = excluded.place, depth = excluded.depth, start = excluded.start, end = excluded.end, failed = excluded.failed,
           thinking_blocks = excluded.thinking_blocks, tokens = excluded.tokens, target = excluded.target,
           trigger = excluded.trigger, digest = excluded.digest, body = excluded.body`,
      )
      .run(
        session,
        span.id,
        span.entryId,
        span.kind,
        span.status,
        turnId,
        place.key,
        place.depth,
        millis(span.startTime),
        millis(span.endTime),
        counts && attributes['sandglass.failed'] === true ? 1 : 0,
        counts ? count(attributes['sandglass.thinking_blocks']) : 0,
        counts ? count(attributes['gen_ai.usage.input_tokens']) + count(attributes['gen_ai.usage.output_tokens']) : 0,
        call === null ? null : box.blind(call.target),
        span.kind === 'invoke_agent' ? triggerCode(span) : null,
        digest,
        box.seal(text),
      );
  }

  #addFacts(session: number, { span, call, touches, uses }: KeptSpan, child: Uint8Array | null): readonly TimeRange[] {
    const { box } = this.#db;
    for (const touch of touches) this.#touches.add(session, touch);
    for (const use of uses) this.#uses.add(session, use);
    if (child !== null)
      this.#db.prepare('INSERT OR REPLACE INTO spawn(session, span_id, child_blind) VALUES (?, ?, ?)').run(session, span.id, child);
    if (call === null) return [];
    this.#db
      .prepare(
        `INSERT OR REPLACE INTO call(session, span_id, source, start, end, body)
         VALUES (?1, ?2, (SELECT source FROM session WHERE id = ?1), ?3, ?4, ?5)`,
      )
      .run(session, span.id, call.start, call.end, box.seal(JSON.stringify(call)));
    return call.start === null ? [] : [{ from: call.start, to: call.end ?? Infinity }];
  }

  #removeFacts(session: number, spanId: string): readonly [TimeRange | null, Uint8Array | null] {
    const call = this.#db.prepare('SELECT start, end FROM call WHERE session = ? AND span_id = ?').get(session, spanId) as
      { start: number | null; end: number | null } | undefined;
    const spawn = this.#db.prepare('SELECT child_blind FROM spawn WHERE session = ? AND span_id = ?').get(session, spanId) as
      { child_blind: Uint8Array } | undefined;
    this.#touches.remove(session, spanId);
    this.#uses.remove(session, spanId);
    if (call !== undefined) this.#db.prepare('DELETE FROM call WHERE session = ? AND span_id = ?').run(session, spanId);
    if (spawn !== undefined) this.#db.prepare('DELETE FROM spawn WHERE session = ? AND span_id = ?').run(session, spanId);
    const ran = call === undefined || call.start === null ? null : { from: call.start, to: call.end ?? Infinity };
    return [ran, spawn?.child_blind ?? null];
  }

  #placed(rows: readonly SpanRecord[]): readonly PlacedSpan[] {
    return rows.map((row) => ({
      span: JSON.parse(this.#db.box.open(row.body)) as Span,
      place: { key: Buffer.from(row.place), depth: row.depth },
      turnId: row.turn_id,
    }));
  }

  /** A page in display order. */
  page(session: number, offset: number, limit: number): readonly PlacedSpan[] {
    return this.#placed(
      this.#db
        .prepare('SELECT body, place, depth, turn_id FROM span WHERE session = ? ORDER BY place LIMIT ? OFFSET ?')
        .all(session, limit, offset) as unknown as SpanRecord[],
    );
  }

  spanCount(session: number): number {
    return (this.#db.prepare('SELECT count(*) AS n FROM span WHERE session = ?').get(session) as { n: number }).n;
  }

  ofSession(session: number, spanId: string): PlacedSpan | null {
    const rows = this.#db.prepare('SELECT body, place, depth, turn_id FROM span WHERE session = ? AND span_id = ?').all(session, spanId);
    return this.#placed(rows as unknown as SpanRecord[])[0] ?? null;
  }

  /** How many spans of a session stand before this place. */
  rank(session: number, place: Place): number {
    return (this.#db.prepare('SELECT count(*) AS n FROM span WHERE session = ? AND place < ?').get(session, place.key) as { n: number }).n;
  }

  span(source: number, spanId: string): (PlacedSpan & { readonly session: number }) | null {
    const row = this.#db
      .prepare(
        `SELECT p.body, p.place, p.depth, p.turn_id, p.session FROM span p JOIN session s ON s.id = p.session WHERE s.source = ? AND p.span_id = ? LIMIT 1`,
      )
      .get(source, spanId) as (SpanRecord & { session: number }) | undefined;
    if (row === undefined) return null;
    const [placed] = this.#placed([row]);
    return placed === undefined ? null : { ...placed, session: row.session };
  }

  ofKind(session: number, kind: Span['kind']): readonly PlacedSpan[] {
    return this.#placed(
      this.#db
        .prepare('SELECT body, place, depth, turn_id FROM span WHERE session = ? AND kind = ? ORDER BY place')
        .all(session, kind) as unknown as SpanRecord[],
    );
  }

  ofTurn(session: number, turnId: string, limit: number): readonly PlacedSpan[] {
    return this.#placed(
      this.#db
        .prepare('SELECT body, place, depth, turn_id FROM span WHERE session = ? AND turn_id = ? ORDER BY place LIMIT ?')
        .all(session, turnId, limit) as unknown as SpanRecord[],
    );
  }

  /** Which turn of its session stands at this place or above it, counted from one. */
  turnOrdinal(session: number, place: Place): number {
    const row = this.#db
      .prepare("SELECT count(*) AS n FROM span WHERE session = ? AND place <= ? AND kind = 'invoke_agent'")
      .get(session, place.key);
    return (row as { n: number }).n;
  }

  ofEntry(session: number, entryId: string): readonly string[] {
    return (
      this.#db.prepare('SELECT span_id FROM span WHERE session = ? AND entry_id = ? ORDER BY place').all(session, entryId) as {
        span_id: string;
      }[]
    ).map((row) => row.span_id);
  }

  /** The last turn of a session. */
  lastTurn(session: number): PlacedSpan | null {
    const rows = this.#db
      .prepare("SELECT body, place, depth, turn_id FROM span WHERE session = ? AND kind = 'invoke_agent' ORDER BY place DESC LIMIT 1")
      .all(session);
    return this.#placed(rows as unknown as SpanRecord[])[0] ?? null;
  }

  /** Every span of a session without its body, in display order. */
  outline(session: number): readonly { readonly spanId: string; readonly status: Span['status']; readonly depth: number }[] {
    return this.#db
      .prepare('SELECT span_id AS spanId, status, depth FROM span WHERE session = ? ORDER BY place')
      .all(session) as unknown as { spanId: string; status: Span['status']; depth: number }[];
  }

  /** The spans of a turn without their bodies, in display order. */
  turnOutline(
    session: number,
    turnId: string,
  ): readonly {
    readonly spanId: string;
    readonly kind: Span['kind'];
    readonly status: Span['status'];
    readonly start: number | null;
    readonly end: number | null;
  }[] {
    return this.#db
      .prepare('SELECT span_id AS spanId, kind, status, start, end FROM span WHERE session = ? AND turn_id = ? ORDER BY place')
      .all(session, turnId) as unknown as {
      spanId: string;
      kind: Span['kind'];
      status: Span['status'];
      start: number | null;
      end: number | null;
    }[];
  }

  /** What the calls of each turn came to, without reading a span. */
  turnSums(
    session: number,
  ): ReadonlyMap<string, { readonly calls: readonly string[]; readonly failed: number; readonly thinkingBlocks: number }> {
    const sums = new Map<string, { calls: string[]; failed: number; thinkingBlocks: number }>();
    const rows = this.#db
      .prepare('SELECT turn_id, span_id, kind, failed, thinking_blocks FROM span WHERE session = ? AND turn_id IS NOT NULL')
      .iterate(session) as Iterable<{
      turn_id: string;
      span_id: string;
      kind: string;
      failed: number;
      thinking_blocks: number;
    }>;
    for (const row of rows) {
      const sum = sums.get(row.turn_id) ?? { calls: [], failed: 0, thinkingBlocks: 0 };
      if (row.kind === 'execute_tool') sum.calls.push(row.span_id);
      sum.failed += row.failed;
      sum.thinkingBlocks += row.thinking_blocks;
      sums.set(row.turn_id, sum);
    }
    return sums;
  }

  /** Newest first: calls that failed, and calls a denial was joined to. */
  failedOrDenied(session: number): readonly string[] {
    const rows = this.#db
      .prepare(
        `SELECT span_id FROM span p WHERE session = ? AND kind = 'execute_tool'
            AND (status = 'error' OR EXISTS (SELECT 1 FROM policy WHERE call_id = p.span_id AND action = 'denied'))
          ORDER BY place DESC`,
      )
      .all(session) as { span_id: string }[];
    return rows.map((row) => row.span_id);
  }

  /** Equal for calls that tried the same thing, in any session; null where that is not known. */
  targetOf(session: number, spanId: string): string | null {
    const row = this.#db.prepare('SELECT hex(target) AS target FROM span WHERE session = ? AND span_id = ? AND target IS NOT NULL');
    return (row.get(session, spanId) as { readonly target: string } | undefined)?.target ?? null;
  }

  /** The first later call of a session with the same target as this one that worked. */
  firstSuccess(session: number, spanId: string): string | null {
    const row = this.#db
      .prepare(
        `SELECT later.span_id FROM span mine JOIN span later ON later.session = mine.session AND later.target = mine.target
          WHERE mine.session = ? AND mine.span_id = ? AND mine.target IS NOT NULL AND later.status = 'ok'
            AND later.start > coalesce(mine.start, 0) ORDER BY later.start, later.place LIMIT 1`,
      )
      .get(session, spanId) as { span_id: string } | undefined;
    return row?.span_id ?? null;
  }

  /** Whether a call that had begun by then ended in this time. */
  anyEnded(source: number, begunBy: number, from: number, before: number): boolean {
    const row = this.#db
      .prepare('SELECT 1 FROM call INDEXED BY call_by_end WHERE source = ? AND end >= ? AND end < ? AND start <= ? LIMIT 1')
      .get(source, from, before, begunBy);
    return row !== undefined;
  }

  /** Calls of a source that ended at this time or later, or may still run; at most so many. */
  callsSince(source: number, from: number, limit: number): readonly CallFact[] {
    const rows = this.#db
      .prepare(
        `SELECT body FROM (SELECT body FROM call INDEXED BY call_by_end WHERE source = ?1 AND end >= ?2 LIMIT ?3)
          UNION ALL SELECT body FROM (SELECT body FROM call INDEXED BY call_without_end WHERE source = ?1 AND end IS NULL LIMIT ?3)`,
      )
      .all(source, from, limit) as { body: Uint8Array }[];
    return rows.slice(0, limit).map((row) => JSON.parse(this.#db.box.open(row.body)) as CallFact);
  }

  /** The last calls of a source that ended before this time, newest first. */
  callsBefore(source: number, before: number, limit: number): readonly CallFact[] {
    const rows = this.#db
      .prepare('SELECT body FROM call INDEXED BY call_by_end WHERE source = ? AND end < ? ORDER BY end DESC LIMIT ?')
      .all(source, before, limit) as { body: Uint8Array }[];
    return rows.map((row) => JSON.parse(this.#db.box.open(row.body)) as CallFact);
  }

  /** Calls that ran in a time frame, and those begun by its end that may still run. */
  calls(source: number, from: number, to: number): readonly CallFact[] {
    const ended = this.#db
      .prepare('SELECT body FROM call INDEXED BY call_by_end WHERE source = ? AND end >= ? AND start <= ?')
      .all(source, from, to) as { body: Uint8Array }[];
    const running = this.#db
      .prepare('SELECT body FROM call INDEXED BY call_without_end WHERE source = ? AND end IS NULL AND start <= ?')
      .all(source, to) as { body: Uint8Array }[];
    return [...ended, ...running].map((row) => JSON.parse(this.#db.box.open(row.body)) as CallFact);
  }
}

function count(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}

export function millis(time: string | null): number | null {
  return time === null ? null : Date.parse(time);
}
