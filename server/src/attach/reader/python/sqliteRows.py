"""The statements against an agent's database (sqliteRows.ts): columns are asked for, not assumed, since its schema moves every few
weeks."""
from .files import DataError
from .lines import MAX_LINE_BYTES, is_too_long
from .text import MAX_SAFE, js_number, text_of, units
from .zstd import unpacked_row

# One reading hands out at most this much, so that no transaction is long and memory stays bounded.
BATCH_ROWS = 500
BATCH_BYTES = 512 * 1024
# OpenClaw packs nothing larger; what is unpacked is bounded by this, whatever a frame says of itself.
MAX_PACKED_BYTES = 4 * 1024 * 1024
# What is too long does not come out of the database at all.
ROWS = (
    'SELECT seq, CASE WHEN length(CAST(event_json AS BLOB)) > {limit} THEN NULL ELSE event_json END AS event_json, '
    'length(CAST(event_json AS BLOB)) AS bytes, {packed} AS event_zstd, {packed_bytes} AS packed_bytes FROM {table} '
    'WHERE session_id = ? AND seq >= ? AND seq <= ? ORDER BY seq LIMIT {rows}'
)


class EventRow:
    __slots__ = ('seq', 'text', 'reason')

    def __init__(self, seq, text, reason=None):
        self.seq = seq
        # None: it could not be unpacked, and why.
        self.text = text
        self.reason = reason


# Every session with rows: a seek for each instead of a scan over all rows.
EACH_SESSION = (
    'WITH RECURSIVE s(id) AS (SELECT min(session_id) FROM {0} UNION ALL '
    'SELECT (SELECT min(session_id) FROM {0} WHERE session_id > s.id) FROM s WHERE s.id IS NOT NULL) '
)


def session_tops(reading, table):
    """(session, highest seq) of every session with rows."""
    if not reading.columns(table):
        return []
    sql = EACH_SESSION + 'SELECT id, (SELECT max(seq) FROM {0} WHERE session_id = s.id) AS top FROM s WHERE id IS NOT NULL'
    return [(string(row['id']), number(row['top'])) for row in reading.rows(sql.format(table))]


def dated_sessions(reading):
    """(session, highest seq, when that was written, in milliseconds; 0 where it is not kept) of every session with transcript rows."""
    columns = reading.columns('transcript_events')
    if not columns:
        return []
    sql = EACH_SESSION + (
        'SELECT s.id AS id, e.seq AS top, {1} AS newest FROM s JOIN {0} e ON e.session_id = s.id '
        'WHERE s.id IS NOT NULL AND e.seq = (SELECT max(seq) FROM {0} WHERE session_id = s.id)'
    )
    rows = reading.rows(sql.format('transcript_events', 'created_at' if 'created_at' in columns else '0'))
    return [(string(row['id']), number(row['top']), number(row['newest'])) for row in rows]


def top_of(reading, table, session):
    """None: it has no rows."""
    if not reading.columns(table):
        return None
    for row in reading.rows('SELECT max(seq) AS top FROM %s WHERE session_id = ?' % table, session):
        return None if row['top'] is None else number(row['top'])
    return None


def event_rows(reading, table, session, start, end=MAX_SAFE):
    """Rows from `start` on, in order, as many as fit in one batch."""
    columns = reading.columns(table)
    if not columns:
        return []
    packed, packed_bytes = 'NULL', 'NULL'
    if 'event_zstd' in columns:
        packed = 'CASE WHEN length(event_zstd) > %d THEN NULL ELSE event_zstd END' % MAX_PACKED_BYTES
        packed_bytes = 'length(event_zstd)'
    found = []
    size = 0
    for row in reading.rows(
        ROWS.format(limit=MAX_LINE_BYTES, packed=packed, packed_bytes=packed_bytes, table=table, rows=BATCH_ROWS),
        session,
        start,
        end,
    ):
        event = event_row(row)
        found.append(event)
        size += units(event.text or '')
        # The first is known already, where it is asked for to be compared: one that fills a batch must not hide what follows.
        if size >= BATCH_BYTES and len(found) > 1:
            break
    return found


def event_row(row):
    seq = number(row['seq'])
    if (row['bytes'] or 0) > MAX_LINE_BYTES or (isinstance(row['event_json'], str) and is_too_long(row['event_json'])):
        return EventRow(seq, None, too_long(MAX_LINE_BYTES))
    if isinstance(row['event_json'], str):
        return EventRow(seq, row['event_json'])
    if (row['packed_bytes'] or 0) > MAX_PACKED_BYTES:
        return EventRow(seq, None, too_long(MAX_PACKED_BYTES))
    if not isinstance(row['event_zstd'], bytes):
        return EventRow(seq, None, 'the row is empty')
    try:
        data = unpacked_row(row['event_zstd'], MAX_PACKED_BYTES)
    except DataError:
        return EventRow(seq, None, 'its zstd frame is damaged')
    if data is None:
        return EventRow(seq, None, too_long(MAX_PACKED_BYTES))
    return EventRow(seq, text_of(data))


def too_long(limit):
    return 'it is longer than %d MB' % (limit // 1024 // 1024)


def generations(reading):
    """Session id to the generation of its rows: a new one says that OpenClaw itself rewrote them."""
    if not {'session_id', 'generation'} <= reading.columns('transcript_rewrite_watermarks'):
        return {}
    rows = reading.rows('SELECT session_id, generation FROM transcript_rewrite_watermarks WHERE generation IS NOT NULL')
    return {string(row['session_id']): string(row['generation']) for row in rows}


def generation_of(reading, session):
    if not {'session_id', 'generation'} <= reading.columns('transcript_rewrite_watermarks'):
        return None
    for row in reading.rows('SELECT generation FROM transcript_rewrite_watermarks WHERE session_id = ? AND generation IS NOT NULL', session):
        return string(row['generation'])
    return None


def archived_sessions(reading):
    """Sessions whose rows OpenClaw put away into an archive."""
    found = set()
    for table in ('session_transcript_archives', 'session_transcript_cold_archives'):
        if 'session_id' in reading.columns(table):
            found.update(string(row['session_id']) for row in reading.rows('SELECT DISTINCT session_id FROM %s' % table))
    return found


def app_version(reading):
    if 'app_version' not in reading.columns('schema_meta'):
        return None
    for row in reading.rows('SELECT app_version FROM schema_meta ORDER BY updated_at DESC LIMIT 1'):
        return row['app_version'] if isinstance(row['app_version'], str) else None
    return None


def string(value):
    """As JavaScript turns a value into one."""
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return ','.join(str(byte) for byte in value)
    return 'null' if value is None else js_number(value)


def number(value):
    """What counts rows is a number wherever OpenClaw wrote it."""
    return value if isinstance(value, int) else int(value) if isinstance(value, float) else 0
