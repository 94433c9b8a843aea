/** Which calls are uses of what is defined somewhere: of a tool, an MCP server, a skill, a prompt file. Looked up by its key. */
import type { Use, UseHow } from '../locate/defined/uses';
import type { CostTotals } from '../protocol/document';
import { CostSum } from '../model/spanCost';
import type { Database } from './database';
import { ledgerBases } from './ledgerCodes';

/** What the uses of one key came to. Times are epoch milliseconds. */
export interface UseSums {
  readonly calls: number;
  readonly failed: number;
  /** A denial of the sandbox's policy was joined to it. */
  readonly denied: number;
  readonly reads: number;
  readonly writes: number;
  readonly sessions: number;
  readonly sources: number;
  readonly first: number | null;
  readonly last: number | null;
  /** Calls whose duration is known, and how many of these durations are differences of other times. */
  readonly timed: number;
  readonly estimated: number;
  /** Nearest rank; null: no duration is known. */
  readonly p50: number | null;
  readonly p95: number | null;
  /** LLM calls that asked for them, each once. */
  readonly messages: number;
  /** What those came to, whatever else they asked for. */
  readonly cost: CostTotals;
  /** Of each way in which a price is known, or is not, the newest of them. */
  readonly priced: readonly { readonly session: number; readonly spanId: string }[];
}

export interface UsingCall {
  readonly source: number;
  readonly session: number;
  readonly spanId: string;
}

/** Of which calls it is asked, by whose tool was called; those that do not tell are always among them. */
export interface WantedUses {
  readonly key: string;
  readonly owner: OwnerWanted;
}

export type OwnerWanted = { readonly kind: 'any' } | { readonly kind: 'only' | 'not'; readonly owner: string };

const hows: readonly UseHow[] = ['call', 'read', 'write'];

export class UseStore {
  readonly #db: Database;
  constructor(db: Database) {
    this.#db = db;
  }

  add(session: number, use: Use): void {
    this.#db
      .prepare(
        `INSERT OR REPLACE INTO use(key_blind, source, session, span_id, how, start, duration, estimated, failed, message, owner_blind)
         VALUES (?2, (SELECT source FROM session WHERE id = ?1), ?1, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)`,
      )
      .run(
        session,
        this.#db.box.blind(use.key),
        use.spanId,
        hows.indexOf(use.how),
        use.start,
        use.durationMs,
        use.estimated ? 1 : 0,
        use.failed ? 1 : 0,
        use.messageId,
        use.owner === null ? null : this.#db.box.blind(use.owner),
      );
  }

  remove(session: number, spanId: string): void {
    this.#db.prepare('DELETE FROM use WHERE session = ? AND span_id = ?').run(session, spanId);
  }

  /** Of several keys in one question; of a key without uses there is nothing. */
  sums(wanted: readonly WantedUses[], sources: readonly number[]): ReadonlyMap<string, UseSums> {
    const byBlind = new Map(wanted.map((one) => [Buffer.from(this.#db.box.blind(one.key)).toString('hex'), one]));
    const asked = [...byBlind].map(([key, { owner }]) => ({ key, ...this.#owner(owner) }));
    const rows = this.#db.prepare(sumsQuery).all(JSON.stringify(asked), JSON.stringify(sources)) as unknown as SumsRow[];
    const sums = new Map<string, UseSums>();
    for (const { key: blind, costs, ...sum } of rows) {
      const one = byBlind.get(blind.toLowerCase());
      if (one !== undefined) sums.set(one.key, { ...sum, ...costsOf(costs) });
    }
    return sums;
  }

  /** Newest first. */
  newest({ key, owner }: WantedUses, sources: readonly number[], limit: number): readonly UsingCall[] {
    const { only, never } = this.#owner(owner);
    return this.#db
      .prepare(
        `SELECT source, session, span_id AS spanId FROM use WHERE key_blind = ?1 AND source IN (SELECT value FROM json_each(?2))
            AND (owner_blind IS NULL OR ((?3 IS NULL OR owner_blind = unhex(?3)) AND (?4 IS NULL OR owner_blind <> unhex(?4))))
          ORDER BY start DESC, span_id LIMIT ?5`,
      )
      .all(this.#db.box.blind(key), JSON.stringify(sources), only, never, limit) as unknown as UsingCall[];
  }

  #owner(wanted: OwnerWanted): { readonly only: string | null; readonly never: string | null } {
    if (wanted.kind === 'any') return { only: null, never: null };
    const blind = Buffer.from(this.#db.box.blind(wanted.owner)).toString('hex');
    return wanted.kind === 'only' ? { only: blind, never: null } : { only: null, never: blind };
  }
}

interface SumsRow extends Omit<UseSums, 'cost' | 'priced'> {
  readonly key: string;
  /** JSON of `[basis, calls, dollars, session, span]`, the basis null of a call that is not in the ledger; null: none asked for them. */
  readonly costs: string | null;
}

function costsOf(costs: string | null): Pick<UseSums, 'cost' | 'priced'> {
  const groups = JSON.parse(costs ?? '[]') as [number | null, number, number | null, number, string][];
  const sum = new CostSum();
  for (const [basis, calls, usd] of groups) sum.add({ usd, basis: ledgerBases[basis ?? -1] ?? 'unknown' }, calls);
  return { cost: sum.now, priced: groups.map(([, , , session, spanId]) => ({ session, spanId })) };
}

const sumsQuery = `
WITH wanted AS MATERIALIZED (
  SELECT unhex(value ->> 'key') AS blind, unhex(value ->> 'only') AS only, unhex(value ->> 'never') AS never FROM json_each(?1)),
used AS MATERIALIZED (
  SELECT hex(key_blind) AS key, source, session, span_id, how, start, duration, estimated, failed, message
    FROM wanted w CROSS JOIN use ON key_blind = w.blind AND source IN (SELECT value FROM json_each(?2))
   WHERE owner_blind IS NULL OR ((w.only IS NULL OR owner_blind = w.only) AND (w.never IS NULL OR owner_blind <> w.never))),
ranked AS (
  SELECT key, duration, estimated, row_number() OVER (PARTITION BY key ORDER BY duration) AS rank, count(*) OVER (PARTITION BY key) AS timed
    FROM used WHERE duration IS NOT NULL),
spread AS (
  SELECT key, timed, sum(estimated) AS estimated, max(duration) FILTER (WHERE rank = (timed + 1) / 2) AS p50,
         max(duration) FILTER (WHERE rank = (95 * timed + 99) / 100) AS p95
    FROM ranked GROUP BY key),
-- SQLite takes the bare columns of a group from the row that has the maximum.
basis AS (
  SELECT m.key, c.basis, count(*) AS calls, sum(c.pico / 1000000) / 1e6 + sum(c.pico % 1000000) / 1e12 AS usd,
         m.session, m.message, max(coalesce(c.start, 0))
    FROM (SELECT DISTINCT key, session, message FROM used WHERE message IS NOT NULL) m
    LEFT JOIN llm_call c ON c.session = m.session AND c.span_id = m.message GROUP BY m.key, c.basis),
asked AS (
  SELECT key, sum(calls) AS messages, json_group_array(json_array(basis, calls, usd, session, message)) AS costs FROM basis GROUP BY key)
SELECT u.key, count(*) AS calls, sum(u.failed) AS failed,
       sum(EXISTS (SELECT 1 FROM policy WHERE call_id = u.span_id AND source = u.source AND action = 'denied')) AS denied,
       sum(u.how = 1) AS reads, sum(u.how = 2) AS writes, count(DISTINCT u.session) AS sessions, count(DISTINCT u.source) AS sources,
       min(u.start) AS first, max(u.start) AS last, coalesce(s.timed, 0) AS timed, coalesce(s.estimated, 0) AS estimated, s.p50, s.p95,
       coalesce(a.messages, 0) AS messages, a.costs
  FROM used u LEFT JOIN spread s ON s.key = u.key LEFT JOIN asked a ON a.key = u.key GROUP BY u.key`;
