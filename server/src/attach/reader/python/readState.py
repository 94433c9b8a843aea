"""Everything in one state directory as records, and, when following, what comes next (readState.ts)."""
import os
import re
from .agentReader import AgentReader
from .backlog import read_backlog
from .files import code_of, open_regular, read_whole, reason_of, skip_reason_of
from .gatewayLog import GatewayLog
from .parse import as_object, parse_object
from .text import head, text_of
from .told import Context, cpu_ms, now_ms
from .transcriptFile import NEVER
from .watcher import Watcher

HEARTBEAT_MS = 3000
# A look at everything is followed by a rest of so many times as long, up to this.
REST = 500
MAX_REST_MS = 60000
# Where every change is notified, and none came, it is so many times as long apart.
MAX_LULL = 5
# While it streams, looks are so far apart as to take a small part of the time, and no further than no one would notice.
SPACING = 100
MAX_SPACING_MS = 75
# And so far while it streams faster than that.
STREAM_SPACING_MS = 180
MAX_AGENTS = 1000
# What is due at once comes after this.
SOON_MS = 20
MAX_VERSION = 64
MAX_CONFIG_BYTES = 4 * 1024 * 1024
KNOWN_AGENT = re.compile('(?:file|rows):agents/([^/]+)/')


class Failure(Exception):
    """Why a state directory can't be read: an AttachError on the other side."""

    def __init__(self, reason, message, hint):
        super().__init__(message)
        self.reason = reason
        self.hint = hint


def read_state(request, rest):
    state_dir = existing(request['stateDir'])
    context = Context(request, state_dir, os.path.dirname(state_dir), rest)
    reader = StateReader(context, request.get('tmpDir'))
    watcher = Watcher(rest)
    version = configured_version(state_dir)
    yield about(version)
    if context.follow:
        watcher.watch(reader.watched())
    context.in_backlog = True
    meanwhile = (lambda: look_at(reader, watcher, watcher.taken())) if context.follow else None
    yield from read_backlog(reader.pieces(), reader.index, meanwhile)
    context.in_backlog = False
    yield from reader.scan(None)
    if version is None and reader.version is not None:
        yield about(reader.version)
    yield {'kind': 'caughtUp'}
    if context.follow:
        yield from follow(reader, watcher, request.get('heartbeatMs', HEARTBEAT_MS))


def follow(reader, watcher, heartbeat_ms):
    full_from = now_ms() + watcher.poll_ms
    heartbeat_from = now_ms() + heartbeat_ms
    spaced_from = 0
    rests_until = 0
    lull = 1
    while True:
        now = now_ms()
        wait = max(0, min(full_from, heartbeat_from, max(reader.due_at, now + SOON_MS)) - now)
        dirty = watcher.next(wait, spaced_from)
        started = now_ms()
        used = cpu_ms()
        full = started >= full_from
        if full:
            watcher.watch(reader.watched())
        if full:
            yield from reader.scan(None)
        elif dirty or reader.due_at <= started:
            yield from look_at(reader, watcher, dirty)
        ended = now_ms()
        spaced_from = started + (STREAM_SPACING_MS if watcher.streams else min(MAX_SPACING_MS, (ended - started) * SPACING))
        if dirty or not watcher.watches_all:
            lull = 1
        elif full:
            lull = min(lull * 2, MAX_LULL)
        if full:
            rests_until = ended + min((cpu_ms() - used) * REST, MAX_REST_MS)
            full_from = max(rests_until, ended + watcher.poll_ms * lull)
        elif dirty:
            full_from = min(full_from, max(rests_until, ended + watcher.poll_ms))
        if ended >= heartbeat_from:
            yield {'kind': 'heartbeat'}
            heartbeat_from = ended + heartbeat_ms


def look_at(reader, watcher, dirty):
    """What changed, and directories that came with it."""
    if reader.moved(dirty):
        watcher.watch(reader.watched())
    yield from reader.scan(dirty)


class StateReader:
    def __init__(self, context, tmp_dir):
        self._context = context
        self._gateway_log = GatewayLog(context, tmp_dir) if tmp_dir else None
        self._agents_dir = os.path.join(context.state_dir, 'agents')
        self._agents = {}
        # Agents known from before, whose directory may be gone by now.
        for key in context.cursor_keys(''):
            known = KNOWN_AGENT.match(key)
            if known:
                self._agent(known.group(1))

    @property
    def version(self):
        for agent in self._agents.values():
            if agent.version is not None:
                return agent.version
        return None

    def watched(self):
        self._list()
        logs = self._gateway_log.watched if self._gateway_log else []
        return [self._context.state_dir, self._agents_dir] + [path for agent in self._agents.values() for path in agent.watched] + logs

    @property
    def due_at(self):
        """When something is to be done though nothing changes."""
        return min([NEVER] + [agent.due_at for agent in self._agents.values()])

    def moved(self, dirty):
        """May a directory have come or gone?"""
        if self._agents_dir in dirty or 'agents' in (dirty.get(self._context.state_dir) or ()):
            return True
        return any(agent.moved(dirty) for agent in self._agents.values())

    def pieces(self):
        self._list()
        return [piece for agent in self._agents.values() for piece in agent.pieces()]

    def index(self, only):
        for agent in list(self._agents.values()):
            yield from agent.index(only)

    def scan(self, dirty):
        if dirty is None or self._agents_dir in dirty:
            problem = self._list()
            yield from self._context.mended('agents', 'whole', () if problem is None else (problem,))
            if problem is not None:
                yield from self._context.skipped('agents', problem)
        for agent in list(self._agents.values()):
            yield from agent.scan(dirty)
        if self._gateway_log:
            yield from self._gateway_log.scan(dirty)

    def _list(self):
        """None: all right."""
        try:
            with os.scandir(os.fsencode(self._agents_dir)) as entries:
                names = sorted(entry.name for entry in entries if entry.is_symlink() or entry.is_dir(follow_symlinks=False))
        except FileNotFoundError:
            # No agents yet is fine; no state directory any more is not.
            existing(self._context.state_dir)
            return None
        except OSError as error:
            return skip_reason_of(error)
        for name in names[:MAX_AGENTS]:
            self._agent(text_of(name))
        if len(names) > MAX_AGENTS:
            return 'there are %d agents; %d of them are read: move others away' % (len(names), MAX_AGENTS)
        return None

    def _agent(self, id):
        if id not in self._agents:
            self._agents[id] = AgentReader(self._context, id)


def existing(path):
    try:
        os.stat(path)
        return os.path.realpath(path)
    except OSError as error:
        if code_of(error) in ('ENOENT', 'ENOTDIR'):
            raise Failure('no-such-path', 'There is no ' + path, 'Check the path.') from error
        raise Failure('unreadable', "%s can't be read: %s" % (path, reason_of(error)), 'Check the permissions of the directory.') from error


def configured_version(state_dir):
    """The version of OpenClaw that last wrote its configuration; None: not observed. The file holds the gateway's token: it is read for
    this one field."""
    try:
        file = open_regular(os.path.join(state_dir, 'openclaw.json'))
        try:
            data = read_whole(file, MAX_CONFIG_BYTES)
        finally:
            os.close(file)
    except OSError:
        return None  # Not there, or not for us.
    # JSON5 is allowed there; whoever uses its freedoms goes without this.
    config = None if data is None else parse_object(text_of(data))
    meta = as_object(config.get('meta')) if config else None
    version = meta.get('lastTouchedVersion') if meta else None
    return head(version, MAX_VERSION) if isinstance(version, str) else None


def about(version):
    """Name and provider are for those to add who know the sandbox's registry row."""
    return {'kind': 'about', 'runtimeVersion': version, 'sandboxName': None, 'provider': None}
