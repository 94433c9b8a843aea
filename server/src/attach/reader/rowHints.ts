/**
 * Which sessions of a database got something new since the last look, without a look at all of them. A new row has a higher id than all
 * before it, unless rows were taken away; so this is a hint, quickly had, and a look at everything comes behind it.
 */
import type { Reading, Table } from './sqliteStore';

type Counted = Extract<Table, 'transcript_events' | 'trajectory_runtime_events'>;
type Dated = Extract<Table, 'session_nodes' | 'session_windows'>;

type Mark = 'transcripts' | 'trajectories';

const COUNTED: Readonly<Record<Mark, Counted>> = { transcripts: 'transcript_events', trajectories: 'trajectory_runtime_events' };

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
  /** Of these the index may say something new; null: that was not asked. */
  readonly index: readonly string[] | null;
  readonly marks: RowMarks;
}

/** Taken before what it is to be the mark of: what comes in between is hinted at once more. */
export function marksOf(reading: Reading): RowMarks {
  return {
    ...topRows(reading),
    nodes: latest(reading, 'session_nodes'),
    windows: latest(reading, 'session_windows'),
  };
}

/** null: rows were taken away, so the marks say nothing. `withIndex`: without it, the index is left for a later time. */
export function hintsSince(reading: Reading, before: RowMarks, withIndex = true): Hints | null {
  const marks = withIndex ? marksOf(reading) : { ...before, ...topRows(reading) };
  if ((marks.transcripts ?? -1) < (before.transcripts ?? -1) || (marks.trajectories ?? -1) < (before.trajectories ?? -1)) return null;
  const transcripts = added(reading, 'transcript_events', before.transcripts, marks.transcripts);
  return {
    transcripts,
    trajectories: added(reading, 'trajectory_runtime_events', before.trajectories, marks.trajectories),
    index: withIndex
      ? [
          ...new Set([
            ...transcripts,
            ...updated(reading, 'SELECT current_session_id AS id FROM session_nodes WHERE updated_at >= ?', before.nodes),
            ...updated(reading, 'SELECT session_id AS id FROM session_windows WHERE updated_at >= ?', before.windows),
          ]),
        ]
      : null,
    marks,
  };
}

/** In one statement, since it is asked at every look. */
function topRows(reading: Reading): Pick<RowMarks, Mark> {
  const numbered = (Object.keys(COUNTED) as Mark[]).filter((mark) => reading.isNumbered(COUNTED[mark]));
  const tops: Record<Mark, number | null> = { transcripts: null, trajectories: null };
  if (numbered.length === 0) return tops;
  const columns = numbered.map((mark) => `(SELECT max(rowid) FROM ${COUNTED[mark]}) AS ${mark}`);
  for (const row of reading.rows(`SELECT ${columns.join(', ')}`)) for (const mark of numbered) tops[mark] = Number(row[mark] ?? 0);
  return tops;
}

function latest(reading: Reading, table: Dated): number | null {
  return reading.isIndexedBy(table, 'updated_at') ? numberOf(reading, `SELECT max(updated_at) AS number FROM ${table}`) : null;
}

function numberOf(reading: Reading, sql: string): number {
  for (const row of reading.rows(sql)) return Number(row.number ?? 0);
  return 0;
}

/** By the order in which they came: to have them distinct, SQLite would rather go through an index of all rows. */
export function sessionsAfter(table: Counted): string {
  return `SELECT DISTINCT session_id FROM ${table} NOT INDEXED WHERE rowid > ?`;
}

function added(reading: Reading, table: Counted, from: number | null, to: number | null): readonly string[] {
  if (to === null || to === from) return [];
  const rows = reading.rows(sessionsAfter(table), from ?? -1);
  return Array.from(rows, (row) => String(row.session_id));
}

function updated(reading: Reading, sql: string, from: number | null): readonly string[] {
  return from === null ? [] : Array.from(reading.rows(sql, from), (row) => String(row.id));
}
