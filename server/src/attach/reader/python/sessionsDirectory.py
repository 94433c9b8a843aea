"""One agent's directory of session files (sessionsDirectory.ts): transcripts, what became of them, trajectories and the index."""
import os
import stat as modes
from .backlog import Piece
from .files import irregular, look, names_in, skip_reason_of, stamp_of
from .names import is_trajectory_name, stem_of, transcript_name
from .sessionIndexFile import SessionIndexFile
from .text import sort_key
from .trajectoryFile import TrajectoryFile
from .transcriptFile import NEVER, TranscriptFile

# More files than this in one directory are not followed; the newest names are dropped, and it is said.
MAX_FILES = 50000
# Transcripts whose hash and last bytes are held, so that a growth is cheap; of others all is read again when they change.
MAX_WARM = 128
INDEX = 'sessions.json'
# What stands in a name for bytes that are no UTF-8: such a name leads nowhere.
NO_TEXT = '\ufffd'
UNREADABLE_NAME = 'its name is not UTF-8: rename it'


class SessionsDirectory:
    def __init__(self, context, agent, path, relative):
        self._context = context
        self._agent = agent
        self.path = path
        # Relative to the state directory.
        self.relative = relative
        self._transcripts = {}
        self._trajectories = {}
        # The one read longest ago first.
        self._warm = {}
        # Those of which only the end was compared when they grew.
        self._unverified = {}
        self._index = None
        # Files that are being read piece by piece, and those of them that a look passed over meanwhile.
        self._reading = set()
        self._passed_over = {}
        # Names in it when it was last looked through.
        self.names = []
        # Links, pipes and the like that were told of; bounded by the names read.
        self._irregulars = {}
        prefix = 'file:%s/' % relative
        for key in context.cursor_keys(prefix):
            self._transcript(key[len(prefix):])

    @property
    def due_at(self):
        """When something is to be looked at though nothing changes."""
        if any(name not in self._reading for name in self._passed_over):
            return 0
        first = self._index.due_at if self._index else NEVER
        return min([first] + [file.due_at for file in self._unverified])

    def due_names(self, now):
        names = dict.fromkeys(name for name in self._passed_over if name not in self._reading)
        names.update((file.name, True) for file in self._unverified if file.due_at <= now)
        if self._index and self._index.due_at <= now:
            names[INDEX] = True
        return names

    def pieces(self):
        """Every file that there is to read, but for the index. What can't be listed is told by the scan."""
        found = {}
        for name in self._list()[:MAX_FILES]:
            stat = self._stat(name) if is_trajectory_name(name) or transcript_name(name) else None
            if stat:
                found[name] = stat.st_mtime_ns // 1000000
        pieces = []
        for name, changed in found.items():
            # A trajectory comes with its transcript, right after it.
            newest = found.get(stem_of(name) + '.jsonl', changed) - 0.5 if is_trajectory_name(name) else changed
            pieces.append(Piece(newest, stem_of(name), self._piece, name))
        return pieces

    def _piece(self, name):
        if name in self._reading:
            return
        self._reading.add(name)
        try:
            yield from self._scan_file(name)
        finally:
            self._reading.discard(name)

    def index(self, only):
        """The session index alone; `only`: sessions whose entries are wanted before those of the others."""
        if self._stamp(INDEX) is not None:
            yield from self._scan_index(only)

    def scan(self, dirty):
        """`dirty`: only these names are looked at, unless one of them turns out to be gone; None: all."""
        many = []
        if self._context.in_backlog:
            if dirty is None:
                dirty = {file.name: True for file in self._transcripts.values() if file.seen}
        elif dirty and any(name in self._transcripts and self._stamp(name) is None for name in dirty):
            dirty = None
        if dirty is None:
            try:
                names = self._list()
            except OSError as error:
                yield from self._context.skipped(self.relative, skip_reason_of(error))
                return
            if len(names) > MAX_FILES:
                many.append('it holds %d files; the first %d by name are read: move old ones away' % (len(names), MAX_FILES))
            self.names = names[:MAX_FILES]
        names = self.names if dirty is None else list(dirty)
        if INDEX in names:
            yield from self._scan_index(None)
        for name in names:
            if name in self._reading:
                self._passed_over[name] = True
            else:
                yield from self._scan_file(name)
        # After everything else: the archive that a transcript became has been read by now.
        if dirty is not None:
            return
        yield from self._gone(set(self.names))
        yield from self._context.mended(self.relative, 'whole', many)
        for reason in many:
            yield from self._context.skipped(self.relative, reason)

    def _scan_file(self, name):
        self._passed_over.pop(name, None)
        if is_trajectory_name(name):
            yield from self._scan_trajectory(name)
        elif name in self._transcripts or transcript_name(name):
            yield from self._scan_transcript(name)

    def _list(self):
        try:
            return sorted(names_in(self.path), key=sort_key)
        except (FileNotFoundError, NotADirectoryError):
            return []

    @property
    def has_transcripts(self):
        return bool(self._transcripts)

    def indexed(self):
        """Sessions that the index names, if there is one."""
        return (self._index_file().count() or 0) if INDEX in self.names else 0

    def _index_file(self):
        if self._index is None:
            self._index = SessionIndexFile(self._context, self._agent, os.path.join(self.path, INDEX), '%s/%s' % (self.relative, INDEX))
        return self._index

    def _scan_index(self, only):
        index = self._index_file()
        stamp = self._stamp(INDEX)
        yield from self._irregular(INDEX) if stamp is None else self._regular(INDEX)
        if stamp is None or index.unchanged(stamp):
            return
        if self._context.follow and index.too_soon:
            index.postpone()
        else:
            yield from index.scan(only)

    def _scan_trajectory(self, name):
        stamp = self._stamp(name)
        if stamp is None:
            yield from self._irregular(name)
            return
        yield from self._regular(name)
        file = self._trajectories.get(name)
        if file is None:
            path = os.path.join(self.path, name)
            file = self._trajectories[name] = TrajectoryFile(self._context, self._agent, path, '%s/%s' % (self.relative, name), name)
        yield from file.recall()
        if not file.unchanged(stamp):
            yield from file.scan()

    def _scan_transcript(self, name):
        stamp = self._stamp(name)
        if stamp is None:
            yield from self._irregular(name)
            return
        yield from self._regular(name)
        file = self._transcript(name)
        if file is None:
            return
        yield from file.recall()
        if file.unchanged(stamp):
            return
        yield from file.scan(stamp, self._list)
        self._unverified.pop(file, None)
        if file.unverified:
            self._unverified[file] = True
        self._warm.pop(file, None)
        if file.warm:
            self._warm[file] = True
        if len(self._warm) > MAX_WARM:
            coldest = next(iter(self._warm))
            coldest.cool()
            del self._warm[coldest]

    def _transcript(self, name):
        known = self._transcripts.get(name)
        parsed = transcript_name(name)
        if known or not parsed:
            return known
        made = TranscriptFile(self._context, self._agent, self.path, '%s/%s' % (self.relative, name), parsed)
        self._transcripts[name] = made
        return made

    def _gone(self, there):
        for name in list(self._trajectories) + list(self._irregulars):
            if name in there:
                continue
            self._trajectories.pop(name, None)
            self._irregulars.pop(name, None)
            yield from self._context.gone('%s/%s' % (self.relative, name))
        if self._index and INDEX not in there:
            yield from self._context.gone('%s/%s' % (self.relative, INDEX))
        for name, file in list(self._transcripts.items()):
            if name in there and self._stamp(name) is not None:
                continue
            del self._transcripts[name]
            self._warm.pop(file, None)
            self._unverified.pop(file, None)
            if file.seen:
                yield from file.gone(self._list)
            if name not in there:
                yield from self._context.gone(file.file)

    def _irregular(self, name):
        """A link, a pipe or the like has the name of a file. A directory is just something else."""
        found = look(os.path.join(self.path, name))
        if found:
            reason = None if modes.S_ISDIR(found.st_mode) else irregular(found)
        else:
            reason = UNREADABLE_NAME if NO_TEXT in name else None
        if reason is None:
            return
        self._irregulars[name] = True
        yield from self._context.skipped('%s/%s' % (self.relative, name), reason)

    def _regular(self, name):
        """A file took its place."""
        if self._irregulars.pop(name, None):
            yield from self._context.mended('%s/%s' % (self.relative, name))

    def _stamp(self, name):
        """None: not there, or not a regular file."""
        stat = self._stat(name)
        return stamp_of(stat) if stat else None

    def _stat(self, name):
        found = look(os.path.join(self.path, name))
        return found if found and modes.S_ISREG(found.st_mode) else None
