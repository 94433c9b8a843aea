"""One agent's directory of session files (sessionsDirectory.ts): transcripts, what became of them, trajectories and the index."""
import os
import stat as modes
from .files import file_stamp, irregular, look, names_in, skip_reason_of
from .names import is_trajectory_name, transcript_name
from .sessionIndexFile import SessionIndexFile
from .text import sort_key
from .trajectoryFile import TrajectoryFile
from .transcriptFile import TranscriptFile

# More files than this in one directory are not followed; the newest names are dropped, and it is said.
MAX_FILES = 50000
# Transcripts whose hash and last bytes are held, so that a growth is cheap; of others all is read again when they change.
MAX_WARM = 128
INDEX = 'sessions.json'


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
        self._index = None
        # Names in it when it was last looked through.
        self.names = []
        # Links, pipes and the like that were told of; bounded by the names read.
        self._irregulars = {}
        prefix = 'file:%s/' % relative
        for key in context.cursor_keys(prefix):
            self._transcript(key[len(prefix):])

    def due(self, now):
        return any(file.due(now) for file in self._transcripts.values())

    def scan(self, dirty):
        """`dirty`: only these names are looked at, unless one of them turns out to be gone; None: all."""
        many = []
        if dirty and any(name in self._transcripts and self._stamp(name) is None for name in dirty):
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
            yield from self._scan_index()
        for name in names:
            if is_trajectory_name(name):
                yield from self._scan_trajectory(name)
            elif name in self._transcripts or transcript_name(name):
                yield from self._scan_transcript(name)
        # After everything else: the archive that a transcript became has been read by now.
        if dirty is not None:
            return
        yield from self._gone(set(self.names))
        yield from self._context.mended(self.relative, 'whole', many)
        for reason in many:
            yield from self._context.skipped(self.relative, reason)

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

    def _scan_index(self):
        index = self._index_file()
        stamp = self._stamp(INDEX)
        yield from self._irregular(INDEX) if stamp is None else self._regular(INDEX)
        if stamp is not None and not index.unchanged(stamp) and not (self._context.follow and index.too_soon):
            yield from index.scan()

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
            if file.seen:
                yield from file.gone(self._list)
            if name not in there:
                yield from self._context.gone(file.file)

    def _irregular(self, name):
        """A link, a pipe or the like has the name of a file. A directory is just something else."""
        found = look(os.path.join(self.path, name))
        reason = irregular(found) if found and not modes.S_ISDIR(found.st_mode) else None
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
        return file_stamp(os.path.join(self.path, name))
