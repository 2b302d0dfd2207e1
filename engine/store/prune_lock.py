"""The lock of the one prune that may run at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from engine.store.connector import Connector
from engine.store.postgres_url import parse_url

# Any number that nothing else locks.
PRUNE_LOCK = 7_310_421_906


@asynccontextmanager
async def hold_prune_lock(url: str) -> AsyncIterator[bool]:
    """Hold the lock until the block ends; yield False when another prune holds it."""
    connection: asyncpg.Connection = await Connector(parse_url(url)).connect()
    try:
        yield bool(await connection.fetchval("SELECT pg_try_advisory_lock($1)", PRUNE_LOCK))
    finally:
        connection.terminate()
