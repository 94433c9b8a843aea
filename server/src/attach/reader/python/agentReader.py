"""One agent (agentReader.ts): its session files and its database. Which era it is shows in the files; both may be there after an
upgrade."""
import errno
import os
from .agentStore import AgentStore
from .files import skip_reason_of
from .sessionsDirectory import SessionsDirectory
from .told import now_ms

DATABASE = 'openclaw-agent.sqlite'


class AgentReader:
    def __init__(self, context, id):
        self._context = context
        self.id = id
        base = self._base = os.path.join(context.state_dir, 'agents', id)
        # It was looked through, or is being read in pieces.
        self._begun = False
        place = 'agents/%s' % id
        self._sessions = SessionsDirectory(context, id, os.path.join(base, 'sessions'), place + '/sessions')
        # Where the SQLite era puts transcripts that were not used for long.
        self._cold = SessionsDirectory(context, id, os.path.join(base, 'sessions', 'cold'), place + '/sessions/cold')
        self._database_dir = os.path.join(base, 'agent')
        self._database_place = place + '/agent'
        self._store = AgentStore(context, id, os.path.join(self._database_dir, DATABASE), '%s/agent/%s' % (place, DATABASE))

    @property
    def watched(self):
        return [self._base, self._sessions.path, self._cold.path, self._database_dir]

    def moved(self, dirty):
        """May one of its directories have come or gone?"""
        return self._base in dirty or 'cold' in (dirty.get(self._sessions.path) or ())

    @property
    def version(self):
        return self._store.version

    @property
    def due_at(self):
        """When something is to be done though nothing changes."""
        return min(self._store.due_at, self._sessions.due_at, self._cold.due_at)

    def pieces(self):
        """What there is to read. What can't be looked at is told by the scan."""
        self._begun = True
        pieces = []
        for path, _, part in self._parts():
            try:
                if self._inside(path):
                    pieces += part.pieces()
            except OSError:
                continue
        return pieces

    def index(self, only):
        """The session index alone."""
        for path, where, part in self._parts():
            yield from self._guarded(path, where, part.index(only))

    def _parts(self):
        return (
            (self._sessions.path, self._sessions.relative, self._sessions),
            (self._cold.path, self._cold.relative, self._cold),
            (self._database_dir, self._database_place, self._store),
        )

    def scan(self, dirty):
        now = now_ms()
        if not self._begun or (dirty and self.moved(dirty) and not self._context.in_backlog):
            dirty = None
        self._begun = True
        for directory in (self._sessions, self._cold):
            if dirty is None or directory.path in dirty:
                names = dirty.get(directory.path) if dirty else None
                yield from self._guarded(directory.path, directory.relative, directory.scan(names))
            if directory.due_at <= now:
                yield from self._guarded(directory.path, directory.relative, directory.scan(directory.due_names(now)))
        if dirty is None or self._database_dir in dirty or self._store.due_at <= now:
            yield from self._guarded(self._database_dir, self._database_place, self._scan_store())
        if not self._context.in_backlog:
            yield from self._nothing_but_index()

    def _guarded(self, path, where, scan):
        """What can't be looked at costs itself, and nothing beside it."""
        try:
            if self._inside(path):
                yield from scan
            else:
                yield from self._context.skipped(where, 'it leads out of the directory: put what it leads to in its place')
        except OSError as error:
            yield from self._context.skipped(where, skip_reason_of(error))

    def _nothing_but_index(self):
        """A recording of which only the index was kept, or whose database was left out, would look like one in which nothing happened."""
        where = self._sessions.relative + '/sessions.json'
        if self._sessions.has_transcripts or self._cold.has_transcripts or self._store.has_sessions:
            yield from self._context.mended(where, 'beside')
            return
        if not self._context.tells_unfinished:
            return
        named = self._sessions.indexed()
        if named > 0:
            yield from self._context.skipped(
                where,
                'it names %d session%s, but no transcript is here: '
                "copy the *.jsonl files beside it, or the agent's database, too" % (named, '' if named == 1 else 's'),
                'beside',
            )

    def _scan_store(self):
        yield from self._store.scan(self._sessions.names)
        yield from self._context.mended(self._database_place)

    def _inside(self, path):
        """Links must not lead to what is not part of the sandbox's own tree."""
        try:
            return is_inside(self._context.root, real_path(path))
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.EACCES):
                return True  # The one who reads it says so.
            raise


def is_inside(root, path):
    way = os.path.relpath(path, root)
    return way == '.' or not way.startswith('..')


def real_path(path):
    """Raises where it leads nowhere; `strict` came with Python 3.10."""
    os.stat(path)
    return os.path.realpath(path)
