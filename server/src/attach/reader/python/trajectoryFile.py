"""One trajectory file (trajectoryFile.ts). OpenClaw writes it anew at the end of every run, and drops the oldest events when it grows
large: as long as it begins with what we know, we go on; else it is read again. Its events carry their own identity."""
import hashlib
import os
from .cursors import FileCursor, add_lost, midway_stamp, read_file_cursor
from .files import open_regular, skip_reason_of, stamp_of
from .lines import MAX_LINE_BYTES, Line, Rest, bytes_of, line_batches, prefix_of
from .names import TRAJECTORY_SUFFIX
from .reduce import reduce_trajectory
from .text import is_blank, text_of


class TrajectoryFile:
    def __init__(self, context, agent, path, file, name):
        self._context = context
        self._agent = agent
        self._path = path
        self._file = file
        self._stem = name[: -len(TRAJECTORY_SUFFIX)]
        self._key = 'trajectory:' + file
        self._known = read_file_cursor(context.take_cursor(self._key))
        self._lost = list(self._known.lost) if self._known else []
        # What an earlier life could not read was told in this one.
        self._recalled = False

    def unchanged(self, stamp):
        return self._known is not None and self._known.stamp == stamp

    def recall(self):
        """What an earlier life could not read: a file that did not change is not looked at again."""
        if self._recalled:
            return
        self._recalled = True
        for reason in self._known.lost if self._known else ():
            yield from self._context.skipped(self._file, reason, 'part')
        if self._known and self._known.cut is not None and self._context.tells_unfinished:
            yield from self._context.skipped(self._file, self._known.cut, 'end')

    def scan(self):
        try:
            file = open_regular(self._path)
            try:
                yield from self._scan_open(file)
            finally:
                os.close(file)
        except Exception as error:
            yield from self._context.skipped(self._file, skip_reason_of(error))

    def _scan_open(self, file):
        stamp = stamp_of(os.fstat(file))
        known = self._known
        hash = prefix_of(file, False, known.offset, self._context.rest) if known else None
        if hash and hash.hexdigest() == known.hash:
            offset = known.offset
        else:
            hash = hashlib.sha256()
            offset = 0
            self._lost = []
            yield from self._context.mended(self._file, 'part')
        for batch in line_batches(bytes_of(file, False, offset), offset, hash):
            if isinstance(batch, Rest):
                # What has no end yet is being written, or, in a recording, was cut off.
                cut = yield from self._last_line(batch)
                break
            records = [record for line in batch.lines for record in self._records(line)]
            hash = batch.hash
            offset = batch.end
            self._advance(midway_stamp(stamp, offset), offset, hash, None)
            yield from records
        self._advance(stamp, offset, hash, cut)
        yield from self._context.mended(self._file)
        yield {'kind': 'heartbeat', 'cursor': {'key': self._key, 'value': self._known.written()}}

    def _advance(self, stamp, offset, hash, cut):
        self._known = FileCursor(stamp, offset, hash.hexdigest(), self._stem, list(self._lost), cut)

    def _last_line(self, rest):
        """Why it was not taken; None: there is none, or it was."""
        text = text_of(rest.bytes)
        empty = is_blank(text) and not rest.too_long
        whole = not rest.too_long and not empty and reduce_trajectory(text)[0] != 'broken'
        cut = None if empty or whole else 'the last line is cut off, at byte %d' % rest.start
        yield from self._context.mended(self._file, 'end', () if cut is None else (cut,))
        if self._context.tells_unfinished:
            if whole:
                yield from self._records(Line(rest.start, rest.bytes))
            if cut is not None:
                yield from self._context.skipped(self._file, cut, 'end')
        return cut

    def _records(self, line):
        if line.bytes is None:
            yield from self._lose('the line at byte %d is longer than %d MB' % (line.start, MAX_LINE_BYTES // 1024 // 1024))
            return
        text = text_of(line.bytes)
        if is_blank(text):
            return
        kind, session, reduced = reduce_trajectory(text)
        if kind == 'broken':
            yield from self._lose('the line at byte %d is not JSON' % line.start)
        elif kind == 'event':
            yield {
                'kind': 'trajectory',
                'agent': self._agent,
                'session': self._stem if session is None else session,
                'ordinal': line.start,
                'text': reduced,
            }

    def _lose(self, reason):
        add_lost(self._lost, reason)
        yield from self._context.skipped(self._file, reason, 'part')
