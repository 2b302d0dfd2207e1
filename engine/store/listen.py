"""Hearing of changed jobs from Postgres as they happen; what is missed while it is away is for a poll to catch."""

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

_log = structlog.get_logger()


async def listen(
    database: Database, *, hear: Callable[[UUID], None], catch_up: Callable[[], None], pause: timedelta
) -> None:
    """Call `hear` with the id of every job that changes, for ever.

    catch_up: called at each new connection, when changes may have been missed.
    pause: between two attempts to connect.
    """
    while True:
        try:
            await _listen_once(database, hear, catch_up)
        except (StoreUnavailable, asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            _log.warning("not listening", error=type(error).__name__)
        await asyncio.sleep(pause.total_seconds())


async def _listen_once(database: Database, hear: Callable[[UUID], None], catch_up: Callable[[], None]) -> None:
    lost = asyncio.Event()
    connection = await database.listen()
    try:
        connection.add_termination_listener(lambda *_: lost.set())
        await connection.add_listener(JOBS_CHANNEL, lambda *heard: hear(UUID(heard[-1])))
        catch_up()
        await lost.wait()
    finally:
        connection.terminate()
