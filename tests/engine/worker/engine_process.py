"""An engine in a process of its own, with a fake painter, so that it can be killed."""

from __future__ import annotations

import asyncio
import dataclasses
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from engine.serve import EngineOptions, LoadedPainter, serve
from tests.engine.worker.conftest import QUICK
from tests.fakes import FakePainter


async def main(database_url: str, storage_url: str, pace: float) -> None:
    """Serve until SIGTERM, saying `ready` on the way."""
    stop, force_stop = asyncio.Event(), asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)

    @asynccontextmanager
    async def open_painter() -> AsyncIterator[LoadedPainter]:
        yield FakePainter(pace=timedelta(seconds=pace))

    options = dataclasses.replace(QUICK, stop_grace=timedelta(0))
    await serve(
        EngineOptions(database_url=database_url, storage_url=storage_url, worker=options),
        open_painter,
        stop=stop,
        force_stop=force_stop,
        announce_ready=lambda: print("ready", flush=True),
    )


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], float(sys.argv[3])))
