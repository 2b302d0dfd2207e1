"""The child's side of `easel run`: saying that it is ready, and ending when its parent has gone."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time

from easel.process.supervise import READY_LINE, STOP_GRACE


def end_with_parent() -> None:
    """Ask this process to stop as soon as standard input is closed, which happens however the parent ends."""
    threading.Thread(target=_wait_for_end, name="parent", daemon=True).start()


def report_ready() -> None:
    """Tell the parent that this process does its work now."""
    sys.stdout.write(READY_LINE + "\n")
    sys.stdout.flush()


def _wait_for_end() -> None:
    # Not through sys.stdin, whose lock a thread that still reads would hold while the interpreter ends.
    while os.read(sys.stdin.fileno(), 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(STOP_GRACE.total_seconds())
    os.kill(os.getpid(), signal.SIGKILL)
