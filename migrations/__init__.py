"""The database schema: Alembic revisions, forward only, run by one migrator at a time.

Revisions do not import Easel's tables, so that old ones do not change with the code. Alembic and SQLAlchemy, half a
second and 30 MB of every process, are imported only when a revision is missing.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from engine.contract.errors import SchemaOutdated
from engine.store.connector import CONNECT_ERRORS, Connector
from engine.store.postgres_url import parse_url

# A revision's file is named after it: `0001_foundation.py`.
NEWEST = max(path.name.partition("_")[0] for path in Path(__file__).parent.glob("versions/[0-9]*_*.py"))

_TIMEOUT = timedelta(seconds=10)


async def upgrade(url: str) -> tuple[str, ...]:
    """Upgrade the database at `url` to the latest revision and return the applied revisions, oldest first.

    Concurrent migrators wait for each other, and one that waits for a table that others use gives way and tries again.
    If a table stays locked for eight seconds, the upgrade fails; what it has applied by then stays, and the next one
    goes on from there.

    Raises: StoreUnavailable when Postgres cannot be reached, SchemaNewer when a newer release has written the schema.
    """
    if await is_current(url):
        return ()
    from engine.store.database import open_database
    from migrations.migrator import upgrade_database

    async with open_database(url, pool_size=1) as database:
        return await upgrade_database(database)


async def read_pending(url: str) -> tuple[str, ...]:
    """Return the missing revisions, oldest first; empty when the database is up to date.

    Raises: StoreUnavailable when Postgres cannot be reached, SchemaNewer when a newer release has written the schema.
    """
    try:
        await require_current(url)
    except SchemaOutdated as error:
        return error.missing
    return ()


async def require_current(url: str) -> None:
    """Check that the schema is that of this release.

    Raises: SchemaOutdated, SchemaNewer, StoreUnavailable when Postgres cannot be reached.
    """
    if await is_current(url):
        return
    from engine.store.database import open_database
    from migrations.migrator import require_current_of

    async with open_database(url, pool_size=1) as database:
        await require_current_of(database)


async def is_current(url: str) -> bool:
    """Return whether the newest revision is applied; False also when that cannot be read."""
    return await read_revision(url) == NEWEST


async def read_revision(url: str) -> str | None:
    """Return the revision of the schema; None for an empty database, and when it cannot be read."""
    try:
        connection = await Connector(parse_url(url)).connect(command_timeout=_TIMEOUT)
        try:
            rows = await connection.fetch("SELECT version_num FROM alembic_version")
        finally:
            connection.terminate()
    except CONNECT_ERRORS:
        return None
    return str(rows[0]["version_num"]) if rows else None
