"""JSON as V8 reads it: what it takes and what it refuses, and of what is refused, whether it was cut off. Nothing recurses, and of a
long text only the upper two levels are kept: a hostile line must not fill the memory of the sandbox."""
import json
import re
from json.decoder import scanstring

# Longer texts, and those that the fast way can't do, are taken apart piece by piece.
FAST_LENGTH = 1024 * 1024
# Objects and lists that are this deep are kept as the text they are.
KEPT_DEPTH = 2
# So many of a list, more than anybody looks at.
KEPT_ITEMS = 1024
SPACE = re.compile(r'[ \t\n\r]*')
WHOLE_ESCAPE = re.compile(r'u[0-9a-fA-F]{4}\Z')
DIGITS = re.compile(r'[0-9]*')
WORDS = {'t': ('true', True), 'f': ('false', False), 'n': ('null', None)}


class Broken(ValueError):
    """`cut`: V8 says that the text ended too early."""

    def __init__(self, cut):
        super().__init__('the JSON is cut off' if cut else 'not JSON')
        self.cut = cut


class Span:
    """An object or a list that was not taken apart."""
    __slots__ = ('text', 'start', 'end')

    def __init__(self, text, start, end):
        self.text = text
        self.start = start
        self.end = end

    @property
    def is_object(self):
        return self.text[self.start] == '{'

    def value(self):
        return json.loads(self.text[self.start:self.end])


def refuse_constant(_):
    raise ValueError('NaN and Infinity are no JSON')


FAST = json.JSONDecoder(parse_constant=refuse_constant)


def parse(text):
    """Raises Broken."""
    if len(text) <= FAST_LENGTH:
        try:
            # Not decode(): it takes other spaces at the end.
            value, end = FAST.raw_decode(text, SPACE.match(text).end())
            if SPACE.match(text, end).end() == len(text):
                return value
        except (ValueError, RecursionError):
            pass  # The slow way knows what is wrong, or that nothing is.
    return parse_slowly(text)


def parse_object(text):
    """None: it is no JSON object."""
    try:
        return as_object(parse(text))
    except Broken:
        return None


def as_object(value):
    return value if isinstance(value, dict) else None


def is_object(value):
    return isinstance(value, dict) or (isinstance(value, Span) and value.is_object)


def parse_slowly(text):
    """One loop, with a stack of its own: the containers that are kept, then one byte for each that is not."""
    size = len(text)
    kept = []
    unkept = bytearray()
    span = 0
    at = SPACE.match(text).end()
    while True:
        if at >= size:
            raise Broken(True)
        sign = text[at]
        if sign == '{' or sign == '[':
            begin = at
            at = SPACE.match(text, at + 1).end()
            closing = '}' if sign == '{' else ']'
            if at < size and text[at] == closing:
                at += 1
                value = ({} if sign == '{' else []) if len(kept) < KEPT_DEPTH else Span(text, begin, at)
            else:
                key = None
                if sign == '{':
                    key, at = parse_key(text, at, size)
                elif at >= size:
                    raise Broken(True)
                if len(kept) < KEPT_DEPTH:
                    kept.append([{} if sign == '{' else [], key])
                else:
                    if not unkept:
                        span = begin
                    unkept.append(ord(sign))
                continue
        elif sign == '"':
            value, at = parse_string(text, at + 1)
        elif sign == '-' or '0' <= sign <= '9':
            value, at = parse_number(text, at, size)
        else:
            value, at = parse_word(text, at, size)
        # A value is complete: what stands around it goes on, or is complete too.
        while True:
            at = SPACE.match(text, at).end()
            if unkept:
                listed = unkept[-1] == 0x5b
            elif kept:
                container, key = kept[-1]
                listed = isinstance(container, list)
                if not listed:
                    container[key] = value
                elif len(container) < KEPT_ITEMS:
                    container.append(value)
            elif at < size:
                raise Broken(False)
            else:
                return value
            sign = text[at] if at < size else ''
            if sign == ',':
                at = SPACE.match(text, at + 1).end()
                if not listed:
                    key, at = parse_key(text, at, size)
                    if not unkept:
                        kept[-1][1] = key
                break
            if sign != (']' if listed else '}'):
                raise Broken(False)
            at += 1
            if unkept:
                unkept.pop()
                value = None if unkept else Span(text, span, at)
            else:
                value = kept.pop()[0]


def parse_key(text, at, size):
    """The key, and where its value begins."""
    if at >= size or text[at] != '"':
        raise Broken(False)
    key, at = parse_string(text, at + 1)
    at = SPACE.match(text, at).end()
    if at >= size or text[at] != ':':
        raise Broken(False)
    return key, SPACE.match(text, at + 1).end()


def parse_string(text, at):
    try:
        return scanstring(text, at, True)
    except ValueError as error:
        # An escape that is whole at the very end is none to Python, which looks for what follows it.
        cut = error.msg.startswith('Unterminated') or (len(text) - error.pos < 7 and WHOLE_ESCAPE.search(text, error.pos - 1) is not None)
        raise Broken(cut) from None


def parse_number(text, begin, size):
    at = begin + (text[begin] == '-')
    end = DIGITS.match(text, at).end()
    if end == at or (text[at] == '0' and end > at + 1):
        raise Broken(False)
    whole = True
    if end < size and text[end] == '.':
        at = end + 1
        end = DIGITS.match(text, at).end()
        whole = False
        if end == at:
            raise Broken(True)
    if end < size and text[end] in 'eE':
        at = end + 1
        at += at < size and text[at] in '+-'
        end = DIGITS.match(text, at).end()
        whole = False
        if end == at:
            raise Broken(False)
    digits = text[begin:end]
    return (int(digits) if whole and len(digits) < 16 else float(digits)), end


def parse_word(text, at, size):
    word, value = WORDS.get(text[at], ('', None))
    if not word:
        raise Broken(False)
    if text.startswith(word, at):
        return value, at + len(word)
    raise Broken(word.startswith(text[at:size]) and size - at < len(word))
