"""One connection for the queue that is opened again, listeners and all, whenever Postgres was away.

It makes an outage look like a slow answer; work that needs transactions goes through `Database`.
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

from engine.contract.errors import StoreUnavailable
from engine.store.database import CONNECTION_ERRORS, Database

Result = TypeVar("Result")

_QUERY_TIMEOUT = timedelta(seconds=20)
_MIN_RETRY_DELAY = timedelta(seconds=0.1)
_MAX_RETRY_DELAY = timedelta(seconds=5)

_log = structlog.get_logger(__name__)


class ReconnectingDriver:
    """PgQueuer's way to Postgres. A query waits while Postgres is away, and gives up once `shutdown` is set.

    A query whose answer was lost is asked again: PgQueuer's are safe to repeat, or give a lease that then runs out.
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
        """Run `query` and return Postgres's word on it."""
        word: str = await self._retry(lambda connection: connection.execute(query, *args))
        return word

    async def notify(self, channel: str, payload: str) -> None:
        """Send `payload` to those who listen on `channel`."""
        await self.execute("SELECT pg_notify($1, $2)", channel, payload)

    async def add_listener(self, channel: str, callback: NotifyCallback) -> None:
        """Call `callback` with every payload on `channel`; what is sent during an outage is missed."""
        await self._retry(lambda connection: connection.add_listener(channel, Relay(callback)))
        self._listeners.append((channel, callback))

    async def close(self) -> None:
        """Close the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(*CONNECTION_ERRORS):
                await connection.close(timeout=5)

    async def __aenter__(self) -> ReconnectingDriver:
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stay open: the queue leaves the driver before it has written its last words."""

    async def _retry(self, action: Callable[[asyncpg.Connection], Awaitable[Result]]) -> Result:
        async with self._lock:
            wait = _MIN_RETRY_DELAY
            while True:
                try:
                    return await action(await self._connected())
                except (StoreUnavailable, *CONNECTION_ERRORS) as error:
                    if self._is_usage_error(error):
                        raise
                    await self._wait_before_retry(error, wait)
                wait = min(wait * 2, _MAX_RETRY_DELAY)

    async def _connected(self) -> asyncpg.Connection:
        if self._connection is None or self._connection.is_closed():
            self._connection = await self._database.listen(command_timeout=_QUERY_TIMEOUT)
            for channel, callback in self._listeners:
                await self._connection.add_listener(channel, Relay(callback))
        return self._connection

    def _is_usage_error(self, error: Exception) -> bool:
        """Return whether asyncpg complains of how it was called, which no new connection would cure."""
        connection = self._connection
        return isinstance(error, asyncpg.InterfaceError) and connection is not None and not connection.is_closed()

    async def _wait_before_retry(self, error: Exception, wait: timedelta) -> None:
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None
        _log.warning("queue_connection_lost", error=type(error).__name__)
        with suppress(TimeoutError):
            await asyncio.wait_for(self.shutdown.wait(), wait.total_seconds())
        if self.shutdown.is_set():
            raise StoreUnavailable(cause=type(error).__name__) from error


@asynccontextmanager
async def open_driver(database: Database) -> AsyncIterator[ReconnectingDriver]:
    """Yield a driver and close it afterwards."""
    driver = ReconnectingDriver(database)
    try:
        yield driver
    finally:
        await driver.close()
