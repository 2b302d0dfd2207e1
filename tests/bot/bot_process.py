"""A bot in a process of its own, so that it can be killed."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import structlog

from bot.sandbox.server import Sandbox
from bot.serve import BotOptions, serve
from engine.store.database import open_database
from engine.store.objects import open_objects

SHORT_LEASE = timedelta(seconds=1)
"""For tests that wait for a killed bot's deliveries to be taken over."""


@asynccontextmanager
async def bot_process(
    sandbox: Sandbox, database_url: str, storage_url: str, *, lease: timedelta = SHORT_LEASE
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Yield a bot that answers presses; whatever is left of it at the end is killed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.bot.bot_process",
        sandbox.api_url,
        sandbox.token,
        database_url,
        storage_url,
        str(lease.total_seconds()),
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        while await process.stdout.readline() != b"ready\n":
            assert not process.stdout.at_eof()
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def kill(process: asyncio.subprocess.Process) -> None:
    """Kill it with SIGKILL."""
    process.kill()
    await process.wait()


async def main(api_url: str, token: str, database_url: str, storage_url: str, lease_seconds: str) -> None:
    """Serve until SIGTERM, saying `ready` on the way."""
    # Standard output is for `ready` alone: nobody reads on, and a full pipe would stop the bot.
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    options = BotOptions(token=token, api_url=api_url, lease=timedelta(seconds=float(lease_seconds)))
    async with open_database(database_url) as database:
        objects = open_objects(storage_url)
        await serve(options, database, objects, stop=stop, announce_ready=lambda: print("ready", flush=True))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
