"""The database schema: Alembic revisions, forward only, run by one migrator at a time.

Revisions do not import Easel's tables, so that old ones do not change with the code.
"""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from engine.store.database import Database, open_database

# Any constant works, as long as every release uses the same one.
_LOCK = 0x0EA5E1


async def upgrade(url: str) -> tuple[str, ...]:
    """Upgrade the database at `url` to the latest revision and return the applied revisions, oldest first.

    Concurrent migrators wait for each other. If a table stays locked for four seconds, the upgrade fails and changes
    nothing.

    Raises: StoreUnavailable when Postgres cannot be reached.
    """
    async with open_database(url, pool_size=1) as database:
        return await upgrade_database(database)


async def upgrade_database(database: Database) -> tuple[str, ...]:
    """Like `upgrade`, with an open pool."""
    async with database.begin() as connection:
        return await connection.run_sync(_upgrade)


async def read_pending(database: Database) -> tuple[str, ...]:
    """Return the missing revisions, oldest first; empty when the database is up to date."""
    async with database.begin() as connection:
        return await connection.run_sync(_pending)


def _upgrade(connection: sa.Connection) -> tuple[str, ...]:
    connection.execute(sa.text("SET LOCAL lock_timeout = '60s'"))
    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
    connection.execute(sa.text("SET LOCAL lock_timeout = '4s'"))
    pending = _pending(connection)
    if pending:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return pending


def _pending(connection: sa.Connection) -> tuple[str, ...]:
    script = ScriptDirectory.from_config(_config())
    current = MigrationContext.configure(connection).get_current_heads()
    revisions = script.iterate_revisions("heads", current or "base")
    return tuple(reversed([revision.revision for revision in revisions]))


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    return config
