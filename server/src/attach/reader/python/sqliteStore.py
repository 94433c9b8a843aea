"""Opens an agent's database for reading without leaving a trace (sqliteStore.ts). Opening a cleanly closed WAL database, even read-only,
leaves `-wal` and `-shm` behind, and opening one whose writer is gone writes its `-shm` anew; so: no `-wal`, then as immutable; `-wal` and
`-shm` there, then with the `-shm` read-only too; a `-wal` alone is not opened, for no private copy is made inside a sandbox. A connection
lives for one short reading, never between two looks: it would keep the writer from tidying up its log."""
import errno
import fcntl
import os
import re
import stat as modes
import sys
from .cursors import inode_of
from .files import data_stamp_of, file_stamp, irregular, look, open_regular, stamp_of
from .text import MAX_SAFE, text_of

BUSY_TIMEOUT_S = 2.0
# Where SQLite locks a database for reading.
SHARED_FIRST = 0x40000000 + 2
SHARED_BYTES = 510
# What an authorizer of SQLite answers.
ALLOW = 0
DENY = 1
STRICT_SINCE = (3, 37, 0)
# All that may be asked for. `auth_profile_store` holds secrets and is none of them.
TABLES = (
    'transcript_events',
    'transcript_rewrite_watermarks',
    'trajectory_runtime_events',
    'session_nodes',
    'session_windows',
    'session_transcript_archives',
    'session_transcript_cold_archives',
    'schema_meta',
)
DAMAGED = re.compile('not a database|malformed|disk image')
UNUSABLE = re.compile('readonly|unable to open|permission')
LOCKED = re.compile('locked|busy')
PLAIN = re.compile(rb'[A-Za-z0-9/._~-]')


class StoreError(Exception):
    """Why an agent's database was not read this time. `passing`: a later look may help."""

    def __init__(self, message, passing=False):
        super().__init__(message)
        self.passing = passing


class SqliteStore:
    def __init__(self, path):
        self._path = path
        self._facts = SchemaFacts()

    def stamp(self):
        """Changes with every transaction; None: there is no database."""
        main = file_stamp(self._path)
        # Where reading itself changes the ctime of the log, that says nothing.
        log = file_stamp(self._path + '-wal', data_stamp_of if is_root() else stamp_of)
        return None if main is None else '%s|%s' % (main, log or '-')

    def obstacle(self):
        """Why what is in its place is no database that may be read; None: there is nothing."""
        found = look(self._path)
        if not found or modes.S_ISREG(found.st_mode):
            return None
        if modes.S_ISLNK(found.st_mode):
            return 'it is a symbolic link, and none is followed: put the database itself there'
        what = 'a directory' if modes.S_ISDIR(found.st_mode) else 'no regular file'
        return 'it is %s, not a database: copy it there again' % what

    @property
    def is_empty(self):
        main = look(self._path)
        log = look(self._path + '-wal')
        return main is not None and main.st_size == 0 and not (log and log.st_size)

    def read(self, reading):
        """Runs `reading` on an open database; no transaction outlives it."""
        stamp = self.stamp()
        if stamp is None:
            raise StoreError('it is gone', passing=True)
        sqlite = sqlite_module()
        held = self._hold()
        try:
            option = self._option()
            if option == 'immutable':
                # Nothing can be left behind, and no writer is to wait.
                os.close(held)
                held = None
            database = sqlite.connect(self._url(option), timeout=BUSY_TIMEOUT_S, isolation_level=None, uri=True)
            try:
                database.text_factory = text_of
                if sqlite.sqlite_version_info < STRICT_SINCE:
                    # Before anything else: an SQLite that does not know OpenClaw's STRICT tables takes them so. Nothing can be written.
                    database.execute('PRAGMA writable_schema = on')
                harden(database)
                result = reading(Reading(database, self._facts.of(database, inode_of(stamp))))
                # A writer came in between: what an immutable reading saw may be torn.
                if option == 'immutable' and self.stamp() != stamp:
                    raise StoreError('it changed while being read', passing=True)
                return result
            finally:
                database.close()
        except sqlite.Error as error:
            raise store_error(str(error)) from error
        finally:
            if held is not None:
                os.close(held)

    def _hold(self):
        """The lock of a reader, before it is looked what lies beside the database: a writer that ends in between would take its log away, and
        SQLite, which opens what is not there, would leave an empty one in the sandbox. It is SQLite's own from when that has it."""
        file = open_regular(self._path)
        try:
            fcntl.lockf(file, fcntl.LOCK_SH | fcntl.LOCK_NB, SHARED_BYTES, SHARED_FIRST)
            return file
        except OSError as error:
            os.close(file)
            if error.errno in (errno.EACCES, errno.EAGAIN):
                raise StoreError('the database is locked; it is tried again', passing=True) from error
            raise

    def _option(self):
        wal = self._beside('-wal')
        shm = self._beside('-shm') is not None
        if wal is None or (wal == 0 and not shm):
            return 'immutable'
        if not shm:
            raise StoreError(
                'its -wal has no -shm beside it: nobody has it open, and reading it would write into the sandbox; '
                'it is read when OpenClaw runs again',
                passing=True,
            )
        self._beside('-journal')
        self._must_keep_owners()
        return 'readonly_shm'

    def _beside(self, suffix):
        """The size of what SQLite is about to open beside the database; None: not there. A pipe in its place would hold it up for good."""
        found = look(self._path + suffix)
        reason = irregular(found) if found else None
        if reason is not None:
            raise StoreError('its %s %s' % (suffix, reason[len('it '):]), passing=True)
        return found.st_size if found else None

    def _must_keep_owners(self):
        """For root, SQLite gives `-wal` and `-shm` to the owner of the database whenever it opens them."""
        if not is_root():
            return
        owner = owner_of(self._path)
        for suffix in ('-wal', '-shm'):
            found = owner_of(self._path + suffix)
            if found is not None and found != owner:
                raise StoreError(
                    'it and its %s belong to different users, and reading it as root would change that: give them one owner' % suffix
                )

    def _url(self, option):
        path = b''.join(bytes((byte,)) if PLAIN.match(bytes((byte,))) else b'%%%02X' % byte for byte in os.fsencode(self._path))
        return 'file://%s?mode=ro&%s=1' % (path.decode('ascii'), option)


class SchemaFacts:
    """What was asked of a schema, until it changes: it is asked again at every look, and changes with a new version of OpenClaw."""

    def __init__(self):
        self._version = None
        self._facts = {}

    def of(self, database, inode):
        # Another file may have the same version, and another schema.
        version = (inode, database.execute('PRAGMA schema_version').fetchone()[0])
        if version != self._version:
            self._version = version
            self._facts = {}
        return self._facts


class Reading:
    """One reading. Only the tables named above can be asked for; `auth_profile_store` is none of them."""

    def __init__(self, database, facts):
        self._database = database
        # By table, and by table and column; bounded by those that are asked for.
        self._facts = facts

    def columns(self, table):
        """Empty: there is no such table, or none that may be asked."""
        found = self._look(table)
        return set() if isinstance(found, str) else found

    def refused(self):
        """Why what has the name of a table is not read: of each that is there and is none, or none that is no more than its rows."""
        return [found for found in map(self._look, TABLES) if isinstance(found, str)]

    def _look(self, table):
        if table not in TABLES:
            raise StoreError('the table %s is not for reading' % table)
        if table not in self._facts:
            self._facts[table] = columns_of(self._database, table)
        return self._facts[table]

    def is_numbered(self, table):
        """Can its rows be asked for by the order in which they came?"""
        columns = self.columns(table)
        if (table, None) not in self._facts:
            self._facts[table, None] = bool(columns) and 'rowid' not in columns and not is_without_rowid(self._database, table)
        return self._facts[table, None]

    def is_indexed_by(self, table, column):
        """Is a row found by this column without a search through all of them?"""
        if column not in self.columns(table):
            return False
        if (table, column) not in self._facts:
            self._facts[table, column] = self._is_indexed_by(table, column)
        return self._facts[table, column]

    def _is_indexed_by(self, table, column):
        # Not indexes of a part of the rows: the last column of each says so.
        for _, name, _, _, partial in self._database.execute('PRAGMA index_list(%s)' % table).fetchall():
            first = self._database.execute('PRAGMA index_info("%s")' % name.replace('"', '""')).fetchone()
            if not partial and first and first[2] == column:
                return True
        return False

    def rows(self, sql, *values):
        """`sql` is ours, never text from a trace."""
        cursor = self._database.execute(sql, values)
        try:
            names = [column[0] for column in cursor.description]
            for row in cursor:
                for value in row:
                    if isinstance(value, int) and not -MAX_SAFE <= value <= MAX_SAFE:
                        raise StoreError('Value is too large to be represented as a JavaScript number: %d' % value)
                yield dict(zip(names, row))
        finally:
            cursor.close()


def columns_of(database, table):
    """A database is what an agent's user made of it: a view in the place of a table runs a statement of theirs, which may have no end, and so
    does a column that is computed. Only what holds nothing but rows is asked. A text: why it is not."""
    named = database.execute(
        "SELECT type = 'table' AND rootpage > 0 AND sql LIKE 'CREATE TABLE %' FROM sqlite_master WHERE name = ? COLLATE NOCASE", (table,)
    ).fetchall()
    if not named:
        return set()
    if len(named) > 1 or named[0][0] != 1:
        return '%s is no table: it is not read' % table
    columns = database.execute('PRAGMA table_xinfo(%s)' % table).fetchall()
    if any(column[6] != 0 for column in columns):
        return '%s has columns that are computed: it is not read' % table
    return {column[1] for column in columns}


def is_without_rowid(database, table):
    """Its rows are kept by their key, and have no number of their own."""
    try:
        database.execute('SELECT rowid FROM %s LIMIT 0' % table).close()
        return False
    except sqlite_module().OperationalError as error:
        if 'no such column' in str(error):
            return True
        raise


def harden(database):
    """For this connection alone; nothing is written. An SQLite that takes a schema as it is would take one that lies about what has a name,
    too: so nothing is taken out of a view, whatever it is called."""
    database.execute('PRAGMA trusted_schema = OFF')
    database.set_authorizer(lambda action, one, two, where, within: DENY if within in TABLES else ALLOW)


def sqlite_module():
    try:
        import sqlite3
    except ImportError:
        raise StoreError('this Python (%d.%d.%d) has no sqlite3' % sys.version_info[:3]) from None
    return sqlite3


def owner_of(path):
    found = look(path)
    return (found.st_uid, found.st_gid) if found else None


def is_root():
    return os.geteuid() == 0


def store_error(message):
    if DAMAGED.search(message):
        return StoreError('the database is damaged or cut off: copy it again, together with its -wal')
    if UNUSABLE.search(message):
        return StoreError('the database could not be opened for reading: check who may read it, its -wal and its -shm')
    if LOCKED.search(message):
        return StoreError('the database is locked; it is tried again', passing=True)
    return StoreError(message)
