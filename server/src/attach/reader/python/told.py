"""What every part of the reader is given, and what could not be read, as it was told: nothing twice, and what holds no longer is taken
back (told.ts, context.ts)."""
import time

# Reasons remembered; beyond this the oldest places are forgotten and may be told again.
MAX_TOLD = 10000
# Reasons of one place and topic that are told one by one.
MAX_REASONS = 20
MORE = 'and more of it'
VERIFY_EVERY_MS = 30000


def now_ms():
    return time.monotonic() * 1000


def cpu_ms():
    """Processor time: what a rest is measured by. On a busy machine a clock tells how long others took."""
    return time.thread_time() * 1000


class Told:
    def __init__(self):
        self._places = {}
        self._count = 0

    def skipped(self, where, given, topic='whole'):
        reasons = self._places.get(where, {})
        of_topic = sum(1 for of in reasons.values() if of == topic)
        reason = given if given in reasons or of_topic < MAX_REASONS else MORE
        if reason in reasons:
            return
        self._places[where] = reasons
        reasons[reason] = topic
        self._count += 1
        if self._count > MAX_TOLD:
            self._forget_oldest(where)
        yield {'kind': 'skipped', 'where': where, 'reason': reason}

    def mended(self, where, topic='whole', still=()):
        """Of this topic, nothing but `still` holds any more."""
        reasons = self._places.get(where)
        if not reasons:
            return
        over = [reason for reason, of in reasons.items() if of == topic and reason not in still]
        if not over:
            return
        for reason in over:
            del reasons[reason]
        self._count -= len(over)
        if not reasons:
            del self._places[where]
        yield {'kind': 'mended', 'where': where}
        for reason in list(reasons):
            yield {'kind': 'skipped', 'where': where, 'reason': reason}

    def gone(self, where):
        """It is not there any more."""
        reasons = self._places.pop(where, None)
        if reasons is None:
            return
        self._count -= len(reasons)
        yield {'kind': 'mended', 'where': where}

    def _forget_oldest(self, but):
        for where in self._places:
            if where == but:
                continue
            self._count -= len(self._places.pop(where))
            return


class Context:
    """Where the reader may look, how often it may verify, and what it has already said. Inside a sandbox no private copy is made."""

    def __init__(self, request, state_dir, root, rest):
        told = Told()
        self.skipped = told.skipped
        self.mended = told.mended
        self.gone = told.gone
        self.state_dir = state_dir
        # Symlinks may lead anywhere below this, and nowhere else.
        self.root = root
        self.follow = bool(request.get('follow'))
        self.verify_every_ms = request.get('verifyEveryMs', VERIFY_EVERY_MS)
        self._cursors = {key: value for key, value in request.get('cursors', ()) if value != ''}
        # The history is being read in pieces: a look in between is for what was read already.
        self.in_backlog = False
        # Called in everything that takes long: what was said so far goes out.
        self.rest = rest

    def take_cursor(self, key):
        """Where the last life of the server stopped; each is asked for once, by the one who goes on from there."""
        return self._cursors.pop(key, None)

    def cursor_keys(self, prefix):
        return [key for key in self._cursors if key.startswith(prefix)]

    @property
    def tells_unfinished(self):
        """What has no end yet is being written; where nobody writes, it was cut off."""
        return not self.follow
