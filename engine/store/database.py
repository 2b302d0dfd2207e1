"""The connection pool to Postgres; every transaction ends in time, or with `StoreUnavailable`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import asyncpg
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.util import await_only

from engine.contract.errors import StorageFull, StoreUnavailable
from engine.store.connector import CONNECT_ERRORS, Connector
from engine.store.disk import is_disk_full
from engine.store.pool import ShrinkingPool
from engine.store.postgres_url import LISTEN_URL, parse_url
from engine.store.unavailable import Unconfirmed, cause_of, is_unavailable, unavailable_from

__all__ = ["AsyncConnection", "Database", "open_database"]

TRANSACTION_LIMIT = timedelta(seconds=10)
"""How long a transaction may take unless its caller says otherwise."""

_PROBE_LIMIT = timedelta(seconds=2)

# Whoever has something to write tries again more often.
_FULL = "the disk of Postgres is full"
_FULL_FOR = timedelta(seconds=15)

IDLE_LIMIT = timedelta(minutes=1)

# A pooler may send a statement to another server process than the one that has prepared it. Within a transaction it
# does not, and there an unnamed statement is executed before the next one replaces it.
_UNNAMED_STATEMENTS = MappingProxyType({"prepared_statement_cache_size": 0, "prepared_statement_name_func": lambda: ""})


class Database:
    """A pool of connections; every transaction goes through `begin`.

    background: held by work that can wait, so that half of the pool's connections stay free for what cannot.
    listening_problem: why a connection for LISTEN could not be opened at the last attempt; None when it could.
    max_connections: the most that the pool opens. num_failures: how often Postgres was not available.
    """

    def __init__(
        self,
        url: str,
        *,
        listen_url: str | None = None,
        pool_size: int = 10,
        name: str | None = None,
        data: Path | None = None,
    ) -> None:
        self._connector = Connector(parse_url(url), name)
        self._listening = Connector(parse_url(listen_url, LISTEN_URL), name) if listen_url else self._connector
        self.background = asyncio.Semaphore(max(1, pool_size // 2))
        self._data = data
        self._can_listen: bool | None = None
        self.listening_problem: str | None = None
        self._was_full_at: float | None = None
        self.max_connections, self.num_failures = pool_size, 0
        self.engine: AsyncEngine = create_async_engine(
            "postgresql+asyncpg://",
            poolclass=ShrinkingPool,
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=10,
            pool_use_lifo=True,
        )
        self._autocommit = self.engine.execution_options(isolation_level="AUTOCOMMIT")
        sa.event.listen(self.engine.sync_engine, "do_connect", self._connect)
        sa.event.listen(self.engine.sync_engine, "checkout", _discard_closed)

    @asynccontextmanager
    async def begin(self, *, limit: timedelta | None = TRANSACTION_LIMIT) -> AsyncIterator[AsyncConnection]:
        """Yield a connection in a transaction that commits when the block ends and rolls back when it raises.

        limit: how long it may take together with the wait for a connection, so that a Postgres that hangs keeps
            nobody waiting; None for no limit.

        Raises: StoreUnavailable when Postgres cannot be reached, does not answer within `limit`, or was lost before
        the commit was confirmed. Its fact `is_unsure` is there when that was in the middle of the commit; otherwise
        nothing is stored.
        """
        unsure = Unconfirmed()
        with self.noting_full(), unsure.noted():
            async with _limited(self.engine, limit) as connection, connection.begin():
                yield connection
                unsure.is_writing = True

    @asynccontextmanager
    async def autocommit(self) -> AsyncIterator[AsyncConnection]:
        """Yield a connection in autocommit mode: every statement commits by itself, in one round trip instead of three.

        On a pooler, which may send every statement to another server process, it is one transaction instead.

        Raises: StoreUnavailable when Postgres cannot be reached, or was lost before a statement was confirmed: then
        with the fact `is_unsure`.
        """
        if self._connector.is_pooled is None:
            await self.ping()
        if self._connector.is_pooled:
            async with self.begin() as connection:
                yield connection
            return
        unsure = Unconfirmed()
        with self.noting_full(), unsure.noted():
            async with _limited(self._autocommit, TRANSACTION_LIMIT) as connection:
                unsure.is_writing = True
                yield connection

    @contextmanager
    def noting_full(self) -> Iterator[None]:
        """Remember when the disk of Postgres was full; reading works then, so that a ping does not tell.

        Raises: StorageFull in place of StoreUnavailable where a full disk is why Postgres is away.
        """
        try:
            yield
        except StorageFull as error:
            self.num_failures += 1
            if error.facts.get("place") == "database":
                self._was_full_at = time.monotonic()
            raise
        except StoreUnavailable as error:
            self.num_failures += 1
            if self._data is None or not is_disk_full(self._data):
                raise
            self._was_full_at = time.monotonic()
            raise StorageFull(**{**error.facts, "place": "database"}) from error

    async def listen(self, *, command_timeout: timedelta | None = None) -> asyncpg.Connection:
        """Return a separate connection for LISTEN, outside the pool; the caller closes it.

        command_timeout: time after which a query on it raises TimeoutError; None for no limit.

        Raises: StoreUnavailable when Postgres cannot be reached.
        """
        try:
            connection = await self._listening.connect(command_timeout=command_timeout)
        except CONNECT_ERRORS as error:
            self.listening_problem = cause_of(error)
            with self.noting_full():
                raise StoreUnavailable(cause=self.listening_problem) from error
        self.listening_problem = None
        return connection

    async def can_listen(self) -> bool:
        """Return whether notifications arrive: not through a pooler that gives one session to several clients.

        Asked after `listen`, it needs no other connection unless there is a pooler.

        Raises: StoreUnavailable when Postgres cannot be reached.
        """
        if self._listening.is_pooled is False:
            # Known from an open connection, without another one.
            return True
        if self._can_listen is None:
            try:
                self._can_listen = not await self._listening.is_shared()
            except CONNECT_ERRORS as error:
                raise StoreUnavailable(cause=cause_of(error)) from error
        return self._can_listen

    async def ping(self, *, limit: timedelta = TRANSACTION_LIMIT) -> None:
        """Check that Postgres answers within `limit`.

        Raises: StoreUnavailable when it does not.
        """
        async with self.begin(limit=limit) as connection:
            await connection.execute(sa.select(1))

    async def find_problem(self) -> str | None:
        """Return within two seconds why the database cannot be used, or None when it can."""
        try:
            await self.ping(limit=_PROBE_LIMIT)
        except StorageFull:
            return _FULL
        except StoreUnavailable as error:
            return f"Postgres is not available: {error.facts['cause']}"
        if self._was_full_at is not None and time.monotonic() - self._was_full_at < _FULL_FOR.total_seconds():
            return _FULL
        if self.listening_problem:
            return f"no connection for notifications: {self.listening_problem}"
        return None

    @property
    def num_connections(self) -> tuple[int, int]:
        """How many connections of the pool are in use, and how many are idle."""
        pool = self.engine.pool
        assert isinstance(pool, ShrinkingPool)
        return pool.checkedout(), pool.checkedin()

    def close_idle(self, unused_for: timedelta) -> None:
        """Give back the connections that have been idle for so long."""
        pool = self.engine.pool
        assert isinstance(pool, ShrinkingPool)
        pool.close_idle(unused_for)

    async def close(self) -> None:
        """Close every connection."""
        await self.engine.dispose()

    def _connect(self, dialect: Any, *_: object) -> Any:
        """Open a connection for the pool; SQLAlchemy's own way knows few of the URL's parameters and no pooler."""
        connection = await_only(self._connector.connect())
        options = _UNNAMED_STATEMENTS if self._connector.is_pooled else {}
        return dialect.dbapi.connect(async_creator_fn=partial(_opened, connection), **options)


@asynccontextmanager
async def open_database(
    url: str,
    *,
    listen_url: str | None = None,
    pool_size: int = 10,
    idle: timedelta = IDLE_LIMIT,
    name: str | None = None,
    data: Path | None = None,
) -> AsyncIterator[Database]:
    """Yield a pool for `url` (`postgresql://...`) and close it afterwards.

    listen_url: of the same Postgres, for LISTEN, where `url` is that of a pooler.
    pool_size: the most connections that the pool opens.
    idle: after how long an unused one is closed.
    name: what Postgres calls the connections, unless the URL has a name for them.
    data: folder of an embedded Postgres, which dies when its disk is full and cannot say so any more.
    """
    database = Database(url, listen_url=listen_url, pool_size=pool_size, name=name, data=data)
    closing = asyncio.create_task(_keep_closing_idle(database, idle))
    try:
        yield database
    finally:
        closing.cancel()
        await database.close()


async def _keep_closing_idle(database: Database, idle: timedelta) -> None:
    while True:
        await asyncio.sleep(idle.total_seconds() / 2)
        database.close_idle(idle)


@asynccontextmanager
async def _limited(engine: AsyncEngine, limit: timedelta | None) -> AsyncIterator[AsyncConnection]:
    """Yield a connection, and cut it off after `limit`: only that ends a query that Postgres does not answer."""
    loop = asyncio.get_running_loop()
    deadline = None if limit is None else loop.time() + limit.total_seconds()
    is_open = False
    try:
        async with AsyncExitStack() as stack:
            watch = stack.enter_context(ExitStack())
            async with asyncio.timeout_at(deadline):
                connection = await stack.enter_async_context(engine.connect())
            is_open = True
            if deadline is not None:
                driver_connection: Any = (await connection.get_raw_connection()).driver_connection
                # Cancelled after the connection is back in the pool, since a rollback needs an answer as well.
                watch.callback(loop.call_at(deadline, driver_connection.terminate).cancel)
            yield connection
    except (sa.exc.DBAPIError, sa.exc.TimeoutError, *CONNECT_ERRORS) as error:
        if is_open and not is_unavailable(error):
            raise
        if limit is not None and deadline is not None and loop.time() >= deadline:
            raise StoreUnavailable(cause=f"no answer within {limit.total_seconds():g} s") from error
        raise unavailable_from(error) from error


async def _opened(connection: asyncpg.Connection) -> asyncpg.Connection:
    return connection


def _discard_closed(dbapi_connection: Any, _record: object, _proxy: object) -> None:
    """Make the pool replace a connection that Postgres has closed; the socket knows, so that no ping is needed.

    Measured: SQLAlchemy's own ping takes three round trips, as many as storing an event.
    """
    if dbapi_connection.driver_connection.is_closed():
        raise sa.exc.DisconnectionError
