"""The session index of the SQLite era (sqliteIndex.ts): a key has a node with what holds for it now, and one window for every session id
it ever had. One record per window, with the node's fields where the window is the key's current one."""
import hashlib
from .parse import parse_object
from .reduce import reduce_index_entry
from .sqliteRows import string

WINDOW_COLUMNS = {
    'previous_session_id': 'previousSessionId',
    'reason': 'reason',
    'created_at': 'sessionStartedAt',
    'updated_at': 'updatedAt',
    'started_at': 'startedAt',
    'ended_at': 'endedAt',
    'status': 'status',
    'model_provider': 'modelProvider',
    'model': 'model',
    'parent_session_key': 'parentSessionKey',
    'spawned_by': 'spawnedBy',
    'display_name': 'displayName',
}
NODE_COLUMNS = {
    'updated_at': 'updatedAt',
    'status': 'status',
    'created_via': 'createdVia',
    'parent_session_key': 'parentSessionKey',
    'spawned_by': 'spawnedBy',
    'label': 'label',
    'display_name': 'displayName',
}
# Of the entry only what may be missing in the columns; it is 17 KB, mostly prompt texts, and stays where it is.
ENTRY_FIELDS = (
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
)
# Who spawned it and how it is called belong to the key; what it does belongs to the session.
KEY_FIELDS = ('spawnedBy', 'parentSessionKey', 'label', 'displayName', 'createdVia')
# What the columns of each session were, and what was told of them, is remembered: only what changed is told again.
MAX_REMEMBERED = 50000
# One reading looks at so many, so that none is long and little is held.
PART_ROWS = 500


def index_part(reading, memory, after):
    """The entries that changed among the next ones, by session id, first of all after ''; and where the next part goes on (None: this was
    the last one)."""
    if len(memory) > MAX_REMEMBERED:
        memory.clear()
    rows = list(window_rows(reading, 'WHERE w.session_id > ?', after))
    last = None if len(rows) < PART_ROWS else string(rows[-1]['session_id'])
    if last is None:
        rows += windowless(reading)
    return changed_among(reading, memory, rows), last


def index_entries_of(reading, memory, sessions):
    """The entries of these sessions, as far as they changed."""
    rows = [row for session in sessions for row in window_rows(reading, 'WHERE w.session_id = ?', session)]
    return changed_among(reading, memory, rows)


def changed_among(reading, memory, rows):
    texts = []
    for row in rows:
        key = string(row['session_key'])
        id = (key, string(row['session_id']))
        mark, told = memory.get(id, (None, None))
        found = digest(repr(row))
        if mark == found:
            continue
        text = reduce_index_entry(merged(row, key, node_of(reading, row, key)))
        memory[id] = (found, digest(text))
        if memory[id][1] != told:
            texts.append(text)
    return texts


def digest(text):
    return hashlib.sha256(text.encode('utf-8', 'surrogatepass')).digest()[:12]


def node_of(reading, row, key):
    """(its current session, what holds for the key now); None: it has no node."""
    if not isinstance(row.get('node_current'), str):
        return None
    fields = entry_fields(reading, key) if 'entry_json' in reading.columns('session_nodes') else {}
    fields.update(present(row, {'node_' + column: name for column, name in NODE_COLUMNS.items()}))
    return row['node_current'], fields


def merged(window, key, node):
    current, fields = node or (None, {})
    entry = {name: fields.get(name) for name in KEY_FIELDS}
    if node and current == window['session_id']:
        entry.update(fields)
    entry.update(present(window, WINDOW_COLUMNS))
    entry['sessionKey'] = key
    entry['sessionId'] = string(window['session_id'])
    return entry


def window_rows(reading, where, value):
    """Windows, each with the columns of its key's node."""
    columns = reading.columns('session_windows')
    if not {'session_id', 'session_key'} <= columns:
        return ()
    wanted = ''.join(', w.' + name for name in WINDOW_COLUMNS if name in columns)
    node = node_columns(reading)
    join = '' if node is None else 'LEFT JOIN session_nodes n ON n.session_key = w.session_key'
    sql = 'SELECT w.session_id, w.session_key%s%s FROM session_windows w %s %s ORDER BY w.session_id LIMIT %d'
    return reading.rows(sql % (wanted, node or '', join, where, PART_ROWS), value)


def windowless(reading):
    """Nodes whose current session has no window."""
    node = node_columns(reading)
    if node is None:
        return ()
    none = 'WHERE NOT EXISTS (SELECT 1 FROM session_windows w WHERE w.session_id = n.current_session_id)'
    if 'session_id' not in reading.columns('session_windows'):
        none = ''
    sql = 'SELECT n.current_session_id AS session_id, n.session_key%s FROM session_nodes n %s ORDER BY n.session_key LIMIT %d'
    return reading.rows(sql % (node, none, MAX_REMEMBERED))


def node_columns(reading):
    columns = reading.columns('session_nodes')
    if not {'session_key', 'current_session_id'} <= columns:
        return None
    wanted = ''.join(', n.%s AS node_%s' % (name, name) for name in NODE_COLUMNS if name in columns)
    return ', n.current_session_id AS node_current' + wanted


def entry_fields(reading, key):
    for row in reading.rows('SELECT entry_json FROM session_nodes WHERE session_key = ?', key):
        entry = parse_object(row['entry_json']) if isinstance(row['entry_json'], str) else None
        return {name: entry[name] for name in ENTRY_FIELDS if name in entry} if entry else {}
    return {}


def present(row, columns):
    return {name: row[column] for column, name in columns.items() if row.get(column) is not None}
