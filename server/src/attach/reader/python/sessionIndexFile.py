"""`sessions.json` (sessionIndexFile.ts): replaced as a whole many times a turn. Each session key that changed goes out, cut to what is
used."""
import hashlib
import os
from .files import open_regular, read_whole, skip_reason_of, stamp_of
from .parse import as_object, parse_object
from .reduce import reduce_index_entry
from .text import js_items, text_of
from .told import now_ms

# 17 KB a session: this is some 7000 sessions.
MAX_INDEX_BYTES = 128 * 1024 * 1024
# Session keys whose last state is remembered; of others the state is simply told again.
MAX_KEYS = 50000
# Between two readings at least this long, and this many times as long as a reading takes.
SPACING_MS = 250
SPACING_FACTOR = 10


class SessionIndexFile:
    def __init__(self, context, agent, path, file):
        self._context = context
        self._agent = agent
        self._path = path
        self._file = file
        self._key = 'index:' + file
        self._stamp = context.take_cursor(self._key)
        self._sent = {}
        self._not_before = 0

    def unchanged(self, stamp):
        return self._stamp == stamp

    @property
    def too_soon(self):
        """Changed, but read a moment ago: it is looked at again then."""
        return now_ms() < self._not_before

    def scan(self):
        started = now_ms()
        self._not_before = started + SPACING_MS
        try:
            file = open_regular(self._path)
            try:
                yield from self._scan_open(file, started)
            finally:
                os.close(file)
        except OSError as error:
            yield from self._context.skipped(self._file, skip_reason_of(error))

    def _scan_open(self, file, started):
        found = os.fstat(file)
        stamp = stamp_of(found)
        data = read_whole(file, MAX_INDEX_BYTES) if found.st_size <= MAX_INDEX_BYTES else None
        if data is None:
            yield from self._context.skipped(
                self._file,
                'it is larger than %d MB, so sessions lack their keys: let OpenClaw clear old ones out of it' % (MAX_INDEX_BYTES // 1024 // 1024),
            )
            self._stamp = stamp
            return
        index = parse_object(text_of(data))
        del data
        self._stamp = stamp
        self._not_before = started + max(SPACING_MS, (now_ms() - started) * SPACING_FACTOR)
        if index is None:
            yield from self._context.skipped(self._file, 'it is not a JSON object, so sessions lack their keys: copy it again')
            return
        yield from self._context.mended(self._file)
        for key, value in js_items(index):
            entry = as_object(value)
            if entry is None:
                continue
            text = reduce_index_entry(dict(entry, sessionKey=key))
            if self._is_new(key, text):
                yield {'kind': 'index', 'agent': self._agent, 'text': text}
        yield {'kind': 'heartbeat', 'cursor': {'key': self._key, 'value': stamp}}

    def count(self):
        """Sessions that it names, whether or not they were told; None: it can't be read."""
        try:
            file = open_regular(self._path)
            try:
                data = read_whole(file, MAX_INDEX_BYTES)
            finally:
                os.close(file)
        except OSError:
            return None  # Why is told by the scan.
        index = None if data is None else parse_object(text_of(data))
        if index is None:
            return None
        return sum(1 for entry in index.values() if isinstance(entry, dict) and isinstance(entry.get('sessionId'), str))

    def _is_new(self, key, text):
        digest = hashlib.sha256(text.encode('utf-8', 'replace')).digest()
        if self._sent.get(key) == digest:
            return False
        if len(self._sent) >= MAX_KEYS:
            self._sent = {}
        self._sent[key] = digest
        return True
