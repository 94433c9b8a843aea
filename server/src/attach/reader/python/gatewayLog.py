"""OpenClaw's own log (gatewayLog.ts): nearly all of it is noise, so a line is looked at as text first, and cut to a few fields before it
goes anywhere. A line may come twice: it is known by what it says."""
import hashlib
import os
import re
import stat as modes
from .cursors import whole
from .files import code_of, names_in, open_regular, skip_reason_of, stamp_of
from .lines import Rest, bytes_of, line_batches, tail_of
from .parse import parse_object
from .reduce import reduce_gateway_line
from .text import js_flat, js_items, text_of

LOG_DIRECTORY = re.compile(r'openclaw(?:-[0-9]{1,10})?\Z')
# With a number: put aside, when it grew too large.
LOG_FILE = re.compile(r'openclaw-[0-9]{4}-[0-9]{2}-[0-9]{2}(?:\.[0-9]{1,2})?\.log\Z')
MAX_LOG_DIRECTORIES = 8
MAX_LOG_FILES = 64
# Of a file that was never read, as much of its end is.
MAX_HISTORY_BYTES = 64 * 1024 * 1024
# An answer of an agent may stand in a line; nothing that is looked for is as long.
MAX_LOG_LINE_BYTES = 256 * 1024
LOG_CURSOR = 'gatewayLog'
# Enough of a hash to tell two files apart.
MARK_LENGTH = 16
# Written by the parts of OpenClaw that tell what transcripts don't hold; an agent's words may hold it too.
TELLS = re.compile(
    r'\[model-fetch\] response .{0,400} status=[45]|same-model retry |model_fallback_decision'
    r'|embedded_run_(?:agent_end|failover_decision|compaction_end)|auth_profile_failure_state_updated|\[compaction-diag\] end '
    r'|\[(?:llm-idle-timeout|empty-error-retry|timeout-compaction|run-retry-limit|idle-timeout-circuit-breaker-tripped'
    r'|context-overflow-recovery)\] |\[agent\] run .{1,200} ended|runId=.{1,200} sessionId=',
    re.DOTALL,
)


class GatewayLog:
    def __init__(self, context, parent):
        self._context = context
        self._parent = parent
        # Up to where each file was read, and the mark of the bytes before that, by its inode: a file that is put aside keeps it; one that
        # takes its place may get it, too.
        self._reached = read_cursor(context.take_cursor(LOG_CURSOR))
        # What each file was when it was read to its end in this life.
        self._stamps = {}
        self._directories = []

    @property
    def watched(self):
        self._directories = self._list()
        return self._directories

    def scan(self, dirty):
        if dirty is None:
            self._directories = self._list()
        for directory in self._directories:
            if dirty is not None and directory not in dirty:
                continue
            try:
                names = sorted(name for name in names_in(directory) if LOG_FILE.match(name))
            except OSError as error:
                if code_of(error) != 'ENOENT':
                    yield from self._context.skipped("OpenClaw's own log", skip_reason_of(error))
                continue
            for name in names[-MAX_LOG_FILES:]:
                yield from self._file(os.path.join(directory, name), name)

    def _list(self):
        try:
            names = [name for name in names_in(self._parent) if LOG_DIRECTORY.match(name)]
            paths = sorted(os.path.join(self._parent, name) for name in names)
            return [path for path in paths if modes.S_ISDIR(os.lstat(path).st_mode)][:MAX_LOG_DIRECTORIES]
        except OSError:
            return []  # Most sources have none.

    def _file(self, path, name):
        try:
            found = os.lstat(path)
            if self._stamps.get(str(found.st_ino)) == stamp_of(found):
                return
            file = open_regular(path)
            try:
                yield from self._open_file(file, name)
            finally:
                os.close(file)
            yield from self._context.mended(name)
        except OSError as error:
            if code_of(error) != 'ENOENT':
                yield from self._context.skipped(name, skip_reason_of(error))

    def _open_file(self, file, name):
        found = os.fstat(file)
        inode = str(found.st_ino)
        offset, mark = self._reached.get(inode, (0, ''))
        # Is this still the file of which so much was read? Its lines have times, so those of two files differ.
        if offset > found.st_size or mark_before(file, offset) != mark:
            offset = 0
        if offset == 0:
            self._reached.pop(inode, None)
        elif offset == found.st_size:
            self._stamps[inode] = stamp_of(found)
            return
        if found.st_size - offset > MAX_HISTORY_BYTES:
            offset = found.st_size - MAX_HISTORY_BYTES
            reason = "of OpenClaw's own log only the last %d MB are read" % (MAX_HISTORY_BYTES // 1024 // 1024)
            yield from self._context.skipped(name, reason, 'part')
        for batch in line_batches(bytes_of(file, False, offset), offset, hashlib.sha256()):
            if isinstance(batch, Rest):
                break
            for line in batch.lines:
                text = '' if line.bytes is None or len(line.bytes) > MAX_LOG_LINE_BYTES else text_of(line.bytes)
                cut = reduce_gateway_line(text) if TELLS.search(text) else None
                if cut is not None:
                    yield {'kind': 'gatewayLog', 'text': cut}
            self._reached[inode] = (batch.end, mark_before(file, batch.end))
        self._stamps[inode] = stamp_of(found)
        yield {'kind': 'heartbeat', 'cursor': {'key': LOG_CURSOR, 'value': self._cursor()}}

    def _cursor(self):
        """Of the files last read, as many as there may be."""
        for inode in list(self._reached):
            if len(self._reached) > MAX_LOG_FILES * MAX_LOG_DIRECTORIES:
                del self._reached[inode]
                self._stamps.pop(inode, None)
        written = {inode: {'offset': offset, 'mark': mark} for inode, (offset, mark) in self._reached.items()}
        return js_flat(dict(js_items(written)))


def read_cursor(value):
    found = {}
    for inode, at in (parse_object(value or '{}') or {}).items():
        offset = whole(at.get('offset')) if isinstance(at, dict) else None
        if offset is not None and offset >= 0 and isinstance(at.get('mark'), str):
            found[inode] = (offset, at['mark'])
    return found


def mark_before(file, offset):
    return hashlib.sha256(tail_of(file, offset)).hexdigest()[:MARK_LENGTH]
