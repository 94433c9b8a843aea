/** Events of the supervisor and the calls they were joined to. */
import type { PolicySpan } from '../protocol/document';
import type { PolicyEvent } from '../model/events';
import { policyId } from '../model/ids';
import { asOne, meet, meetingKey, nearMs } from '../model/sightings';
import type { Sighting, Sightings, Way } from '../model/sightings';
import type { JoinedPolicy, ProcessLife } from '../model/joinPolicy';
import { policySpan } from '../model/joinPolicy';
import type { Database } from './database';

interface PolicyBody {
  readonly seen: Sightings;
  readonly span: PolicySpan;
}
/** As an older version kept it. */
interface OldBody {
  readonly event: PolicyEvent;
  readonly span: PolicySpan;
}

interface Row {
  readonly policy_id: string;
  readonly call_id: string | null;
  readonly body: Uint8Array;
}

/** Sightings of one key, to be taken in together. */
interface Group {
  readonly key: Uint8Array;
  readonly sightings: NewSighting[];
}

export interface NewSighting extends Sighting {
  /** Of model/sightings. */
  readonly key: string;
}

export interface PolicyChanges {
  /** Something is other than before. */
  readonly changed: boolean;
  /** Events that are new, gone, or other in what they are laid to calls by. */
  readonly events: readonly PolicyEvent[];
  /** Calls that an event was laid to that is gone. */
  readonly calls: readonly string[];
  /** Processes that may have lived shorter than was known. */
  readonly shortened: readonly number[];
}

interface Changes extends PolicyChanges {
  changed: boolean;
  readonly events: PolicyEvent[];
  readonly calls: string[];
  readonly shortened: number[];
}

interface OpenRow extends Row {
  readonly seen: Sightings;
  readonly span: PolicySpan;
}

const wayBits: Readonly<Record<Way, number>> = { console: 1, file: 2, consoleJson: 4, fileJson: 8 };
/** How far an event that came late can change what those after it are taken for, in most cases. */
const reachMs = 4 * nearMs;

export class PolicyStore {
  readonly #db: Database;
  constructor(db: Database) {
    this.#db = db;
  }

  /** Each event once, by whichever ways it comes; equal ones of one millisecond are told apart by their number. */
  add(source: number, sightings: readonly NewSighting[]): PolicyChanges {
    const groups = new Map<string, Group>();
    for (const sighting of sightings) {
      const group = groups.get(sighting.key);
      if (group === undefined) groups.set(sighting.key, { key: this.#db.box.blind(sighting.key), sightings: [sighting] });
      else group.sightings.push(sighting);
    }
    const changes: Changes = { changed: false, events: [], calls: [], shortened: [] };
    for (const group of groups.values()) this.#addGroup(source, group, changes);
    return changes;
  }

  #addGroup(source: number, { key, sightings }: Group, changes: Changes): void {
    const times = sightings.map(({ event }) => event.time);
    const [first, last] = [times.reduce((a, b) => Math.min(a, b)), times.reduce((a, b) => Math.max(a, b))];
    const ways = sightings.reduce((bits, { way }) => bits | wayBits[way], 0);
    const fresh = sightings.map(({ way, event }): Sighting => ({ way, event }));
    if (this.#isAlone(source, key, ways, first - 2 * nearMs, last + 2 * nearMs)) {
      // Seen by one way only: nothing that is there can be one of these.
      for (const sighting of fresh) {
        changes.events.push(sighting.event);
        this.#insert(source, key, [sighting], this.#equals(source, sighting.event));
      }
      changes.changed = true;
      return;
    }
    for (let reach = reachMs; ; reach *= 2) {
      const to = last + reach;
      const rows = this.#near(source, key, first - nearMs, to);
      const after = numbered(meet([...rows.flatMap((row) => row.seen), ...fresh]));
      const settled = new Set(rows.map((row) => signature(row.policy_id, row.seen)));
      const changed = after.filter(({ id, seen }) => !settled.has(signature(id, seen)));
      const kept = new Set(after.map(({ id, seen }) => signature(id, seen)));
      const gone = rows.filter((row) => !kept.has(signature(row.policy_id, row.seen)));
      const latest = [...changed, ...gone].reduce((time, { seen }) => Math.max(time, seen[0]?.event.time ?? 0), 0);
      // What changes at the far end may change what lies beyond it.
      if (latest >= to - 2 * nearMs) continue;
      this.#replace(source, key, gone, changed, changes);
      return;
    }
  }

  /** All that is near was seen by this way, and by no other. */
  #isAlone(source: number, key: Uint8Array, ways: number, from: number, to: number): boolean {
    if ((ways & (ways - 1)) !== 0) return false;
    return (
      this.#db
        .prepare('SELECT 1 FROM policy WHERE source = ? AND key_blind = ? AND time >= ? AND time <= ? AND ways <> ? LIMIT 1')
        .get(source, key, from, to, ways) === undefined
    );
  }

  #near(source: number, key: Uint8Array, from: number, to: number): readonly OpenRow[] {
    const rows = this.#db
      .prepare(
        'SELECT policy_id, call_id, body FROM policy WHERE source = ? AND key_blind = ? AND time >= ? AND time <= ? ORDER BY time, ordinal',
      )
      .all(source, key, from, to) as unknown as Row[];
    return rows.map((row) => ({ ...row, ...this.#open(row.body) }));
  }

  #replace(
    source: number,
    key: Uint8Array,
    gone: readonly OpenRow[],
    made: readonly { readonly id: string; readonly ordinal: number; readonly seen: Sightings }[],
    changes: Changes,
  ): void {
    for (const row of gone) this.#db.prepare('DELETE FROM policy WHERE source = ? AND policy_id = ?').run(source, row.policy_id);
    const past = new Map(gone.map((row) => [row.policy_id, row]));
    for (const { id, ordinal, seen } of made) {
      const known = past.get(id);
      if (known !== undefined && joinsAlike(asOne(known.seen), asOne(seen))) {
        // Seen by one more way: where it was laid to holds.
        past.delete(id);
        this.#insert(source, key, seen, ordinal, known.span);
      } else {
        changes.events.push(asOne(seen));
        this.#insert(source, key, seen, ordinal);
      }
    }
    for (const row of past.values()) {
      const event = asOne(row.seen);
      changes.events.push(event);
      if (row.call_id !== null) changes.calls.push(row.call_id);
      if (event.process !== null) changes.shortened.push(event.process.pid);
    }
    if (gone.length > 0 || made.length > 0) changes.changed = true;
  }

  /** `joined`: as it was laid to calls before. */
  #insert(source: number, key: Uint8Array, seen: Sightings, ordinal: number, joined?: PolicySpan): void {
    const { box } = this.#db;
    const event = asOne(seen);
    const own = policySpan({ event, ordinal, call: null, candidates: [] });
    const span = joined === undefined ? own : { ...own, turnId: joined.turnId, callId: joined.callId, candidates: joined.candidates };
    this.#db
      .prepare(
        `INSERT INTO policy(source, policy_id, time, ordinal, text_blind, action, pid, call_id, turn_id, candidates, key_blind, ways, body)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(
        source,
        span.id,
        event.time,
        ordinal,
        box.blind(event.text),
        event.action,
        event.process?.pid ?? null,
        span.callId,
        span.turnId,
        span.candidates.length,
        key,
        seen.reduce((bits, { way }) => bits | wayBits[way], 0),
        box.seal(JSON.stringify({ seen, span } satisfies PolicyBody)),
      );
  }

  /** How many equal events of its millisecond there are. */
  #equals(source: number, event: PolicyEvent): number {
    const { n } = this.#db
      .prepare('SELECT count(*) AS n FROM policy WHERE source = ? AND time = ? AND text_blind = ?')
      .get(source, event.time, this.#db.box.blind(event.text)) as { n: number };
    return n;
  }

  /**
   * What an older version kept has no key, and is as that version decoded its text: it is decoded anew, once, for its log may be gone.
   * `decode` answers null when the text tells of no event any more: that one stays as it was.
   */
  decodeAnew(source: number, decode: (text: string, time: number) => NewSighting | null): PolicyChanges {
    const changes: Changes = { changed: false, events: [], calls: [], shortened: [] };
    const rows = this.#db
      .prepare('SELECT policy_id, ordinal, call_id, body FROM policy INDEXED BY policy_without_key WHERE source = ? AND key_blind IS NULL')
      .all(source) as unknown as (Row & { readonly ordinal: number })[];
    for (const { policy_id: id, ordinal, call_id: callId, body } of rows) {
      const { seen, span } = this.#open(body);
      const before = asOne(seen);
      const sighting = decode(before.text, before.time);
      // It keeps its time and text, for its id is made of them.
      const event: PolicyEvent = sighting === null ? before : { ...sighting.event, time: before.time, text: before.text };
      this.#db.prepare('DELETE FROM policy WHERE source = ? AND policy_id = ?').run(source, id);
      const alike = joinsAlike(before, event);
      this.#insert(
        source,
        this.#db.box.blind(sighting?.key ?? meetingKey(event)),
        [{ way: 'console', event }],
        ordinal,
        alike ? span : undefined,
      );
      if (JSON.stringify(before) !== JSON.stringify(event)) changes.changed = true;
      if (alike) continue;
      changes.events.push(before, event);
      if (callId !== null) changes.calls.push(callId);
      for (const { process } of [before, event]) if (process !== null) changes.shortened.push(process.pid);
    }
    return changes;
  }

  #open(body: Uint8Array): PolicyBody {
    const found = JSON.parse(this.#db.box.open(body)) as PolicyBody | OldBody;
    return 'seen' in found ? found : { seen: [{ way: 'console', event: found.event }], span: found.span };
  }

  events(source: number, from: number, to: number): readonly PolicyEvent[] {
    const rows = this.#db
      .prepare('SELECT body FROM policy WHERE source = ? AND time >= ? AND time <= ? ORDER BY time, ordinal')
      .all(source, from, to) as { body: Uint8Array }[];
    return rows.map((row) => asOne(this.#open(row.body).seen));
  }

  /** Times of a process's events that were laid to a call or may be: a longer life of the process can undo that. */
  laidToCalls(source: number, pid: number): readonly number[] {
    const rows = this.#db
      .prepare('SELECT time FROM policy WHERE source = ? AND pid = ? AND (call_id IS NOT NULL OR candidates > 0)')
      .all(source, pid) as { time: number }[];
    return rows.map((row) => row.time);
  }

  /** Times of all events of a process. */
  timesOf(source: number, pid: number): readonly number[] {
    return (this.#db.prepare('SELECT time FROM policy WHERE source = ? AND pid = ?').all(source, pid) as { time: number }[]).map(
      (row) => row.time,
    );
  }

  /** First and last time each of these processes was seen, over the whole log. */
  lives(source: number, pids: Iterable<number>): ReadonlyMap<number, ProcessLife> {
    const lives = new Map<number, ProcessLife>();
    const { first, last } = {
      first: this.#db.prepare('SELECT time FROM policy WHERE source = ? AND pid = ? ORDER BY time LIMIT 1'),
      last: this.#db.prepare('SELECT time FROM policy WHERE source = ? AND pid = ? ORDER BY time DESC LIMIT 1'),
    };
    for (const pid of pids) {
      const from = first.get(source, pid) as { time: number } | undefined;
      const to = last.get(source, pid) as { time: number } | undefined;
      if (from !== undefined && to !== undefined) lives.set(pid, { first: from.time, last: to.time });
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
    const { seen, span: known } = this.#open(row.body);
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
    return rows.map((row) => this.#open(row.body).span);
  }

  ofCall(source: number, callId: string): readonly PolicySpan[] {
    const rows = this.#db
      .prepare('SELECT body FROM policy WHERE call_id = ? AND source = ? ORDER BY time, policy_id')
      .all(callId, source) as { body: Uint8Array }[];
    return rows.map((row) => this.#open(row.body).span);
  }

  /** What was decided in this time, in order of it: of more than `limit` the newest. */
  decided(source: number, from: number, to: number, limit: number): readonly PolicySpan[] {
    const rows = this.#db
      .prepare(
        'SELECT body FROM policy WHERE source = ? AND time >= ? AND time <= ? AND action IS NOT NULL ORDER BY time DESC, ordinal DESC LIMIT ?',
      )
      .all(source, from, to, limit) as { body: Uint8Array }[];
    return rows.map((row) => this.#open(row.body).span).reverse();
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
    return rows.map((row) => this.#open(row.body).span);
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
    return row === undefined ? null : this.#open(row.body).span;
  }

  /** Calls with a denial joined to them, with the reason first seen. */
  deniedCalls(source: number): ReadonlyMap<string, string | null> {
    return this.#reasons(
      this.#db
        .prepare(
          "SELECT call_id, body FROM policy WHERE source = ? AND call_id IS NOT NULL AND action = 'denied' ORDER BY time DESC, policy_id",
        )
        .all(source),
    );
  }

  /** Those of one session alone, however many there are beside it. */
  deniedCallsOf(source: number, session: number): ReadonlyMap<string, string | null> {
    return this.#reasons(
      this.#db
        .prepare(
          `SELECT p.call_id, p.body FROM span s CROSS JOIN policy p INDEXED BY policy_by_call ON p.call_id = s.span_id
            WHERE s.session = ?2 AND p.source = ?1 AND p.action = 'denied' ORDER BY p.time DESC, p.policy_id`,
        )
        .all(source, session),
    );
  }

  #reasons(found: readonly unknown[]): ReadonlyMap<string, string | null> {
    const rows = found as readonly { readonly call_id: string; readonly body: Uint8Array }[];
    const map = new Map<string, string | null>();
    for (const row of rows) map.set(row.call_id, this.#open(row.body).span.statusMessage);
    return map;
  }
}

/** Events with their ids, equal ones of one millisecond numbered. */
function numbered(events: readonly Sightings[]): readonly { readonly id: string; readonly ordinal: number; readonly seen: Sightings }[] {
  const equals = new Map<string, number>();
  return events.map((seen) => {
    const { time, text } = asOne(seen);
    const same = `${time}\n${text}`;
    const ordinal = equals.get(same) ?? 0;
    equals.set(same, ordinal + 1);
    return { id: policyId(new Date(time).toISOString(), text, ordinal), ordinal, seen };
  });
}

function signature(id: string, seen: Sightings): string {
  return `${id} ${JSON.stringify(seen)}`;
}

/** What an event is laid to calls by. */
function joinsAlike(a: PolicyEvent, b: PolicyEvent): boolean {
  return (
    JSON.stringify([a.time, a.text, a.action, a.process, a.target]) === JSON.stringify([b.time, b.text, b.action, b.process, b.target])
  );
}
