/**
 * Events of the supervisor as they come in: each is kept once, by whichever ways it was seen, and what an older version kept is decoded
 * anew.
 */
import type { PolicySpan } from '../protocol/document';
import type { PolicyEvent } from '../model/events';
import { policyId } from '../model/ids';
import { asOne, meet, meetingKey, nearMs } from '../model/sightings';
import type { Sighting, Sightings, Way } from '../model/sightings';
import { policySpan } from '../model/joinPolicy';
import type { Database } from './database';
import { openPolicy } from './policyBody';
import type { PolicyBody } from './policyBody';

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

export class PolicySightings {
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
        `SELECT policy_id, call_id, body FROM policy INDEXED BY policy_by_key
          WHERE source = ? AND key_blind = ? AND time >= ? AND time <= ? ORDER BY time, ordinal`,
      )
      .all(source, key, from, to) as unknown as Row[];
    return rows.map((row) => ({ ...row, ...openPolicy(this.#db, row.body) }));
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
      .prepare('SELECT count(*) AS n FROM policy INDEXED BY policy_by_time WHERE source = ? AND time = ? AND text_blind = ?')
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
      const { seen, span } = openPolicy(this.#db, body);
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
