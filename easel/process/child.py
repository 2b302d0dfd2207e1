"""The child's side of `easel run`: reports that it is ready, and exits when its parent does."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

from easel.process.supervise import READY_LINE, STOP_GRACE
from engine.contract.errors import SchemaNewer, SchemaOutdated

# On a busy machine a parent has loaded Alembic seconds later.
PATIENCE = timedelta(seconds=30)


def end_with_parent() -> None:
    """Stop this process when its standard input closes, which happens however the parent ends."""
    threading.Thread(target=_wait_for_end, name="parent", daemon=True).start()


def report_ready() -> None:
    """Tell the parent that this process is ready."""
    sys.stdout.write(READY_LINE + "\n")
    sys.stdout.flush()


@asynccontextmanager
async def left_to_parent(stop: asyncio.Event | None, patience: timedelta = PATIENCE) -> AsyncIterator[None]:
    """Say nothing of a database that another release has written, if the parent says so and stops this process.

    Both open the embedded Postgres at the same time. A process that starts again later is alone with the error.

    stop: set when this process is to stop; None for one without a parent.
    """
    try:
        yield
    except (SchemaNewer, SchemaOutdated):
        if stop is None:
            raise
        with suppress(TimeoutError):
            async with asyncio.timeout(patience.total_seconds()):
                await stop.wait()
        if not stop.is_set():
            raise


def _wait_for_end() -> None:
    # Not through sys.stdin: a thread still reading it would hold its lock while the interpreter shuts down.
    while os.read(sys.stdin.fileno(), 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(STOP_GRACE.total_seconds())
    os.kill(os.getpid(), signal.SIGKILL)
