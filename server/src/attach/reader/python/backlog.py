"""The history that is there when the reader begins (backlog.ts): the newest session first, and what is written meanwhile in between. It is
an order and no more: what is not read here is found by the look at everything that comes after it."""
from .told import now_ms

# Pieces that come even before the names of all the others.
NEWEST_PIECES = 8
# What is written meanwhile waits at most so long, but for one batch of what is being read.
LOOK_EVERY_MS = 25


class Piece:
    """All of one file, or of one session in a database."""
    __slots__ = ('newest', 'session', '_read', '_name')

    def __init__(self, newest, session, read, name):
        # When it was last written to, in milliseconds.
        self.newest = newest
        # As the session index may name it: its id, or its file without the ending.
        self.session = session
        self._read = read
        self._name = name

    def read(self):
        return self._read(self._name)


def read_backlog(pieces, index, look):
    """`index`: of the session index only what belongs to these, or all; `look`: gives what is new in what was read, or None: nobody
    follows."""
    pieces.sort(key=lambda piece: -piece.newest)
    first = pieces[:NEWEST_PIECES]
    look_from = now_ms() + LOOK_EVERY_MS

    def meanwhile():
        nonlocal look_from
        if not look or now_ms() < look_from:
            return
        yield from look()
        look_from = now_ms() + LOOK_EVERY_MS

    def read(some):
        for piece in some:
            for record in piece.read():
                yield record
                yield from meanwhile()
            yield from meanwhile()

    if first:
        yield from index(dict.fromkeys(piece.session for piece in first))
    yield from read(first)
    yield from index(None)
    yield from read(pieces[NEWEST_PIECES:])
