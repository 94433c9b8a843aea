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
        base = os.path.join(context.state_dir, 'agents', id)
        place = 'agents/%s' % id
        self._sessions = SessionsDirectory(context, id, os.path.join(base, 'sessions'), place + '/sessions')
        # Where the SQLite era puts transcripts that were not used for long.
        self._cold = SessionsDirectory(context, id, os.path.join(base, 'sessions', 'cold'), place + '/sessions/cold')
        self._database_dir = os.path.join(base, 'agent')
        self._database_place = place + '/agent'
        self._store = AgentStore(context, id, os.path.join(self._database_dir, DATABASE), '%s/agent/%s' % (place, DATABASE))

    @property
    def watched(self):
        return [self._sessions.path, self._cold.path, self._database_dir]

    @property
    def version(self):
        return self._store.version

    def due(self, now):
        return self._store.due(now) or self._sessions.due(now) or self._cold.due(now)

    def scan(self, dirty):
        now = now_ms()
        for directory in (self._sessions, self._cold):
            if dirty is None or directory.path in dirty or directory.due(now):
                names = dirty.get(directory.path) if dirty else None
                yield from self._guarded(directory.path, directory.relative, directory.scan(names))
        if dirty is None or self._database_dir in dirty or self._store.due(now):
            yield from self._guarded(self._database_dir, self._database_place, self._scan_store())
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
