"""The members of one JSON object, each as it stands, out of a stream of bytes (indexMembers.ts): an index of many megabytes is never held as
a whole."""
import re

# A longer member is left out. An entry is 17 KB.
MAX_MEMBER_BYTES = 4 * 1024 * 1024
STRUCTURE = re.compile(rb'["{}\[\],]')
STRING_END = re.compile(rb'[^"\\]*(?:\\.[^"\\]*)*("?)', re.DOTALL)
SPACES = b' \t\n\r'


class NoObject(Exception):
    """Not a JSON object, or one that is cut off."""


def members_of(chunks):
    """`"key": value` of each. Raises NoObject."""
    held = Held()
    depth = 0
    in_string = False
    ended = False
    left = b''
    for chunk in chunks:
        # A backslash at the end of a chunk goes with the one after it.
        chunk = left + chunk
        left = b''
        size = len(chunk)
        start = at = 0
        if depth == 0:
            at = size - len(chunk.lstrip(SPACES))
            if at == size:
                continue
            if ended or chunk[at] != 0x7b:
                raise NoObject()
            depth = 1
            at += 1
            start = at
        while at < size:
            if in_string:
                found = STRING_END.match(chunk, at)
                at = found.end()
                if not found.group(1):
                    if at < size:
                        left = chunk[at:]
                    size = at
                    break
                in_string = False
                continue
            found = STRUCTURE.search(chunk, at)
            if not found:
                break
            at = found.end()
            sign = found.group()
            if sign == b'"':
                in_string = True
            elif sign in b'{[':
                depth += 1
            elif sign in b'}]':
                depth -= 1
                if depth == 0:
                    ended = True
                    last = held.whole(chunk[start:at - 1])
                    if last:
                        yield last
                    if chunk[at:].strip(SPACES):
                        raise NoObject()
                    break
            elif depth == 1:
                one = held.whole(chunk[start:at - 1])
                if one:
                    yield one
                start = at
        if depth > 0:
            held.add(chunk[start:size])
    if not ended:
        raise NoObject()


class Held:
    """A member that comes in several chunks."""

    def __init__(self):
        self._parts = []
        self._bytes = 0

    def add(self, part):
        self._bytes += len(part)
        if self._bytes > MAX_MEMBER_BYTES:
            self._parts = []
        elif part:
            self._parts.append(part)

    def whole(self, last):
        """With its last part; None: there is nothing, or too much."""
        fits = self._bytes + len(last) <= MAX_MEMBER_BYTES
        whole = b''.join(self._parts) + last if self._parts else last
        self._parts = []
        self._bytes = 0
        return whole if fits and whole.strip(SPACES) else None
