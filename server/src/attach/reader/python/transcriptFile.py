"""One transcript file: its new lines, and what happened to the old ones (transcriptFile.ts). A file that only grew is read on from where
we were; one that was replaced, cut or changed in place is read again as a whole, marked as such."""
import hashlib
import os
import time
from .cursors import FileCursor, add_lost, inode_of, midway_stamp, read_file_cursor, size_of
from .files import open_regular, skip_reason_of, stamp_of
from .lines import MAX_LINE_BYTES, Line, Rest, bytes_of, is_too_long, line_batches, prefix_of, tail_of
from .names import is_archive_of
from .reduce import read_entry
from .text import is_blank, text_of
from .told import now_ms


# A whole comparison is followed by a rest of so many times as long.
VERIFY_REST = 200
# What was written so short a while ago may still be being written.
MIDWAY_MS = 30
NEVER = float('inf')


class TranscriptFile:
    def __init__(self, context, agent, directory, file, name):
        self._context = context
        self._name = name
        self._agent = agent
        self._directory = directory
        self._path = os.path.join(directory, name.name)
        # Relative to the state directory.
        self.file = file
        self._cursor_key = 'file:' + file
        self._known = read_file_cursor(context.take_cursor(self._cursor_key))
        # The hash where we are; None after a restart, when it has to be built again from the bytes.
        self._hash = None
        self._tail = b''
        self._verify_from = 0
        self._unverified = False
        self._lost = list(self._known.lost) if self._known else []
        # What an earlier life could not read was told in this one.
        self._recalled = False
        # (stamp, until): it could not be read as it was then; it is tried again when it changes, or after a while.
        self._failed = None
        # The cursor is to be handed out with the next record, where no record of its own could carry it.
        self._owed = False

    @property
    def seen(self):
        """Was anything of it ever handed out?"""
        return self._known is not None

    @property
    def name(self):
        return self._name.name

    @property
    def unverified(self):
        """It grew since it was last compared as a whole."""
        return self._unverified

    @property
    def due_at(self):
        """When a look is due though the file does not change."""
        return self._verify_from if self._unverified else NEVER

    def unchanged(self, stamp):
        now = now_ms()
        if self._failed and self._failed[0] == stamp and now < self._failed[1]:
            return True
        return self._known is not None and self._known.stamp == stamp and self.due_at > now

    @property
    def warm(self):
        """Is the state of its hash held in memory?"""
        return self._hash is not None

    def cool(self):
        """Lets go of what can be built again from the file: it is compared as a whole when it changes next."""
        self._hash = None
        self._tail = b''

    def recall(self):
        """What an earlier life could not read: a file that did not change is not looked at again."""
        if self._recalled:
            return
        self._recalled = True
        for reason in self._known.lost if self._known else ():
            yield from self._context.skipped(self.file, reason, 'part')
        if self._known and self._known.cut is not None and self._final:
            yield from self._context.skipped(self.file, self._known.cut, 'end')

    def scan(self, seen, siblings):
        """`seen`: the stamp that gave rise to it. `siblings`: gives the names in the same directory now, for the archive that explains a
        replaced file."""
        try:
            file = open_regular(self._path)
            try:
                yield from self._scan_open(file, siblings)
                self._failed = None
                yield from self._context.mended(self.file)
            finally:
                os.close(file)
        except Exception as error:
            until = now_ms() + self._context.verify_every_ms
            self._failed = (seen, until)
            self._verify_from = until
            yield from self._context.skipped(self.file, skip_reason_of(error))

    def _scan_open(self, file, siblings):
        stat = os.fstat(file)
        verdict, hash = self._judge(file, stamp_of(stat))
        if verdict == 'rewritten' and abs(time.time() - stat.st_mtime) * 1000 < MIDWAY_MS:
            # A writer that empties a file and writes the same again, and more, may be in between: that is no rewriting.
            time.sleep(MIDWAY_MS / 1000)
            stat = os.fstat(file)
            self._verify_from = 0
            verdict, hash = self._judge(file, stamp_of(stat))
        stamp = stamp_of(stat)
        if verdict == 'on':
            yield from self._read(file, stamp, hash, None)
        elif verdict == 'rewritten':
            old = self._known
            self._lost = []
            yield from self._context.mended(self.file, 'part')
            yield from self._read(file, stamp, hashlib.sha256(), (old.session, self._explained(old, siblings)))

    def _judge(self, file, stamp):
        """What is to be done with a file that was read before: ('later' | 'on' | 'rewritten', the hash to go on with)."""
        known = self._known
        if not known or known.offset == 0:
            return 'on', hashlib.sha256()
        now = now_ms()
        if stamp == known.stamp and self._hash and self.due_at > now:
            return 'later', None
        compressed = self._name.compressed
        if not compressed and size_of(stamp) < known.offset:
            return 'rewritten', None
        grown = not compressed and size_of(stamp) > size_of(known.stamp)
        same = inode_of(stamp) == inode_of(known.stamp)
        if self._hash and same and now < self._verify_from:
            # The whole was compared a short while ago. Its end is looked at now, the rest when it is due again.
            self._unverified = True
            if not grown:
                return 'later', None
            holds = os.pread(file, len(self._tail), known.offset - len(self._tail)) == self._tail
            return ('on', self._hash) if holds else ('rewritten', None)
        self._unverified = False
        prefix = prefix_of(file, compressed, known.offset, self._context.rest)
        ended = now_ms()
        self._verify_from = ended + max(self._context.verify_every_ms, (ended - now) * VERIFY_REST)
        return ('on', prefix) if prefix and prefix.hexdigest() == known.hash else ('rewritten', None)

    def _read(self, file, stamp, hash, reread):
        """Everything from where `hash` stands. With `reread` (session, explained), everything, and no cursor before all of it is out."""
        compressed = self._name.compressed
        start = 0 if reread or not self._known else self._known.offset
        session = None if start == 0 else self._known.session
        opened = reread
        if opened:
            yield self._mark('begin', opened)
        for batch in line_batches(bytes_of(file, compressed, start), start, hash):
            done = isinstance(batch, Rest)
            lines = self._last_line(batch, hash) if done else batch.lines
            records = []
            for line in lines:
                text = '' if line.bytes is None else text_of(line.bytes)
                if session is None and (line.bytes is None or not is_blank(text)):
                    session = session_id_in(text) or header_below(file, compressed) or self._name.stem
                records += self._records(line, text, self._name.stem if session is None else session)
            if opened and session is not None and session != opened[0]:
                # The name now holds another session: the old one has vanished from it as a whole.
                yield self._mark('end', opened)
                opened = None
            if not done:
                hash = batch.hash
                if not reread:
                    self._advance(batch.end, hash, midway_stamp(stamp, batch.end), session, None)
                yield from self._hand(records, not reread)
                continue
            last = lines[-1] if lines else None
            end = last.start + len(last.bytes) if last else batch.start
            cut = 'the last line is cut off, at byte %d' % end if not last and (batch.bytes or batch.too_long) else None
            yield from self._context.mended(self.file, 'end', () if cut is None else (cut,))
            if cut is not None and self._final:
                yield from self._context.skipped(self.file, cut, 'end')
            self._advance(end, hash, stamp, session, cut)
            self._tail = b'' if compressed else tail_of(file, end)
            yield from self._hand(records, opened is None)
            if opened:
                yield dict(self._mark('end', opened), cursor=self._cursor())
            elif self._owed:
                yield {'kind': 'heartbeat', 'cursor': self._cursor()}
            self._owed = False

    def _last_line(self, rest, hash):
        """A line without its end: taken when it is whole as it stands, since nothing but a line end can follow an object."""
        if rest.too_long or rest.bytes[-1:] != b'}' or read_entry(text_of(rest.bytes))[0] == 'broken':
            return []
        hash.update(rest.bytes)
        return [Line(rest.start, rest.bytes)]

    def _records(self, line, text, session):
        if line.bytes is None or is_too_long(text):
            yield from self._lose('the line at byte %d is longer than %d MB' % (line.start, MAX_LINE_BYTES // 1024 // 1024))
            return
        if is_blank(text):
            return
        kind, reason = read_entry(text)
        if kind == 'broken':
            yield from self._lose("the line at byte %d can't be read: %s" % (line.start, reason))
        elif kind != 'noise':
            yield {
                'kind': 'transcript',
                'agent': self._agent,
                'session': session,
                'state': self._name.state,
                'file': self.file,
                'ordinal': line.start,
                'text': text,
            }

    def _lose(self, reason):
        add_lost(self._lost, reason)
        yield from self._context.skipped(self.file, reason, 'part')

    def _hand(self, records, with_cursor):
        if with_cursor and records:
            records[-1]['cursor'] = self._cursor()
        yield from records
        if with_cursor:
            self._owed = not records

    def _advance(self, offset, hash, stamp, session, cut):
        self._hash = hash
        self._known = FileCursor(stamp, offset, hash.hexdigest(), self._name.stem if session is None else session, list(self._lost), cut)

    def _cursor(self):
        return {'key': self._cursor_key, 'value': self._known.written()}

    def _mark(self, phase, reread):
        session, explained = reread
        return {'kind': 'reread', 'phase': phase, 'agent': self._agent, 'session': session, 'file': self.file, 'explained': explained}

    @property
    def _final(self):
        return self._context.tells_unfinished or self._name.state != 'live'

    def _explained(self, old, siblings):
        """Did OpenClaw put the old bytes away under one of its archive names? The bytes tell, a name alone does not."""
        return any(
            is_archive_of(name, self._name.name) and archive_holds(os.path.join(self._directory, name), name.endswith('.zst'), old, self._context.rest)
            for name in siblings()
        )

    def gone(self, siblings):
        """The file is not there any more."""
        old = self._known
        if not old:
            return
        yield {
            'kind': 'gone',
            'agent': self._agent,
            'session': old.session,
            'file': self.file,
            'explained': self._explained(old, siblings),
            'cursor': {'key': self._cursor_key, 'value': ''},
        }


def session_id_in(text):
    kind, id = read_entry(text)
    return id if kind == 'header' else None


def header_below(file, compressed):
    """The header is the first line, unless someone put a file together by hand: then whose entries these are stands further below."""
    try:
        for batch in line_batches(bytes_of(file, compressed, 0), 0, hashlib.sha256()):
            for line in () if isinstance(batch, Rest) else batch.lines:
                id = session_id_in(text_of(line.bytes)) if line.bytes and b'"session"' in line.bytes else None
                if id is not None:
                    return id
    except Exception:
        return None  # What can't be read is told by the reading itself.
    return None


def archive_holds(path, compressed, old, rest):
    try:
        file = open_regular(path)
        try:
            prefix = prefix_of(file, compressed, old.offset, rest)
            return prefix is not None and prefix.hexdigest() == old.hash
        finally:
            os.close(file)
    except Exception:
        return False  # An archive that can't be read explains nothing.
