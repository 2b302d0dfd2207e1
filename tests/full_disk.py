"""A disk that is full under Postgres: every write fails with the error that Postgres has for it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

# What changes a page: rows of these tables, and nothing that only reads.
_TABLES = ("jobs", "previews", "pictures", "actions", "impressions", "deliveries", "pgqueuer", "pgqueuer_log")

_FILL = """
    CREATE FUNCTION refuse_to_write() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'could not extend file "base/5/16384": No space left on device' USING ERRCODE = 'disk_full';
    END $$;
"""


@asynccontextmanager
async def full_disk(database_url: str) -> AsyncIterator[None]:
    """Let Postgres have no room to write until the block ends."""
    connection = await asyncpg.connect(database_url)
    try:
        trigger = "CREATE TRIGGER full_disk BEFORE INSERT OR UPDATE OR DELETE ON {} EXECUTE FUNCTION refuse_to_write();"
        await connection.execute(_FILL)
        # Each by itself: all of them together might wait for a transaction that waits for one of them.
        for table in _TABLES:
            await connection.execute(trigger.format(table))
        yield
        for table in _TABLES:
            await connection.execute(f"DROP TRIGGER full_disk ON {table}")
        await connection.execute("DROP FUNCTION refuse_to_write()")
    finally:
        await connection.close()
