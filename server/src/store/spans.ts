/** The spans the fold made, kept so that a page can be read without folding again; and the facts of tool calls beside them. */
import { hash } from 'node:crypto';
import type { Span } from '../protocol/document';
import { targetOf } from '../model/callTarget';
import type { CallFact } from '../model/foldSession';
import type { Database } from './database';

export interface PlacedSpan {
  readonly span: Span;
  readonly position: number;
  readonly depth: number;
  readonly turnId: string | null;
}

interface SpanRecord {
  readonly body: Uint8Array;
  readonly position: number;
  readonly depth: number;
  readonly turn_id: string | null;
}

export class SpanStore {
  readonly #db: Database;
  constructor(db: Database) {
    this.#db = db;
  }

  /** Writes the spans of a session that are new or other than before, and answers them; what is gone is removed. */
  put(session: number, placed: readonly PlacedSpan[]): readonly Span[] {
    const { box } = this.#db;
    const before = new Map<string, Uint8Array>();
    for (const known of this.#db.prepare('SELECT span_id, digest FROM span WHERE session = ?').all(session) as {
      span_id: string;
      digest: Uint8Array;
    }[]) {
      before.set(known.span_id, known.digest);
    }
    const changed: Span[] = [];
    const upsert = this.#db.prepare(
      `INSERT OR REPLACE INTO span(session, span_id, entry_id, kind, status, turn_id, position, depth, start, end, failed, thinking_blocks, tokens, cost_usd, target, digest, body)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    for (const { span, position, depth, turnId } of placed) {
      const text = JSON.stringify(span);
      const digest = hash('sha256', `${position} ${depth} ${text}`, 'buffer').subarray(0, 16);
      const known = before.get(span.id);
      before.delete(span.id);
      if (known !== undefined && digest.equals(known)) continue;
      const { attributes } = span;
      const own = attributes['sandglass.inherited'] !== true;
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
        own && attributes['sandglass.failed'] === true ? 1 : 0,
        own ? count(attributes['sandglass.thinking_blocks']) : 0,
        own ? count(attributes['gen_ai.usage.input_tokens']) + count(attributes['gen_ai.usage.output_tokens']) : 0,
        own && typeof attributes['sandglass.cost.usd'] === 'number' ? attributes['sandglass.cost.usd'] : null,
        span.kind === 'execute_tool' ? box.blind(targetOf(span)) : null,
        digest,
        box.seal(text),
      );
      changed.push(span);
    }
    for (const gone of before.keys()) {
      for (const table of ['span', 'call', 'spawn', 'touch'])
        this.#db.prepare(`DELETE FROM ${table} WHERE session = ? AND span_id = ?`).run(session, gone);
    }
    return changed;
  }

  putCall(session: number, call: CallFact): void {
    this.#db
      .prepare('INSERT OR REPLACE INTO call(session, span_id, start, end, body) VALUES (?, ?, ?, ?, ?)')
      .run(session, call.spanId, call.start, call.end, this.#db.box.seal(JSON.stringify(call)));
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

  /** The first later call of a session with the same target that worked. */
  firstSuccess(session: number, target: string, after: number): string | null {
    const row = this.#db
      .prepare("SELECT span_id FROM span WHERE session = ? AND target = ? AND status = 'ok' AND start > ? ORDER BY start, position LIMIT 1")
      .get(session, this.#db.box.blind(target), after) as { span_id: string } | undefined;
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
