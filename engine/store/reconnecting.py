"""The queue's connection, which reconnects and restores its listeners after an outage of Postgres.

To its caller an outage looks like a slow query; work that needs transactions uses `Database`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any, TypeVar

import asyncpg
import structlog
from pgqueuer.adapters.drivers.asyncpg import Relay
from pgqueuer.core.tm import TaskManager
from pgqueuer.ports.driver import NotifyCallback

from engine.contract.errors import StorageFull, StoreUnavailable
from engine.store.connector import CONNECTION_ERRORS
from engine.store.database import Database
from engine.store.unavailable import cause_of, unavailable_from

Result = TypeVar("Result")

_QUERY_TIMEOUT = timedelta(seconds=20)
_MIN_RETRY_DELAY = timedelta(seconds=0.1)
_MAX_RETRY_DELAY = timedelta(seconds=5)

_log = structlog.get_logger(__name__)


class ReconnectingDriver:
    """PgQueuer's driver. A query waits while Postgres is unavailable, and fails once `shutdown` is set.

    A query whose result was lost is repeated: PgQueuer's queries are idempotent, or take a lease that then expires.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._connection: asyncpg.Connection | None = None
        self._listeners: list[tuple[str, NotifyCallback]] = []
        self._lock = asyncio.Lock()
        self.shutdown = asyncio.Event()

    @property
    def tm(self) -> TaskManager:
        """The driver has no tasks of its own."""
        return TaskManager()

    async def fetch(self, query: str, *args: object) -> list[dict[str, object]]:
        """Return the rows of `query`."""
        rows: list[Any] = await self._retry(lambda connection: connection.fetch(query, *args))
        return [dict(row) for row in rows]

    async def execute(self, query: str, *args: object) -> str:
        """Run `query` and return its command tag."""
        tag: str = await self._retry(lambda connection: connection.execute(query, *args))
        return tag

    async def notify(self, channel: str, payload: str) -> None:
        """Send `payload` to the listeners on `channel`."""
        await self.execute("SELECT pg_notify($1, $2)", channel, payload)

    async def add_listener(self, channel: str, callback: NotifyCallback) -> None:
        """Call `callback` with every payload on `channel`; payloads sent during an outage or by a pooler are lost."""

        async def add(connection: asyncpg.Connection) -> None:
            if await self._database.can_listen():
                await connection.add_listener(channel, Relay(callback))

        await self._retry(add)
        if await self._database.can_listen():
            self._listeners.append((channel, callback))

    async def can_listen(self) -> bool:
        """Return whether notifications arrive at the driver's connection."""

        async def ask(_: asyncpg.Connection) -> bool:
            return await self._database.can_listen()

        return await self._retry(ask)

    async def close(self) -> None:
        """Close the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(*CONNECTION_ERRORS):
                await connection.close(timeout=5)

    async def __aenter__(self) -> ReconnectingDriver:
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stay open: the queue exits the driver before its last writes."""

    async def _retry(self, action: Callable[[asyncpg.Connection], Awaitable[Result]]) -> Result:
        async with self._lock:
            delay = _MIN_RETRY_DELAY
            while True:
                try:
                    return await action(await self._connected())
                except (StoreUnavailable, *CONNECTION_ERRORS) as error:
                    if self._is_usage_error(error):
                        raise
                    await self._wait_before_retry(error, delay)
                delay = min(delay * 2, _MAX_RETRY_DELAY)

    async def _connected(self) -> asyncpg.Connection:
        if self._connection is None or self._connection.is_closed():
            self._connection = await self._database.listen(command_timeout=_QUERY_TIMEOUT)
            for channel, callback in self._listeners:
                await self._connection.add_listener(channel, Relay(callback))
        return self._connection

    def _is_usage_error(self, error: Exception) -> bool:
        """Return whether asyncpg was called wrongly, which a new connection would not fix."""
        connection = self._connection
        return isinstance(error, asyncpg.InterfaceError) and connection is not None and not connection.is_closed()

    async def _wait_before_retry(self, error: Exception, delay: timedelta) -> None:
        unavailable = error if isinstance(error, StoreUnavailable) else unavailable_from(error)
        if isinstance(unavailable, StorageFull):
            with suppress(StorageFull), self._database.noting_full():
                raise unavailable
        elif self._connection is not None:
            self._connection.terminate()
            self._connection = None
        _log.warning("queue_connection_lost", error=type(error).__name__, cause=cause_of(error))
        with suppress(TimeoutError):
            async with asyncio.timeout(delay.total_seconds()):
                await self.shutdown.wait()
        if self.shutdown.is_set():
            raise unavailable from error


@asynccontextmanager
async def open_driver(database: Database) -> AsyncIterator[ReconnectingDriver]:
    """Yield a driver and close it afterwards."""
    driver = ReconnectingDriver(database)
    try:
        yield driver
    finally:
        await driver.close()
