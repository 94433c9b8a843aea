/** What insight reads: the LLM calls of turns and sessions, what their tools took, and what they spawned. Bounded by whoever asks. */
import type { CostBasis, SpanStatus, Trigger } from '../protocol/document';
import type { CallFact } from '../model/spanMaker';
import type { Database } from './database';
import { ledgerBases, ledgerTriggers } from './ledgerCodes';

export interface RunCall {
  readonly spanId: string;
  readonly turnId: string | null;
  readonly trigger: Trigger;
  readonly basis: CostBasis;
  /** Epoch milliseconds. */
  readonly start: number | null;
  readonly durationMs: number | null;
  readonly input: number;
  readonly output: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
  /** null: no price. */
  readonly pico: number | null;
  /** The transcript told counts. */
  readonly counted: boolean;
}

export interface RunTurn {
  readonly start: number | null;
  readonly end: number | null;
  readonly status: SpanStatus;
}

/** What a session did, in its order. `asks`: of an LLM call, how many tool calls it asked for. */
export interface RunStep {
  readonly kind: 'chat' | 'execute_tool' | 'compaction';
  readonly spanId: string;
  readonly turnId: string | null;
  /** Epoch milliseconds. */
  readonly start: number | null;
  readonly asks: number;
  /** Of a tool call. */
  readonly askedBy: string | null;
  /** Of a tool call: equal where the same was tried; null: not known. */
  readonly target: string | null;
}

export class RunStore {
  readonly #db: Database;
  constructor(db: Database) {
    this.#db = db;
  }

  agentsOf(source: number): readonly string[] {
    const rows = this.#db.prepare('SELECT DISTINCT agent FROM session WHERE source = ? AND body IS NOT NULL ORDER BY agent').all(source);
    return (rows as { agent: string }[]).map(({ agent }) => agent);
  }

  /** Of an agent, those last written in. */
  sessionsOf(source: number, agent: string, limit: number): readonly { readonly row: number; readonly session: string }[] {
    return this.#db
      .prepare(
        `SELECT id AS row, session FROM session INDEXED BY session_by_last WHERE source = ? AND body IS NOT NULL AND agent = ?
          ORDER BY last_time DESC, id DESC LIMIT ?`,
      )
      .all(source, agent, limit) as unknown as { row: number; session: string }[];
  }

  /** The latest LLM calls of a session in its order, the latest of them last. Those without a time are not among them. */
  calls(session: number, limit: number): readonly RunCall[] {
    return this.#calls(
      `SELECT ${callColumns} FROM span p INDEXED BY span_by_place CROSS JOIN llm_call c ON c.session = p.session AND c.span_id = p.span_id
        WHERE p.session = ?1 AND p.kind = 'chat' AND c.start IS NOT NULL ORDER BY p.place DESC LIMIT ?2`,
      [session, limit],
    );
  }

  /** The same of a turn. */
  callsOfTurn(session: number, turnId: string, limit: number): readonly RunCall[] {
    return this.#calls(
      `SELECT ${callColumns} FROM llm_call c INDEXED BY llm_call_by_turn WHERE c.session = ?1 AND c.turn_id = ?3 AND c.start IS NOT NULL
        ORDER BY c.start DESC, c.span_id DESC LIMIT ?2`,
      [session, limit, turnId],
    );
  }

  #calls(statement: string, values: readonly (string | number)[]): readonly RunCall[] {
    const rows = this.#db.prepare(statement).all(...values) as unknown as (Omit<RunCall, 'trigger' | 'basis' | 'counted'> & {
      readonly trigger: number;
      readonly basis: number;
      readonly counted: number;
    })[];
    return rows
      .map((row) => ({
        ...row,
        trigger: ledgerTriggers[row.trigger] ?? ('unknown' as const),
        basis: ledgerBases[row.basis] ?? ('unknown' as const),
        counted: row.counted === 1,
      }))
      .reverse();
  }

  turn(session: number, turnId: string): RunTurn | null {
    const row = this.#db.prepare('SELECT start, end, status FROM span WHERE session = ? AND span_id = ?').get(session, turnId);
    return (row as unknown as RunTurn | undefined) ?? null;
  }

  /** How long the calls of each tool took that LLM calls of a turn asked for; by the tool's row. Of calls whose end is not known nothing. */
  toolTimes(session: number, turnId: string): readonly { readonly tool: number; readonly ms: number }[] {
    return this.#db
      .prepare(
        `SELECT a.tool, sum(p.end - p.start) AS ms
           FROM llm_call c INDEXED BY llm_call_by_turn
           CROSS JOIN asked a INDEXED BY asked_by_chat ON a.session = c.session AND a.chat = c.span_id
           CROSS JOIN span p ON p.session = a.session AND p.span_id = a.span_id
          WHERE c.session = ? AND c.turn_id = ? AND p.end > p.start GROUP BY a.tool`,
      )
      .all(session, turnId) as unknown as { tool: number; ms: number }[];
  }

  /** Rows of the sessions that calls of a turn spawned; of no turn in particular: of a session. */
  spawned(session: number, turnId: string | null): readonly number[] {
    const rows = this.#db
      .prepare(
        turnId === null
          ? `SELECT DISTINCT child.id FROM spawn w CROSS JOIN session mine ON mine.id = w.session
               CROSS JOIN session child ON child.source = mine.source AND child.key_blind = w.child_blind WHERE w.session = ?1`
          : `SELECT DISTINCT child.id FROM llm_call c INDEXED BY llm_call_by_turn
               CROSS JOIN asked a INDEXED BY asked_by_chat ON a.session = c.session AND a.chat = c.span_id
               CROSS JOIN spawn w ON w.session = a.session AND w.span_id = a.span_id
               CROSS JOIN session mine ON mine.id = w.session
               CROSS JOIN session child ON child.source = mine.source AND child.key_blind = w.child_blind
              WHERE c.session = ?1 AND c.turn_id = ?2`,
      )
      .all(...(turnId === null ? [session] : [session, turnId])) as { id: number }[];
    return rows.map(({ id }) => id);
  }

  /** The last steps of a session in its order: its own LLM calls and tool calls, and compactions. */
  steps(session: number, limit: number): readonly RunStep[] {
    return this.#db
      .prepare(
        `SELECT kind, spanId, turnId, start, asks, askedBy, target FROM (
           SELECT p.kind, p.span_id AS spanId, p.turn_id AS turnId, p.start, p.place, CASE WHEN p.target IS NOT NULL THEN hex(p.target) END AS target,
                  a.chat AS askedBy, (SELECT count(*) FROM asked b INDEXED BY asked_by_chat WHERE b.session = p.session AND b.chat = p.span_id) AS asks
             FROM span p INDEXED BY span_by_place LEFT JOIN asked a ON a.session = p.session AND a.span_id = p.span_id
            WHERE p.session = ?1 AND (p.kind = 'compaction' OR p.kind = 'execute_tool' AND a.chat IS NOT NULL
                  OR p.kind = 'chat' AND EXISTS (SELECT 1 FROM llm_call c WHERE c.session = p.session AND c.span_id = p.span_id))
            ORDER BY p.place DESC LIMIT ?2) ORDER BY place`,
      )
      .all(session, limit) as unknown as RunStep[];
  }

  /** null: of no call of the session's own. */
  fact(session: number, spanId: string): CallFact | null {
    const row = this.#db.prepare('SELECT body FROM call WHERE session = ? AND span_id = ?').get(session, spanId) as
      { body: Uint8Array } | undefined;
    return row === undefined ? null : (JSON.parse(this.#db.box.open(row.body)) as CallFact);
  }
}

const callColumns = `c.span_id AS spanId, c.turn_id AS turnId, c.trigger, c.basis, c.start, c.duration AS durationMs, c.input, c.output,
  c.cache_read AS cacheRead, c.cache_write AS cacheWrite, c.pico, c.counted`;
