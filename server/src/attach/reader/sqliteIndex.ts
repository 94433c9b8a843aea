/**
 * The session index of the SQLite era: a key has a node with what holds for it now, and one window for every session id it ever
 * had. One record per window, with the node's fields where the window is the key's current one.
 */
import { hash } from 'node:crypto';
import { asObject, parseObject, reduceIndexEntry } from './reduce';
import type { Reading, Row } from './sqliteStore';

const WINDOW_COLUMNS = [
  'previous_session_id',
  'reason',
  'created_at',
  'updated_at',
  'started_at',
  'ended_at',
  'status',
  'model_provider',
  'model',
  'parent_session_key',
  'spawned_by',
  'display_name',
];
const NODE_COLUMNS = ['updated_at', 'status', 'created_via', 'parent_session_key', 'spawned_by', 'label', 'display_name'];
/** Of the entry only what may be missing in the columns; it is 17 KB, mostly prompt texts, and stays where it is. */
const ENTRY_FIELDS = [
  'sessionStartedAt',
  'startedAt',
  'endedAt',
  'label',
  'displayName',
  'spawnedBy',
  'parentSessionKey',
  'previousSessionId',
  'model',
  'modelProvider',
  'createdVia',
  'systemPromptReport',
];

/** What the columns of each session were, and what was told of them: only what changed is told again. */
export type IndexMemory = Map<string, string>;

const MAX_REMEMBERED = 50_000;
/** One reading looks at so many, so that none is long and little is held. */
const PART_ROWS = 500;

export interface IndexPart {
  readonly texts: readonly string[];
  /** Where the next part goes on; null: this was the last one. */
  readonly after: string | null;
}

/** The entries that changed among the next ones, by session id; first of all after ''. */
export function indexPart(reading: Reading, memory: IndexMemory, after: string): IndexPart {
  if (memory.size > MAX_REMEMBERED) memory.clear();
  const rows = Array.from(windowRows(reading, 'WHERE w.session_id > ?', [after]));
  const last = rows.length < PART_ROWS ? null : String(rows[rows.length - 1]?.session_id);
  if (last === null) rows.push(...windowless(reading));
  return { texts: changed(reading, memory, rows), after: last };
}

/** The entries of these sessions, as far as they changed. */
export function indexEntriesOf(reading: Reading, memory: IndexMemory, sessions: Iterable<string>): readonly string[] {
  const rows: Row[] = [];
  for (const session of sessions) rows.push(...windowRows(reading, 'WHERE w.session_id = ?', [session]));
  return changed(reading, memory, rows);
}

function changed(reading: Reading, memory: IndexMemory, rows: readonly Row[]): readonly string[] {
  const texts: string[] = [];
  for (const row of rows) {
    const key = String(row.session_key);
    const id = `${key}\n${String(row.session_id)}`;
    const before = memory.get(id);
    const mark = digestOf(JSON.stringify(row, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value)));
    if (before?.startsWith(mark)) continue;
    const text = reduceIndexEntry(merge(row, key, nodeOf(reading, row, key)));
    const told = digestOf(text);
    memory.set(id, mark + told);
    if (!before?.endsWith(told)) texts.push(text);
  }
  return texts;
}

/** Enough of it to tell two states of one session apart. */
function digestOf(text: string): string {
  return hash('sha256', text, 'base64').slice(0, 16);
}

interface Node {
  readonly current: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** What holds for the key now; null: it has no node. */
function nodeOf(reading: Reading, row: Row, key: string): Node | null {
  if (typeof row.node_current !== 'string') return null;
  return {
    current: row.node_current,
    fields: {
      ...(reading.columns('session_nodes').has('entry_json') ? entryFields(reading, key) : {}),
      ...present({
        updatedAt: row.node_updated_at,
        status: row.node_status,
        createdVia: row.node_created_via,
        parentSessionKey: row.node_parent_session_key,
        spawnedBy: row.node_spawned_by,
        label: row.node_label,
        displayName: row.node_display_name,
      }),
    },
  };
}

function merge(window: Row, key: string, node: Node | null): Readonly<Record<string, unknown>> {
  const current = node !== null && node.current === window.session_id;
  const fields = node?.fields ?? {};
  // Who spawned it and how it is called belong to the key; what it does belongs to the session.
  const ofKey = {
    spawnedBy: fields.spawnedBy,
    parentSessionKey: fields.parentSessionKey,
    label: fields.label,
    displayName: fields.displayName,
    createdVia: fields.createdVia,
  };
  return {
    ...ofKey,
    ...(current ? fields : {}),
    ...present({
      updatedAt: window.updated_at,
      sessionStartedAt: window.created_at,
      startedAt: window.started_at,
      endedAt: window.ended_at,
      status: window.status,
      modelProvider: window.model_provider,
      model: window.model,
      parentSessionKey: window.parent_session_key,
      spawnedBy: window.spawned_by,
      displayName: window.display_name,
      previousSessionId: window.previous_session_id,
      reason: window.reason,
    }),
    sessionKey: key,
    sessionId: String(window.session_id),
  };
}

/** Windows, each with the columns of its key's node. */
function windowRows(reading: Reading, where: string, values: readonly string[]): Iterable<Row> {
  const columns = reading.columns('session_windows');
  if (!columns.has('session_id') || !columns.has('session_key')) return [];
  const wanted = WINDOW_COLUMNS.filter((name) => columns.has(name)).map((name) => `, w.${name}`);
  const node = nodeColumns(reading);
  return reading.rows(
    `SELECT w.session_id, w.session_key${wanted.join('')}${node ?? ''} FROM session_windows w
     ${node === null ? '' : 'LEFT JOIN session_nodes n ON n.session_key = w.session_key'} ${where} ORDER BY w.session_id LIMIT ${PART_ROWS}`,
    ...values,
  );
}

/** Nodes whose current session has no window. */
function windowless(reading: Reading): Iterable<Row> {
  const node = nodeColumns(reading);
  if (node === null) return [];
  const none = reading.columns('session_windows').has('session_id')
    ? 'WHERE NOT EXISTS (SELECT 1 FROM session_windows w WHERE w.session_id = n.current_session_id)'
    : '';
  return reading.rows(
    `SELECT n.current_session_id AS session_id, n.session_key${node} FROM session_nodes n ${none} ORDER BY n.session_key LIMIT ${MAX_REMEMBERED}`,
  );
}

function nodeColumns(reading: Reading): string | null {
  const columns = reading.columns('session_nodes');
  if (!columns.has('session_key') || !columns.has('current_session_id')) return null;
  return [
    'current_session_id AS node_current',
    ...NODE_COLUMNS.filter((name) => columns.has(name)).map((name) => `${name} AS node_${name}`),
  ]
    .map((column) => `, n.${column}`)
    .join('');
}

function entryFields(reading: Reading, key: string): Readonly<Record<string, unknown>> {
  for (const row of reading.rows('SELECT entry_json FROM session_nodes WHERE session_key = ?', key)) {
    const entry = typeof row.entry_json === 'string' ? asObject(parseObject(row.entry_json)) : null;
    return entry ? Object.fromEntries(ENTRY_FIELDS.filter((name) => name in entry).map((name) => [name, entry[name]])) : {};
  }
  return {};
}

function present(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null && value !== undefined));
}
