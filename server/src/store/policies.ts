/** Events of the supervisor and the calls they were joined to. */
import type { PolicySpan } from '../protocol/document';
import type { PolicyEvent } from '../model/events';
import { policyId } from '../model/ids';
import type { JoinedPolicy, ProcessLife } from '../model/joinPolicy';
import { policySpan } from '../model/joinPolicy';
import type { Database } from './database';

interface PolicyBody {
  readonly event: PolicyEvent;
  readonly span: PolicySpan;
}

export class PolicyStore {
  readonly #db: Database;
  constructor(db: Database) {
    this.#db = db;
  }

  /** Each event once; equal lines of one millisecond are told apart by their number. */
  add(source: number, event: PolicyEvent): void {
    const { box } = this.#db;
    const blind = box.blind(event.text);
    const { n } = this.#db
      .prepare('SELECT count(*) AS n FROM policy WHERE source = ? AND time = ? AND text_blind = ?')
      .get(source, event.time, blind) as { n: number };
    const span = policySpan({ event, ordinal: n, call: null, candidates: [] });
    this.#db
      .prepare('INSERT INTO policy(source, policy_id, time, ordinal, text_blind, action, pid, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)')
      .run(
        source,
        policyId(new Date(event.time).toISOString(), event.text, n),
        event.time,
        n,
        blind,
        event.action,
        event.process?.pid ?? null,
        box.seal(JSON.stringify({ event, span } satisfies PolicyBody)),
      );
  }

  events(source: number, from: number, to: number): readonly PolicyEvent[] {
    const rows = this.#db
      .prepare('SELECT body FROM policy WHERE source = ? AND time >= ? AND time <= ? ORDER BY time, ordinal')
      .all(source, from, to) as { body: Uint8Array }[];
    return rows.map((row) => (JSON.parse(this.#db.box.open(row.body)) as PolicyBody).event);
  }

  /** Times of a process's events that were laid to a call or may be: a longer life of the process can undo that. */
  laidToCalls(source: number, pid: number): readonly number[] {
    const rows = this.#db
      .prepare('SELECT time FROM policy WHERE source = ? AND pid = ? AND (call_id IS NOT NULL OR candidates > 0)')
      .all(source, pid) as { time: number }[];
    return rows.map((row) => row.time);
  }

  /** First and last time each of these processes was seen, over the whole log. */
  lives(source: number, pids: Iterable<number>): ReadonlyMap<number, ProcessLife> {
    const lives = new Map<number, ProcessLife>();
    for (const pid of pids) {
      const row = this.#db
        .prepare('SELECT min(time) AS first, max(time) AS last FROM policy WHERE source = ? AND pid = ?')
        .get(source, pid) as {
        first: number | null;
        last: number | null;
      };
      if (row.first !== null && row.last !== null) lives.set(pid, { first: row.first, last: row.last });
    }
    return lives;
  }

  /** Keeps a join; answers the ids of calls whose denials changed. */
  putJoin(source: number, joined: JoinedPolicy): readonly string[] {
    const { box } = this.#db;
    const span = policySpan(joined);
    const row = this.#db.prepare('SELECT call_id, body FROM policy WHERE source = ? AND policy_id = ?').get(source, span.id) as
      { call_id: string | null; body: Uint8Array } | undefined;
    if (row === undefined) return [];
    const known = (JSON.parse(box.open(row.body)) as PolicyBody).span;
    if (known.callId === span.callId && known.turnId === span.turnId && known.candidates.join() === span.candidates.join()) return [];
    this.#db
      .prepare('UPDATE policy SET call_id = ?, turn_id = ?, candidates = ?, body = ? WHERE source = ? AND policy_id = ?')
      .run(
        span.callId,
        span.turnId,
        span.candidates.length,
        box.seal(JSON.stringify({ event: joined.event, span } satisfies PolicyBody)),
        source,
        span.id,
      );
    return [known.callId, span.callId].filter((id): id is string => id !== null);
  }

  all(source: number): readonly PolicySpan[] {
    const rows = this.#db.prepare('SELECT body FROM policy WHERE source = ? ORDER BY time, policy_id').all(source) as {
      body: Uint8Array;
    }[];
    return rows.map((row) => (JSON.parse(this.#db.box.open(row.body)) as PolicyBody).span);
  }

  ofCall(source: number, callId: string): readonly PolicySpan[] {
    const rows = this.#db
      .prepare('SELECT body FROM policy WHERE call_id = ? AND source = ? ORDER BY time, policy_id')
      .all(callId, source) as { body: Uint8Array }[];
    return rows.map((row) => (JSON.parse(this.#db.box.open(row.body)) as PolicyBody).span);
  }

  /** Calls with a denial joined to them, with the reason first seen. */
  deniedCalls(source: number): ReadonlyMap<string, string | null> {
    const rows = this.#db
      .prepare(
        "SELECT call_id, body FROM policy WHERE source = ? AND call_id IS NOT NULL AND action = 'denied' ORDER BY time DESC, policy_id",
      )
      .all(source) as { call_id: string; body: Uint8Array }[];
    const map = new Map<string, string | null>();
    for (const row of rows) map.set(row.call_id, (JSON.parse(this.#db.box.open(row.body)) as PolicyBody).span.statusMessage);
    return map;
  }
}
