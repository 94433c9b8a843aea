"""The bytes of one file, plain or zstd, from an offset of what is in it, and lines out of them (fileBytes.ts, lines.ts). A line that is
not finished yet is handed back, not consumed: its rest may still come."""
import hashlib
import os
from .files import CHUNK_BYTES, DataError
from .zstd import unpacked

# Longer lines are reported and left out; the longest seen in the wild is 10 MB.
MAX_LINE_BYTES = 32 * 1024 * 1024
# As many bytes before the offset as are compared at every growth.
TAIL_BYTES = 4096
# What is unpacked of a file is at most so much, and so many times what is packed: a transcript becomes ten to forty times smaller.
MAX_UNPACKED_FLOOR = 64 * 1024 * 1024
MAX_UNPACKED_RATIO = 256
TOO_LONG_UNPACKED = 'unpacked it is longer than %d MB and %d times what is packed: no transcript is' % (
    MAX_UNPACKED_FLOOR // 1024 // 1024,
    MAX_UNPACKED_RATIO,
)


def is_too_long(text):
    """A byte that is no UTF-8 becomes three when it is written again: is the text still one that a frame can hold?"""
    return len(text) > MAX_LINE_BYTES // 6 and len(text.encode('utf-8', 'surrogatepass')) > MAX_LINE_BYTES


def bytes_of(file, compressed, start):
    if not compressed:
        while True:
            chunk = os.pread(file, CHUNK_BYTES, start)
            if not chunk:
                return
            start += len(chunk)
            yield chunk
    limit = max(MAX_UNPACKED_FLOOR, os.fstat(file).st_size * MAX_UNPACKED_RATIO)
    size = 0
    left = start
    for chunk in unpacked(bytes_of(file, False, 0)):
        size += len(chunk)
        if size > limit:
            raise DataError(TOO_LONG_UNPACKED)
        if left >= len(chunk):
            left -= len(chunk)
        else:
            yield chunk[left:] if left > 0 else chunk
            left = 0


def prefix_of(file, compressed, length, rest):
    """The hash over the first bytes; None if there are not so many."""
    hash = hashlib.sha256()
    left = length
    if left > 0:
        for chunk in bytes_of(file, compressed, 0):
            rest()
            piece = chunk[:left]
            hash.update(piece)
            left -= len(piece)
            if left == 0:
                break
    return hash if left == 0 else None


def tail_of(file, end):
    count = min(TAIL_BYTES, end)
    return os.pread(file, count, end - count)


class Line:
    __slots__ = ('start', 'bytes')

    def __init__(self, start, bytes):
        self.start = start
        # None: longer than MAX_LINE_BYTES.
        self.bytes = bytes


class Batch:
    """Some whole lines, where they end, and the hash over everything before that."""
    __slots__ = ('lines', 'end', 'hash')

    def __init__(self, lines, end, hash):
        self.lines = lines
        self.end = end
        self.hash = hash


class Rest:
    """What is left without a line end."""
    __slots__ = ('start', 'bytes', 'too_long')

    def __init__(self, start, bytes, too_long):
        self.start = start
        self.bytes = bytes
        self.too_long = too_long


def line_batches(chunks, start, hash):
    """Batches, and at last the Rest. `hash` has seen everything before `start`."""
    parts = []
    held = 0
    line_start = start
    too_long = False
    # While a line grows beyond the limit its bytes go straight into a copy, so that an unfinished one can be taken back.
    running = hash
    for chunk in chunks:
        lines = []
        at = 0
        end = chunk.find(b'\n')
        while end != -1:
            piece = chunk[at:end + 1]
            whole = b''.join(parts) + piece if parts else piece
            running.update(whole)
            length = held + len(piece)
            lines.append(Line(line_start, None if too_long or length - 1 > MAX_LINE_BYTES else whole[:-1]))
            hash = running
            line_start += length
            parts = []
            held = 0
            too_long = False
            at = end + 1
            end = chunk.find(b'\n', at)
        if at < len(chunk):
            piece = chunk[at:]
            held += len(piece)
            if held > MAX_LINE_BYTES:
                if not too_long:
                    running = hash.copy()
                too_long = True
                for part in parts:
                    running.update(part)
                running.update(piece)
                parts = []
            else:
                parts.append(piece)
        if lines:
            yield Batch(lines, line_start, hash)
    yield Rest(line_start, b''.join(parts), too_long)
