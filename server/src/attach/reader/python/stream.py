"""Does it stream (stream.ts)? A single write is looked at right after its notification. When one comes upon the other, each of them wakes
the process for little: then the reader rests with nothing that wakes it, and takes at once what the kernel gathered meanwhile. Here it rests
a little between two looks in any case: so many of them one after the other for which something came before that was over, and it streams."""

STREAM_LOOKS = 8


class Stream:
    def __init__(self):
        self._looks = 0

    @property
    def flows(self):
        return self._looks >= STREAM_LOOKS

    def came(self, early):
        """Something to look at came; `early`: while the rest after the look before was not over."""
        self._looks = self._looks + 1 if early else 0

    def ended(self):
        """A whole rest long nothing came."""
        self._looks = 0
