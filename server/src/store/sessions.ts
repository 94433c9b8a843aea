/** Folded sessions and their spans: what the fold made, kept so that a page can be read without folding again. */
import { hash } from 'node:crypto';
import type { SessionInfo, Span } from '../protocol/document';
import { targetOf } from '../model/callTarget';
import type { CallFact, FoldedSession } from '../model/foldSession';
import { isoTime } from '../model/toolSpan';
import type { Database } from './database';

export interface PlacedSpan {
  readonly span: Span;
  readonly position: number;
  readonly depth: number;
  readonly turnId: string | null;
}

/** A path a call touched, absolute in the sandbox. */
export interface Touch {
  readonly spanId: string;
  readonly path: string;
  /** Epoch milliseconds of the call's start. */
  readonly start: number | null;
  /** The call changed the file, and it worked. */
  readonly writes: boolean;
}

export interface StoredTouch {
  readonly session: number;
  readonly source: number;
  readonly spanId: string;
}

export interface SessionView {
  readonly row: number;
  readonly source: number;
  readonly revision: number;
  readonly info: SessionInfo;
  readonly workspaceDir: string | null;
  /** A transcript of it was read; else only the session index speaks of it (a first turn is on disk only when it answered). */
  readonly recorded: boolean;
}

export interface PutResult {
  /** Spans that are new or other than before. */
  readonly changed: readonly Span[];
  /** Keys of sessions that a call is newly known to have spawned. */
  readonly spawned: readonly string[];
}

interface SessionBody {
  readonly info: SessionInfo;
  readonly workspaceDir: string | null;
}

export class SessionStore {
  readonly #db: Database;
  constructor(db: Database) {
    this.#db = db;
  }

  keyBlind(key: string): Buffer {
    return this.#db.box.blind(key);
  }

  /** Sessions under a session key, oldest first. */
  byKey(source: number, key: string): readonly number[] {
    const rows = this.#db
      .prepare('SELECT id FROM session WHERE source = ? AND key_blind = ? ORDER BY coalesce(header_time, first_time, 0), session')
      .all(source, this.#db.box.blind(key)) as { id: number }[];
    return rows.map((row) => row.id);
  }

  /** Sessions whose index row names this key as the one that spawned them. */
  spawnedByKey(source: number, key: string): readonly number[] {
    const rows = this.#db
      .prepare('SELECT id FROM session WHERE source = ? AND spawned_by_blind = ?')
      .all(source, this.#db.box.blind(key)) as { id: number }[];
    return rows.map((row) => row.id);
  }

  /** Sessions whose index row names the key of this session as the one that spawned them. */
  spawnedByKeyOf(session: number): readonly number[] {
    const rows = this.#db
      .prepare(
        'SELECT child.id FROM session parent JOIN session child ON child.source = parent.source AND child.spawned_by_blind = parent.key_blind WHERE parent.id = ?',
      )
      .all(session) as { id: number }[];
    return rows.map((row) => row.id);
  }

  setKeys(session: number, key: string | null, spawnedBy: string | null): void {
    const { box } = this.#db;
    this.#db
      .prepare('UPDATE session SET key_blind = ?, spawned_by_blind = ? WHERE id = ?')
      .run(key === null ? null : box.blind(key), spawnedBy === null ? null : box.blind(spawnedBy), session);
  }

  /** The call that spawned the sessions under this key: the oldest, when several say so. */
  spawner(source: number, childKey: string): { readonly spanId: string; readonly session: string } | null {
    const row = this.#db
      .prepare(
        `SELECT p.span_id AS spanId, s.session AS session FROM spawn p JOIN session s ON s.id = p.session
          WHERE p.child_blind = ? AND s.source = ? ORDER BY coalesce(s.header_time, s.first_time, 0), s.session, p.span_id LIMIT 1`,
      )
      .get(this.#db.box.blind(childKey), source) as { spanId: string; session: string } | undefined;
    return row ?? null;
  }

  /** Writes what changed of a session. */
  put(row: number, folded: FoldedSession, placed: readonly PlacedSpan[], touches: readonly Touch[]): PutResult {
    const { box } = this.#db;
    const before = new Map<string, Uint8Array>();
    for (const known of this.#db.prepare('SELECT span_id, digest FROM span WHERE session = ?').all(row) as {
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
    const changedIds = new Set<string>();
    for (const { span, position, depth, turnId } of placed) {
      const text = JSON.stringify(span);
      const digest = hash('sha256', `${position} ${depth} ${text}`, 'buffer').subarray(0, 16);
      const known = before.get(span.id);
      before.delete(span.id);
      if (known !== undefined && digest.equals(known)) continue;
      const { attributes } = span;
      const own = attributes['sandglass.inherited'] !== true;
      upsert.run(
        row,
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
      changedIds.add(span.id);
    }
    for (const gone of before.keys()) {
      for (const table of ['span', 'call', 'spawn', 'touch'])
        this.#db.prepare(`DELETE FROM ${table} WHERE session = ? AND span_id = ?`).run(row, gone);
    }
    for (const call of folded.calls) {
      if (!changedIds.has(call.spanId)) continue;
      this.#db
        .prepare('INSERT OR REPLACE INTO call(session, span_id, start, end, body) VALUES (?, ?, ?, ?, ?)')
        .run(row, call.spanId, call.start, call.end, box.seal(JSON.stringify(call)));
    }
    const spawned = new Set<string>();
    for (const spawn of folded.spawns) {
      const inserted = this.#db
        .prepare('INSERT OR IGNORE INTO spawn(session, span_id, child_blind) VALUES (?, ?, ?)')
        .run(row, spawn.spanId, box.blind(spawn.childSessionKey));
      if (Number(inserted.changes) > 0) spawned.add(spawn.childSessionKey);
    }
    for (const spanId of changedIds) this.#db.prepare('DELETE FROM touch WHERE session = ? AND span_id = ?').run(row, spanId);
    for (const { spanId, path, start, writes } of touches) {
      if (!changedIds.has(spanId)) continue;
      this.#db
        .prepare('INSERT INTO touch(session, span_id, path_blind, base_blind, start, writes, body) VALUES (?, ?, ?, ?, ?, ?, ?)')
        .run(row, spanId, box.blind(path), box.blind(baseName(path)), start, writes ? 1 : 0, box.seal(path));
    }
    const { spans: _spans, calls: _calls, spawns: _spawns, workspaceDir, startTime, endTime, ...rest } = folded;
    const info: SessionInfo = { ...rest, startTime: isoTime(startTime), endTime: isoTime(endTime) };
    const body: SessionBody = { info, workspaceDir };
    const lastTime = placed.reduce((last, { span }) => Math.max(last, millis(span.endTime) ?? millis(span.startTime) ?? 0), 0);
    this.#db
      .prepare('UPDATE session SET dirty = 0, revision = revision + 1, start = ?, end = ?, last_time = ?, body = ? WHERE id = ?')
      .run(startTime, endTime, lastTime, box.seal(JSON.stringify(body)), row);
    return { changed, spawned: [...spawned] };
  }

  /** Counts a change that the fold did not make; answers the new revision. */
  touch(row: number): number {
    this.#db.prepare('UPDATE session SET revision = revision + 1 WHERE id = ?').run(row);
    return this.byRow(row)?.revision ?? 0;
  }

  #view(row: SessionRecord): SessionView {
    const body = JSON.parse(this.#db.box.open(row.body)) as SessionBody;
    return {
      row: row.id,
      source: row.source,
      revision: row.revision,
      info: body.info,
      workspaceDir: body.workspaceDir,
      recorded: row.recorded === 1,
    };
  }

  /** Sessions that were folded, by start. */
  list(source: number): readonly SessionView[] {
    const rows = this.#db
      .prepare(`SELECT ${viewColumns} FROM session WHERE source = ? AND body IS NOT NULL ORDER BY start, session`)
      .all(source);
    return (rows as unknown as SessionRecord[]).map((row) => this.#view(row));
  }

  bySession(source: number, session: string): SessionView | null {
    const row = this.#db
      .prepare(`SELECT ${viewColumns} FROM session WHERE source = ? AND session = ? AND body IS NOT NULL`)
      .get(source, session);
    return row === undefined ? null : this.#view(row as unknown as SessionRecord);
  }

  byRow(id: number): SessionView | null {
    const row = this.#db.prepare(`SELECT ${viewColumns} FROM session WHERE id = ? AND body IS NOT NULL`).get(id);
    return row === undefined ? null : this.#view(row as unknown as SessionRecord);
  }

  /** The session last written in, of one source or of all. */
  latest(source: number | null): SessionView | null {
    const row = this.#db
      .prepare(
        `SELECT ${viewColumns} FROM session WHERE body IS NOT NULL AND (?1 IS NULL OR source = ?1) ORDER BY last_time DESC, id DESC LIMIT 1`,
      )
      .get(source);
    return row === undefined ? null : this.#view(row as unknown as SessionRecord);
  }

  spanCount(session: number): number {
    return (this.#db.prepare('SELECT count(*) AS n FROM span WHERE session = ?').get(session) as { n: number }).n;
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

  /** The last turn of a session. */
  lastTurn(session: number): PlacedSpan | null {
    const rows = this.#db
      .prepare("SELECT body, position, depth, turn_id FROM span WHERE session = ? AND kind = 'invoke_agent' ORDER BY position DESC LIMIT 1")
      .all(session);
    return this.#placed(rows as unknown as SpanRecord[])[0] ?? null;
  }

  at(session: number, position: number): PlacedSpan | null {
    const rows = this.#db
      .prepare('SELECT body, position, depth, turn_id FROM span WHERE session = ? AND position = ?')
      .all(session, position);
    return this.#placed(rows as unknown as SpanRecord[])[0] ?? null;
  }

  ofKind(session: number, kind: Span['kind']): readonly PlacedSpan[] {
    return this.#placed(
      this.#db
        .prepare('SELECT body, position, depth, turn_id FROM span WHERE session = ? AND kind = ? ORDER BY position')
        .all(session, kind) as unknown as SpanRecord[],
    );
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

  ofTurn(session: number, turnId: string, limit: number): readonly PlacedSpan[] {
    return this.#placed(
      this.#db
        .prepare('SELECT body, position, depth, turn_id FROM span WHERE session = ? AND turn_id = ? ORDER BY position LIMIT ?')
        .all(session, turnId, limit) as unknown as SpanRecord[],
    );
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

  ofEntry(session: number, entryId: string): readonly string[] {
    return (
      this.#db.prepare('SELECT span_id FROM span WHERE session = ? AND entry_id = ? ORDER BY position').all(session, entryId) as {
        span_id: string;
      }[]
    ).map((row) => row.span_id);
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

  /** Paths that end in this name and were touched, each once with the source it lies in. */
  pathsNamed(base: string): readonly { readonly source: number; readonly path: string }[] {
    const { box } = this.#db;
    const rows = this.#db
      .prepare(
        `SELECT s.source, min(t.body) AS body FROM touch t JOIN session s ON s.id = t.session
          WHERE t.base_blind = ? GROUP BY s.source, t.path_blind`,
      )
      .all(box.blind(base)) as { source: number; body: Uint8Array }[];
    return rows.map((row) => ({ source: row.source, path: box.open(row.body) }));
  }

  /** Calls that touched a path, newest first, and how many there are in all. */
  touches(source: number, path: string, limit: number): { readonly total: number; readonly newest: readonly StoredTouch[] } {
    const blind = this.#db.box.blind(path);
    const { n } = this.#db
      .prepare('SELECT count(*) AS n FROM touch t JOIN session s ON s.id = t.session WHERE s.source = ? AND t.path_blind = ?')
      .get(source, blind) as { n: number };
    const newest = this.#db
      .prepare(
        `SELECT t.session, s.source, t.span_id AS spanId FROM touch t JOIN session s ON s.id = t.session
          WHERE s.source = ? AND t.path_blind = ? ORDER BY t.start DESC, t.span_id LIMIT ?`,
      )
      .all(source, blind, limit) as unknown as StoredTouch[];
    return { total: n, newest };
  }

  /** When a call last changed this file, as epoch milliseconds; null when none did. */
  lastWrite(source: number, path: string): number | null {
    const row = this.#db
      .prepare(
        'SELECT max(t.start) AS last FROM touch t JOIN session s ON s.id = t.session WHERE s.source = ? AND t.path_blind = ? AND t.writes = 1',
      )
      .get(source, this.#db.box.blind(path)) as { last: number | null };
    return row.last;
  }

  /** The first later call of a session with the same target that worked. */
  firstSuccess(session: number, target: string, after: number): string | null {
    const row = this.#db
      .prepare("SELECT span_id FROM span WHERE session = ? AND target = ? AND status = 'ok' AND start > ? ORDER BY start, position LIMIT 1")
      .get(session, this.#db.box.blind(target), after) as { span_id: string } | undefined;
    return row?.span_id ?? null;
  }

  touchedPaths(source: number): readonly string[] {
    const rows = this.#db
      .prepare('SELECT min(t.body) AS body FROM touch t JOIN session s ON s.id = t.session WHERE s.source = ? GROUP BY t.path_blind')
      .all(source) as { body: Uint8Array }[];
    return rows.map((row) => this.#db.box.open(row.body)).sort();
  }
}

const viewColumns = 'id, source, revision, body, EXISTS (SELECT 1 FROM entry e WHERE e.session = session.id AND e.kind = 0) AS recorded';

interface SessionRecord {
  readonly id: number;
  readonly source: number;
  readonly revision: number;
  readonly body: Uint8Array;
  readonly recorded: number;
}

interface SpanRecord {
  readonly body: Uint8Array;
  readonly position: number;
  readonly depth: number;
  readonly turn_id: string | null;
}

export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
function count(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}
function millis(time: string | null): number | null {
  return time === null ? null : Date.parse(time);
}
