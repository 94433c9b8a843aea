/**
 * A history as large as one likes, made of what the real OpenClaw recorded: each copy has ids, session keys and times of its own, the
 * newest ends now, and each one before it ends a while earlier. Recorded texts are cut into what is copied and what is made anew once, so
 * that a gigabyte takes seconds.
 */
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, utimesSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { recording } from '../fixtures/recordings';

export interface History {
  /** All that was written. */
  readonly bytes: number;
  /** Of these, transcripts. */
  readonly transcriptBytes: number;
  readonly sessions: number;
  /** The session that was written last. */
  readonly newest: {
    readonly session: string;
    readonly records: number;
    /** null: it stands in the database. */
    readonly file: string | null;
  };
}

/** One copy is made so much earlier than the next. */
const APART_MS = 20 * 60_000;
/** The recording with one line of 2 MB is left out: it would be a third of all bytes, and cheap ones. */
const MAX_LINE = 1024 * 1024;
/** The log of a database in use: so much of it is not in the database yet. */
const LOG_BYTES = 8 * 1024 * 1024;

/** Ids, times and keys as OpenClaw writes them. */
const MADE_ANEW =
  /"agent:main:[^"\\]*|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|(?<=")[0-9a-f]{8}(?=")|cli-session|\d{4}-\d\d-\d\dT\d\d[:-]\d\d[:-]\d\d[.-]\d{3}Z|\b1[78]\d{11}\b/g;
const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-/;
const ISO = /^\d{4}-\d\d-\d\dT/;

interface Copy {
  readonly mix: number;
  readonly number: number;
  readonly shiftMs: number;
}

type Part = string | { readonly made: string };

class Template {
  readonly #parts: readonly Part[];

  constructor(text: string) {
    const parts: Part[] = [];
    let at = 0;
    for (const match of text.matchAll(MADE_ANEW)) {
      parts.push(text.slice(at, match.index), { made: match[0] });
      at = match.index + match[0].length;
    }
    this.#parts = [...parts, text.slice(at)];
  }

  fill(copy: Copy): string {
    let text = '';
    for (const part of this.#parts) text += typeof part === 'string' ? part : anew(part.made, copy);
    return text;
  }
}

function anew(old: string, copy: Copy): string {
  if (old.startsWith('"agent:'))
    return UUID.test(old) ? old.replace(/[0-9a-f]{8}(?=-)/, (hex) => mixed(hex, copy)) : `${old}-${copy.number}`;
  if (old === 'cli-session') return `${old}-${copy.number}`;
  if (ISO.test(old)) return shifted(old, copy.shiftMs);
  if (/^1[78]\d{11}$/.test(old)) return String(Number(old) + copy.shiftMs);
  return mixed(old.slice(0, 8), copy) + old.slice(8);
}

function mixed(hex: string, { mix }: Copy): string {
  return ((parseInt(hex, 16) ^ mix) >>> 0).toString(16).padStart(8, '0');
}

/** In the spelling it came in: colons, or the dashes of a file's name. */
function shifted(iso: string, ms: number): string {
  const colons = iso.includes(':');
  const time = colons ? iso : iso.replace(/T(\d\d)-(\d\d)-(\d\d)[.-]/, 'T$1:$2:$3.');
  const moved = new Date(Date.parse(time) + ms).toISOString();
  return colons ? moved : moved.replaceAll(':', '-').replace('.', iso.charAt(19));
}

function copyNumber(number: number, newestEnd: number): Copy {
  // Odd, so that no two copies have the same.
  return { number, mix: Math.imul(number + 1, 0x9e3779b1) >>> 0, shiftMs: Date.now() - 60_000 - newestEnd - number * APART_MS };
}

interface RecordedFile {
  readonly name: Template;
  readonly text: Template;
  readonly stem: string;
  readonly kind: 'transcript' | 'trajectory';
  readonly end: number;
  readonly lines: number;
}

function recordedFiles(): { readonly files: readonly RecordedFile[]; readonly index: readonly Template[]; readonly end: number } {
  const files: RecordedFile[] = [];
  const index: Template[] = [];
  for (const name of ['openclaw-2026.7.1', 'rotation-2026.7.1']) {
    const sessions = join(recording(name).stateDir, 'agents/main/sessions');
    // One member a line, without the braces: the copies become one object.
    const entries = Object.entries(JSON.parse(readFileSync(join(sessions, 'sessions.json'), 'utf8')) as object);
    index.push(...entries.map(([key, value]) => new Template(`${JSON.stringify(key)}:${JSON.stringify(value)}`)));
    for (const file of readdirSync(sessions)) {
      if (!file.includes('.jsonl') || file.endsWith('.lock')) continue;
      const text = readFileSync(join(sessions, file), 'utf8');
      const lines = text.split('\n');
      if (lines.some((line) => line.length > MAX_LINE)) continue;
      const times = [...text.matchAll(/"(?:timestamp|ts)":"(\d{4}-[^"]+Z)"/g)].map((match) => Date.parse(match[1] ?? ''));
      files.push({
        name: new Template(file),
        text: new Template(text),
        stem: file.slice(0, file.indexOf('.jsonl')).replace('.trajectory', ''),
        kind: file.includes('.trajectory') ? 'trajectory' : 'transcript',
        end: Math.max(...times),
        lines: lines.length - 1,
      });
    }
  }
  return { files, index, end: Math.max(...files.map((file) => file.end)) };
}

/** The files of the JSONL era, in `stateDir`. */
export function writeFiles(stateDir: string, wanted: number): History {
  const { files, index, end } = recordedFiles();
  const sessions = join(stateDir, 'agents/main/sessions');
  mkdirSync(sessions, { recursive: true });
  const indexFile = openSync(join(sessions, 'sessions.json'), 'w');
  let [bytes, transcriptBytes, count] = [0, 0, 0];
  let newest: History['newest'] | null = null;
  let newestEnd = 0;
  for (let number = 0; bytes < wanted; number++) {
    const copy = copyNumber(number, end);
    for (const file of files) {
      const path = join(sessions, file.name.fill(copy));
      const text = file.text.fill(copy);
      writeFileSync(path, text);
      const time = (file.end + copy.shiftMs) / 1000;
      utimesSync(path, time, time);
      bytes += text.length;
      if (file.kind !== 'transcript') continue;
      transcriptBytes += text.length;
      count += 1;
      if (time <= newestEnd) continue;
      newestEnd = time;
      const session = (JSON.parse(text.slice(0, text.indexOf('\n'))) as { id: string }).id;
      newest = { session, records: file.lines, file: path };
    }
    const members = index.map((entry) => entry.fill(copy)).join(',');
    writeSync(indexFile, `${number === 0 ? '{' : ','}${members}`);
    bytes += members.length;
  }
  writeSync(indexFile, '}');
  closeSync(indexFile);
  if (newest === null) throw new Error('no history was wanted');
  return { bytes, transcriptBytes, sessions: count, newest };
}

const TABLES = [
  'schema_meta',
  'session_nodes',
  'session_windows',
  'transcript_events',
  'transcript_rewrite_watermarks',
  'trajectory_runtime_events',
  'session_transcript_archives',
  'session_transcript_cold_archives',
] as const;
const ONCE: ReadonlySet<string> = new Set(['schema_meta', 'session_transcript_archives', 'session_transcript_cold_archives']);

/**
 * The database of the SQLite era, in `stateDir`, with its last part in the log. The connection is the caller's to close: with the last one
 * the log would go.
 */
export function writeDatabase(stateDir: string, wanted: number): { readonly history: History; readonly database: DatabaseSync } {
  const from = new DatabaseSync(join(recording('openclaw-2026.9.5').stateDir, 'agents/main/agent/openclaw-agent.sqlite'), {
    readOnly: true,
  });
  const dir = join(stateDir, 'agents/main/agent');
  mkdirSync(dir, { recursive: true });
  mkdirSync(join(stateDir, 'agents/main/sessions'), { recursive: true });
  const path = join(dir, 'openclaw-agent.sqlite');
  const database = new DatabaseSync(path);
  database.exec(
    'PRAGMA page_size = 4096; PRAGMA auto_vacuum = 2; PRAGMA journal_mode = wal; PRAGMA synchronous = off; PRAGMA foreign_keys = off',
  );
  const recorded = TABLES.map((table) => recordedRows(from, table)).filter((found) => found !== null);
  for (const { statements } of recorded) for (const sql of statements) database.exec(sql);
  const version = from.prepare('PRAGMA user_version').get() as { user_version: number };
  database.exec(`PRAGMA user_version = ${version.user_version}`);
  const end = Math.max(...recorded.map((table) => table.end));
  from.close();
  let [bytes, transcriptBytes] = [0, 0];
  const copies: number[] = [];
  // The oldest first, as it was written.
  const perCopy = recorded.reduce((sum, table) => sum + table.bytes, 0);
  for (let number = Math.ceil(wanted / perCopy) - 1; number >= 0; number--) copies.push(number);
  for (const number of copies) {
    const copy = copyNumber(number, end);
    if (number * perCopy < LOG_BYTES) database.exec('PRAGMA wal_autocheckpoint = 0');
    database.exec('BEGIN');
    for (const table of recorded) {
      if (ONCE.has(table.table) && number > 0) continue;
      const insert = database.prepare(table.insert);
      for (const row of table.rows) insert.run(...row.map((value) => (value instanceof Template ? value.fill(copy) : moved(value, copy))));
      bytes += table.bytes;
      if (table.table === 'transcript_events') transcriptBytes += table.bytes;
    }
    database.exec('COMMIT');
  }
  const { session } = database.prepare('SELECT session_id AS session FROM transcript_events ORDER BY created_at DESC LIMIT 1').get() as {
    session: string;
  };
  const { records } = database.prepare('SELECT count(*) AS records FROM transcript_events WHERE session_id = ?').get(session) as {
    records: number;
  };
  const { sessions } = database.prepare('SELECT count(DISTINCT session_id) AS sessions FROM transcript_events').get() as {
    sessions: number;
  };
  return { history: { bytes, transcriptBytes, sessions, newest: { session, records, file: null } }, database };
}

interface RecordedTable {
  readonly table: string;
  readonly statements: readonly string[];
  readonly insert: string;
  readonly rows: readonly (readonly (SQLInputValue | Template)[])[];
  readonly bytes: number;
  readonly end: number;
}

function recordedRows(from: DatabaseSync, table: string): RecordedTable | null {
  const statements = from
    .prepare("SELECT sql FROM sqlite_master WHERE tbl_name = ? AND sql IS NOT NULL AND type IN ('table', 'index') ORDER BY type DESC")
    .all(table) as { sql: string }[];
  if (statements.length === 0) return null;
  const found = from.prepare(`SELECT * FROM ${table}`).all() as Record<string, SQLInputValue>[];
  const columns = (from.prepare(`PRAGMA table_info(${table})`).all() as { name: string }[]).map(({ name }) => name);
  let [bytes, end] = [0, 0];
  const rows = found.map((row) =>
    columns.map((column) => {
      const value = row[column] ?? null;
      if (table === 'transcript_events' && column === 'created_at') end = Math.max(end, Number(value));
      if (typeof value !== 'string') return value;
      bytes += value.length;
      return value.startsWith('agent:') ? new KeyTemplate(value) : new Template(value);
    }),
  );
  return {
    table,
    statements: statements.map(({ sql }) => sql),
    insert: `INSERT INTO ${table} VALUES (${columns.map(() => '?').join(', ')})`,
    rows,
    bytes,
    end,
  };
}

/** A key stands alone in its column, and is made anew like one in quotes. */
class KeyTemplate extends Template {
  constructor(key: string) {
    super(`"${key}`);
  }
  override fill(copy: Copy): string {
    return super.fill(copy).slice(1);
  }
}

/** Times in columns are numbers. */
function moved(value: SQLInputValue, { shiftMs }: Copy): SQLInputValue {
  return typeof value === 'number' && value > 1.7e12 && value < 1.9e12 ? value + shiftMs : value;
}
