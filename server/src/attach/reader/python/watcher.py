"""Wakes the reader when something changed (watcher.ts): by inotify, and in any case after a while, since notifications get lost, run out,
or do not exist on the file system in question."""
import ctypes
import os
import re
import select
import struct
import time
from .stream import Stream
from .told import now_ms

POLL_MS = 2000
# Where a directory can't be watched, looking is all there is.
POLL_UNWATCHED_MS = 150
# A line comes in several writes, and a turn in many lines.
SETTLE_MS = 10
MAX_WATCHES = 256
MAX_DIRTY = 1000
# Made and removed many times a turn, and never read.
NEVER_READ = re.compile(r'(?:\.lock|\.tmp|-shm|-journal|-lock\.sqlite|-writer\.sqlite)\Z|\.trajectory-path\.json\Z')
# IN_MODIFY, IN_ATTRIB, IN_MOVED_FROM, IN_MOVED_TO, IN_CREATE, IN_DELETE, IN_DELETE_SELF, IN_MOVE_SELF.
CHANGES = 0x2 | 0x4 | 0x40 | 0x80 | 0x100 | 0x200 | 0x400 | 0x800
IN_Q_OVERFLOW = 0x4000
IN_IGNORED = 0x8000
HEAD = struct.Struct('iIII')
READ_BYTES = 64 * 1024


class Watcher:
    def __init__(self, rest):
        self._rest = rest
        self._libc = None
        # Nothing can be watched: then looking more often does it too.
        self._file = self._begun()
        # Path to (descriptor, inode), and back: the same directory may be reached by two paths.
        self._watches = {}
        self._paths = {}
        self._unwatched = False
        self._stream = Stream()
        # Directory to the names that changed in it, in order; None: look at all of it.
        self._dirty = {}

    def _begun(self):
        try:
            self._libc = ctypes.CDLL(None, use_errno=True)
            file = self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
            return file if file >= 0 else None
        except (OSError, AttributeError):
            return None

    def watch(self, paths):
        """Watches these directories from now on, as far as they exist; asked again now and then, for they come and go."""
        self._unwatched = self._file is None
        if self._file is None:
            return
        for path in paths:
            inode = inode_at(path)
            known = self._watches.get(path)
            if known and known[1] != inode:
                self._end(path)
                known = None
            if inode is None or known:
                continue
            if len(self._watches) >= MAX_WATCHES:
                self._unwatched = True
            else:
                self._begin(path, inode)

    def _begin(self, path, inode):
        watch = self._libc.inotify_add_watch(self._file, os.fsencode(path), CHANGES)
        if watch < 0:
            self._unwatched = True  # No notifications left, or none here.
            return
        self._watches[path] = (watch, inode)
        self._paths.setdefault(watch, []).append(path)

    def _end(self, path):
        watch = self._watches.pop(path)[0]
        paths = self._paths.get(watch, [])
        if path in paths:
            paths.remove(path)
        if not paths and watch in self._paths:
            del self._paths[watch]
            self._libc.inotify_rm_watch(self._file, watch)
        self._changed(path, None)

    def _changed(self, path, name):
        if name is not None and NEVER_READ.search(name):
            return
        names = self._dirty.get(path, {})
        if name is None or names is None or len(names) >= MAX_DIRTY:
            self._dirty[path] = None
        else:
            names[name] = True
            self._dirty[path] = names

    @property
    def poll_ms(self):
        return POLL_UNWATCHED_MS if self._unwatched else POLL_MS

    @property
    def watches_all(self):
        """Is every directory that is there watched?"""
        return not self._unwatched

    @property
    def streams(self):
        return self._stream.flows

    def next(self, ms, not_before=0):
        """What changed since the last time, at the latest after `ms`. `not_before`: a change waits so long for others to come along."""
        self._rest()
        if self._stream.flows:
            self._settle(not_before)
            dirty = self.taken()
            if dirty:
                return dirty
            self._stream.ended()
        self._take()
        until = now_ms() + ms
        while not self._dirty:
            left = until - now_ms()
            if left <= 0:
                break
            self._wait(left)
            self._take()
        if self._dirty:
            self._stream.came(early=now_ms() < not_before)
            self._settle(not_before)
        return self.taken()

    def _settle(self, not_before):
        time.sleep(max(SETTLE_MS, not_before - now_ms()) / 1000)

    def taken(self):
        self._take()
        dirty = self._dirty
        self._dirty = {}
        return dirty

    def _wait(self, ms):
        select.select([] if self._file is None else [self._file], [], [], ms / 1000)

    def _take(self):
        while self._file is not None:
            try:
                data = os.read(self._file, READ_BYTES)
            except BlockingIOError:
                return
            at = 0
            while at < len(data):
                watch, mask, _, length = HEAD.unpack_from(data, at)
                name = data[at + HEAD.size:at + HEAD.size + length].rstrip(b'\0').decode('utf-8', 'replace')
                at += HEAD.size + length
                if mask & IN_Q_OVERFLOW:
                    for path in self._watches:
                        self._changed(path, None)
                for path in list(self._paths.get(watch, ())):
                    self._changed(path, name or None)
                    if mask & IN_IGNORED:
                        # The kernel let go of it: the directory is gone.
                        self._watches.pop(path, None)
                if mask & IN_IGNORED:
                    self._paths.pop(watch, None)


def inode_at(path):
    """None: it is not there, or not for us; whoever reads it says so."""
    try:
        return os.stat(path).st_ino
    except OSError:
        return None
