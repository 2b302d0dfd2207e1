"""A running bot has the log's partitions ahead of time."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa

from engine.feedback.store.months import LOGS, months_to_hold, partition_name, read_partitions
from engine.store.database import Database
from tests.bot.conftest import BotStarter
from tests.engine.worker.following import until


async def test_the_bot_makes_months_ahead(database: Database, start_bot: BotStarter) -> None:
    """Those that a database lacks which nobody has served for months."""
    needed = {partition_name(log, month) for log in LOGS for month in months_to_hold(datetime.now(UTC))}
    async with database.begin() as connection:
        for name in needed:
            await connection.execute(sa.text(f"DROP TABLE {name}"))

    async def is_made() -> bool:
        async with database.begin() as connection:
            return needed <= {partition.name for partition in await read_partitions(connection)}

    async with start_bot():
        await until(is_made)
