"""Listens for changed jobs in Postgres; what is missed during an outage or behind a pooler is left to polling."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import asyncpg
import structlog

from engine.contract.errors import StoreUnavailable
from engine.store.database import Database
from engine.store.jobs import JOBS_CHANNEL

_log = structlog.get_logger(__name__)


async def listen(
    database: Database, *, on_change: Callable[[UUID], None], on_connect: Callable[[], None], retry_delay: timedelta
) -> None:
    """Call `on_change` with the id of every job that changes; never returns.

    on_connect: called after every new connection, when changes may have been missed.
    retry_delay: time between two attempts to connect.
    """
    while True:
        try:
            await _listen_once(database, on_change, on_connect)
        except (StoreUnavailable, asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            _log.warning("listening_failed", error=type(error).__name__)
        await asyncio.sleep(retry_delay.total_seconds())


async def _listen_once(database: Database, on_change: Callable[[UUID], None], on_connect: Callable[[], None]) -> None:
    lost = asyncio.Event()
    if not await database.can_listen():
        await lost.wait()
    connection = await database.listen()
    try:
        connection.add_termination_listener(lambda *_: lost.set())
        await connection.add_listener(JOBS_CHANNEL, lambda *heard: on_change(UUID(heard[-1])))
        on_connect()
        await lost.wait()
    finally:
        connection.terminate()
