"""The lock of the one restore that may run into a database, which must be empty."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from engine.contract.errors import DatabaseUnusable
from engine.store.connector import Connector
from engine.store.postgres_url import parse_url

# Any number that nothing else locks.
RESTORE_LOCK = 7_310_421_905
_COUNT_TABLES = """
SELECT count(*) FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
WHERE relkind IN ('r', 'p') AND nspname NOT IN ('pg_catalog', 'information_schema')
"""


@asynccontextmanager
async def hold_restore_lock(url: str) -> AsyncIterator[None]:
    """Hold the lock until the block ends.

    Raises: DatabaseUnusable when another restore holds it, and when the database has tables.
    """
    connection: asyncpg.Connection = await Connector(parse_url(url)).connect()
    try:
        if not await connection.fetchval("SELECT pg_try_advisory_lock($1)", RESTORE_LOCK):
            problem = "Another restore into this database is running. Wait until it has ended, or stop it and try again"
            raise DatabaseUnusable(problems=(problem,))
        if await connection.fetchval(_COUNT_TABLES):
            problem = "The database has tables already. Restore into an empty one: a new EASEL_HOME or DATABASE_URL"
            raise DatabaseUnusable(problems=(problem,))
        yield
    finally:
        connection.terminate()
