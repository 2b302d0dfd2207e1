"""A release at work, run by its path with that release's code on PYTHONPATH: an engine, and members who ask for jobs.

It migrates the database as far as it knows it, says `ready` when its engine is, and with SIGTERM it stops and says how
many jobs were asked for.
"""

from __future__ import annotations

import asyncio
import dataclasses
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial

import structlog

from bot.store.press_batches import PressBatches
from bot.store.submissions import submit_drafts
from engine.serve import EngineOptions, LoadedPainter, serve
from engine.store.database import Database, open_database
from migrations import NEWEST, upgrade
from tests.bot.store.test_button_actions import DRAFT, US, press
from tests.engine.worker.conftest import QUICK
from tests.fakes import FakePainter

PACE = timedelta(seconds=0.02)
PATIENCE = timedelta(seconds=30)


async def ask(database: Database, stop: asyncio.Event, *, first: int = 1) -> int:
    """Let members ask for one job after another, as a bot does, until `stop` is set; return how many."""
    presses, number = PressBatches(database, limit=PATIENCE), 0
    while not stop.is_set():
        context = press(first + number, discord_id=first + number % 5)
        assert await presses.commit(context.discord_id, partial(submit_drafts, context, [DRAFT], US))
        number += 1
        await asyncio.sleep(PACE.total_seconds())
    return number


async def main(database_url: str, storage_url: str) -> None:
    """Work until SIGTERM."""
    stop, force_stop = asyncio.Event(), asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await upgrade(database_url)

    @asynccontextmanager
    async def open_painter() -> AsyncIterator[LoadedPainter]:
        yield FakePainter(pace=PACE)

    options = dataclasses.replace(QUICK, stop_grace=timedelta(0))
    serving = serve(
        EngineOptions(database_url=database_url, storage_url=storage_url, worker=options),
        open_painter,
        stop=stop,
        force_stop=force_stop,
        announce_ready=lambda: print(f"ready {NEWEST}", flush=True),
    )
    async with open_database(database_url, pool_size=2) as database:
        _, asked = await asyncio.gather(serving, ask(database, stop))
    print(f"asked {asked}", flush=True)


if __name__ == "__main__":
    # Standard output is for what the test reads.
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    asyncio.run(main(sys.argv[1], sys.argv[2]))
