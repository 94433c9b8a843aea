"""One agent's database, if it holds transcripts at all (agentStore.ts): up to 2026.7.1 a file of that name holds only the memory index."""
import time
from .backlog import Piece
from .cursors import TrajectoryCursor, add_lost, read_row_cursor, read_trajectory_cursor
from .names import is_archive_of
from .reduce import reduce_trajectory
from .rowHints import RowMarks, hints_since
from .sessionRows import EVENTS, SessionRows
from .sqliteIndex import index_entries_of, index_part
from .sqliteRows import BATCH_BYTES, app_version, archived_sessions, dated_sessions
from .sqliteRows import event_rows, generation_of, generations, session_tops, top_of
from .sqliteStore import SqliteStore, StoreError
from .told import cpu_ms, now_ms
from .transcriptFile import NEVER

# A look at every session, and at the whole index, comes at most this often, and rests so many times as long as it took
# of a processor.
WIDE_EVERY_MS = 200
WIDE_REST = 500
MAX_WIDE_REST_MS = 20000
# While rows come, what the index says of their sessions is asked for this often.
INDEX_EVERY_MS = 1000
# Comparing what was read goes on for so long at once, before what is new gets its turn again, and rests so many times as long as it took
# of a processor.
VERIFY_SLICE_MS = 10
ROWS_VERIFY_REST = 500
# However much the process worked meanwhile, the next comparing is not put off for longer.
MAX_VERIFY_REST_MS = 60000
# A writer shows what it wrote to the log only when it has synced it, and no file changes any more then: so late is it looked for again.
AGAIN_MS = (100, 1000, 5000)
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
        self._index = {}
        self._stamp = context.take_cursor('store:' + file)
        # Sessions that are being read piece by piece, and those of them that a look passed over meanwhile.
        self._reading = set()
        self._passed_over = set()
        # What it was at the last look while its history is read.
        self._hinted_at = None
        # How far the last look came; None: only a look at everything will do.
        self._marks = None
        # What the database was when its history began to be read: as long as it is that, what was read in this life is what it is.
        self._read_at = None
        self._index_from = 0
        # Sessions with new rows for which the index was not asked yet.
        self._index_owed = {}
        self._wide_from = 0
        # There were looks at what was hinted at only.
        self._wide_owed = False
        # Looks that are still to come though nothing changes: after how long each, and when the next.
        self._again = ()
        self._again_from = NEVER
        self._failed_until = 0
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
        # What in it has the name of a table and was not read; as long as there is any, whoever asks anew is told again.
        self._refused = []
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

    @property
    def due_at(self):
        """When there is something to do though nothing changes."""
        if self._context.in_backlog:
            return self._failed_until or self._again_from
        wide = self._wide_from if self._wide_owed else NEVER
        verify = self._verify_from if self._queue or self._verify_owed else NEVER
        index = self._index_from if self._index_owed else NEVER
        return max(self._failed_until, min(wide, verify, index, self._again_from))

    def pieces(self):
        """Every session with rows that were not read. What can't be read is told by the scan."""
        try:
            stamp = self._store.stamp()
            if stamp is None or stamp == self._stamp:
                return []
            found = self._store.read(self._dated)
            self._read_at = stamp
        except StoreError:
            return []
        return [
            Piece(newest, session, self._piece, session)
            for session, top, newest in found
            if session not in self._sessions or self._sessions[session].reached != top
        ]

    def _dated(self, reading):
        if not reading.columns(EVENTS):
            return []
        self._marks = RowMarks(reading)
        return dated_sessions(reading)

    def _piece(self, session):
        if session in self._reading:
            return
        self._reading.add(session)
        try:
            while True:
                self._passed_over.discard(session)
                yield from self._session(session)
                if session not in self._passed_over:
                    break
        except StoreError:
            return  # What is left of it comes, or is told, with the look at everything.
        finally:
            self._reading.discard(session)

    def _session(self, session, state=None):
        """What is new in one session; `state`: of a reading just now."""
        top, generation, trajectory, ahead = state or self._store.read(lambda reading: self._state(reading, session, False))
        if top is not None:
            yield from self._known(session).scan(top, generation, ahead)
        if trajectory is not None:
            yield from self._trajectory(session, trajectory)

    def _state(self, reading, session, with_rows):
        """Tops and generation, and its new rows along with them."""
        known = self._sessions.get(session) if with_rows else None
        ahead = known.ahead(reading) if known else None
        return top_of(reading, EVENTS, session), generation_of(reading, session), top_of(reading, TRAJECTORIES, session), ahead

    def _known(self, session):
        rows = self._sessions.get(session)
        if rows is None:
            rows = self._sessions[session] = self._rows_of(session, None)
        return rows

    def index(self, only):
        """The session index alone; `only`: what it says of these sessions."""
        stamp = self._store.stamp()
        if stamp is None or stamp == self._stamp:
            return
        try:
            if only is None:
                yield from self._whole_index()
            else:
                yield from self._told(self._store.read(lambda reading: index_entries_of(reading, self._index, only)))
        except StoreError:
            self._index.clear()  # Told by the look at everything.

    def _whole_index(self):
        """Returns the milliseconds of processor time that it took here, without those in which nobody asked for more."""
        took = 0
        after = ''
        while after is not None:
            began = cpu_ms()
            start = after
            texts, after = self._store.read(lambda reading: index_part(reading, self._index, start))
            took += cpu_ms() - began
            yield from self._told(texts)
        return took

    def _told(self, texts):
        for text in texts:
            yield {'kind': 'index', 'agent': self._agent, 'text': text}

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
            if stamp == self._stamp and self.due_at > now_ms():
                return
            marks = self._marks
            try:
                if stamp is None:
                    self._stamp = None
                    self._marks = None
                    yield from self._gone((), lambda session: False)
                    yield from self._trajectories_gone(())
                elif self._context.in_backlog:
                    self._owe_again(now_ms(), stamp != self._hinted_at)
                    self._hinted_at = stamp
                    # Rows were taken away: what came with that is found by the look at everything, and what comes from now on is hinted at.
                    if not (yield from self._hinted()) and marks is not None:
                        self._marks = self._store.read(RowMarks)
                else:
                    yield from self._look(stamp, siblings)
                    yield from self._context.mended(self._file)
                self._failing = False
                self._failed_until = 0
                return
            except StoreError as error:
                self._index.clear()  # What was about to be told may not have been.
                # While the history is read there is no look at everything that would find what was hinted at and not read.
                self._marks = marks if self._context.in_backlog else None
                self._wide_owed = True
                if error.passing and attempt < RETRIES and not self._failing:
                    self._context.rest()
                    time.sleep(RETRY_MS / 1000)
                    continue
                self._failing = True
                self._failed_until = now_ms() + AFTER_FAILURE_MS if error.passing else NEVER
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
        # What is read for the first time just now is what it is.
        before = None if now < self._verify_from or self._queue else list(self._sessions.values())
        again = self._owe_again(now, changed)
        index = self._index_owed and now >= self._index_from
        if changed or again or index or (self._wide_owed and now >= self._wide_from):
            self._cursor_owed = self._cursor_owed or changed
            self._verify_owed = self._verify_owed or changed
            # Without the marks of an earlier look, or when they say nothing any more, everything is looked at.
            wide = now >= self._wide_from and (changed or self._wide_owed)
            hinted = False if wide else (yield from self._hinted(changed))
            if not hinted:
                yield from self._everything(siblings)
        self._stamp = stamp
        if before is not None and stamp == self._read_at:
            before = [rows for rows in before if not rows.verified]
        yield from self._verify(before)
        settled = not self._verify_owed and not self._wide_owed and not self._index_owed and self._again_from == NEVER
        if self._cursor_owed and not self._queue and settled and not self._refused:
            self._cursor_owed = False
            yield {'kind': 'heartbeat', 'cursor': {'key': 'store:' + self._file, 'value': stamp}}

    def _owe_again(self, now, changed):
        """Is this a look for what was shown late? When the next one comes is set."""
        again = now >= self._again_from
        if changed and self._context.follow:
            self._again = AGAIN_MS
        if changed or again:
            self._again_from = now + self._again[0] if self._again else NEVER
            self._again = self._again[1:]
        return again

    def _hinted(self, changed=True):
        """What came since the last look. False: that can't be told. `changed`: there may be more than what is hinted at."""
        marks = self._marks
        if marks is None:
            return False
        now = now_ms()
        # One reading for all of it: what costs is to begin one.
        hints, texts, news = self._store.read(lambda reading: self._hints(reading, marks, now >= self._index_from))
        self._marks = hints.marks if hints else None
        if hints is None:
            return False
        if hints.index is None:
            self._index_owed.update(dict.fromkeys(hints.transcripts))
        else:
            self._index_owed = {}
            self._index_from = now + INDEX_EVERY_MS
        self._wide_owed = self._wide_owed or changed or bool(news or texts)
        yield from self._told(texts)
        for session, state in news:
            yield from self._session(session, state)
        return True

    def _hints(self, reading, marks, with_index):
        hints = hints_since(reading, marks, with_index)
        # What a new session is called comes before what is in it.
        if hints and hints.index is None and any(session not in self._sessions for session in hints.transcripts):
            hints = hints_since(reading, marks)
        if not hints:
            return None, [], []
        asked = [] if hints.index is None else dict.fromkeys(list(self._index_owed) + hints.index)
        texts = index_entries_of(reading, self._index, asked)
        news = []
        held = 0
        for session in dict.fromkeys(hints.transcripts + hints.trajectories):
            if session in self._reading:
                self._passed_over.add(session)
                continue
            # Rows that are read along, as many as are held of one session at most.
            state = self._state(reading, session, held < BATCH_BYTES)
            held += sum(len(row.text or '') for row in state[3] or ())
            news.append((session, state))
        return hints, texts, news

    def _everything(self, siblings):
        began = cpu_ms()
        found = self._store.read(self._looked)
        took = cpu_ms() - began
        self._wide_owed = False
        self._index_owed = {}
        yield from self._context.mended(self._file, 'part', self._refused)
        for reason in self._refused:
            yield from self._context.skipped(self._file, reason, 'part')
        if found is None:
            self._marks = None
            # OpenClaw makes it so a moment before it writes to it; in a recording it was cut off.
            if not self._store.is_empty:
                yield from self._context.mended(self._file, 'end')
            elif self._context.tells_unfinished:
                yield from self._context.skipped(self._file, 'the database is empty (0 bytes): copy it again, with its -wal', 'end')
            yield from self._gone((), lambda session: False)
            yield from self._trajectories_gone(())
            return
        tops, trajectories, archived = found
        yield from self._context.mended(self._file, 'end')
        took += yield from self._whole_index()
        self._wide_from = now_ms() + max(WIDE_EVERY_MS, min(MAX_WIDE_REST_MS, took * WIDE_REST))
        for session, top in tops:
            yield from self._known(session).scan(top, self._generations.get(session))
        yield from self._gone(
            {session for session, _ in tops},
            lambda session: session in archived or any(is_archive_of(name, session + '.jsonl') for name in siblings),
        )
        for session, top in trajectories:
            yield from self._trajectory(session, top)
        yield from self._trajectories_gone({session for session, _ in trajectories})

    def _looked(self, reading):
        """None: no transcripts in it. (Tops, tops of the trajectories, what was archived.)"""
        self._refused = reading.refused()
        if not reading.columns(EVENTS):
            return None
        # First, so that what comes in between is looked at again.
        self._marks = RowMarks(reading)
        self._generations = generations(reading)
        if self.version is None:
            self.version = app_version(reading)
        return session_tops(reading, EVENTS), session_tops(reading, TRAJECTORIES), archived_sessions(reading)

    def _verify(self, before):
        """`before`: what there was to compare, or None: none begins now. A database does not tell which rows changed: after a change all that was read is compared, in portions, and not too often."""
        began = now_ms()
        used = cpu_ms()
        if began < self._verify_from:
            return
        if not self._queue:
            if not self._verify_owed or before is None:
                return
            self._queue = list(before)
            self._verify_owed = False
        while self._queue:
            rows = self._queue[-1]
            over = self._sessions.get(rows.session) is not rows or (yield from rows.verify())
            if over:
                self._queue.pop()
            if self._context.follow and now_ms() - began >= VERIFY_SLICE_MS:
                break
            self._context.rest()
        ended = now_ms()
        self._verify_from = ended + min(MAX_VERIFY_REST_MS, min(ended - began, cpu_ms() - used) * ROWS_VERIFY_REST)
        if not self._queue:
            self._verify_from = max(self._verify_from, began + self._context.verify_every_ms)

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
            if reached.seq >= top:
                return

    def _rows_of(self, session, known):
        return SessionRows(self._context, self._store, self._agent, self._file, session, known)
