/**
 * The session index of the SQLite era: a key has a node with what holds for it now, and one window for every session id it ever
 * had. One record per window, with the node's fields where the window is the key's current one.
 */
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
];

/** What was last told of each session, and of each key: only those that changed are told again. */
export interface IndexMemory {
  readonly sent: Map<string, string>;
  readonly nodes: Map<string, { readonly mark: string; readonly fields: Readonly<Record<string, unknown>> }>;
}

const MAX_REMEMBERED = 50_000;

export function* changedIndexEntries(reading: Reading, memory: IndexMemory): Generator<string> {
  if (memory.sent.size > MAX_REMEMBERED) memory.sent.clear();
  if (memory.nodes.size > MAX_REMEMBERED) memory.nodes.clear();
  const nodes = readNodes(reading, memory);
  const windowed = new Set<string>();
  for (const row of windowRows(reading)) {
    const session = String(row.session_id);
    const key = String(row.session_key);
    windowed.add(session);
    const node = nodes.get(key);
    yield* changed(memory, session, merge(row, key, node ?? null));
  }
  for (const [key, node] of nodes)
    if (!windowed.has(node.current)) yield* changed(memory, node.current, merge({ session_id: node.current }, key, node));
}

function* changed(memory: IndexMemory, session: string, entry: Readonly<Record<string, unknown>>): Generator<string> {
  const text = reduceIndexEntry(entry);
  const known = `${String(entry.sessionKey)}\n${session}`;
  if (memory.sent.get(known) === text) return;
  memory.sent.set(known, text);
  yield text;
}

interface Node {
  readonly current: string;
  readonly fields: Readonly<Record<string, unknown>>;
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

function windowRows(reading: Reading): Iterable<Row> {
  const columns = reading.columns('session_windows');
  if (!columns.has('session_id') || !columns.has('session_key')) return [];
  return reading.rows(`SELECT session_id, session_key${select(columns, WINDOW_COLUMNS)} FROM session_windows ORDER BY session_id`);
}

function readNodes(reading: Reading, memory: IndexMemory): ReadonlyMap<string, Node> {
  const columns = reading.columns('session_nodes');
  const nodes = new Map<string, Node>();
  if (!columns.has('session_key') || !columns.has('current_session_id')) return nodes;
  const rows = Array.from(
    reading.rows(`SELECT session_key, current_session_id${select(columns, NODE_COLUMNS)} FROM session_nodes ORDER BY session_key`),
  );
  for (const row of rows) {
    const key = String(row.session_key);
    const mark = JSON.stringify(row, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
    let known = memory.nodes.get(key);
    if (known?.mark !== mark) {
      known = {
        mark,
        fields: {
          ...(columns.has('entry_json') ? entryFields(reading, key) : {}),
          ...present({
            updatedAt: row.updated_at,
            status: row.status,
            createdVia: row.created_via,
            parentSessionKey: row.parent_session_key,
            spawnedBy: row.spawned_by,
            label: row.label,
            displayName: row.display_name,
          }),
        },
      };
      memory.nodes.set(key, known);
    }
    nodes.set(key, { current: String(row.current_session_id), fields: known.fields });
  }
  return nodes;
}

function entryFields(reading: Reading, key: string): Readonly<Record<string, unknown>> {
  for (const row of reading.rows('SELECT entry_json FROM session_nodes WHERE session_key = ?', key)) {
    const entry = typeof row.entry_json === 'string' ? asObject(parseObject(row.entry_json)) : null;
    return entry ? Object.fromEntries(ENTRY_FIELDS.filter((name) => name in entry).map((name) => [name, entry[name]])) : {};
  }
  return {};
}

function select(columns: ReadonlySet<string>, wanted: readonly string[]): string {
  return wanted
    .filter((name) => columns.has(name))
    .map((name) => `, ${name}`)
    .join('');
}

function present(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null && value !== undefined));
}
