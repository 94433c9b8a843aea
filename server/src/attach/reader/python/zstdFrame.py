"""One zstd frame, unpacked by Python alone (RFC 8878), for a sandbox that has no libzstd: some megabytes a second, block by block, with no
more held than the frame's window. Its checksum is not looked at: every block is checked for what can't be."""
from .files import DataError

MAGIC = 0xFD2FB528
SKIPPABLE = 0x184D2A50
MAX_WINDOW = 2 ** 27
MAX_BLOCK = 128 * 1024
# Bytes beyond the window before they are let go of.
SLACK = 1024 * 1024
# As Node calls them.
CUT_OFF = 'Z_BUF_ERROR'
CORRUPT = 'ZSTD_error_corruption_detected'
DICTIONARY_ID_BYTES = (0, 1, 2, 4)
# Bits of the two sizes of packed literals, by size format.
LITERAL_SIZE_BITS = (10, 10, 14, 18)
MAX_HUFFMAN_BITS = 11
MAX_WEIGHT_ACCURACY = 6
# Bytes of a stream that are looked at as one number.
STRIDE = 32


class Codes:
    """One of the three kinds of codes in a sequence: what a code stands for, and how often each is expected where nothing else is said."""

    def __init__(self, values, extra, accuracy, max_accuracy, expected):
        self.values = values
        self.extra = extra
        self.max_accuracy = max_accuracy
        self.standard = fse_table(expected, accuracy)


def fse_table(chances, accuracy):
    """List of (code, bits of the next state, what they are added to)."""
    size = 1 << accuracy
    codes = [0] * size
    high = size
    counts = []
    for code, chance in enumerate(chances):
        if chance == -1:
            high -= 1
            codes[high] = code
        counts.append(1 if chance == -1 else chance)
    step = (size >> 1) + (size >> 3) + 3
    at = 0
    for code, chance in enumerate(chances):
        for _ in range(chance):
            codes[at] = code
            at = (at + step) & (size - 1)
            while at >= high:
                at = (at + step) & (size - 1)
    table = []
    for code in codes:
        count = counts[code]
        counts[code] += 1
        bits = accuracy - count.bit_length() + 1
        table.append((code, bits, (count << bits) - size))
    return table


LITERAL_LENGTHS = Codes(
    list(range(16)) + [16, 18, 20, 22, 24, 28, 32, 40, 48] + [1 << bits for bits in range(6, 17)],
    [0] * 16 + [1, 1, 1, 1, 2, 2, 3, 3, 4] + list(range(6, 17)),
    6,
    9,
    [4, 3] + [2] * 11 + [1] * 3 + [2] * 9 + [3, 2] + [1] * 5 + [-1] * 4,
)
MATCH_LENGTHS = Codes(
    list(range(3, 35)) + [35, 37, 39, 41, 43, 47, 51, 59, 67, 83, 99] + [(1 << bits) + 3 for bits in range(7, 17)],
    [0] * 32 + [1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5] + list(range(7, 17)),
    6,
    9,
    [1, 4, 3] + [2] * 6 + [1] * 37 + [-1] * 7,
)
OFFSETS = Codes([1 << bits for bits in range(32)], list(range(32)), 5, 8, [1] * 6 + [2] * 3 + [1] * 15 + [-1] * 5)


class Source:
    """Bytes as they are asked for."""

    def __init__(self, chunks):
        self._chunks = chunks
        self._held = b''

    def take(self, count):
        while len(self._held) < count:
            piece = next(self._chunks, None)
            if piece is None:
                raise DataError(CUT_OFF)
            self._held += piece
        taken = self._held[:count]
        self._held = self._held[count:]
        return taken

    def number(self, count):
        return int.from_bytes(self.take(count), 'little')


class BackBits:
    """Bits from the last one back. Before the first one there is nothing but 0, and `at` is negative."""

    def __init__(self, data):
        if not data or data[-1] == 0:
            raise DataError(CORRUPT)
        self._data = data
        self.at = (len(data) - 1) * 8 + data[-1].bit_length() - 1

    def read(self, count):
        self.at -= count
        at = self.at
        if at >= 0:
            return (int.from_bytes(self._data[at >> 3:(at >> 3) + 8], 'little') >> (at & 7)) & ((1 << count) - 1)
        left = max(0, count + at)
        return (int.from_bytes(self._data[:8], 'little') & ((1 << left) - 1)) << (count - left)


def unpacked_slowly(chunks):
    source = Source(chunks)
    try:
        magic = source.number(4)
        if magic & 0xFFFFFFF0 == SKIPPABLE:
            source.take(source.number(4))
            return
        if magic != MAGIC:
            raise DataError('ZSTD_error_prefix_unknown')
        yield from frame(source)
    except (IndexError, ValueError):
        raise DataError(CORRUPT) from None


def frame(source):
    described = source.number(1)
    single = described >> 5 & 1
    if described & 8:
        raise DataError('ZSTD_error_frameParameter_unsupported')
    window = 0
    if not single:
        byte = source.number(1)
        window = (1 << 10 + (byte >> 3)) // 8 * (8 + (byte & 7))
    if source.number(DICTIONARY_ID_BYTES[described & 3]):
        raise DataError('ZSTD_error_dictionary_wrong')
    flag = described >> 6
    # How long all of it is; None: it does not say.
    told = None
    if flag or single:
        told = source.number(1 << flag) + (256 if flag == 1 else 0)
    if single:
        window = told
    if window > MAX_WINDOW:
        raise DataError('ZSTD_error_frameParameter_windowTooLarge')
    state = State()
    out = bytearray()
    total = 0
    last = False
    while not last:
        head = source.number(3)
        last = bool(head & 1)
        kind = head >> 1 & 3
        size = head >> 3
        begin = len(out)
        if size > MAX_BLOCK or kind == 3:
            raise DataError(CORRUPT)
        if kind == 0:
            out += source.take(size)
        elif kind == 1:
            out += source.take(1) * size
        else:
            state.block(source.take(size), out)
        total += len(out) - begin
        if len(out) - begin > MAX_BLOCK or (told is not None and (total > told or last and total != told)):
            raise DataError(CORRUPT)
        if len(out) > begin:
            yield bytes(out[begin:])
        if len(out) > window + SLACK:
            del out[:len(out) - window]


class State:
    """What one block leaves for the next."""

    def __init__(self):
        self._huffman = None
        self._tables = [None, None, None]
        self._recent = [1, 4, 8]

    def block(self, data, out):
        literals, at = self._literals(data)
        count = data[at]
        at += 1
        if count == 255:
            count = data[at] + (data[at + 1] << 8) + 0x7F00
            at += 2
        elif count >= 128:
            count = (count - 128 << 8) + data[at]
            at += 1
        if count == 0:
            out += literals
            return
        modes = data[at]
        at += 1
        for index, (codes, shift) in enumerate(((LITERAL_LENGTHS, 6), (OFFSETS, 4), (MATCH_LENGTHS, 2))):
            at = self._table(index, codes, modes >> shift & 3, data, at)
        self._sequences(BackBits(data[at:]), count, literals, out)

    def _table(self, index, codes, mode, data, at):
        if mode == 0:
            self._tables[index] = (codes.standard, len(codes.standard).bit_length() - 1)
        elif mode == 1:
            if data[at] >= len(codes.values):
                raise DataError(CORRUPT)
            self._tables[index] = ([(data[at], 0, 0)], 0)
            at += 1
        elif mode == 2:
            table, accuracy, used = read_fse_table(data[at:], codes.max_accuracy, len(codes.values))
            self._tables[index] = (table, accuracy)
            at += used
        elif self._tables[index] is None:
            raise DataError(CORRUPT)
        return at

    def _sequences(self, bits, count, literals, out):
        (lengths, length_bits), (offsets, offset_bits), (matches, match_bits) = self._tables
        read = bits.read
        length_state = lengths[read(length_bits)]
        offset_state = offsets[read(offset_bits)]
        match_state = matches[read(match_bits)]
        first, second, third = self._recent
        taken = 0
        begin = len(out)
        for left in range(count - 1, -1, -1):
            code = offset_state[0]
            value = (1 << code) + read(code)
            code = match_state[0]
            match = MATCH_LENGTHS.values[code] + read(MATCH_LENGTHS.extra[code])
            code = length_state[0]
            length = LITERAL_LENGTHS.values[code] + read(LITERAL_LENGTHS.extra[code])
            if left:
                length_state = lengths[length_state[2] + read(length_state[1])]
                match_state = matches[match_state[2] + read(match_state[1])]
                offset_state = offsets[offset_state[2] + read(offset_state[1])]
            if value > 3:
                first, second, third = value - 3, first, second
            else:
                value += length == 0
                if value == 2:
                    first, second = second, first
                elif value == 3:
                    first, second, third = third, first, second
                elif value == 4:
                    first, second, third = first - 1, first, second
            out += literals[taken:taken + length]
            taken += length
            size = len(out)
            if taken > len(literals) or not 0 < first <= size or size - begin > MAX_BLOCK or bits.at < 0:
                raise DataError(CORRUPT)
            if first >= match:
                out += out[size - first:size - first + match]
            else:
                out += (out[size - first:] * (match // first + 1))[:match]
        if bits.at != 0:
            raise DataError(CORRUPT)
        out += literals[taken:]
        self._recent = [first, second, third]

    def _literals(self, data):
        """The literals of a block, and where they end in it."""
        kind = data[0] & 3
        form = data[0] >> 2 & 3
        if kind < 2:
            length = (1, 2, 1, 3)[form]
            size = int.from_bytes(data[:length], 'little') >> (4 if form & 1 else 3)
            if size > MAX_BLOCK:
                raise DataError(CORRUPT)
            if kind == 1:
                return data[length:length + 1] * size, length + 1
            if length + size > len(data):
                raise DataError(CORRUPT)
            return data[length:length + size], length + size
        bits = LITERAL_SIZE_BITS[form]
        length = (2 * bits + 4) // 8
        head = int.from_bytes(data[:length], 'little') >> 4
        size = head & (1 << bits) - 1
        end = length + (head >> bits)
        if size > MAX_BLOCK or end > len(data):
            raise DataError(CORRUPT)
        packed = data[length:end]
        if kind == 2:
            self._huffman, used = read_huffman(packed)
            packed = packed[used:]
        if self._huffman is None:
            raise DataError(CORRUPT)
        if form == 0:
            return huffman(packed, size, *self._huffman), end
        ends = [int.from_bytes(packed[at:at + 2], 'little') for at in (0, 2, 4)]
        part = (size + 3) // 4
        parts = []
        at = 6
        for index in range(4):
            stop = at + ends[index] if index < 3 else len(packed)
            parts.append(huffman(packed[at:stop], part if index < 3 else size - 3 * part, *self._huffman))
            at = stop
        return b''.join(parts), end


def read_fse_table(data, max_accuracy, max_codes):
    """(table, accuracy, bytes it took)."""
    accuracy = (data[0] & 15) + 5
    if accuracy > max_accuracy:
        raise DataError(CORRUPT)
    # No table takes more: each code 10 bits at most, and as much for those that never come.
    number = int.from_bytes(data[:256], 'little')
    at = 4
    left = 1 << accuracy
    chances = []
    while left > 0:
        bits = (left + 1).bit_length()
        value = number >> at & (1 << bits) - 1
        at += bits
        low = (1 << bits - 1) - 1
        border = (1 << bits) - 1 - (left + 1)
        if value & low < border:
            at -= 1
            value &= low
        elif value > low:
            value -= border
        chance = value - 1
        left -= abs(chance)
        chances.append(chance)
        more = chance == 0
        while more:
            zeros = number >> at & 3
            at += 2
            chances += [0] * zeros
            more = zeros == 3
        if len(chances) > max_codes or at > 8 * len(data):
            raise DataError(CORRUPT)
    if left < 0:
        raise DataError(CORRUPT)
    return fse_table(chances, accuracy), accuracy, (at + 7) // 8


def read_huffman(data):
    """((table, bits), bytes it took). The table holds (code, bits) for every number of so many bits."""
    count = data[0]
    if count < 128:
        weights = read_weights(data[1:1 + count])
        used = 1 + count
    else:
        count -= 127
        used = 1 + (count + 1) // 2
        weights = [data[1 + (at >> 1)] >> (0 if at & 1 else 4) & 15 for at in range(count)]
    total = sum(1 << weight - 1 for weight in weights if weight)
    bits = total.bit_length()
    rest = (1 << bits) - total
    if not total or bits > MAX_HUFFMAN_BITS or rest & rest - 1:
        raise DataError(CORRUPT)
    weights.append(rest.bit_length())
    table = []
    for weight in range(1, bits + 1):
        for code, of in enumerate(weights):
            if of == weight:
                table += [(code, bits + 1 - weight)] * (1 << weight - 1)
    if len(table) != 1 << bits or len(weights) > 256:
        raise DataError(CORRUPT)
    return (table, bits), used


def read_weights(data):
    table, accuracy, used = read_fse_table(data, MAX_WEIGHT_ACCURACY, 256)
    bits = BackBits(data[used:])
    one = table[bits.read(accuracy)]
    other = table[bits.read(accuracy)]
    weights = []
    while len(weights) < 255:
        weights.append(one[0])
        following = bits.read(one[1])
        if bits.at < 0:
            weights.append(other[0])
            return weights
        one, other = other, table[one[2] + following]
    raise DataError(CORRUPT)


def huffman(data, count, table, bits):
    """So many bytes out of one stream."""
    at = BackBits(data).at
    mask = (1 << bits) - 1
    out = bytearray()
    while len(out) < count:
        low = max(0, (at >> 3) - STRIDE)
        number = int.from_bytes(data[low:(at >> 3) + 1], 'little')
        here = at - low * 8
        enough = bits if low else 0
        # At the very beginning of a stream, what is missing is 0.
        if not low:
            number <<= bits
        while here >= enough and len(out) < count:
            code, used = table[number >> (here if not low else here - bits) & mask]
            here -= used
            out.append(code)
        at = here + low * 8
        if at < 0:
            raise DataError(CORRUPT)
    if at != 0:
        raise DataError(CORRUPT)
    return bytes(out)
