"""Which sessions of a database got something new since the last look, without a look at all of them (rowHints.ts). A new row has a higher
id than all before it, unless rows were taken away; so this is a hint, quickly had, and a look at everything comes behind it."""
from .sqliteRows import number, string


class RowMarks:
    """The highest row id of each table (None: there is none, or its rows have none), and the latest time in each where that is looked up and not searched for."""
    __slots__ = ('transcripts', 'trajectories', 'nodes', 'windows')

    def __init__(self, reading, before=None):
        """`before`: its marks of the index are kept."""
        self.transcripts = top_row(reading, 'transcript_events')
        self.trajectories = top_row(reading, 'trajectory_runtime_events')
        self.nodes = before.nodes if before else latest(reading, 'session_nodes')
        self.windows = before.windows if before else latest(reading, 'session_windows')


class Hints:
    """The marks are taken before what they are to be the marks of: what comes in between is hinted at once more."""
    __slots__ = ('transcripts', 'trajectories', 'index', 'marks')

    def __init__(self, transcripts, trajectories, index, marks):
        self.transcripts = transcripts
        self.trajectories = trajectories
        # Of these the index may say something new; None: that was not asked.
        self.index = index
        self.marks = marks


def hints_since(reading, before, with_index=True):
    """None: rows were taken away, so the marks say nothing. `with_index`: without it, the index is left for a later time."""
    marks = RowMarks(reading, None if with_index else before)
    if fewer(marks.transcripts, before.transcripts) or fewer(marks.trajectories, before.trajectories):
        return None
    transcripts = added(reading, 'transcript_events', before.transcripts, marks.transcripts)
    trajectories = added(reading, 'trajectory_runtime_events', before.trajectories, marks.trajectories)
    if not with_index:
        return Hints(transcripts, trajectories, None, marks)
    index = dict.fromkeys(transcripts)
    index.update(updated(reading, 'SELECT current_session_id AS id FROM session_nodes WHERE updated_at >= ?', before.nodes))
    index.update(updated(reading, 'SELECT session_id AS id FROM session_windows WHERE updated_at >= ?', before.windows))
    return Hints(transcripts, trajectories, list(index), marks)


def fewer(now, before):
    return (-1 if now is None else now) < (-1 if before is None else before)


def top_row(reading, table):
    return number_of(reading, 'SELECT max(rowid) AS number FROM %s' % table) if reading.is_numbered(table) else None


def latest(reading, table):
    if not reading.is_indexed_by(table, 'updated_at'):
        return None
    return number_of(reading, 'SELECT max(updated_at) AS number FROM %s' % table)


def number_of(reading, sql):
    for row in reading.rows(sql):
        return number(row['number'])
    return 0


def added(reading, table, start, end):
    if end is None or end == start:
        return []
    # By the order in which they came: to have them distinct, SQLite would rather go through an index of all rows.
    rows = reading.rows('SELECT DISTINCT session_id FROM %s NOT INDEXED WHERE rowid > ?' % table, -1 if start is None else start)
    return [string(row['session_id']) for row in rows]


def updated(reading, sql, start):
    return {} if start is None else {string(row['id']): None for row in reading.rows(sql, start)}
