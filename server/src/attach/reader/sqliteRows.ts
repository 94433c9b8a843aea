/** The statements against an agent's database: columns are asked for, not assumed, since its schema moves every few weeks. */
import * as zlib from 'node:zlib';
import { isTooLong, MAX_LINE_BYTES } from './lines';
import type { Reading, Row, Table } from './sqliteStore';

/** One reading hands out at most this much, so that no transaction is long and memory stays bounded. */
export const BATCH_ROWS = 500;
export const BATCH_BYTES = 512 * 1024;

export interface EventRow {
  readonly seq: number;
  /** null: it could not be unpacked, and why. */
  readonly text: string | null;
  readonly reason: string | null;
}

/** OpenClaw packs nothing larger; what is unpacked is bounded by this, whatever a frame says of itself. */
export const MAX_PACKED_BYTES = 4 * 1024 * 1024;
/** The number of bytes in a text, as it is kept. */
const bytesIn = (column: string): string => `length(CAST(${column} AS BLOB))`;

type EventTable = Extract<Table, 'transcript_events' | 'trajectory_runtime_events'>;

export interface SessionTop {
  readonly session: string;
  readonly top: number;
}

/** Every session with rows: a seek for each instead of a scan over all rows. */
const eachSession = (table: EventTable): string =>
  `WITH RECURSIVE s(id) AS (SELECT min(session_id) FROM ${table} UNION ALL SELECT (SELECT min(session_id) FROM ${table} WHERE session_id > s.id) FROM s WHERE s.id IS NOT NULL)`;

/** Every session with rows and its highest seq. */
export function sessionTops(reading: Reading, table: EventTable): readonly SessionTop[] {
  if (reading.columns(table).size === 0) return [];
  const rows = reading.rows(
    `${eachSession(table)} SELECT id, (SELECT max(seq) FROM ${table} WHERE session_id = s.id) AS top FROM s WHERE id IS NOT NULL`,
  );
  return Array.from(rows, (row) => ({ session: String(row.id), top: Number(row.top) }));
}

/** Every session with transcript rows, its highest seq, and when that was written (in milliseconds; 0 where it is not kept). */
export function datedSessions(reading: Reading): readonly (SessionTop & { readonly newest: number })[] {
  const columns = reading.columns('transcript_events');
  if (columns.size === 0) return [];
  const date = columns.has('created_at') ? 'created_at' : '0';
  const rows = reading.rows(
    `${eachSession('transcript_events')} SELECT s.id AS id, e.seq AS top, ${date} AS newest FROM s JOIN transcript_events e ON e.session_id = s.id
     WHERE s.id IS NOT NULL AND e.seq = (SELECT max(seq) FROM transcript_events WHERE session_id = s.id)`,
  );
  return Array.from(rows, (row) => ({ session: String(row.id), top: Number(row.top), newest: Number(row.newest) }));
}

export interface SessionState {
  readonly session: string;
  /** The highest seq of its rows, and of its trajectory's; null: it has none. */
  readonly top: number | null;
  readonly generation: string | null;
  readonly trajectory: number | null;
}

/** In one statement, since it is asked at every look. Node below 22.20 takes no value by position for a numbered parameter. */
export function stateOf(reading: Reading, session: string): SessionState {
  const values: string[] = [];
  const ofSession = (sql: string): string => {
    values.push(session);
    return `(${sql} WHERE session_id = ?)`;
  };
  const top = (table: EventTable): string => (reading.columns(table).size === 0 ? 'NULL' : ofSession(`SELECT max(seq) FROM ${table}`));
  const generation = (): string => (hasGenerations(reading) ? ofSession('SELECT generation FROM transcript_rewrite_watermarks') : 'NULL');
  const number = (value: Row[string] | undefined): number | null => (value === null || value === undefined ? null : Number(value));
  for (const row of reading.rows(
    `SELECT ${top('transcript_events')} AS top, ${top('trajectory_runtime_events')} AS trajectory, ${generation()} AS generation`,
    ...values,
  ))
    return {
      session,
      top: number(row.top),
      trajectory: number(row.trajectory),
      generation: row.generation === null ? null : String(row.generation),
    };
  throw new Error('a statement without a table gives one row');
}

function hasGenerations(reading: Reading): boolean {
  const columns = reading.columns('transcript_rewrite_watermarks');
  return columns.has('session_id') && columns.has('generation');
}

/** Rows from `from` on, in order, as many as fit in one batch. */
export function eventRows(
  reading: Reading,
  table: EventTable,
  session: string,
  from: number,
  to: number = Number.MAX_SAFE_INTEGER,
): readonly EventRow[] {
  const columns = reading.columns(table);
  if (columns.size === 0) return [];
  // What is too long does not come out of the database at all.
  const packed = columns.has('event_zstd') ? `CASE WHEN length(event_zstd) > ${MAX_PACKED_BYTES} THEN NULL ELSE event_zstd END` : 'NULL';
  const packedBytes = columns.has('event_zstd') ? 'length(event_zstd)' : 'NULL';
  const found: EventRow[] = [];
  let bytes = 0;
  for (const row of reading.rows(
    `SELECT seq, CASE WHEN ${bytesIn('event_json')} > ${MAX_LINE_BYTES} THEN NULL ELSE event_json END AS event_json,
     ${bytesIn('event_json')} AS bytes, ${packed} AS event_zstd, ${packedBytes} AS packed_bytes FROM ${table} WHERE session_id = ? AND seq >= ? AND seq <= ? ORDER BY seq LIMIT ${BATCH_ROWS}`,
    session,
    from,
    to,
  )) {
    const event = eventRow(row);
    found.push(event);
    bytes += event.text?.length ?? 0;
    // The first is known already, where it is asked for to be compared: one that fills a batch must not hide what follows.
    if (bytes >= BATCH_BYTES && found.length > 1) break;
  }
  return found;
}

function eventRow(row: Row): EventRow {
  const seq = Number(row.seq);
  if (Number(row.bytes ?? 0) > MAX_LINE_BYTES || (typeof row.event_json === 'string' && isTooLong(row.event_json)))
    return { seq, text: null, reason: tooLong(MAX_LINE_BYTES) };
  if (typeof row.event_json === 'string') return { seq, text: row.event_json, reason: null };
  if (Number(row.packed_bytes ?? 0) > MAX_PACKED_BYTES) return { seq, text: null, reason: tooLong(MAX_PACKED_BYTES) };
  if (!(row.event_zstd instanceof Uint8Array)) return { seq, text: null, reason: 'the row is empty' };
  if (typeof zlib.zstdDecompressSync !== 'function') return { seq, text: null, reason: 'this Node cannot read zstd (22.15 or newer can)' };
  try {
    return { seq, text: zlib.zstdDecompressSync(row.event_zstd, { maxOutputLength: MAX_PACKED_BYTES }).toString('utf8'), reason: null };
  } catch (error) {
    const long = (error as { readonly code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE';
    return { seq, text: null, reason: long ? tooLong(MAX_PACKED_BYTES) : 'its zstd frame is damaged' };
  }
}

function tooLong(limit: number): string {
  return `it is longer than ${limit / 1024 / 1024} MB`;
}

/** Session id to the generation of its rows: a new one says that OpenClaw itself rewrote them. */
export function generations(reading: Reading): ReadonlyMap<string, string> {
  if (!hasGenerations(reading)) return new Map();
  return new Map(
    Array.from(reading.rows('SELECT session_id, generation FROM transcript_rewrite_watermarks WHERE generation IS NOT NULL'), (row) => [
      String(row.session_id),
      String(row.generation),
    ]),
  );
}

export function generationOf(reading: Reading, session: string): string | null {
  if (!hasGenerations(reading)) return null;
  for (const row of reading.rows(
    'SELECT generation FROM transcript_rewrite_watermarks WHERE session_id = ? AND generation IS NOT NULL',
    session,
  ))
    return String(row.generation);
  return null;
}

/** Sessions whose rows OpenClaw put away into an archive. */
export function archivedSessions(reading: Reading): ReadonlySet<string> {
  const found = new Set<string>();
  for (const table of ['session_transcript_archives', 'session_transcript_cold_archives'] as const) {
    if (!reading.columns(table).has('session_id')) continue;
    for (const row of reading.rows(`SELECT DISTINCT session_id FROM ${table}`)) found.add(String(row.session_id));
  }
  return found;
}

export function appVersion(reading: Reading): string | null {
  if (!reading.columns('schema_meta').has('app_version')) return null;
  for (const row of reading.rows('SELECT app_version FROM schema_meta ORDER BY updated_at DESC LIMIT 1'))
    return typeof row.app_version === 'string' ? row.app_version : null;
  return null;
}
