"""Text as the reader on Node sees and writes it: what one way in says of a transcript, the other must say in the same bytes."""
import json
import re

JS_SPACE = '\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000\ufeff'
MAX_SAFE = 2 ** 53 - 1
SURROGATE = re.compile('[\ud800-\udfff]')
INDEX_KEY = re.compile(r'(?:0|[1-9][0-9]{0,9})\Z')
MAX_INDEX_KEY = 2 ** 32 - 2


def text_of(data):
    """UTF-8, with a replacement character where it is none."""
    return data.decode('utf-8', 'replace')


def is_blank(text):
    return text.strip(JS_SPACE) == ''


def units(text):
    """Its length as JavaScript counts it."""
    return len(text) if text.isascii() else len(text.encode('utf-16-le', 'surrogatepass')) // 2


def head(text, count):
    """Its first UTF-16 units; half a pair may be left at the end."""
    part = text[:count]
    if part.isascii() or max(part) <= '\uffff':
        return part
    return part.encode('utf-16-le', 'surrogatepass')[: 2 * count].decode('utf-16-le', 'surrogatepass')


def sort_key(text):
    return text.encode('utf-16-be', 'surrogatepass')


def js_items(fields):
    """Members in the order in which JavaScript keeps them: those that look like an index come first."""
    first = [key for key in fields if INDEX_KEY.match(key) and int(key) <= MAX_INDEX_KEY]
    if not first:
        return fields.items()
    rest = [key for key in fields if not (INDEX_KEY.match(key) and int(key) <= MAX_INDEX_KEY)]
    return [(key, fields[key]) for key in sorted(first, key=int) + rest]


def js_number(value):
    """A number as JSON.stringify writes it."""
    if isinstance(value, int):
        if -MAX_SAFE <= value <= MAX_SAFE:
            return str(value)
        try:
            value = float(value)
        except OverflowError:
            return 'null'
    if value != value or value in (float('inf'), float('-inf')):
        return 'null'
    if value == 0:
        return '0'
    sign = '-' if value < 0 else ''
    mantissa, _, exponent = repr(abs(value)).partition('e')
    whole, _, part = mantissa.partition('.')
    digits = (whole + part).lstrip('0')
    # Where the point stands, counted from the first digit that is not 0.
    point = len(whole) + int(exponent or 0) - (len(whole + part) - len(digits))
    digits = digits.rstrip('0')
    count = len(digits)
    if count <= point <= 21:
        return sign + digits + '0' * (point - count)
    if 0 < point <= 21:
        return sign + digits[:point] + '.' + digits[point:]
    if -6 < point <= 0:
        return sign + '0.' + '0' * -point + digits
    shift = '%s%d' % ('+' if point > 0 else '-', abs(point - 1))
    return sign + digits[0] + ('.' + digits[1:] if count > 1 else '') + 'e' + shift


def js_string(text):
    """A string as JSON.stringify writes it: half a surrogate pair is escaped, anything else above ASCII stands for itself."""
    quoted = json.dumps(text, ensure_ascii=False)
    if quoted.isascii():
        return quoted
    return SURROGATE.sub(lambda found: '\\u%04x' % ord(found.group()), quoted)


def js_scalar(value):
    if value is None:
        return 'null'
    if value is True:
        return 'true'
    if value is False:
        return 'false'
    return js_string(value) if isinstance(value, str) else js_number(value)


def js_flat(fields):
    """An object of scalars, of lists of strings, and of such objects: frames, cursors and what was reduced are no deeper."""
    parts = []
    for key, value in fields.items():
        if isinstance(value, dict):
            text = js_flat(value)
        elif isinstance(value, (list, tuple)):
            text = '[' + ','.join(js_string(one) for one in value) + ']'
        else:
            text = js_scalar(value)
        parts.append(js_string(key) + ':' + text)
    return '{' + ','.join(parts) + '}'


def js_text(value, limit):
    """Any value as JSON.stringify writes it, up to about so many characters; not by recursion, however deep it is."""
    out = []
    size = 0
    todo = [value]
    while todo and size < limit:
        item = todo.pop()
        if isinstance(item, Literal):
            text = item.text
        elif isinstance(item, dict):
            text = '{'
            inner = []
            for key, member in js_items(item):
                inner += [Literal((',' if inner else '') + js_string(key) + ':'), member]
            todo += [Literal('}')] + inner[::-1]
        elif isinstance(item, list):
            text = '['
            inner = []
            for member in item:
                inner += [Literal(',')] * bool(inner) + [member]
            todo += [Literal(']')] + inner[::-1]
        else:
            text = js_scalar(item)
        out.append(text)
        size += units(text)
    return ''.join(out)


class Literal:
    """A piece of JSON that is written as it is."""
    __slots__ = ('text',)

    def __init__(self, text):
        self.text = text
