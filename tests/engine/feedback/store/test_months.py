"""Months and ids belong together as Postgres sees them, and partitions are there before they are needed."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
import pytest
import sqlalchemy as sa

from engine.contract.ids import new_id
from engine.feedback.store.months import (
    LOGS,
    add_months_ahead,
    first_id,
    first_press,
    month_of_id,
    month_of_press,
    months_after,
    months_to_hold,
    partition_name,
    read_partitions,
)
from engine.store.database import Database

MONTHS = [date(2015, 1, 1), date(2024, 2, 1), date(2026, 12, 1), date(2031, 1, 1)]


@pytest.mark.parametrize("month", MONTHS)
async def test_bounds_are_those_of_postgres(database: Database, month: date) -> None:
    query = sa.text("SELECT feedback_bound('actions', :month), feedback_bound('impressions', :month)")
    async with database.begin() as connection:
        bounds = tuple((await connection.execute(query, {"month": month})).one())
    assert bounds == (str(first_press(month)), str(first_id(month)))


@pytest.mark.parametrize("month", MONTHS)
def test_ids_belong_to_their_month(month: date) -> None:
    """The first one does, and the last one before the next month."""
    after = months_after(month)
    assert month_of_press(first_press(month)) == month_of_press(first_press(after) - 1) == month
    assert month_of_id(first_id(month)) == month
    assert month_of_id(UUID(int=first_id(after).int - 1)) == month


def test_todays_ids_belong_to_this_month() -> None:
    before, one, after = datetime.now(UTC), new_id(), datetime.now(UTC)
    assert month_of_id(one) in {before.date().replace(day=1), after.date().replace(day=1)}


def test_months_are_held_by_utc_and_over_the_turn_of_the_year() -> None:
    late = datetime(2026, 11, 30, 23, 59, tzinfo=UTC).astimezone(ZoneInfo("Pacific/Auckland"))
    assert [f"{month:%y%m}" for month in months_to_hold(late)] == ["2610", "2611", "2612", "2701", "2702"]


async def test_months_are_made_ahead_once(database: Database) -> None:
    """A migrated database has those of today; a year later others are missing, and nothing is made twice."""
    now = datetime.now(UTC)
    later = now + timedelta(days=366)
    async with database.begin() as connection:
        assert await add_months_ahead(connection, now) == ()
        made = await add_months_ahead(connection, later)
        assert set(made) == {partition_name(log, month) for log in LOGS for month in months_to_hold(later)}
        assert await add_months_ahead(connection, later) == ()
        found = {(partition.name, partition.month) for partition in await read_partitions(connection)}
        held = {*months_to_hold(now), *months_to_hold(later)}
        assert found == {(partition_name(log, month), month) for log in LOGS for month in held}


async def test_a_detachment_that_was_not_finished_is_found(database: Database, database_url: str) -> None:
    """As one that timed out leaves it: the partition takes no rows any more."""
    name = partition_name("actions", datetime.now(UTC).date())
    reader, operator = [await asyncpg.connect(database_url) for _ in range(2)]
    async with reader.transaction():
        await reader.execute("SELECT FROM actions")
        await operator.execute("SET statement_timeout = 200")
        with pytest.raises(asyncpg.QueryCanceledError):
            await operator.execute(f"ALTER TABLE actions DETACH PARTITION {name} CONCURRENTLY")
    async with database.begin() as connection:
        detached = [partition.name for partition in await read_partitions(connection) if partition.is_detached]
    assert detached == [name]
    await asyncio.gather(reader.close(), operator.close())
