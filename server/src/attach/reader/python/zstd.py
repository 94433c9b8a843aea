"""One zstd frame, unpacked piece by piece: by Python itself (3.14 and newer), else by the libzstd that Debian's package manager needs, else
by zstdFrame.py, which is slow but always there. It must be done in the sandbox: cursors are over what is in a row or a file, and most of
what is packed is noise that need not leave it."""
import ctypes
from .files import DataError
from .zstdFrame import CORRUPT, CUT_OFF, unpacked_slowly

OUT_BYTES = 128 * 1024
LIBRARIES = ('libzstd.so.1', 'libzstd.so')
CODES = {
    10: 'ZSTD_error_prefix_unknown',
    14: 'ZSTD_error_frameParameter_unsupported',
    16: 'ZSTD_error_frameParameter_windowTooLarge',
    22: 'ZSTD_error_checksum_wrong',
    30: 'ZSTD_error_dictionary_corrupted',
    32: 'ZSTD_error_dictionary_wrong',
}


class Part(ctypes.Structure):
    """ZSTD_inBuffer and ZSTD_outBuffer."""
    _fields_ = [('data', ctypes.c_void_p), ('size', ctypes.c_size_t), ('at', ctypes.c_size_t)]


LIBRARY = []


def library():
    """None: there is none."""
    if not LIBRARY:
        LIBRARY.append(None)
        for name in LIBRARIES:
            try:
                found = ctypes.CDLL(name)
                found.ZSTD_createDStream.restype = ctypes.c_void_p
                found.ZSTD_freeDStream.argtypes = [ctypes.c_void_p]
                found.ZSTD_initDStream.argtypes = [ctypes.c_void_p]
                found.ZSTD_initDStream.restype = ctypes.c_size_t
                found.ZSTD_decompressStream.argtypes = [ctypes.c_void_p, ctypes.POINTER(Part), ctypes.POINTER(Part)]
                found.ZSTD_decompressStream.restype = ctypes.c_size_t
                found.ZSTD_isError.argtypes = [ctypes.c_size_t]
                found.ZSTD_getErrorCode.argtypes = [ctypes.c_size_t]
            except (OSError, AttributeError):
                continue
            LIBRARY[0] = found
            break
    return LIBRARY[0]


def unpacked(chunks):
    """`chunks` unpacked, up to the end of the first frame. Raises DataError."""
    try:
        from compression import zstd
    except ImportError:
        found = library()
        return by_library(found, chunks) if found else unpacked_slowly(chunks)
    return by_python(zstd, chunks)


def unpacked_row(data, limit):
    """None: it is longer than that. Raises DataError."""
    parts = []
    size = 0
    for piece in unpacked(iter((data,))):
        size += len(piece)
        if size > limit:
            return None
        parts.append(piece)
    return b''.join(parts)


def by_python(zstd, chunks):
    stream = zstd.ZstdDecompressor()
    try:
        for chunk in chunks:
            piece = stream.decompress(chunk, OUT_BYTES)
            while piece or not (stream.needs_input or stream.eof):
                if piece:
                    yield piece
                if stream.eof:
                    break
                piece = stream.decompress(b'', OUT_BYTES)
            if stream.eof:
                return
    except zstd.ZstdError:
        raise DataError(CORRUPT) from None
    raise DataError(CUT_OFF)


def by_library(zstd, chunks):
    stream = zstd.ZSTD_createDStream()
    if not stream:
        raise MemoryError()
    try:
        zstd.ZSTD_initDStream(stream)
        room = ctypes.create_string_buffer(OUT_BYTES)
        for chunk in chunks:
            source = Part(ctypes.cast(ctypes.c_char_p(chunk), ctypes.c_void_p), len(chunk), 0)
            full = True
            # A full buffer may leave something behind in the stream.
            while source.at < source.size or full:
                target = Part(ctypes.cast(room, ctypes.c_void_p), OUT_BYTES, 0)
                left = zstd.ZSTD_decompressStream(stream, ctypes.byref(target), ctypes.byref(source))
                if zstd.ZSTD_isError(left):
                    raise DataError(CODES.get(zstd.ZSTD_getErrorCode(left), CORRUPT))
                if target.at:
                    yield room.raw[:target.at]
                if left == 0:
                    return
                full = target.at == OUT_BYTES
    finally:
        zstd.ZSTD_freeDStream(stream)
    raise DataError(CUT_OFF)
