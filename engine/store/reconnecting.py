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
from engine.store.database import AWAY, Database

Answer = TypeVar("Answer")

_QUERY_TIMEOUT = timedelta(seconds=20)
_FIRST_WAIT = timedelta(seconds=0.1)
_LONGEST_WAIT = timedelta(seconds=5)

log = structlog.get_logger(__name__)


class SteadyDriver:
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
        rows: list[Any] = await self._insist(lambda connection: connection.fetch(query, *args))
        return [dict(row) for row in rows]

    async def execute(self, query: str, *args: object) -> str:
        """Run `query` and return Postgres's word on it."""
        word: str = await self._insist(lambda connection: connection.execute(query, *args))
        return word

    async def notify(self, channel: str, payload: str) -> None:
        """Send `payload` to those who listen on `channel`."""
        await self.execute("SELECT pg_notify($1, $2)", channel, payload)

    async def add_listener(self, channel: str, callback: NotifyCallback) -> None:
        """Call `callback` with every payload on `channel`; what is sent during an outage is missed."""
        await self._insist(lambda connection: connection.add_listener(channel, Relay(callback)))
        self._listeners.append((channel, callback))

    async def close(self) -> None:
        """Close the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(*AWAY):
                await connection.close(timeout=5)

    async def __aenter__(self) -> SteadyDriver:
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stay open: the queue leaves the driver before it has written its last words."""

    async def _insist(self, action: Callable[[asyncpg.Connection], Awaitable[Answer]]) -> Answer:
        async with self._lock:
            wait = _FIRST_WAIT
            while True:
                try:
                    return await action(await self._connected())
                except (StoreUnavailable, *AWAY) as error:
                    if self._is_misuse(error):
                        raise
                    await self._endure(error, wait)
                wait = min(wait * 2, _LONGEST_WAIT)

    async def _connected(self) -> asyncpg.Connection:
        if self._connection is None or self._connection.is_closed():
            self._connection = await self._database.listen(command_timeout=_QUERY_TIMEOUT)
            for channel, callback in self._listeners:
                await self._connection.add_listener(channel, Relay(callback))
        return self._connection

    def _is_misuse(self, error: Exception) -> bool:
        """Return whether asyncpg complains of how it was called, which no new connection would cure."""
        connection = self._connection
        return isinstance(error, asyncpg.InterfaceError) and connection is not None and not connection.is_closed()

    async def _endure(self, error: Exception, wait: timedelta) -> None:
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None
        log.warning("queue_connection_lost", error=type(error).__name__)
        with suppress(TimeoutError):
            await asyncio.wait_for(self.shutdown.wait(), wait.total_seconds())
        if self.shutdown.is_set():
            raise StoreUnavailable(cause=type(error).__name__) from error


@asynccontextmanager
async def open_driver(database: Database) -> AsyncIterator[SteadyDriver]:
    """Yield a driver and close it afterwards."""
    driver = SteadyDriver(database)
    try:
        yield driver
    finally:
        await driver.close()
