/**
 * Which sessions of a database got something new since the last look, without a look at all of them. A new row has a higher id than all
 * before it, unless rows were taken away; so this is a hint, quickly had, and a look at everything comes behind it.
 */
import type { Reading, Table } from './sqliteStore';

type Counted = Extract<Table, 'transcript_events' | 'trajectory_runtime_events'>;
type Dated = Extract<Table, 'session_nodes' | 'session_windows'>;

export interface RowMarks {
  /** The highest row id of each; null: there is no such table, or its rows have none. */
  readonly transcripts: number | null;
  readonly trajectories: number | null;
  /** The latest time in each, where that is looked up and not searched for; else null. */
  readonly nodes: number | null;
  readonly windows: number | null;
}

export interface Hints {
  readonly transcripts: readonly string[];
  readonly trajectories: readonly string[];
  /** Of these the index may say something new. */
  readonly index: readonly string[];
  readonly marks: RowMarks;
}

/** Taken before what it is to be the mark of: what comes in between is hinted at once more. */
export function marksOf(reading: Reading): RowMarks {
  return {
    transcripts: topRow(reading, 'transcript_events'),
    trajectories: topRow(reading, 'trajectory_runtime_events'),
    nodes: latest(reading, 'session_nodes'),
    windows: latest(reading, 'session_windows'),
  };
}

/** null: rows were taken away, so the marks say nothing. */
export function hintsSince(reading: Reading, before: RowMarks): Hints | null {
  const marks = marksOf(reading);
  if ((marks.transcripts ?? -1) < (before.transcripts ?? -1) || (marks.trajectories ?? -1) < (before.trajectories ?? -1)) return null;
  const transcripts = added(reading, 'transcript_events', before.transcripts, marks.transcripts);
  return {
    transcripts,
    trajectories: added(reading, 'trajectory_runtime_events', before.trajectories, marks.trajectories),
    index: [
      ...new Set([
        ...transcripts,
        ...updated(reading, 'SELECT current_session_id AS id FROM session_nodes WHERE updated_at >= ?', before.nodes),
        ...updated(reading, 'SELECT session_id AS id FROM session_windows WHERE updated_at >= ?', before.windows),
      ]),
    ],
    marks,
  };
}

function topRow(reading: Reading, table: Counted): number | null {
  if (!reading.isNumbered(table)) return null;
  return numberOf(reading, `SELECT max(rowid) AS number FROM ${table}`);
}

function latest(reading: Reading, table: Dated): number | null {
  return reading.isIndexedBy(table, 'updated_at') ? numberOf(reading, `SELECT max(updated_at) AS number FROM ${table}`) : null;
}

function numberOf(reading: Reading, sql: string): number {
  for (const row of reading.rows(sql)) return Number(row.number ?? 0);
  return 0;
}

function added(reading: Reading, table: Counted, from: number | null, to: number | null): readonly string[] {
  if (to === null || to === from) return [];
  return Array.from(reading.rows(`SELECT DISTINCT session_id FROM ${table} WHERE rowid > ?`, from ?? -1), (row) => String(row.session_id));
}

function updated(reading: Reading, sql: string, from: number | null): readonly string[] {
  return from === null ? [] : Array.from(reading.rows(sql, from), (row) => String(row.id));
}
