"""`sessions.json` (sessionIndexFile.ts): replaced as a whole many times a turn. Each session key that changed goes out, cut to what is
used."""
import hashlib
import os
from .files import DataError, open_regular, skip_reason_of, stamp_of
from .indexMembers import NoObject, members_of
from .lines import bytes_of
from .names import stem_of
from .parse import as_object, parse_object
from .reduce import reduce_index_entry
from .text import text_of
from .told import now_ms
from .transcriptFile import NEVER

# 17 KB a session: this is some 30,000 sessions.
MAX_INDEX_BYTES = 512 * 1024 * 1024
# Session keys whose last state is remembered; of others the state is simply told again.
MAX_KEYS = 50000
# Between two readings at least this long, and this many times as long as a reading takes.
SPACING_MS = 250
SPACING_FACTOR = 50
MAX_INDEX_SPACING_MS = 20000


class SessionIndexFile:
    def __init__(self, context, agent, path, file):
        self._context = context
        self._agent = agent
        self._path = path
        self._file = file
        self._key = 'index:' + file
        self._stamp = context.take_cursor(self._key)
        # By key as it is spelled there: what its entry was, and what was told of it.
        self._sent = {}
        self._not_before = 0
        self._postponed = False

    def unchanged(self, stamp):
        return self._stamp == stamp

    @property
    def too_soon(self):
        """It was read a moment ago."""
        return now_ms() < self._not_before

    def postpone(self):
        """Changed, but too soon."""
        self._postponed = True

    @property
    def due_at(self):
        return self._not_before if self._postponed else NEVER

    def scan(self, only):
        """`only`: entries of these sessions, or of files so called, and no other for now."""
        started = now_ms()
        if only is None:
            self._not_before = started + SPACING_MS
            self._postponed = False
        try:
            file = open_regular(self._path)
            try:
                yield from self._scan_open(file, only, started)
            finally:
                os.close(file)
        except NoObject:
            yield from self._context.skipped(self._file, 'it is not a JSON object, so sessions lack their keys: copy it again')
        except (OSError, DataError) as error:
            yield from self._context.skipped(self._file, skip_reason_of(error))

    def _scan_open(self, file, only, started):
        found = os.fstat(file)
        stamp = stamp_of(found)
        if found.st_size > MAX_INDEX_BYTES:
            yield from self._context.skipped(
                self._file,
                'it is larger than %d MB, so sessions lack their keys: let OpenClaw clear old ones out of it' % (MAX_INDEX_BYTES // 1024 // 1024),
            )
            self._stamp = stamp
            return
        if only is None:
            self._stamp = stamp
        busy = 0
        since = now_ms()
        for member in members_of(bytes_of(file, False, 0)):
            record = self._changed(member, only)
            if record is None:
                continue
            busy += now_ms() - since
            yield record
            since = now_ms()
        busy += now_ms() - since
        if only is not None:
            return
        self._not_before = started + min(MAX_INDEX_SPACING_MS, max(SPACING_MS, busy * SPACING_FACTOR))
        yield from self._context.mended(self._file)
        yield {'kind': 'heartbeat', 'cursor': {'key': self._key, 'value': stamp}}

    def _changed(self, member, only):
        """None: it is as it was when it was told."""
        key = spelled_key(member)
        entry = entry_digest(member)
        known_entry, known_told = self._sent.get(key, (None, None))
        if known_entry == entry:
            return None
        parsed = parse_object('{%s}' % text_of(member))
        if parsed is None:
            raise NoObject()
        for session_key, value in parsed.items():
            fields = as_object(value)
            if fields is None or (only is not None and not is_of(fields, only)):
                return None
            text = reduce_index_entry(dict(fields, sessionKey=session_key))
            told = entry_digest(text.encode('utf-8', 'surrogatepass'))
            if len(self._sent) >= MAX_KEYS:
                self._sent = {}
            self._sent[key] = (entry, told)
            return None if known_told == told else {'kind': 'index', 'agent': self._agent, 'text': text}
        return None

    def count(self):
        """Sessions that it names, whether or not they were told; None: it can't be read."""
        try:
            file = open_regular(self._path)
            try:
                if os.fstat(file).st_size > MAX_INDEX_BYTES:
                    return None
                count = 0
                for member in members_of(bytes_of(file, False, 0)):
                    entries = list((parse_object('{%s}' % text_of(member)) or {}).values())
                    count += bool(entries and isinstance(entries[0], dict) and isinstance(entries[0].get('sessionId'), str))
                return count
            finally:
                os.close(file)
        except (OSError, NoObject):
            return None  # Why is told by the scan.


def spelled_key(member):
    """With its escapes: it only has to be the same each time."""
    end = member.find(b'"', member.find(b'"') + 1)
    while end > 0 and member[end - 1] == 0x5c:
        end = member.find(b'"', end + 1)
    return member[:max(0, end)].strip()


def entry_digest(data):
    """Enough of it to tell two states of one entry apart."""
    return hashlib.sha256(data).digest()[:12]


def is_of(fields, sessions):
    if isinstance(fields.get('sessionId'), str) and fields['sessionId'] in sessions:
        return True
    file = fields.get('sessionFile')
    return isinstance(file, str) and stem_of(file[file.rfind('/') + 1:]) in sessions
