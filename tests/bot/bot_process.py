"""A bot in a process of its own, so that it can be killed."""

from __future__ import annotations

import asyncio
import signal
import sys
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from pathlib import Path

import structlog

from bot.exports.place import ExportPlace
from bot.serve import BotOptions, serve
from engine.store.database import open_database
from engine.store.objects import open_objects
from sandbox.server import Sandbox
from tests.bot.clocks import UNHURRIED
from tests.killing import ready_process

SHORT_LEASE = timedelta(seconds=1)
"""For tests that wait for a killed bot's deliveries to be taken over."""


def bot_process(
    sandbox: Sandbox,
    database_url: str,
    storage_url: str,
    *,
    lease: timedelta = SHORT_LEASE,
    exports: Path | None = None,
) -> AbstractAsyncContextManager[asyncio.subprocess.Process]:
    """A bot that answers presses, and makes exports in a folder; whatever is left of it at the end is killed."""
    arguments = [sandbox.api_url, sandbox.token, database_url, storage_url, str(lease.total_seconds())]
    arguments += [str(exports)] if exports else []
    return ready_process("tests.bot.bot_process", *arguments)


async def main(
    api_url: str, token: str, database_url: str, storage_url: str, lease_seconds: str, exports: str | None = None
) -> None:
    """Serve until SIGTERM, saying `ready` on the way."""
    # Standard output is for `ready` alone: nobody reads on, and a full pipe would stop the bot.
    # Drawing a traceback in colours takes seconds.
    renderer = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(
        processors=[structlog.processors.add_log_level, renderer],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    lease = timedelta(seconds=float(lease_seconds))
    place = exports and ExportPlace(folder=Path(exports), database_url=database_url, storage_url=storage_url)
    options = BotOptions(
        token=token,
        api_url=api_url,
        lease=lease,
        answer_timeout=UNHURRIED,
        exports=place or None,
        owns_process=True,
    )
    async with open_database(database_url) as database:
        objects = open_objects(storage_url)
        await serve(options, database, objects, stop=stop, announce_ready=lambda: print("ready", flush=True))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
