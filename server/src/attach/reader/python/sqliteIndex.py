"""The session index of the SQLite era (sqliteIndex.ts): a key has a node with what holds for it now, and one window for every session id
it ever had. One record per window, with the node's fields where the window is the key's current one."""
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
)
# Who spawned it and how it is called belong to the key; what it does belongs to the session.
KEY_FIELDS = ('spawnedBy', 'parentSessionKey', 'label', 'displayName', 'createdVia')
MAX_REMEMBERED = 50000


class IndexMemory:
    """What was last told of each session, and of each key: only those that changed are told again."""

    def __init__(self):
        self.sent = {}
        # Key to (mark, fields).
        self.nodes = {}


def changed_index_entries(reading, memory):
    if len(memory.sent) > MAX_REMEMBERED:
        memory.sent.clear()
    if len(memory.nodes) > MAX_REMEMBERED:
        memory.nodes.clear()
    changed = []
    nodes = read_nodes(reading, memory)
    windowed = set()
    for row in window_rows(reading):
        session = string(row['session_id'])
        key = string(row['session_key'])
        windowed.add(session)
        tell(memory, changed, session, merged(row, key, nodes.get(key)))
    for key, (current, fields) in nodes.items():
        if current not in windowed:
            tell(memory, changed, current, merged({'session_id': current}, key, (current, fields)))
    return changed


def tell(memory, changed, session, entry):
    text = reduce_index_entry(entry)
    known = '%s\n%s' % (entry['sessionKey'], session)
    if memory.sent.get(known) != text:
        memory.sent[known] = text
        changed.append(text)


def merged(window, key, node):
    current, fields = node or (None, {})
    entry = {name: fields.get(name) for name in KEY_FIELDS}
    if node and current == window['session_id']:
        entry.update(fields)
    entry.update(present(window, WINDOW_COLUMNS))
    entry['sessionKey'] = key
    entry['sessionId'] = string(window['session_id'])
    return entry


def window_rows(reading):
    columns = reading.columns('session_windows')
    if not {'session_id', 'session_key'} <= columns:
        return ()
    return reading.rows(
        'SELECT session_id, session_key%s FROM session_windows ORDER BY session_id' % selected(columns, WINDOW_COLUMNS)
    )


def read_nodes(reading, memory):
    """Key to (its current session, fields)."""
    columns = reading.columns('session_nodes')
    if not {'session_key', 'current_session_id'} <= columns:
        return {}
    nodes = {}
    rows = list(
        reading.rows(
            'SELECT session_key, current_session_id%s FROM session_nodes ORDER BY session_key' % selected(columns, NODE_COLUMNS)
        )
    )
    for row in rows:
        key = string(row['session_key'])
        mark = repr(row)
        known = memory.nodes.get(key)
        if known is None or known[0] != mark:
            fields = entry_fields(reading, key) if 'entry_json' in columns else {}
            fields.update(present(row, NODE_COLUMNS))
            known = memory.nodes[key] = (mark, fields)
        nodes[key] = (string(row['current_session_id']), known[1])
    return nodes


def entry_fields(reading, key):
    for row in reading.rows('SELECT entry_json FROM session_nodes WHERE session_key = ?', key):
        entry = parse_object(row['entry_json']) if isinstance(row['entry_json'], str) else None
        return {name: entry[name] for name in ENTRY_FIELDS if name in entry} if entry else {}
    return {}


def selected(columns, wanted):
    return ''.join(', ' + name for name in wanted if name in columns)


def present(row, columns):
    return {name: row[column] for column, name in columns.items() if row.get(column) is not None}
