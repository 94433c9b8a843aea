"""How far files and rows were read, as it is kept between two lives of the server: the same words as on Node, so that either goes on
where the other stopped (fileCursor.ts, rowCursor.ts)."""
import hashlib
from .parse import parse_object
from .text import MAX_SAFE, js_flat
from .told import MAX_REASONS, MORE


class FileCursor:
    __slots__ = ('stamp', 'offset', 'hash', 'session', 'lost', 'cut')

    def __init__(self, stamp, offset, hash, session, lost, cut):
        self.stamp = stamp
        # Bytes read, of what is in the file (for zstd: unpacked), and SHA-256 over them.
        self.offset = offset
        self.hash = hash
        self.session = session
        # What could not be read of it, to be told again to whoever asks anew; and why its end was not.
        self.lost = lost
        self.cut = cut

    def written(self):
        return js_flat({name: getattr(self, name) for name in self.__slots__})


def read_file_cursor(value):
    """None: none, or one that another version wrote; then the file is simply read again."""
    found = parse_object(value) if value else None
    if not found or not all(isinstance(found.get(name), str) for name in ('stamp', 'hash', 'session')):
        return None
    offset = whole(found.get('offset'))
    if offset is None or offset < 0:
        return None
    cut = found.get('cut')
    return FileCursor(found['stamp'], offset, found['hash'], found['session'], lost_of(found.get('lost')), cut if isinstance(cut, str) else None)


def add_lost(lost, reason):
    """Keeps a reason as it is told: the first ones, and then that there are more."""
    if len(lost) < MAX_REASONS:
        lost.append(reason)
    elif len(lost) == MAX_REASONS:
        lost.append(MORE)


def lost_of(value):
    return [reason for reason in value if isinstance(reason, str)][: MAX_REASONS + 1] if isinstance(value, list) else []


def whole(value):
    """None: it is no number that counts something."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not -MAX_SAFE <= value <= MAX_SAFE or value != int(value):
        return None
    return int(value)


def inode_of(stamp):
    return stamp[: stamp.find(':')]


def size_of(stamp):
    parts = stamp.split(':')
    return int(parts[1]) if len(parts) > 1 and parts[1].isdigit() else 0


def midway_stamp(stamp, offset):
    """The stamp of a file that is not read to its end yet: never that of the file itself, so that it is gone on with."""
    return '%s:%d:midway' % (inode_of(stamp), offset)


class RowCursor:
    __slots__ = ('seq', 'generation', 'hash', 'last', 'lost')

    def __init__(self, seq, generation, hash, last, lost):
        self.seq = seq
        # What OpenClaw calls the rewrite generation; None where it keeps none.
        self.generation = generation
        # Chain over all rows up to `seq`, and the last row alone, which is looked at whenever rows are added.
        self.hash = hash
        self.last = last
        self.lost = lost

    def written(self):
        return js_flat({name: getattr(self, name) for name in self.__slots__})


def next_link(chain, row):
    """(hash of the chain, hash of the row)."""
    text = row.text if row.text is not None else 'unreadable: ' + (row.reason or '')
    last = hashlib.sha256(('%d\n' % row.seq).encode() + text.encode('utf-8', 'replace')).hexdigest()
    return hashlib.sha256((chain + last).encode()).hexdigest(), last


def read_row_cursor(value):
    found = parse_object(value) if value else None
    seq = whole(found.get('seq')) if found else None
    if seq is None or not isinstance(found.get('hash'), str) or not isinstance(found.get('last'), str):
        return None
    generation = found.get('generation')
    return RowCursor(seq, generation if isinstance(generation, str) else None, found['hash'], found['last'], lost_of(found.get('lost')))


class TrajectoryCursor:
    __slots__ = ('seq', 'lost')

    def __init__(self, seq, lost):
        self.seq = seq
        self.lost = lost

    def written(self):
        return js_flat({'seq': self.seq, 'lost': self.lost})


def read_trajectory_cursor(value):
    found = parse_object(value) if value else None
    seq = whole(found.get('seq')) if found else None
    return None if seq is None else TrajectoryCursor(seq, lost_of(found.get('lost')))
