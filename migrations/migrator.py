"""Runs Alembic's revisions, one migrator at a time."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from engine.contract.errors import SchemaNewer, SchemaOutdated, StoreUnavailable
from engine.store.database import Database
from engine.store.unavailable import is_blocked, is_rolled_back
from migrations import NEWEST

# Any constant works, as long as every release uses the same one.
_LOCK = 0x0EA5E1

# Shorter than the second after which whoever waits looks for a deadlock, so that it is the upgrade that gives way and
# not a member's press; and whoever wants the table waits behind the upgrade no longer than that.
_LOCK_MILLISECONDS = 200
_RETRIES = 40

OWN_RELEASE = f"Easel {metadata.version('easel')}"

# Alembic's table; its comment names the release that last changed the schema, for one that does not know its revision.
_VERSIONS = sa.Table("alembic_version", sa.MetaData(), comment=OWN_RELEASE)


async def upgrade_database(database: Database) -> tuple[str, ...]:
    """Upgrade to the latest revision and return the applied revisions; see `migrations.upgrade`.

    Each revision has a transaction of its own, so that no more tables are locked together than it changes. Others use
    them in another order; a revision that gives way to them is tried again. An empty database, which nobody uses, gets
    all revisions at once.
    """
    applied: list[str] = []
    while some := await _apply_some(database):
        applied += some
    return tuple(applied)


async def _apply_some(database: Database) -> tuple[str, ...]:
    """Apply the next revision, or all to an empty database; return what was applied, nothing when none is missing."""
    for _ in range(_RETRIES):
        try:
            return await _apply_once(database)
        except (StoreUnavailable, sa.exc.DBAPIError) as error:
            if not (is_rolled_back(error) or is_blocked(error)):
                raise
    return await _apply_once(database)


async def _apply_once(database: Database) -> tuple[str, ...]:
    async with database.begin(limit=None) as connection:
        return await connection.run_sync(_apply)


async def require_current_of(database: Database) -> None:
    """Check that the schema is that of this release; see `migrations.require_current`."""
    async with database.begin() as connection:
        await connection.run_sync(_require_current)


def newest_revision() -> str | None:
    """Return the latest revision."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def _apply(connection: sa.Connection) -> tuple[str, ...]:
    connection.execute(sa.text("SET LOCAL lock_timeout = '60s'"))
    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
    connection.execute(sa.text(f"SET LOCAL lock_timeout = '{_LOCK_MILLISECONDS}ms'"))
    pending = _pending(connection)
    is_in_use = MigrationContext.configure(connection).get_current_revision() is not None
    chosen = pending[:1] if is_in_use else pending
    if chosen:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, chosen[-1])
        connection.execute(sa.schema.SetTableComment(_VERSIONS))
    return chosen


def _require_current(connection: sa.Connection) -> None:
    pending = _pending(connection)
    if pending:
        current = MigrationContext.configure(connection).get_current_revision()
        release = _read_release(connection)
        raise SchemaOutdated(revision=current, missing=pending, release=release, own_release=OWN_RELEASE)


def _read_release(connection: sa.Connection) -> str | None:
    """Return the release that last changed the schema, or None if it has left no note."""
    query = sa.text("SELECT obj_description(to_regclass('alembic_version'), 'pg_class')")
    release: str | None = connection.execute(query).scalar_one()
    return release


def _pending(connection: sa.Connection) -> tuple[str, ...]:
    """Return the missing revisions, oldest first.

    Raises: SchemaNewer when the database has a revision that this release does not know.
    """
    script = ScriptDirectory.from_config(_config())
    known = {revision.revision for revision in script.walk_revisions()}
    current = MigrationContext.configure(connection).get_current_heads()
    for revision in current:
        if revision not in known:
            raise SchemaNewer(
                revision=revision, release=_read_release(connection), newest=NEWEST, own_release=OWN_RELEASE
            )
    revisions = script.iterate_revisions("heads", current or "base")
    return tuple(reversed([revision.revision for revision in revisions]))


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    return config
