"""Listens for changed jobs in Postgres; what is missed during an outage or behind a pooler is left to polling."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID, uuid4

import asyncpg
import structlog

from engine.contract.errors import StoreUnavailable
from engine.store.connector import Connector
from engine.store.database import Database
from engine.store.jobs import JOBS_CHANNEL
from engine.store.unavailable import cause_of

_HEARING_TIMEOUT = timedelta(seconds=5)

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
            _log.warning("listening_failed", error=type(error).__name__, cause=cause_of(error))
        await asyncio.sleep(retry_delay.total_seconds())


async def does_hear(listener: Connector, speaker: Connector) -> bool:
    """Return whether a notification through one arrives at the other: whether both are of the same database.

    Raises: asyncpg's errors, OSError and TimeoutError when Postgres cannot be reached.
    """
    heard = asyncio.Event()
    channel = f"easel_{uuid4().hex}"
    listening = await listener.connect()
    try:
        await listening.add_listener(channel, lambda *_: heard.set())
        speaking = await speaker.connect()
        try:
            await speaking.execute(f'NOTIFY "{channel}"')
        finally:
            speaking.terminate()
        async with asyncio.timeout(_HEARING_TIMEOUT.total_seconds()):
            await heard.wait()
    except TimeoutError:
        return False
    finally:
        listening.terminate()
    return True


async def _listen_once(database: Database, on_change: Callable[[UUID], None], on_connect: Callable[[], None]) -> None:
    lost = asyncio.Event()
    connection = await database.listen()
    try:
        if not await database.can_listen():
            connection.terminate()
            await lost.wait()
        connection.add_termination_listener(lambda *_: lost.set())
        await connection.add_listener(JOBS_CHANNEL, lambda *heard: on_change(UUID(heard[-1])))
        on_connect()
        await lost.wait()
    finally:
        connection.terminate()
