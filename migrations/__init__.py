"""The database schema: Alembic revisions, forward only, run by one migrator at a time.

Revisions do not import Easel's tables, so that old ones do not change with the code. Alembic and SQLAlchemy, half a
second and 30 MB of every process, are imported only when a revision is missing.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import asyncpg

# A revision's file is named after it: `0001_foundation.py`.
NEWEST = max(path.name.partition("_")[0] for path in Path(__file__).parent.glob("versions/[0-9]*_*.py"))

_TIMEOUT_SECONDS = 10.0


async def upgrade(url: str) -> tuple[str, ...]:
    """Upgrade the database at `url` to the latest revision and return the applied revisions, oldest first.

    Concurrent migrators wait for each other. If a table stays locked for four seconds, the upgrade fails and changes
    nothing.

    Raises: StoreUnavailable when Postgres cannot be reached.
    """
    if await is_current(url):
        return ()
    from engine.store.database import open_database
    from migrations.migrator import upgrade_database

    async with open_database(url, pool_size=1) as database:
        return await upgrade_database(database)


async def read_pending(url: str) -> tuple[str, ...]:
    """Return the missing revisions, oldest first; empty when the database is up to date.

    Raises: StoreUnavailable when Postgres cannot be reached.
    """
    if await is_current(url):
        return ()
    from engine.store.database import open_database
    from migrations.migrator import read_pending_of

    async with open_database(url, pool_size=1) as database:
        return await read_pending_of(database)


async def is_current(url: str) -> bool:
    """Return whether the newest revision is applied; False also when that cannot be read."""
    try:
        connection = await asyncpg.connect(url, timeout=_TIMEOUT_SECONDS)
        try:
            rows = await connection.fetch("SELECT version_num FROM alembic_version")
        finally:
            await connection.close()
    except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return False
    return [row["version_num"] for row in rows] == [NEWEST]
