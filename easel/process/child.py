"""The child's side of `easel run`: reports that it is ready, and exits when its parent does."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time

from easel.process.supervise import READY_LINE, STOP_GRACE


def end_with_parent() -> None:
    """Stop this process when its standard input closes, which happens however the parent ends."""
    threading.Thread(target=_wait_for_end, name="parent", daemon=True).start()


def report_ready() -> None:
    """Tell the parent that this process is ready."""
    sys.stdout.write(READY_LINE + "\n")
    sys.stdout.flush()


def _wait_for_end() -> None:
    # Not through sys.stdin: a thread still reading it would hold its lock while the interpreter shuts down.
    while os.read(sys.stdin.fileno(), 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(STOP_GRACE.total_seconds())
    os.kill(os.getpid(), signal.SIGKILL)
