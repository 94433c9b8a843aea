"""The rows of one session in an agent's database (sessionRows.ts): the new ones, and what happened to the old ones. Here the agent's own
bookkeeping is the rewrite generation."""
from .cursors import RowCursor, add_lost, next_link
from .reduce import read_entry
from .sqliteRows import event_rows, generation_of
from .sqliteStore import StoreError
from .text import MAX_SAFE

FIRST = -MAX_SAFE
NO_TOP = float('inf')
EVENTS = 'transcript_events'


class SessionRows:
    def __init__(self, context, store, agent, file, session, known):
        self._context = context
        self._store = store
        self._agent = agent
        self._file = file
        self.session = session
        self._cursor_key = 'rows:%s#%s' % (file, session)
        self._where = '%s session %s' % (file, session)
        self._known = known
        # Compared as a whole since the reader started.
        self._verified = known is None
        self._lost = list(known.lost) if known else []
        # (target, seq, chain): a comparison of everything that was read up to `target`, and how far it has come.
        self._check = None

    @property
    def verified(self):
        """Was everything compared, or read, in this life?"""
        return self._verified

    @property
    def reached(self):
        """The highest seq that was read; None: none."""
        return self._known.seq if self._known else None

    def ahead(self, reading):
        """What is behind what was read, with its last row; None: nothing was read yet."""
        return event_rows(reading, EVENTS, self.session, self._known.seq) if self._known else None

    def scan(self, top, generation, ahead=None):
        """`top`: the highest seq there is; `ahead`: what that gave just now, in the reading that found `top`."""
        known = self._known
        if not known:
            yield from self._read(None, generation, None, top)
            return
        renewed = generation != known.generation
        if top == known.seq and not renewed:
            return
        if top < known.seq or ((renewed or not self._verified) and not self._holds(known)):
            yield from self._reread(generation)
            return
        self._verified = True
        if renewed:
            self._known = RowCursor(known.seq, generation, known.hash, known.last, known.lost)
        yield from self._read(self._known, generation, None, top, ahead)

    def recall(self):
        """What an earlier life could not read."""
        for reason in self._lost:
            yield from self._context.skipped(self._where, reason, 'part')

    def verify(self):
        """Compares one more part of what was read, and reads all of it again where it is not what it was. True: that was the last part."""
        if not self._known:
            return True
        target, seq, chain = self._check or (self._known, FIRST, '')
        more, seq, chain = self._compare(target, seq, chain)
        self._check = (target, seq, chain) if more else None
        if more:
            return False
        if chain == target.hash:
            self._verified = True
        else:
            yield from self._reread(self._store.read(lambda reading: generation_of(reading, self.session)))
        return True

    def gone(self, explained):
        yield from self._context.gone(self._where)
        yield {
            'kind': 'gone',
            'agent': self._agent,
            'session': self.session,
            'file': self._file,
            'explained': explained,
            'cursor': {'key': self._cursor_key, 'value': ''},
        }

    def _reread(self, generation):
        explained = generation is not None and generation != (self._known.generation if self._known else None)
        self._check = None
        yield from self._read(None, generation, (explained,), NO_TOP)

    def _read(self, after, generation, reread, top, ahead=None):
        """`reread`: None, or (explained,)."""
        if not after:
            self._lost = []
            yield from self._context.mended(self._where, 'part')
        if reread:
            yield self._mark('begin', reread[0])
        at = after or RowCursor(FIRST, generation, '', '', [])
        while True:
            seq = at.seq
            rows = ahead if ahead is not None else self._store.read(lambda reading: event_rows(reading, EVENTS, self.session, seq))
            ahead = None
            if seq != FIRST:
                # The last known row comes along: it must still be the one we know.
                if not rows or rows[0].seq != seq or next_link('', rows[0])[1] != at.last:
                    if reread:
                        raise StoreError('its rows change faster than they can be read', passing=True)
                    yield from self._reread(generation)
                    return
                del rows[0]
            if not rows:
                break
            records = []
            for row in rows:
                records += self._records(row)
                hash, last = next_link(at.hash, row)
                at = RowCursor(row.seq, generation, hash, last, list(self._lost))
            if not reread:
                self._known = at
                if records:
                    records[-1]['cursor'] = self._cursor(at)
                else:
                    records.append({'kind': 'heartbeat', 'cursor': self._cursor(at)})
            yield from records
            if at.seq >= top:
                break  # What came since is there at the next look.
        self._known = None if at.seq == FIRST else at
        self._verified = True
        if reread:
            cursor = self._cursor(at) if self._known else {'key': self._cursor_key, 'value': ''}
            yield dict(self._mark('end', reread[0]), cursor=cursor)

    def _records(self, row):
        if row.text is None:
            yield from self._lose(row.seq, row.reason or 'it is unreadable')
            return
        kind, reason = read_entry(row.text)
        if kind == 'broken':
            yield from self._lose(row.seq, reason)
        elif kind != 'noise':
            yield {
                'kind': 'transcript',
                'agent': self._agent,
                'session': self.session,
                'state': 'live',
                'file': self._file,
                'ordinal': row.seq,
                'text': row.text,
            }

    def _lose(self, seq, reason):
        told = 'row %d: %s' % (seq, reason)
        add_lost(self._lost, told)
        yield from self._context.skipped(self._where, told, 'part')

    def _holds(self, known):
        more, seq, chain = True, FIRST, ''
        while more:
            more, seq, chain = self._compare(known, seq, chain)
            self._context.rest()
        return chain == known.hash

    def _compare(self, known, seq, chain):
        """One batch of rows further: (is there more, seq, chain)."""
        start = FIRST if seq == FIRST else seq + 1
        rows = self._store.read(lambda reading: event_rows(reading, EVENTS, self.session, start, known.seq))
        for row in rows:
            chain = next_link(chain, row)[0]
            seq = row.seq
        return bool(rows) and seq < known.seq, seq, chain

    def _cursor(self, cursor):
        return {'key': self._cursor_key, 'value': cursor.written()}

    def _mark(self, phase, explained):
        return {'kind': 'reread', 'phase': phase, 'agent': self._agent, 'session': self.session, 'file': self._file, 'explained': explained}
