"""One agent's database, if it holds transcripts at all (agentStore.ts): up to 2026.7.1 a file of that name holds only the memory index."""
import time
from .cursors import TrajectoryCursor, add_lost, read_row_cursor, read_trajectory_cursor
from .names import is_archive_of
from .reduce import reduce_trajectory
from .sessionRows import EVENTS, SessionRows
from .sqliteIndex import IndexMemory, changed_index_entries
from .sqliteRows import app_version, archived_sessions, event_rows, generations, session_tops
from .sqliteStore import SqliteStore, StoreError
from .told import now_ms

# The index is asked for at most this often while rows stream.
INDEX_EVERY_MS = 200
# Sessions compared as a whole in one look, before what is new gets its turn again.
VERIFY_AT_ONCE = 8
RETRIES = 5
RETRY_MS = 60
AFTER_FAILURE_MS = 1000
TRAJECTORIES = 'trajectory_runtime_events'


class AgentStore:
    def __init__(self, context, agent, path, file):
        self._context = context
        self._agent = agent
        self._file = file
        self._store = SqliteStore(path)
        self._sessions = {}
        self._trajectories = {}
        self._index = IndexMemory()
        self._stamp = context.take_cursor('store:' + file)
        self._index_from = 0
        self._index_owed = False
        self._queue = []
        self._verify_from = 0
        self._verify_owed = False
        self._cursor_owed = False
        self._recalled = False
        # The last look failed; that was told, and is not waited for again.
        self._failing = False
        self._generations = {}
        # The version of OpenClaw that wrote it.
        self.version = None
        prefix = 'rows:%s#' % file
        for key in context.cursor_keys(prefix):
            session = key[len(prefix):]
            known = read_row_cursor(context.take_cursor(key))
            if known:
                self._sessions[session] = self._rows_of(session, known)
        prefix = 'trajectoryRows:%s#' % file
        for key in context.cursor_keys(prefix):
            known = read_trajectory_cursor(context.take_cursor(key))
            if known:
                self._trajectories[key[len(prefix):]] = known

    @property
    def has_sessions(self):
        return bool(self._sessions)

    def due(self, now):
        """Is there something to do though nothing changes?"""
        return bool(
            self._queue or (self._index_owed and now >= self._index_from) or (self._verify_owed and now >= self._verify_from)
        )

    def scan(self, siblings):
        """`siblings`: names in the sessions directory, where deleted sessions are kept."""
        if not self._recalled:
            yield from self._recall()
        attempt = 0
        while True:
            attempt += 1
            stamp = self._store.stamp()
            if stamp is None:
                obstacle = self._store.obstacle()
                yield from self._context.mended(self._file, 'whole', () if obstacle is None else (obstacle,))
                if obstacle is not None:
                    yield from self._context.skipped(self._file, obstacle)
            if stamp == self._stamp and not self.due(now_ms()):
                return
            try:
                if stamp is None:
                    self._stamp = None
                    yield from self._gone((), lambda session: False)
                    yield from self._trajectories_gone(())
                else:
                    yield from self._look(stamp, siblings)
                    yield from self._context.mended(self._file)
                self._failing = False
                return
            except StoreError as error:
                self._index.sent.clear()  # What was about to be told may not have been.
                self._index_from = self._verify_from = now_ms() + AFTER_FAILURE_MS
                if error.passing and attempt < RETRIES and not self._failing:
                    self._context.rest()
                    time.sleep(RETRY_MS / 1000)
                    continue
                self._failing = True
                if not error.passing:
                    self._stamp = stamp  # Until it changes.
                reason = str(error)
            yield from self._context.skipped(self._file, reason)
            return

    def _recall(self):
        """What an earlier life could not read."""
        self._recalled = True
        for rows in self._sessions.values():
            yield from rows.recall()
        for session, known in self._trajectories.items():
            for reason in known.lost:
                yield from self._context.skipped(self._trajectory_place(session), reason, 'part')

    def _trajectory_key(self, session):
        return 'trajectoryRows:%s#%s' % (self._file, session)

    def _trajectory_place(self, session):
        return '%s trajectory %s' % (self._file, session)

    def _look(self, stamp, siblings):
        changed = stamp != self._stamp
        now = now_ms()
        found = self._store.read(lambda reading: self._looked(reading, now))
        if found is None:
            self._stamp = stamp
            # OpenClaw makes it so a moment before it writes to it; in a recording it was cut off.
            if not self._store.is_empty:
                yield from self._context.mended(self._file, 'end')
            elif self._context.tells_unfinished:
                yield from self._context.skipped(self._file, 'the database is empty (0 bytes): copy it again, with its -wal', 'end')
            yield from self._gone((), lambda session: False)
            yield from self._trajectories_gone(())
            return
        index, tops, trajectories, archived = found
        yield from self._context.mended(self._file, 'end')
        self._index_owed = index is None
        if index is not None:
            self._index_from = now + INDEX_EVERY_MS
        for text in index or ():
            yield {'kind': 'index', 'agent': self._agent, 'text': text}
        before = list(self._sessions.values())
        if changed:
            for session, top in tops:
                rows = self._sessions.get(session)
                if rows is None:
                    rows = self._sessions[session] = self._rows_of(session, None)
                yield from rows.scan(top, self._generations.get(session))
            yield from self._gone(
                {session for session, _ in tops},
                lambda session: session in archived or any(is_archive_of(name, session + '.jsonl') for name in siblings),
            )
            for session, top in trajectories:
                yield from self._trajectory(session, top)
            yield from self._trajectories_gone({session for session, _ in trajectories})
        self._cursor_owed = self._cursor_owed or changed
        yield from self._verify(before, changed, now)
        self._stamp = stamp
        if self._cursor_owed and not self._queue and not self._verify_owed:
            self._cursor_owed = False
            yield {'kind': 'heartbeat', 'cursor': {'key': 'store:' + self._file, 'value': stamp}}

    def _looked(self, reading, now):
        """None: no transcripts in it. (What changed in the index or None, tops, tops of the trajectories, what was archived.)"""
        if not reading.columns(EVENTS):
            return None
        index = changed_index_entries(reading, self._index) if now >= self._index_from else None
        self._generations = generations(reading)
        if self.version is None:
            self.version = app_version(reading)
        return index, session_tops(reading, EVENTS), session_tops(reading, TRAJECTORIES), archived_sessions(reading)

    def _verify(self, before, changed, now):
        """A database does not tell which rows changed: after a change all that was read is compared, in portions, and not too often."""
        if changed:
            self._verify_owed = True
        if self._verify_owed and not self._queue and now >= self._verify_from:
            self._queue = list(before)  # What was read for the first time just now is what it is.
            self._verify_from = now + self._context.verify_every_ms
            self._verify_owed = False
        count = VERIFY_AT_ONCE if self._context.follow else len(self._queue)
        portion = self._queue[:count]
        del self._queue[:count]
        for rows in portion:
            if self._sessions.get(rows.session) is rows:
                yield from rows.verify(self._generations.get(rows.session))

    def _gone(self, there, explained):
        for session, rows in list(self._sessions.items()):
            if session not in there:
                del self._sessions[session]
                yield from rows.gone(explained(session))

    def _trajectories_gone(self, there):
        """Nothing is missed with them but what could not be read of them."""
        for session in list(self._trajectories):
            if session not in there:
                del self._trajectories[session]
                yield from self._context.gone(self._trajectory_place(session))
                yield {'kind': 'heartbeat', 'cursor': {'key': self._trajectory_key(session), 'value': ''}}

    def _trajectory(self, session, top):
        known = self._trajectories.get(session)
        if known and top == known.seq:
            return
        # Fewer than before: the oldest were dropped and the rest numbered anew.
        anew = known is None or top < known.seq
        where = self._trajectory_place(session)
        lost = [] if anew else list(known.lost)
        if anew:
            yield from self._context.mended(where, 'part')
        start = 0 if anew else known.seq + 1
        while True:
            rows = self._store.read(lambda reading: event_rows(reading, TRAJECTORIES, session, start))
            if not rows:
                return
            for row in rows:
                kind, _, text = ('broken', None, None) if row.text is None else reduce_trajectory(row.text)
                if kind == 'event':
                    yield {'kind': 'trajectory', 'agent': self._agent, 'session': session, 'ordinal': row.seq, 'text': text}
                elif kind == 'broken':
                    reason = 'row %d: %s' % (row.seq, row.reason or 'it is not JSON')
                    add_lost(lost, reason)
                    yield from self._context.skipped(where, reason, 'part')
            start = rows[-1].seq + 1
            reached = self._trajectories[session] = TrajectoryCursor(rows[-1].seq, list(lost))
            yield {'kind': 'heartbeat', 'cursor': {'key': self._trajectory_key(session), 'value': reached.written()}}

    def _rows_of(self, session, known):
        return SessionRows(self._context, self._store, self._agent, self._file, session, known)
