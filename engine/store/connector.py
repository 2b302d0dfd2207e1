"""Opens every connection to one Postgres in the same way: hosts in turn, and without named statements on a pooler."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import asyncpg

from engine.store.postgres_url import Host, PostgresURL

CONNECTION_ERRORS = (
    OSError,
    TimeoutError,
    asyncio.IncompleteReadError,
    asyncpg.PostgresConnectionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.OperatorInterventionError,
    asyncpg.PostgresSystemError,
    asyncpg.TransactionRollbackError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.InterfaceError,
    # Of a query on a connection that Postgres has ended and not closed yet.
    asyncpg.InternalClientError,
)
"""What is raised when Postgres is away, has no room or is only to be read: it may work again by itself."""

CONNECT_ERRORS = (*CONNECTION_ERRORS, asyncpg.PostgresError)
"""Everything that connecting raises."""

# What a host that is down answers, or one of another kind than is wanted: then the next one is tried.
_NEXT_HOST_ERRORS = (
    OSError,
    TimeoutError,
    asyncio.IncompleteReadError,
    asyncpg.CannotConnectNowError,
    asyncpg.TargetServerAttributeNotMatched,
)


class Connector:
    """Opens connections to one Postgres.

    name: what Postgres calls the connections, unless the URL has an `application_name`.
    is_pooled: whether a pooler such as PgBouncer stands before it; None before the first connection.
    """

    def __init__(self, url: PostgresURL, name: str | None = None) -> None:
        self.url = url
        self._settings = {} if name is None or url.is_named else {"application_name": name}
        self.is_pooled: bool | None = None

    async def connect(self, *, command_timeout: timedelta | None = None) -> asyncpg.Connection:
        """Return a new connection; the caller closes it.

        A pooler may send each transaction to another server process, which does not know a statement that was named
        in an earlier one: such a connection names none.

        command_timeout: time after which a query on it raises TimeoutError; None for no limit.

        Raises: asyncpg's errors, OSError and TimeoutError when Postgres cannot be reached.
        """
        connection = await self._open(command_timeout)
        if self.is_pooled is None:
            try:
                self.is_pooled = await _is_pooled(connection, self.url.timeout)
            finally:
                if self.is_pooled is not False:
                    connection.terminate()
            if self.is_pooled:
                return await self._open(command_timeout)
        return connection

    async def is_shared(self) -> bool:
        """Return whether a pooler gives one server process to several connections, so that LISTEN does not work.

        Raises: what `connect` raises.
        """
        first = await self.connect()
        try:
            if not self.is_pooled:
                return False
            second = await self.connect()
            try:
                return await _do_share(first, second, self.url.timeout)
            finally:
                second.terminate()
        finally:
            first.terminate()

    async def _open(self, command_timeout: timedelta | None) -> asyncpg.Connection:
        options: dict[str, Any] = {
            "timeout": self.url.timeout.total_seconds(),
            "command_timeout": None if command_timeout is None else command_timeout.total_seconds(),
            "server_settings": self._settings,
        }
        if self.is_pooled:
            options["statement_cache_size"] = 0
        if not self.url.hosts:
            return await asyncpg.connect(self.url.dsn, **options)
        return await self._open_first_host(options)

    async def _open_first_host(self, options: dict[str, Any]) -> asyncpg.Connection:
        """Return a connection to the first host that fits; asyncpg would wait for one that hangs until the end."""
        targets = ("standby", "any") if self.url.target == "prefer-standby" else (self.url.target,)
        last_error: Exception | None = None
        for target in targets:
            for host in self.url.hosts:
                try:
                    return await self._open_host(host, target, options)
                except _NEXT_HOST_ERRORS as error:
                    last_error = error
        assert last_error is not None
        raise last_error

    async def _open_host(self, host: Host, target: str, options: dict[str, Any]) -> asyncpg.Connection:
        return await asyncpg.connect(
            self.url.dsn, host=host.name, port=host.port, target_session_attrs=target, **options
        )


async def _is_pooled(connection: asyncpg.Connection, timeout: timedelta) -> bool:
    """Return whether the process that answers is another than the one that greeted: a pooler greets by itself."""
    # One simple query, which needs no prepared statement; its tag tells how many rows it has.
    query = f"SELECT WHERE pg_backend_pid() = {int(connection.get_server_pid())}"
    tag: str = await connection.execute(query, timeout=timeout.total_seconds())
    return tag == "SELECT 0"


async def _do_share(first: asyncpg.Connection, second: asyncpg.Connection, timeout: timedelta) -> bool:
    seconds = timeout.total_seconds()
    query = "SELECT pg_backend_pid()"
    seen = [{await connection.fetchval(query, timeout=seconds) for _ in range(3)} for connection in (first, second)]
    return bool(seen[0] & seen[1]) or max(map(len, seen)) > 1
