"""An upgrade that Postgres undoes, because it and those who use the tables wait for each other, is tried again."""

from __future__ import annotations

import asyncio

import asyncpg
import sqlalchemy as sa
from alembic import command

from engine.store.database import open_database
from migrations import NEWEST, is_current, upgrade
from migrations.migrator import _config
from tests.engine.worker.following import until

_WAITS = """
    SELECT EXISTS (SELECT FROM pg_locks JOIN pg_stat_activity USING (pid)
        WHERE datname = current_database() AND NOT granted AND relation = 'deliveries'::regclass)"""


def _upgrade_to_old(connection: sa.Connection) -> None:
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "0028")


async def test_a_deadlock_costs_the_upgrade_an_attempt(empty_url: str) -> None:
    """It holds jobs and wants deliveries; a press has read its deliveries and submits a job."""
    async with open_database(empty_url, pool_size=1) as database, database.begin(limit=None) as connection:
        await connection.run_sync(_upgrade_to_old)
    press, watch = await asyncpg.connect(empty_url), await asyncpg.connect(empty_url)
    # Whatever happens, it is not the press that finds the deadlock.
    await press.execute("SET deadlock_timeout = '1h'")
    async with press.transaction():
        await press.execute("LOCK TABLE deliveries IN ACCESS SHARE MODE")
        migrating = asyncio.create_task(upgrade(empty_url))
        await until(lambda: watch.fetchval(_WAITS))
        await press.execute("LOCK TABLE jobs IN ROW EXCLUSIVE MODE")
    assert NEWEST in await migrating
    assert await is_current(empty_url)
    await press.close()
    await watch.close()
