"""Files, by the rules of regularFile.ts and context.ts: regular files only, never waited for; and their errors in a few plain words."""
import errno
import os
import stat as modes

READ_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
NOT_REGULAR = 'ENOTREG'
# Small, since what is made of one chunk is held until all of it is handed out.
CHUNK_BYTES = 64 * 1024


class NotRegular(OSError):
    """Of what is neither a file, a directory nor a link; or of one of those, where a file is wanted."""

    def __init__(self, code):
        super().__init__('not a regular file')
        self.code = code


class DataError(Exception):
    """What is in a file is not what it should be."""

    def __init__(self, code):
        super().__init__(code)
        self.code = code


def code_of(error):
    code = getattr(error, 'code', None)
    if isinstance(code, str):
        return code
    number = getattr(error, 'errno', None)
    return errno.errorcode.get(number) if number else None


def reason_of(error):
    code = code_of(error)
    if code in ('EACCES', 'EPERM'):
        return 'permission denied'
    if code in ('EMFILE', 'ENFILE'):
        return 'too many open files'
    known = {
        'ENOENT': 'it is gone',
        'ELOOP': 'it is a symbolic link',
        'EISDIR': 'it is a directory',
        NOT_REGULAR: 'it is no regular file',
    }
    return known.get(code) or code or str(error) or 'unknown error'


def skip_reason_of(error):
    """The same, with what to do about it."""
    reason = reason_of(error)
    code = code_of(error)
    if code in ('EACCES', 'EPERM'):
        return reason + ': check who may read it'
    if code == 'ELOOP':
        return reason + ', and none is followed: put what it leads to in its place'
    if code in ('EMFILE', 'ENFILE'):
        return reason + ': detach from a few sources'
    if code == 'ENOTDIR':
        return 'it is no directory: put the directory itself there'
    if code in ('EISDIR', NOT_REGULAR):
        return reason + ': put the file itself there'
    return reason


def must_be_regular(found):
    if modes.S_ISREG(found.st_mode):
        return
    if modes.S_ISLNK(found.st_mode):
        raise NotRegular('ELOOP')
    raise NotRegular('EISDIR' if modes.S_ISDIR(found.st_mode) else NOT_REGULAR)


def open_regular(path):
    """What a thing is may change between the look and the opening, so it is asked twice. The descriptor is the caller's to close."""
    must_be_regular(os.lstat(path))
    file = os.open(path, READ_FLAGS)
    try:
        must_be_regular(os.fstat(file))
        return file
    except OSError:
        os.close(file)
        raise


def read_whole(file, limit):
    """All of it; None: it is longer than that."""
    parts = []
    size = 0
    while True:
        piece = os.read(file, CHUNK_BYTES)
        if not piece:
            return b''.join(parts)
        parts.append(piece)
        size += len(piece)
        if size > limit:
            return None


def look(path):
    """None: nothing is there. Raises what else goes wrong."""
    try:
        return os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None


def irregular(found):
    """Why what is there is no file to be read; None: it is one."""
    if modes.S_ISREG(found.st_mode):
        return None
    if modes.S_ISLNK(found.st_mode):
        return 'it is a symbolic link, and none is followed: put the file itself there'
    return 'it is %s: put the file itself there' % ('a directory' if modes.S_ISDIR(found.st_mode) else 'no regular file')


def stamp_of(found):
    """What tells without reading whether a file changed: ctime is in it because mtime can be set back."""
    return '%d:%d:%d:%d' % (found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def data_stamp_of(found):
    """Without ctime, where the looking itself may change it."""
    return '%d:%d:%d' % (found.st_ino, found.st_size, found.st_mtime_ns)


def file_stamp(path, of=stamp_of):
    """None: not there, or not a regular file: a link could lead anywhere."""
    found = look(path)
    return of(found) if found and modes.S_ISREG(found.st_mode) else None


def names_in(path):
    """As Node lists them. What is not UTF-8 is a name that leads nowhere, as there."""
    return [name.decode('utf-8', 'replace') for name in os.listdir(os.fsencode(path))]
