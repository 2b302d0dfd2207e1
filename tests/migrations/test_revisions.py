"""The revisions create exactly the declared tables, and can run repeatedly and concurrently."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import asyncpg
import pytest
from pgqueuer import QueueManager
from pgqueuer.queries import Queries

import bot.store.adapters.tables
import bot.store.announcements.tables
import bot.store.export_tables
import bot.store.finding.tables
import bot.store.guilds.tables
import bot.store.learning.profile_tables
import bot.store.learning.tables
import bot.store.moderation.tables
import bot.store.original_requests
import bot.store.plans.tables
import bot.store.ranking.tables
import bot.store.tables  # noqa: F401
import engine.feedback.store.tables  # noqa: F401
from engine.contract.errors import SchemaNewer, SchemaOutdated, StoreUnavailable
from engine.store.database import open_database
from engine.store.tables import metadata
from migrations import NEWEST, is_current, read_pending, require_current, upgrade
from migrations.migrator import OWN_RELEASE, newest_revision

# Everything the catalog says of a table, in Postgres's own spelling.
_CATALOG = {
    "columns": """
        SELECT c.relname || '.' || a.attname AS name,
            concat_ws(' | ', format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated,
                      pg_get_expr(d.adbin, d.adrelid), col_description(c.oid, a.attnum)) AS definition
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        LEFT JOIN pg_attrdef d ON (d.adrelid, d.adnum) = (a.attrelid, a.attnum)
        WHERE c.relname = ANY($1) AND a.attnum > 0 AND NOT a.attisdropped""",
    "constraints": """
        SELECT c.relname || '.' || o.conname AS name, pg_get_constraintdef(o.oid) AS definition
        FROM pg_constraint o JOIN pg_class c ON c.oid = o.conrelid WHERE c.relname = ANY($1)""",
    "indexes": """
        SELECT i.relname::text AS name, pg_get_indexdef(i.oid) AS definition
        FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class c ON c.oid = x.indrelid
        WHERE c.relname = ANY($1)""",
    "tables": """
        SELECT relname::text AS name, concat_ws(' | ', relpersistence, obj_description(oid)) AS definition
        FROM pg_class WHERE relname = ANY($1)""",
}


async def _read_catalog(url: str) -> Mapping[str, Mapping[str, str]]:
    connection = await asyncpg.connect(url)
    try:
        names = sorted(metadata.tables)
        return {
            kind: {row["name"]: row["definition"] for row in await connection.fetch(query, names)}
            for kind, query in _CATALOG.items()
        }
    finally:
        await connection.close()


async def test_revisions_equal_declared_tables(database_url: str, empty_url: str) -> None:
    """Columns, defaults, checks, foreign keys, index predicates and comments are the declared ones."""
    async with open_database(empty_url) as declared, declared.engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    migrated = await _read_catalog(database_url)
    assert len(migrated["tables"]) == len(metadata.tables)
    assert migrated == await _read_catalog(empty_url)


async def test_queue_is_content_with_its_tables(database_url: str) -> None:
    """PgQueuer finds everything it needs and would change nothing."""
    connection = await asyncpg.connect(database_url)
    try:
        queries = Queries.from_asyncpg_connection(connection)
        await QueueManager(queries).verify_structure()
        assert (await queries.plan_upgrade()).statements == ()
    finally:
        await connection.close()


async def test_upgrade_again_changes_nothing(database_url: str) -> None:
    """A database at the latest revision does not change."""
    assert await upgrade(database_url) == ()


async def test_migrators_take_turns(empty_url: str) -> None:
    """When several migrators start together, each revision runs once and none fails."""
    applied = await asyncio.gather(*(upgrade(empty_url) for _ in range(4)))
    assert sorted(applied)[:3] == [(), (), ()]
    assert max(applied)


async def test_pending_revisions_are_known(empty_url: str, database_url: str) -> None:
    """Missing revisions are listed without being applied."""
    assert await read_pending(empty_url)
    assert await read_pending(database_url) == ()
    assert await is_current(database_url) and not await is_current(empty_url)


def test_the_newest_revision_is_known_without_alembic() -> None:
    assert newest_revision() == NEWEST


async def test_an_older_schema_is_told_from_none(database_url: str, empty_url: str) -> None:
    """With the release that wrote it, which its tables say; every upgrade leaves that note."""
    with pytest.raises(SchemaOutdated) as caught:
        await require_current(empty_url)
    assert (caught.value.revision, caught.value.release) == (None, None)
    await _execute(database_url, "UPDATE alembic_version SET version_num = '0001'")
    assert not await is_current(database_url)
    with pytest.raises(SchemaOutdated) as caught:
        await require_current(database_url)
    assert (caught.value.revision, caught.value.release) == ("0001", OWN_RELEASE)
    assert caught.value.missing[0] == "0002"


async def test_a_newer_schema_is_refused(database_url: str) -> None:
    """Reading and upgrading name the release that wrote it, and change nothing."""
    await _execute(
        database_url,
        "UPDATE alembic_version SET version_num = '9999'",
        "COMMENT ON TABLE alembic_version IS 'Easel 8.1'",
    )
    assert not await is_current(database_url)
    for action in (require_current, read_pending, upgrade):
        with pytest.raises(SchemaNewer) as caught:
            await action(database_url)
        assert (caught.value.revision, caught.value.release) == ("9999", "Easel 8.1")
        assert (caught.value.newest, caught.value.own_release) == (NEWEST, OWN_RELEASE)


async def _execute(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


async def test_upgrade_without_postgres_says_so() -> None:
    """Without a server, `upgrade` raises StoreUnavailable."""
    with pytest.raises(StoreUnavailable):
        await upgrade("postgresql://postgres@127.0.0.1:1/postgres")
