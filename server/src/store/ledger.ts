/**
 * What the ledger of LLM calls is asked (ledgerWriter.ts writes it): what calls came to by session, by quarter of an hour, and in parts.
 */
import type { CostBasis, Trigger } from '../protocol/document';
import type { Database } from './database';
import { ledgerBases, ledgerTriggers, unseenKinds } from './ledgerCodes';
import type { UnseenKind } from './ledgerCodes';

/** The quarter of an hour that `spend` is kept by: every time zone's days begin at one. */
export const slotMs = 900_000;

/** A model as it was called, by the names the agent wrote; untrusted text. */
export interface ModelName {
  readonly provider: string | null;
  readonly model: string | null;
}

/** Sums of LLM calls. Money in whole microdollars and the picodollars beyond, both exact; `unpriced` calls have none. */
export interface LedgerSum {
  readonly calls: number;
  readonly input: number;
  readonly output: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
  readonly reasoning: number;
  /** Calls of which a count of reasoning tokens was told. */
  readonly reasoned: number;
  readonly micro: number;
  readonly pico: number;
  /** Calls that failed or were aborted and of which nothing was counted. */
  readonly cut: number;
}

export interface SpendGroup extends LedgerSum {
  readonly source: number;
  readonly session: number;
  readonly model: number;
  readonly trigger: Trigger;
  readonly basis: CostBasis;
}

export interface SlotGroup extends LedgerSum {
  /** -1: no time is known. */
  readonly slot: number;
  readonly basis: CostBasis;
}

/** One LLM call. Times are epoch milliseconds. */
export interface LedgerCall extends SpendGroup {
  readonly spanId: string;
  readonly turnId: string | null;
  readonly start: number | null;
  readonly durationMs: number | null;
}

export interface TurnGroup extends LedgerSum {
  readonly session: number;
  readonly turnId: string | null;
  readonly basis: CostBasis;
}

/** A part of LLM calls; its counts are fractions where calls were divided. */
export interface PartGroup extends LedgerSum {
  /** null: of no tool, or of no file. */
  readonly key: string | null;
  readonly basis: CostBasis;
}

/** Sessions of which it is asked, and when their calls began (epoch ms, `to` exclusive). Calls without a time are in no bounded time. */
export interface LedgerScope {
  /** All that is asked of, so that what lies in several of them counts once. */
  readonly sources: readonly number[];
  readonly sessions: readonly number[];
  readonly from: number | null;
  readonly to: number | null;
}

/**
 * Of an LLM call that lies in several of the sources (a recording, and the container that it was made of) the first counts. ?4: the sources
 * as JSON.
 */
const firstOfTwins = `NOT EXISTS (SELECT 1 FROM session mine CROSS JOIN session twin INDEXED BY session_by_name
    ON twin.source IN (SELECT value FROM json_each(?4)) AND twin.session = mine.session AND twin.agent = mine.agent AND twin.id < mine.id
    CROSS JOIN llm_call same ON same.session = twin.id AND same.span_id = c.span_id WHERE mine.id = c.session)`;

/** The same of one source, which need not be looked through for twins. */
const anyOne = '?4 IS NOT NULL';

/** Farther than any time there is. */
const never = 9e15;

export class LedgerStore {
  readonly #db: Database;
  constructor(db: Database) {
    this.#db = db;
  }

  modelName(id: number): ModelName {
    const row = this.#db.prepare('SELECT body FROM model WHERE id = ?').get(id) as { body: Uint8Array } | undefined;
    if (row === undefined) return { provider: null, model: null };
    const [provider, model] = JSON.parse(this.#db.box.open(row.body)) as [string | null, string | null];
    return { provider, model };
  }

  toolName(id: number): string | null {
    const row = this.#db.prepare('SELECT body FROM tool WHERE id = ?').get(id) as { body: Uint8Array } | undefined;
    return row === undefined ? null : this.#db.box.open(row.body);
  }

  /** Sessions of sources, but those that lie in several of them: each of these with all its rows. */
  sessionsOf(sources: readonly number[]): { readonly single: readonly number[]; readonly twins: readonly (readonly number[])[] } {
    const rows = this.#db
      .prepare(
        `SELECT min(id) AS id, CASE WHEN count(*) > 1 THEN group_concat(id) END AS rows FROM session
          WHERE source IN (SELECT value FROM json_each(?)) AND body IS NOT NULL GROUP BY agent, session`,
      )
      .all(JSON.stringify(sources)) as { id: number; rows: string | null }[];
    return {
      single: rows.flatMap(({ id, rows: several }) => (several === null ? [id] : [])),
      twins: rows.flatMap(({ rows: several }) => (several === null ? [] : [several.split(',').map(Number)])),
    };
  }

  /**
   * Sums by session or source, model, trigger and basis; times that lie on quarters of an hour. Of a whole source it is one of its sessions
   * that is named.
   */
  groups({ sessions, from, to }: LedgerScope, by: 'session' | 'source' = 'session'): readonly SpendGroup[] {
    const rows = this.#db
      .prepare(
        `SELECT s.source, min(p.session) AS session, p.model, p.trigger, p.basis, sum(p.calls) AS calls, sum(p.input) AS input, sum(p.output) AS output,
                sum(p.cache_read) AS cacheRead, sum(p.cache_write) AS cacheWrite, sum(p.reasoning) AS reasoning, sum(p.reasoned) AS reasoned,
                sum(p.micro) AS micro, sum(p.pico) AS pico, sum(p.cut) AS cut
           FROM json_each(?1) CROSS JOIN session s ON s.id = json_each.value
           CROSS JOIN spend p ON p.session = s.id AND p.slot >= ?2 AND p.slot < ?3
          GROUP BY ${by === 'session' ? 'p.session' : 's.source'}, p.model, p.trigger, p.basis`,
      )
      .all(JSON.stringify(sessions), firstSlot(from, to), lastSlot(to)) as unknown as CodedGroup[];
    return rows.map(decoded);
  }

  /** Sums by quarter of an hour and basis. */
  slots({ sessions, from, to }: LedgerScope): readonly SlotGroup[] {
    const rows = this.#db
      .prepare(
        `SELECT p.slot, p.basis, sum(p.calls) AS calls, sum(p.input) AS input, sum(p.output) AS output, sum(p.cache_read) AS cacheRead,
                sum(p.cache_write) AS cacheWrite, sum(p.reasoning) AS reasoning, sum(p.reasoned) AS reasoned,
                sum(p.micro) AS micro, sum(p.pico) AS pico, sum(p.cut) AS cut
           FROM json_each(?1) CROSS JOIN spend p ON p.session = json_each.value AND p.slot >= ?2 AND p.slot < ?3
          GROUP BY p.slot, p.basis ORDER BY p.slot`,
      )
      .all(JSON.stringify(sessions), firstSlot(from, to), lastSlot(to)) as unknown as (LedgerSum & { slot: number; basis: number })[];
    return rows.map((row) => ({ ...row, basis: ledgerBases[row.basis] ?? 'unknown' }));
  }

  /** Each call once, by its span's id, in whichever of the sessions it lies: for those that lie in several sources, and for odd times. */
  calls({ sessions, from, to }: LedgerScope): readonly LedgerCall[] {
    const rows = this.#db
      .prepare(
        `SELECT s.source, min(c.session) AS session, c.span_id AS spanId, c.turn_id AS turnId, c.model, c.trigger, c.basis, c.start,
                c.duration AS durationMs, 1 AS calls, c.input, c.output, c.cache_read AS cacheRead, c.cache_write AS cacheWrite,
                coalesce(c.reasoning, 0) AS reasoning, c.reasoning IS NOT NULL AS reasoned, coalesce(c.pico, 0) / 1000000 AS micro,
                coalesce(c.pico, 0) % 1000000 AS pico, c.cut
           FROM json_each(?1) CROSS JOIN session s ON s.id = json_each.value CROSS JOIN llm_call c ON c.session = s.id
          WHERE (?2 IS NULL OR c.start >= ?2) AND (?3 IS NULL OR c.start < ?3) GROUP BY c.span_id ORDER BY c.start, c.span_id`,
      )
      .all(JSON.stringify(sessions), from, to) as unknown as (CodedGroup &
      Pick<LedgerCall, 'spanId' | 'turnId' | 'start' | 'durationMs'>)[];
    return rows.map(decoded);
  }

  /** What cost most first. */
  dearest({ sources, sessions, from, to }: LedgerScope, limit: number): readonly LedgerCall[] {
    const rows = this.#db
      .prepare(
        `SELECT s.source, c.session, c.span_id AS spanId, c.turn_id AS turnId, c.model, c.trigger, c.basis, c.start, c.duration AS durationMs,
                1 AS calls, c.input, c.output, c.cache_read AS cacheRead, c.cache_write AS cacheWrite, coalesce(c.reasoning, 0) AS reasoning,
                c.reasoning IS NOT NULL AS reasoned, c.pico / 1000000 AS micro, c.pico % 1000000 AS pico, c.cut
           FROM json_each(?1) CROSS JOIN session s ON s.id = json_each.value
           CROSS JOIN llm_call c INDEXED BY llm_call_by_cost ON c.session = s.id AND c.pico > 0
          WHERE (?2 IS NULL OR c.start >= ?2) AND (?3 IS NULL OR c.start < ?3) AND ${sources.length > 1 ? firstOfTwins : anyOne} ORDER BY c.pico DESC, c.span_id LIMIT ?5`,
      )
      .all(JSON.stringify(sessions), from, to, JSON.stringify(sources), limit) as unknown as (CodedGroup &
      Pick<LedgerCall, 'spanId' | 'turnId' | 'start' | 'durationMs'>)[];
    return rows.map(decoded);
  }

  /** The quarter of an hour in which the last call of a session began, epoch milliseconds; null: none has a time. */
  lastQuarter(session: number): number | null {
    const row = this.#db.prepare('SELECT max(slot) AS slot FROM spend WHERE session = ? AND slot >= 0').get(session) as {
      slot: number | null;
    };
    return row.slot === null ? null : row.slot * slotMs;
  }

  /** The newest calls of a session. */
  latest(session: number, limit: number): readonly { readonly spanId: string; readonly start: number }[] {
    return this.#db
      .prepare(`SELECT span_id AS spanId, start FROM llm_call WHERE session = ? AND start IS NOT NULL ORDER BY start DESC, span_id LIMIT ?`)
      .all(session, limit) as { spanId: string; start: number }[];
  }

  /** What each turn of a session came to in dollars, by basis; null: what has no price. */
  costsOfTurns(
    session: number,
  ): readonly { readonly turnId: string; readonly basis: CostBasis; readonly calls: number; readonly usd: number | null }[] {
    const rows = this.#db
      .prepare(
        `SELECT turn_id AS turnId, basis, count(*) AS calls, sum(pico / 1000000) / 1e6 + sum(pico % 1000000) / 1e12 AS usd
           FROM llm_call INDEXED BY llm_call_by_turn WHERE session = ? AND turn_id IS NOT NULL GROUP BY turn_id, basis`,
      )
      .all(session) as unknown as { turnId: string; basis: number; calls: number; usd: number | null }[];
    return rows.map((row) => ({ ...row, basis: ledgerBases[row.basis] ?? 'unknown' }));
  }

  turns({ sources, sessions, from, to }: LedgerScope): readonly TurnGroup[] {
    const rows = this.#db
      .prepare(
        `SELECT c.session, c.turn_id AS turnId, c.basis, count(*) AS calls, sum(c.input) AS input, sum(c.output) AS output,
                sum(c.cache_read) AS cacheRead, sum(c.cache_write) AS cacheWrite, total(c.reasoning) AS reasoning, count(c.reasoning) AS reasoned,
                coalesce(sum(c.pico / 1000000), 0) AS micro, coalesce(sum(c.pico % 1000000), 0) AS pico, sum(c.cut) AS cut
           FROM json_each(?1) CROSS JOIN llm_call c ON c.session = json_each.value
          WHERE (?2 IS NULL OR c.start >= ?2) AND (?3 IS NULL OR c.start < ?3) AND ${sources.length > 1 ? firstOfTwins : anyOne} GROUP BY c.session, c.turn_id, c.basis`,
      )
      .all(JSON.stringify(sessions), from, to, JSON.stringify(sources)) as unknown as (Omit<TurnGroup, 'basis'> & { basis: number })[];
    return rows.map((row) => ({ ...row, basis: ledgerBases[row.basis] ?? 'unknown' }));
  }

  /** An LLM call in equal parts by the tool calls that it asked for; null: it asked for none. `key`: the tool's row. */
  tools({ sources, sessions, from, to }: LedgerScope): readonly PartGroup[] {
    const rows = this.#db
      .prepare(
        `WITH chat AS MATERIALIZED (
           SELECT c.*, (SELECT count(*) FROM asked a WHERE a.session = c.session AND a.chat = c.span_id) AS parts
             FROM json_each(?1) CROSS JOIN llm_call c ON c.session = json_each.value
            WHERE (?2 IS NULL OR c.start >= ?2) AND (?3 IS NULL OR c.start < ?3) AND ${sources.length > 1 ? firstOfTwins : anyOne})
         SELECT a.tool AS key, c.basis, sum(1.0 / max(parts, 1)) AS calls, sum(1.0 * input / max(parts, 1)) AS input,
                sum(1.0 * output / max(parts, 1)) AS output, sum(1.0 * cache_read / max(parts, 1)) AS cacheRead,
                sum(1.0 * cache_write / max(parts, 1)) AS cacheWrite, total(1.0 * reasoning / max(parts, 1)) AS reasoning,
                sum((reasoning IS NOT NULL) * 1.0 / max(parts, 1)) AS reasoned, 0 AS micro, total(1.0 * pico / max(parts, 1)) AS pico,
                sum(cut * 1.0 / max(parts, 1)) AS cut
           FROM chat c LEFT JOIN asked a INDEXED BY asked_by_chat ON a.session = c.session AND a.chat = c.span_id GROUP BY a.tool, c.basis`,
      )
      .all(JSON.stringify(sessions), from, to, JSON.stringify(sources)) as unknown as CodedPart[];
    return rows.map(decodedPart);
  }

  /** The same by the files that those tool calls touched, each such part in equal parts. `key`: the hex of the path's blind. */
  files({ sources, sessions, from, to }: LedgerScope): readonly PartGroup[] {
    const rows = this.#db
      .prepare(
        `WITH chat AS MATERIALIZED (
           SELECT c.*, (SELECT count(*) FROM asked a WHERE a.session = c.session AND a.chat = c.span_id) AS parts
             FROM json_each(?1) CROSS JOIN llm_call c ON c.session = json_each.value
            WHERE (?2 IS NULL OR c.start >= ?2) AND (?3 IS NULL OR c.start < ?3) AND ${sources.length > 1 ? firstOfTwins : anyOne}),
         part AS (
           SELECT c.*, a.span_id AS call, max(parts, 1) * max((SELECT count(*) FROM touch t WHERE t.session = a.session AND t.span_id = a.span_id), 1) AS share
             FROM chat c LEFT JOIN asked a INDEXED BY asked_by_chat ON a.session = c.session AND a.chat = c.span_id)
         SELECT hex(t.path_blind) AS key, p.basis, sum(1.0 / share) AS calls, sum(1.0 * input / share) AS input, sum(1.0 * output / share) AS output,
                sum(1.0 * cache_read / share) AS cacheRead, sum(1.0 * cache_write / share) AS cacheWrite, total(1.0 * reasoning / share) AS reasoning,
                sum((reasoning IS NOT NULL) * 1.0 / share) AS reasoned, 0 AS micro, total(1.0 * pico / share) AS pico, sum(cut * 1.0 / share) AS cut
           FROM part p LEFT JOIN touch t ON t.session = p.session AND t.span_id = p.call GROUP BY t.path_blind, p.basis`,
      )
      .all(JSON.stringify(sessions), from, to, JSON.stringify(sources)) as unknown as CodedPart[];
    return rows.map((row) => decodedPart({ ...row, key: row.key === '' ? null : row.key }));
  }

  /** Sessions that tool calls of a turn spawned. */
  spawnedIn(session: number, turnId: string): readonly number[] {
    const rows = this.#db
      .prepare(
        `SELECT DISTINCT child.id FROM span s CROSS JOIN spawn p ON p.session = s.session AND p.span_id = s.span_id
          CROSS JOIN session mine ON mine.id = s.session CROSS JOIN session child ON child.source = mine.source AND child.key_blind = p.child_blind
          WHERE s.session = ? AND s.turn_id = ?`,
      )
      .all(session, turnId) as { id: number }[];
    return rows.map(({ id }) => id);
  }

  /** How many of these sessions only the index speaks of. */
  unrecorded(sessions: readonly number[]): number {
    const row = this.#db
      .prepare(
        `SELECT count(*) AS n FROM json_each(?) CROSS JOIN session s ON s.id = json_each.value
          WHERE NOT EXISTS (SELECT 1 FROM entry e WHERE e.session = s.id AND e.kind = 0)`,
      )
      .get(JSON.stringify(sessions));
    return (row as { n: number }).n;
  }

  /** What is known to have cost something that no count tells. */
  unseen({ sessions, from, to }: LedgerScope): Readonly<Record<UnseenKind, number>> {
    const rows = this.#db
      .prepare(
        `SELECT u.what, count(DISTINCT u.span_id) AS n FROM json_each(?1) CROSS JOIN unseen u ON u.session = json_each.value
          WHERE (?2 IS NULL OR u.start >= ?2) AND (?3 IS NULL OR u.start < ?3) GROUP BY u.what`,
      )
      .all(JSON.stringify(sessions), from, to) as { what: number; n: number }[];
    const of = (kind: UnseenKind): number => rows.find(({ what }) => what === unseenKinds[kind])?.n ?? 0;
    return { compaction: of('compaction'), retry: of('retry') };
  }
}

type Coded<T> = Omit<T, 'trigger' | 'basis'> & { readonly trigger: number; readonly basis: number };
type CodedGroup = Coded<SpendGroup>;
interface CodedPart extends Omit<PartGroup, 'key' | 'basis'> {
  readonly key: string | number | null;
  readonly basis: number;
}

function decoded<T extends { readonly trigger: number; readonly basis: number }>(
  row: T,
): Omit<T, 'trigger' | 'basis'> & { readonly trigger: Trigger; readonly basis: CostBasis } {
  return { ...row, trigger: ledgerTriggers[row.trigger] ?? 'unknown', basis: ledgerBases[row.basis] ?? 'unknown' };
}

function decodedPart(row: CodedPart): PartGroup {
  return { ...row, key: row.key === null ? null : String(row.key), basis: ledgerBases[row.basis] ?? 'unknown' };
}

/** Calls without a time are only in what has no bounds. */
function firstSlot(from: number | null, to: number | null): number {
  return from === null ? (to === null ? -1 : 0) : Math.max(0, Math.ceil(from / slotMs));
}

function lastSlot(to: number | null): number {
  return to === null ? never : Math.ceil(to / slotMs);
}
