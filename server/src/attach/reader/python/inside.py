"""The reader inside a sandbox, for one whose Node is missing or too old (inside.ts). It is given as text to the sandbox's own Python, with
the length and then the JSON of its request on stdin, writes one JSON object a line to stdout, and nothing anywhere else. Its stdin is its
life line: when that closes, or no sign of life came for a minute, it ends."""
import json
import os
import select
import threading
import time
from .readState import Failure, read_state
from .text import js_flat
from .told import now_ms

# Frames are gathered up to this, or for as long as this, before they are written.
WRITE_BYTES = 64 * 1024
GATHER_MS = 5
STDIN = 0
STDOUT = 1
WAIT_FOR_STATE_MS = 500
# Without a byte from the server for so long, it is taken for dead, though stdin may still be open.
LIFE_SIGN_LIMIT_S = 60


class Output:
    """Writes as fast as it is taken from us, and until then the reader goes no further."""

    def __init__(self):
        self._held = []
        self._bytes = 0
        self._since = 0

    def put(self, frame):
        data = (js_flat(frame) + '\n').encode('utf-8')
        if not self._held:
            self._since = now_ms()
        self._held.append(data)
        self._bytes += len(data)
        if self._bytes >= WRITE_BYTES or now_ms() - self._since >= GATHER_MS:
            self.flush()

    def flush(self):
        if not self._held:
            return
        left = memoryview(b''.join(self._held))
        self._held = []
        self._bytes = 0
        while left:
            try:
                left = left[os.write(STDOUT, left[:WRITE_BYTES]):]
            except BlockingIOError:
                select.select([], [STDOUT], [])
            except OSError:
                os._exit(0)  # No one is there to tell.


def watch_life_line():
    """In a thread of its own: whatever the reader waits for, it ends with this. There is nothing to tidy up."""
    while select.select([STDIN], [], [], LIFE_SIGN_LIMIT_S)[0]:
        try:
            if not os.read(STDIN, WRITE_BYTES):
                break
        except BlockingIOError:
            continue
        except OSError:
            break
    os._exit(0)


def wait_for_state(state_dir, follow, output):
    """A sandbox that just started has no state directory yet."""
    if os.path.exists(state_dir):
        return
    if not follow:
        raise Failure('nothing-recorded', 'There is no %s in this sandbox' % state_dir, 'OpenClaw has not been started in it yet.')
    output.put({'kind': 'caughtUp'})
    while not os.path.exists(state_dir):
        output.put({'kind': 'heartbeat'})
        output.flush()
        time.sleep(WAIT_FOR_STATE_MS / 1000)


def main(text):
    request = json.loads(text.decode('utf-8'))
    threading.Thread(target=watch_life_line, daemon=True).start()
    output = Output()
    try:
        wait_for_state(request['stateDir'], request['follow'], output)
        for record in read_state(request, output.flush):
            output.put(record)
        output.put({'kind': 'end'})
    except Failure as failure:
        output.put({'kind': 'failed', 'reason': failure.reason, 'message': str(failure), 'hint': failure.hint})
    except Exception as error:
        message = str(error) or type(error).__name__
        output.put({'kind': 'failed', 'reason': 'reader-failed', 'message': message, 'hint': 'Try again.'})
    output.flush()
    os._exit(0)


main(prefixed())
