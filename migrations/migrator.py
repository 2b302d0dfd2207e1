"""Runs Alembic's revisions, one migrator at a time."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from engine.store.database import Database

# Any constant works, as long as every release uses the same one.
_LOCK = 0x0EA5E1


async def upgrade_database(database: Database) -> tuple[str, ...]:
    """Upgrade to the latest revision and return the applied revisions; see `migrations.upgrade`."""
    async with database.begin(limit=None) as connection:
        return await connection.run_sync(_upgrade)


async def read_pending_of(database: Database) -> tuple[str, ...]:
    """Return the missing revisions, oldest first; empty when the database is up to date."""
    async with database.begin() as connection:
        return await connection.run_sync(_pending)


def newest_revision() -> str | None:
    """Return the latest revision."""
    return ScriptDirectory.from_config(_config()).get_current_head()


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
