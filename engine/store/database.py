"""The connection pool to Postgres, and the one place that turns connection errors into `StoreUnavailable`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from engine.contract.errors import StoreUnavailable

__all__ = ["CONNECTION_ERRORS", "AsyncConnection", "Database", "open_database", "sqlalchemy_url"]

CONNECTION_ERRORS = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.InterfaceError,
)


class Database:
    """A pool of connections; every transaction goes through `begin`."""

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        self.dsn = url
        self.engine: AsyncEngine = create_async_engine(
            sqlalchemy_url(url), pool_size=pool_size, max_overflow=pool_size, pool_timeout=10
        )
        self._autocommit = self.engine.execution_options(isolation_level="AUTOCOMMIT")
        sa.event.listen(self.engine.sync_engine, "checkout", _discard_closed)

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        """Yield a connection in a transaction that commits when the block ends and rolls back when it raises.

        Raises: StoreUnavailable when Postgres cannot be reached, or was lost before the commit was confirmed.
        """
        async with _translate_errors(self.engine.begin()) as connection:
            yield connection

    @asynccontextmanager
    async def autocommit(self) -> AsyncIterator[AsyncConnection]:
        """Yield a connection in autocommit mode: every statement commits by itself, in one round trip instead of three.

        Raises: StoreUnavailable when Postgres cannot be reached, or was lost before a statement was confirmed.
        """
        async with _translate_errors(self._autocommit.connect()) as connection:
            yield connection

    async def listen(self, *, command_timeout: timedelta | None = None) -> asyncpg.Connection:
        """Return a separate connection for LISTEN, outside the pool; the caller closes it.

        command_timeout: time after which a query on it raises TimeoutError; None for no limit.

        Raises: StoreUnavailable when Postgres cannot be reached.
        """
        seconds = None if command_timeout is None else command_timeout.total_seconds()
        try:
            return await asyncpg.connect(self.dsn, timeout=10, command_timeout=seconds)
        except CONNECTION_ERRORS as error:
            raise StoreUnavailable(cause=type(error).__name__) from error

    async def ping(self) -> None:
        """Check that Postgres answers.

        Raises: StoreUnavailable when it does not.
        """
        async with self.begin() as connection:
            await connection.execute(sa.select(1))

    async def close(self) -> None:
        """Close every connection."""
        await self.engine.dispose()


@asynccontextmanager
async def open_database(url: str, *, pool_size: int = 10) -> AsyncIterator[Database]:
    """Yield a pool for `url` (`postgresql://...`) and close it afterwards."""
    database = Database(url, pool_size=pool_size)
    try:
        yield database
    finally:
        await database.close()


@asynccontextmanager
async def _translate_errors(opening: AbstractAsyncContextManager[AsyncConnection]) -> AsyncIterator[AsyncConnection]:
    """Yield what `opening` opens, and raise every connection error as `StoreUnavailable`."""
    is_open = False
    try:
        async with opening as connection:
            is_open = True
            yield connection
    except CONNECTION_ERRORS as error:
        if is_open and not _is_connection_error(error):
            raise
        raise StoreUnavailable(cause=type(error).__name__) from error
    except sa.exc.DBAPIError as error:
        if error.connection_invalidated or _is_caused_by_connection(error):
            raise StoreUnavailable(cause=type(error.orig).__name__) from error
        raise
    except sa.exc.TimeoutError as error:
        raise StoreUnavailable(cause="pool exhausted") from error


def sqlalchemy_url(url: str) -> str:
    """Return `url` with the asyncpg dialect in its scheme, as SQLAlchemy needs it."""
    scheme = urlsplit(url).scheme
    return "postgresql+asyncpg" + url[len(scheme) :]


def _discard_closed(dbapi_connection: Any, _record: object, _proxy: object) -> None:
    """Make the pool replace a connection that Postgres has closed; the socket knows, so that no ping is needed.

    Measured: SQLAlchemy's own ping takes three round trips, as many as storing an event.
    """
    if dbapi_connection.driver_connection.is_closed():
        raise sa.exc.DisconnectionError


def _is_connection_error(error: Exception) -> bool:
    """Return whether an error inside a transaction comes from the connection, not from a file the caller wrote."""
    return not isinstance(error, OSError) or isinstance(error, ConnectionError | TimeoutError)


def _is_caused_by_connection(error: sa.exc.DBAPIError) -> bool:
    cause: BaseException | None = error.orig
    while cause is not None:
        if isinstance(cause, CONNECTION_ERRORS):
            return True
        cause = cause.__cause__
    return False
