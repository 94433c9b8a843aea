/** What was kept of OpenClaw's own log, by the trace and the run a line names; and which sessions a run is of. */
import { hash } from 'node:crypto';
import type { GatewayLine } from '../model/gatewayLines';
import type { Database } from './database';

/** Of one source; the oldest go. */
export const gatewayLineLimit = 20_000;
/** So many more are let come before the oldest are looked for. */
const slack = 500;

export class GatewayLineStore {
  readonly #db: Database;
  readonly #limit: number;
  constructor(db: Database, limit = gatewayLineLimit) {
    this.#db = db;
    this.#limit = limit;
  }

  /** Has this source any? */
  any(source: number): boolean {
    return this.#db.prepare('SELECT 1 FROM gateway_line WHERE source = ? LIMIT 1').get(source) !== undefined;
  }

  /** False: it was there. */
  add(source: number, line: GatewayLine): boolean {
    const { changes } = this.#db
      .prepare('INSERT OR IGNORE INTO gateway_line(source, digest, trace_id, run_id, time, body) VALUES (?, ?, ?, ?, ?, ?)')
      .run(source, digestOf(line), line.traceId, line.runId, line.time, this.#db.box.seal(JSON.stringify(line)));
    if (Number(changes) > 0) this.#prune(source);
    return Number(changes) > 0;
  }

  #prune(source: number): void {
    const { n } = this.#db.prepare('SELECT count(*) AS n FROM gateway_line WHERE source = ?').get(source) as { n: number };
    if (n <= this.#limit + slack) return;
    this.#db
      .prepare(
        'DELETE FROM gateway_line WHERE source = ?1 AND digest IN (SELECT digest FROM gateway_line WHERE source = ?1 ORDER BY time, digest LIMIT ?2)',
      )
      .run(source, n - this.#limit);
  }

  /** A session has a turn of this run; false: that was known. */
  addRun(source: number, session: number, runId: string): boolean {
    const { changes } = this.#db.prepare('INSERT OR IGNORE INTO run(source, run_id, session) VALUES (?, ?, ?)').run(source, runId, session);
    return Number(changes) > 0;
  }

  /** Sessions of the runs that the lines of a trace name. */
  sessionsOfTrace(source: number, traceId: string): readonly number[] {
    const rows = this.#db
      .prepare(
        `SELECT DISTINCT r.session AS session FROM gateway_line g JOIN run r ON r.source = g.source AND r.run_id = g.run_id
          WHERE g.source = ? AND g.trace_id = ?`,
      )
      .all(source, traceId) as { session: number }[];
    return rows.map(({ session }) => session);
  }

  sessionsOfRun(source: number, runId: string): readonly number[] {
    const rows = this.#db.prepare('SELECT session FROM run WHERE source = ? AND run_id = ?').all(source, runId) as { session: number }[];
    return rows.map(({ session }) => session);
  }

  namesRun(source: number, runId: string): boolean {
    return this.#db.prepare('SELECT 1 FROM gateway_line WHERE source = ? AND run_id = ? LIMIT 1').get(source, runId) !== undefined;
  }

  runsOf(session: number): ReadonlySet<string> {
    const rows = this.#db.prepare('SELECT run_id FROM run WHERE session = ?').all(session) as { run_id: string }[];
    return new Set(rows.map((row) => row.run_id));
  }

  /** Lines of each trace in which a run of the session is named, and those without a trace that name one. */
  tracesOf(session: number): readonly (readonly GatewayLine[])[] {
    const named = this.#db
      .prepare(
        `SELECT DISTINCT g.source AS source, g.trace_id AS trace
           FROM run r JOIN gateway_line g INDEXED BY gateway_line_by_run ON g.source = r.source AND g.run_id = r.run_id
          WHERE r.session = ?`,
      )
      .all(session) as { source: number; trace: string | null }[];
    return named.map(({ source, trace }) => {
      const rows = (
        trace === null
          ? this.#db
              .prepare(
                `SELECT g.body AS body
                   FROM run r JOIN gateway_line g INDEXED BY gateway_line_by_run ON g.source = r.source AND g.run_id = r.run_id
                  WHERE r.session = ? AND g.trace_id IS NULL`,
              )
              .all(session)
          : this.#db
              .prepare('SELECT body FROM gateway_line INDEXED BY gateway_line_by_trace WHERE source = ? AND trace_id = ?')
              .all(source, trace)
      ) as { body: Uint8Array }[];
      return rows.map(({ body }) => JSON.parse(this.#db.box.open(body)) as GatewayLine);
    });
  }
}

/** A line is what it says: where it stood, or how often it was read, does not matter. */
export function gatewayLineId(line: GatewayLine): string {
  return digestOf(line).toString('hex');
}

function digestOf(line: GatewayLine): Buffer {
  return hash('sha256', JSON.stringify(line), 'buffer').subarray(0, 16);
}
