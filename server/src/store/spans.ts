/** The spans the fold made, kept so that a page can be read without folding again; and the facts of tool calls beside them. */
import { hash } from 'node:crypto';
import type { Span } from '../protocol/document';
import type { CallFact } from '../model/foldSession';
import type { PlacedSpan } from '../model/place';
import type { Database } from './database';
import type { Touch, TouchStore } from './touches';

/** What else is kept of a span, to be found by it. */
export interface SpanFacts {
  readonly call: CallFact | null;
  /** Key of the session it spawned. */
  readonly childKey: string | null;
  readonly touches: readonly Touch[];
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

interface SpanRecord {
  readonly body: Uint8Array;
  readonly position: number;
  readonly depth: number;
  readonly turn_id: string | null;
}

export class SpanStore {
  readonly #db: Database;
  readonly #touches: TouchStore;
  constructor(db: Database, touches: TouchStore) {
    this.#db = db;
    this.#touches = touches;
  }

  /** Writes the spans of a session that are new or other than before, with their facts; what is gone is removed. */
  put(session: number, placed: readonly PlacedSpan[], facts: ReadonlyMap<string, SpanFacts>): PutSpans {
    const { box } = this.#db;
    const before = new Map<string, Uint8Array>();
    for (const known of this.#db.prepare('SELECT span_id, digest FROM span WHERE session = ?').all(session) as {
      span_id: string;
      digest: Uint8Array;
    }[]) {
      before.set(known.span_id, known.digest);
    }
    const changed: Span[] = [];
    const respawned: Uint8Array[] = [];
    const ran: TimeRange[] = [];
    const upsert = this.#db.prepare(
      `INSERT OR REPLACE INTO span(session, span_id, entry_id, kind, status, turn_id, position, depth, start, end, failed, thinking_blocks, tokens, cost_usd, target, digest, body)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    for (const { span, position, depth, turnId } of placed) {
      const text = JSON.stringify(span);
      const known = before.get(span.id);
      const own = facts.get(span.id);
      before.delete(span.id);
      const digest = hash('sha256', `${position} ${depth} ${text} ${own === undefined ? '' : JSON.stringify(own)}`, 'buffer').subarray(
        0,
        16,
      );
      if (known !== undefined && digest.equals(known)) continue;
      const { attributes } = span;
      const counts = attributes['sandglass.inherited'] !== true;
      upsert.run(
        session,
        span.id,
        span.entryId,
        span.kind,
        span.status,
        turnId,
        position,
        depth,
        millis(span.startTime),
        millis(span.endTime),
        counts && attributes['sandglass.failed'] === true ? 1 : 0,
        counts ? count(attributes['sandglass.thinking_blocks']) : 0,
        counts ? count(attributes['gen_ai.usage.input_tokens']) + count(attributes['gen_ai.usage.output_tokens']) : 0,
        counts && typeof attributes['sandglass.cost.usd'] === 'number' ? attributes['sandglass.cost.usd'] : null,
        own?.call === null || own === undefined ? null : box.blind(own.call.target),
        digest,
        box.seal(text),
      );
      changed.push(span);
      const [ranBefore, childBefore] = known === undefined ? [null, null] : this.#removeFacts(session, span.id);
      const child = own === undefined || own.childKey === null ? null : box.blind(own.childKey);
      if (ranBefore !== null) ran.push(ranBefore);
      if (own !== undefined) ran.push(...this.#addFacts(session, span.id, own, child));
      if (childBefore !== null && (child === null || !child.equals(childBefore))) respawned.push(childBefore);
      if (child !== null && (childBefore === null || !child.equals(childBefore))) respawned.push(child);
    }
    for (const gone of before.keys()) {
      const [ranBefore, childBefore] = this.#removeFacts(session, gone);
      if (ranBefore !== null) ran.push(ranBefore);
      if (childBefore !== null) respawned.push(childBefore);
      this.#db.prepare('DELETE FROM span WHERE session = ? AND span_id = ?').run(session, gone);
    }
    return { changed, respawned, ran };
  }

  #addFacts(session: number, spanId: string, { call, touches }: SpanFacts, child: Uint8Array | null): readonly TimeRange[] {
    const { box } = this.#db;
    for (const touch of touches) this.#touches.add(session, touch);
    if (child !== null)
      this.#db.prepare('INSERT OR REPLACE INTO spawn(session, span_id, child_blind) VALUES (?, ?, ?)').run(session, spanId, child);
    if (call === null) return [];
    this.#db
      .prepare('INSERT OR REPLACE INTO call(session, span_id, start, end, body) VALUES (?, ?, ?, ?, ?)')
      .run(session, spanId, call.start, call.end, box.seal(JSON.stringify(call)));
    return call.start === null ? [] : [{ from: call.start, to: call.end ?? Infinity }];
  }

  #removeFacts(session: number, spanId: string): readonly [TimeRange | null, Uint8Array | null] {
    const call = this.#db.prepare('SELECT start, end FROM call WHERE session = ? AND span_id = ?').get(session, spanId) as
      { start: number | null; end: number | null } | undefined;
    const spawn = this.#db.prepare('SELECT child_blind FROM spawn WHERE session = ? AND span_id = ?').get(session, spanId) as
      { child_blind: Uint8Array } | undefined;
    this.#touches.remove(session, spanId);
    if (call !== undefined) this.#db.prepare('DELETE FROM call WHERE session = ? AND span_id = ?').run(session, spanId);
    if (spawn !== undefined) this.#db.prepare('DELETE FROM spawn WHERE session = ? AND span_id = ?').run(session, spanId);
    const ran = call === undefined || call.start === null ? null : { from: call.start, to: call.end ?? Infinity };
    return [ran, spawn?.child_blind ?? null];
  }

  #placed(rows: readonly SpanRecord[]): readonly PlacedSpan[] {
    return rows.map((row) => ({
      span: JSON.parse(this.#db.box.open(row.body)) as Span,
      position: row.position,
      depth: row.depth,
      turnId: row.turn_id,
    }));
  }

  /** A page in display order. */
  page(session: number, offset: number, limit: number): readonly PlacedSpan[] {
    return this.#placed(
      this.#db
        .prepare('SELECT body, position, depth, turn_id FROM span WHERE session = ? ORDER BY position LIMIT ? OFFSET ?')
        .all(session, limit, offset) as unknown as SpanRecord[],
    );
  }

  spanCount(session: number): number {
    return (this.#db.prepare('SELECT count(*) AS n FROM span WHERE session = ?').get(session) as { n: number }).n;
  }

  at(session: number, position: number): PlacedSpan | null {
    const rows = this.#db
      .prepare('SELECT body, position, depth, turn_id FROM span WHERE session = ? AND position = ?')
      .all(session, position);
    return this.#placed(rows as unknown as SpanRecord[])[0] ?? null;
  }

  span(source: number, spanId: string): (PlacedSpan & { readonly session: number }) | null {
    const row = this.#db
      .prepare(
        `SELECT p.body, p.position, p.depth, p.turn_id, p.session FROM span p JOIN session s ON s.id = p.session WHERE s.source = ? AND p.span_id = ? LIMIT 1`,
      )
      .get(source, spanId) as (SpanRecord & { session: number }) | undefined;
    if (row === undefined) return null;
    const [placed] = this.#placed([row]);
    return placed === undefined ? null : { ...placed, session: row.session };
  }

  ofKind(session: number, kind: Span['kind']): readonly PlacedSpan[] {
    return this.#placed(
      this.#db
        .prepare('SELECT body, position, depth, turn_id FROM span WHERE session = ? AND kind = ? ORDER BY position')
        .all(session, kind) as unknown as SpanRecord[],
    );
  }

  ofTurn(session: number, turnId: string, limit: number): readonly PlacedSpan[] {
    return this.#placed(
      this.#db
        .prepare('SELECT body, position, depth, turn_id FROM span WHERE session = ? AND turn_id = ? ORDER BY position LIMIT ?')
        .all(session, turnId, limit) as unknown as SpanRecord[],
    );
  }

  ofEntry(session: number, entryId: string): readonly string[] {
    return (
      this.#db.prepare('SELECT span_id FROM span WHERE session = ? AND entry_id = ? ORDER BY position').all(session, entryId) as {
        span_id: string;
      }[]
    ).map((row) => row.span_id);
  }

  /** The last turn of a session. */
  lastTurn(session: number): PlacedSpan | null {
    const rows = this.#db
      .prepare("SELECT body, position, depth, turn_id FROM span WHERE session = ? AND kind = 'invoke_agent' ORDER BY position DESC LIMIT 1")
      .all(session);
    return this.#placed(rows as unknown as SpanRecord[])[0] ?? null;
  }

  /** Every span of a session without its body, in display order. */
  outline(
    session: number,
  ): readonly { readonly spanId: string; readonly status: Span['status']; readonly position: number; readonly depth: number }[] {
    return this.#db
      .prepare('SELECT span_id AS spanId, status, position, depth FROM span WHERE session = ? ORDER BY position')
      .all(session) as unknown as { spanId: string; status: Span['status']; position: number; depth: number }[];
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
      .prepare('SELECT span_id AS spanId, kind, status, start, end FROM span WHERE session = ? AND turn_id = ? ORDER BY position')
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
  ): ReadonlyMap<
    string,
    { readonly calls: readonly string[]; readonly failed: number; readonly thinkingBlocks: number; readonly costUsd: number | null }
  > {
    const sums = new Map<string, { calls: string[]; failed: number; thinkingBlocks: number; costUsd: number | null }>();
    const rows = this.#db
      .prepare('SELECT turn_id, span_id, kind, failed, thinking_blocks, cost_usd FROM span WHERE session = ? AND turn_id IS NOT NULL')
      .iterate(session) as Iterable<{
      turn_id: string;
      span_id: string;
      kind: string;
      failed: number;
      thinking_blocks: number;
      cost_usd: number | null;
    }>;
    for (const row of rows) {
      const sum = sums.get(row.turn_id) ?? { calls: [], failed: 0, thinkingBlocks: 0, costUsd: null };
      if (row.kind === 'execute_tool') sum.calls.push(row.span_id);
      sum.failed += row.failed;
      sum.thinkingBlocks += row.thinking_blocks;
      if (row.cost_usd !== null) sum.costUsd = (sum.costUsd ?? 0) + row.cost_usd;
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
          ORDER BY position DESC`,
      )
      .all(session) as { span_id: string }[];
    return rows.map((row) => row.span_id);
  }

  /** The first later call of a session with the same target as this one that worked. */
  firstSuccess(session: number, spanId: string): string | null {
    const row = this.#db
      .prepare(
        `SELECT later.span_id FROM span mine JOIN span later ON later.session = mine.session AND later.target = mine.target
          WHERE mine.session = ? AND mine.span_id = ? AND mine.target IS NOT NULL AND later.status = 'ok'
            AND later.start > coalesce(mine.start, 0) ORDER BY later.start, later.position LIMIT 1`,
      )
      .get(session, spanId) as { span_id: string } | undefined;
    return row?.span_id ?? null;
  }

  /** Calls that ran in a time frame, and those without an end. */
  calls(source: number, from: number, to: number): readonly CallFact[] {
    const rows = this.#db
      .prepare(
        `SELECT c.body FROM call c JOIN session s ON s.id = c.session
          WHERE s.source = ? AND c.start IS NOT NULL AND c.start <= ? AND (c.end IS NULL OR c.end >= ?)`,
      )
      .all(source, to, from) as { body: Uint8Array }[];
    return rows.map((row) => JSON.parse(this.#db.box.open(row.body)) as CallFact);
  }
}

function count(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}

export function millis(time: string | null): number | null {
  return time === null ? null : Date.parse(time);
}
