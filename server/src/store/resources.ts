/** What each source used over time, by its engine's counters: bounded, the older the coarser. */
import type { ResourceSample } from '../protocol/messages';
import type { Database } from './database';

/** Kept of one source: four hours at one sample in two seconds, and then days, since the older half is thinned each time it is full. */
export const resourcesPerSource = 7200;

interface Row {
  readonly time: number;
  readonly cpu_cores: number;
  readonly memory: number;
  readonly memory_limit: number | null;
}

export class ResourceStore {
  readonly #db: Database;
  constructor(db: Database) {
    this.#db = db;
  }

  add(source: number, sample: ResourceSample): void {
    this.#put(source, {
      time: Date.parse(sample.time),
      cpu_cores: sample.cpuCores,
      memory: sample.memoryBytes,
      memory_limit: sample.memoryLimitBytes,
    });
    const { n } = this.#db.prepare('SELECT count(*) AS n FROM resource WHERE source = ?').get(source) as { n: number };
    if (n > resourcesPerSource) this.#thin(source);
  }

  /** The newest sample; null: there is none. */
  last(source: number): ResourceSample | null {
    const row = this.#db.prepare('SELECT * FROM resource WHERE source = ? ORDER BY time DESC LIMIT 1').get(source) as Row | undefined;
    return row === undefined ? null : sampleOf(row);
  }

  /** Oldest first, at most `limit`: of what falls together the mean of the cores in use, and the most memory, at its last time. */
  between(source: number, from: number, to: number, limit: number): readonly ResourceSample[] {
    const { n, first, last } = this.#db
      .prepare('SELECT count(*) AS n, min(time) AS first, max(time) AS last FROM resource WHERE source = ? AND time BETWEEN ? AND ?')
      .get(source, from, to) as { n: number; first: number | null; last: number | null };
    if (n === 0 || first === null || last === null || limit < 1) return [];
    // By time, not by number: what was sampled more often must not be drawn wider.
    const width = n <= limit ? 0 : (last - first) / limit;
    const rows = this.#db
      .prepare(
        `SELECT max(time) AS time, avg(cpu_cores) AS cpu_cores, max(memory) AS memory, max(memory_limit) AS memory_limit
          FROM resource WHERE source = ?1 AND time BETWEEN ?2 AND ?3
          GROUP BY CASE WHEN ?4 = 0 THEN time ELSE min(CAST((time - ?5) / ?4 AS INTEGER), ?6 - 1) END ORDER BY 1`,
      )
      .all(source, from, to, width, first, limit) as unknown as readonly Row[];
    return rows.map(sampleOf);
  }

  /** Of the older half, two become one. */
  #thin(source: number): void {
    const older = this.#db
      .prepare('SELECT * FROM resource WHERE source = ? ORDER BY time LIMIT ?')
      .all(source, Math.floor(resourcesPerSource / 4) * 2) as unknown as readonly Row[];
    const remove = this.#db.prepare('DELETE FROM resource WHERE source = ? AND time = ?');
    for (let at = 0; at + 1 < older.length; at += 2) {
      const [a, b] = [older[at] as Row, older[at + 1] as Row];
      remove.run(source, a.time);
      this.#put(source, { ...b, cpu_cores: (a.cpu_cores + b.cpu_cores) / 2, memory: Math.max(a.memory, b.memory) });
    }
  }

  #put(source: number, row: Row): void {
    this.#db
      .prepare('INSERT OR REPLACE INTO resource(source, time, cpu_cores, memory, memory_limit) VALUES (?, ?, ?, ?, ?)')
      .run(source, row.time, row.cpu_cores, row.memory, row.memory_limit);
  }
}

function sampleOf(row: Row): ResourceSample {
  return {
    time: new Date(row.time).toISOString(),
    cpuCores: row.cpu_cores,
    memoryBytes: row.memory,
    memoryLimitBytes: row.memory_limit,
  };
}
