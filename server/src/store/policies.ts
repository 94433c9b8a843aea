/** Events of the supervisor and the calls they were joined to. */
import type { PolicySpan } from '../protocol/document';
import type { PolicyEvent } from '../model/events';
import { asOne, startKey } from '../model/sightings';
import type { JoinedPolicy } from '../model/joinPolicy';
import { connectionKey, connectionProcesses, policySpan } from '../model/joinPolicy';
import { Boots, ProcessLives } from '../model/processLives';
import type { Boot, ProcessLife } from '../model/processLives';
import type { Database } from './database';
import { openPolicy } from './policyBody';
import type { PolicyBody } from './policyBody';
import { PolicySightings } from './policySightings';

export class PolicyStore {
  /** As they come in. */
  readonly seen: PolicySightings;
  readonly #db: Database;
  constructor(db: Database) {
    this.#db = db;
    this.seen = new PolicySightings(db);
  }

  events(source: number, from: number, to: number): readonly PolicyEvent[] {
    const rows = this.#db
      .prepare('SELECT body FROM policy WHERE source = ? AND time >= ? AND time <= ? ORDER BY time, ordinal')
      .all(source, from, to) as { body: Uint8Array }[];
    return rows.map((row) => asOne(openPolicy(this.#db, row.body).seen));
  }

  /**
   * What opened connections to these destinations in a time, newest first: of each destination enough to know its latest processes.
   * However often one was opened, only the last time is looked at.
   */
  opened(source: number, from: number, before: number, to: ReadonlySet<string>): readonly PolicyEvent[] {
    const found: PolicyEvent[] = [];
    const lacking = new Map([...to].map((key) => [key, new Set<number>()]));
    const body = this.#db.prepare('SELECT body FROM policy WHERE source = ? AND policy_id = ?');
    const newest = this.#db
      .prepare(
        `SELECT policy_id, max(time) AS time FROM policy INDEXED BY policy_opened
          WHERE source = ? AND time >= ? AND time < ? AND pid IS NOT NULL AND action IS NOT 'denied' GROUP BY key_blind ORDER BY time DESC`,
      )
      .iterate(source, from, before) as Iterable<{ policy_id: string; time: number }>;
    for (const { policy_id: id, time } of newest) {
      // Of one millisecond all are looked at, for which of them is the latest is told by what they say.
      if (lacking.size === 0 && time < (found.at(-1)?.time ?? 0)) break;
      const event = asOne(openPolicy(this.#db, (body.get(source, id) as { body: Uint8Array }).body).seen);
      const key = connectionKey(event);
      if (key === null || event.process === null || !to.has(key)) continue;
      found.push(event);
      const processes = lacking.get(key)?.add(event.process.pid);
      if (processes?.size === connectionProcesses) lacking.delete(key);
    }
    return found;
  }

  /** Times of a process's events that were laid to a call or may be: a longer life of the process can undo that. */
  laidToCalls(source: number, pid: number, { from, to }: Boot): readonly number[] {
    return this.#times(
      'SELECT time FROM policy WHERE source = ? AND pid = ? AND time >= ? AND time < ? AND (call_id IS NOT NULL OR candidates > 0)',
      source,
      pid,
      from,
      to,
    );
  }

  /** Times of all events of a process id in a time. */
  timesOf(source: number, pid: number, { from, to }: Boot): readonly number[] {
    return this.#times('SELECT time FROM policy WHERE source = ? AND pid = ? AND time >= ? AND time < ?', source, pid, from, to);
  }

  /** First and last time that each process id was seen in a time. */
  lifetimes(source: number, { from, to }: Boot): ReadonlyMap<number, ProcessLife> {
    const rows = this.#db
      .prepare(
        `SELECT pid, min(time) AS first, max(time) AS last FROM policy INDEXED BY policy_by_time
          WHERE source = ? AND time >= ? AND time < ? AND pid IS NOT NULL GROUP BY pid`,
      )
      .all(source, from, to) as { pid: number; first: number; last: number }[];
    return new Map(rows.map(({ pid, first, last }) => [pid, { first, last }]));
  }

  #times(sql: string, ...values: number[]): readonly number[] {
    return (this.#db.prepare(sql).all(...values) as { time: number }[]).map(({ time }) => time);
  }

  /** When the sandbox was started: enough to tell for every time in this frame since when it ran and until when. */
  boots(source: number, from: number, to: number): Boots {
    const key = this.#db.box.blind(startKey);
    const of = 'FROM policy INDEXED BY policy_by_key WHERE source = ? AND key_blind = ?';
    const edges = this.#db
      .prepare(`SELECT (SELECT max(time) ${of} AND time <= ?) AS before, (SELECT min(time) ${of} AND time > ?) AS after`)
      .get(source, key, from, source, key, to) as { before: number | null; after: number | null };
    const between = this.#db.prepare(`SELECT time ${of} AND time > ? AND time <= ?`).all(source, key, from, to) as { time: number }[];
    return new Boots([edges.before, ...between.map(({ time }) => time), edges.after].filter((time) => time !== null));
  }

  /** First and last time each process was seen that has one of these events. */
  lives(source: number, events: readonly PolicyEvent[]): ProcessLives {
    const seen = events.flatMap(({ process, time }) => (process === null ? [] : [{ pid: process.pid, time }]));
    const times = events.map(({ time }) => time);
    const lives = new ProcessLives(
      this.boots(
        source,
        times.reduce((a, b) => Math.min(a, b), Infinity),
        times.reduce((a, b) => Math.max(a, b), -Infinity),
      ),
    );
    const { first, last } = {
      first: this.#db.prepare('SELECT time FROM policy WHERE source = ? AND pid = ? AND time >= ? ORDER BY time LIMIT 1'),
      last: this.#db.prepare('SELECT time FROM policy WHERE source = ? AND pid = ? AND time < ? ORDER BY time DESC LIMIT 1'),
    };
    for (const { pid, time } of seen) {
      if (lives.of(pid, time) !== undefined) continue;
      const boot = lives.boots.of(time);
      const from = first.get(source, pid, boot.from) as { time: number } | undefined;
      const to = last.get(source, pid, boot.to) as { time: number } | undefined;
      if (from !== undefined && to !== undefined && from.time < boot.to && to.time >= boot.from)
        lives.set(pid, time, { first: from.time, last: to.time });
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
    const { seen, span: known } = openPolicy(this.#db, row.body);
    if (known.callId === span.callId && known.turnId === span.turnId && known.candidates.join() === span.candidates.join()) return [];
    this.#db
      .prepare('UPDATE policy SET call_id = ?, turn_id = ?, candidates = ?, body = ? WHERE source = ? AND policy_id = ?')
      .run(
        span.callId,
        span.turnId,
        span.candidates.length,
        box.seal(JSON.stringify({ seen, span } satisfies PolicyBody)),
        source,
        span.id,
      );
    return [known.callId, span.callId].filter((id): id is string => id !== null);
  }

  all(source: number): readonly PolicySpan[] {
    const rows = this.#db.prepare('SELECT body FROM policy WHERE source = ? ORDER BY time, policy_id').all(source) as {
      body: Uint8Array;
    }[];
    return rows.map((row) => openPolicy(this.#db, row.body).span);
  }

  ofCall(source: number, callId: string): readonly PolicySpan[] {
    const rows = this.#db
      .prepare('SELECT body FROM policy WHERE call_id = ? AND source = ? ORDER BY time, policy_id')
      .all(callId, source) as { body: Uint8Array }[];
    return rows.map((row) => openPolicy(this.#db, row.body).span);
  }

  /** What was decided in this time, in order of it: of more than `limit` the newest. */
  decided(source: number, from: number, to: number, limit: number): readonly PolicySpan[] {
    const rows = this.#db
      .prepare(
        'SELECT body FROM policy WHERE source = ? AND time >= ? AND time <= ? AND action IS NOT NULL ORDER BY time DESC, ordinal DESC LIMIT ?',
      )
      .all(source, from, to, limit) as { body: Uint8Array }[];
    return rows.map((row) => openPolicy(this.#db, row.body).span).reverse();
  }

  /** A page of what was decided from a time on, in order of it, whole milliseconds together; `next` is null at the end. */
  decidedFrom(
    source: number,
    from: number,
    to: number,
    limit: number,
  ): { readonly spans: readonly PolicySpan[]; readonly next: number | null } {
    const times = this.#db
      .prepare('SELECT time FROM policy WHERE source = ? AND time >= ? AND time <= ? AND action IS NOT NULL ORDER BY time LIMIT ?')
      .all(source, from, to, limit) as { time: number }[];
    const last = times.at(-1)?.time;
    const full = times.length === limit && last !== undefined;
    return { spans: this.decided(source, from, full ? last : to, Number.MAX_SAFE_INTEGER), next: full ? last + 1 : null };
  }

  /** Time of the newest one; 0: there is none. */
  newestDecision(source: number): number {
    const row = this.#db
      .prepare('SELECT time FROM policy WHERE source = ? AND action IS NOT NULL ORDER BY time DESC LIMIT 1')
      .get(source) as { time: number } | undefined;
    return row?.time ?? 0;
  }

  /** The time from which on there are at most so many decisions. */
  decidedSince(source: number, from: number, limit: number): number {
    const row = this.#db
      .prepare('SELECT time FROM policy WHERE source = ? AND time >= ? AND action IS NOT NULL ORDER BY time DESC LIMIT 1 OFFSET ?')
      .get(source, from, limit - 1) as { time: number } | undefined;
    return row?.time ?? from;
  }

  /** What was denied since, newest first. */
  denied(source: number, from: number, limit: number): readonly PolicySpan[] {
    const rows = this.#db
      .prepare("SELECT body FROM policy WHERE source = ? AND action = 'denied' AND time >= ? ORDER BY time DESC, ordinal DESC LIMIT ?")
      .all(source, from, limit) as { body: Uint8Array }[];
    return rows.map((row) => openPolicy(this.#db, row.body).span);
  }

  /** Other when one of those denials is another, or is laid to another call: told without a look into them. */
  deniedMark(source: number, from: number, limit: number): string {
    const rows = this.#db
      .prepare(
        "SELECT policy_id, call_id, candidates FROM policy WHERE source = ? AND action = 'denied' AND time >= ? ORDER BY time DESC, ordinal DESC LIMIT ?",
      )
      .all(source, from, limit) as { policy_id: string; call_id: string | null; candidates: number }[];
    return rows.map((row) => `${row.policy_id} ${row.call_id} ${row.candidates}`).join('\n');
  }

  span(source: number, policyId: string): PolicySpan | null {
    const row = this.#db.prepare('SELECT body FROM policy WHERE source = ? AND policy_id = ?').get(source, policyId) as
      { body: Uint8Array } | undefined;
    return row === undefined ? null : openPolicy(this.#db, row.body).span;
  }

  /** Calls with a denial joined to them, with the reason first seen. */
  deniedCalls(source: number): ReadonlyMap<string, string | null> {
    return this.#reasons(
      source,
      this.#db
        .prepare(
          "SELECT call_id, policy_id FROM policy WHERE source = ? AND call_id IS NOT NULL AND action = 'denied' ORDER BY time DESC, policy_id",
        )
        .all(source),
    );
  }

  /** Those of one session alone, however many there are beside it. */
  deniedCallsOf(source: number, session: number): ReadonlyMap<string, string | null> {
    return this.#reasons(
      source,
      this.#db
        .prepare(
          `SELECT p.call_id, p.policy_id FROM span s CROSS JOIN policy p INDEXED BY policy_by_call ON p.call_id = s.span_id
            WHERE s.session = ?2 AND p.source = ?1 AND p.action = 'denied' ORDER BY p.time DESC, p.policy_id`,
        )
        .all(source, session),
    );
  }

  /** Of each call one is opened, however many there are. */
  #reasons(source: number, found: readonly unknown[]): ReadonlyMap<string, string | null> {
    const first = new Map((found as readonly { call_id: string; policy_id: string }[]).map((row) => [row.call_id, row.policy_id]));
    return new Map([...first].map(([call, policy]) => [call, this.span(source, policy)?.statusMessage ?? null]));
  }
}
