"""A member is erased from the log whole, and alone, and no partition without anything of theirs is touched."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.contract.jobs import Job
from engine.feedback.store.actions import Rated, append_actions, read_ratings
from engine.feedback.store.erasure import ErasedFeedback, erase_feedback
from engine.feedback.store.months import LOGS, partition_name
from engine.store.database import Database
from engine.store.jobs import submit_job
from tests.engine.feedback.store.test_actions import rating
from tests.fakes import request_for

ADA = UUID(int=1)
THIS_MONTH = datetime.now(UTC).date().replace(day=1)

_DELETES = re.compile("DELETE FROM (actions|impressions)")
_PARTITION = re.compile(r"\b(?:actions|impressions)_\d{4}_\d{2}\b")

# A year of presses and results of two hundred members, of whom Ada was there in two months.
_FILL = """
    CREATE TEMP TABLE filled AS
    SELECT n, lpad((n % 199 + 2)::text, 32, '0')::uuid AS member_id,
        (date_trunc('month', now()) - (n % 12) * interval '1 month')::date AS month
    FROM generate_series(1, 12000) AS n;
    INSERT INTO filled
    SELECT n, '00000000-0000-0000-0000-000000000001',
        (date_trunc('month', now()) - (n % 2) * interval '7 months')::date
    FROM generate_series(12001, 12020) AS n;
    SELECT add_feedback_month(log, month)
    FROM (SELECT DISTINCT month FROM filled) AS months, unnest(ARRAY['actions', 'impressions']) AS log;
    INSERT INTO actions (press_id, member_id, verb, shown_pictures, shown_slots, surface, is_owner, may_train,
        may_publish, at)
    SELECT feedback_bound('actions', month)::bigint + n, member_id, 'upscale', '{}', '{}', 'guild', true, false, false,
        now() FROM filled;
    INSERT INTO impressions (id, kind, job_id, member_id, pictures, prompt_hash, ui_version, may_train, may_publish,
        shown_at)
    SELECT (substr(feedback_bound('impressions', month), 1, 13) || substr(gen_random_uuid()::text, 14))::uuid, 'grid',
        gen_random_uuid(), member_id, '[]', '', 1, false, false, now() FROM filled;
    INSERT INTO member_months SELECT DISTINCT member_id, month FROM filled;
    ANALYZE"""


@pytest.fixture
async def filled(database: Database) -> Database:
    """A database with a year of feedback."""
    async with database.autocommit() as connection:
        for statement in _FILL.split(";"):
            await connection.execute(sa.text(statement))
    return database


async def _count(connection: AsyncConnection, member_id: UUID) -> list[int]:
    tables = (*LOGS, "member_months", "events", "press_keys")
    counts = [
        f"SELECT count(*) FROM {table}" + ("" if table == "press_keys" else " WHERE member_id = :member_id")
        for table in tables
    ]
    return [(await connection.execute(sa.text(query), {"member_id": member_id})).scalar_one() for query in counts]


async def _scanned(connection: AsyncConnection) -> dict[str, int]:
    """Return how often this transaction has read each partition, by whatever way."""
    query = """
        SELECT relname, seq_scan + coalesce(idx_scan, 0) AS scans FROM pg_stat_xact_user_tables
        WHERE relname ~ '^(actions|impressions)_'"""
    return {row.relname: row.scans for row in await connection.execute(sa.text(query))}


@contextmanager
def said_to(database: Database) -> Iterator[list[tuple[str, Any]]]:
    """Yield the statements that are said meanwhile, with their parameters."""
    said: list[tuple[str, Any]] = []

    def hear(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        said.append((statement, parameters))

    sa.event.listen(database.engine.sync_engine, "before_cursor_execute", hear)
    try:
        yield said
    finally:
        sa.event.remove(database.engine.sync_engine, "before_cursor_execute", hear)


async def plans_of(database: Database, said: Sequence[tuple[str, Any]]) -> list[str]:
    async with database.begin() as connection:
        return [
            "\n".join((await connection.exec_driver_sql(f"EXPLAIN {statement}", parameters)).scalars())
            for statement, parameters in said
        ]


async def test_only_the_members_own_months_are_touched(filled: Database) -> None:
    """By what Postgres plans, and by what it then counts as read."""
    months = [THIS_MONTH, _months_before(THIS_MONTH, 7)]
    own = {partition_name(log, month) for log in LOGS for month in months}
    with said_to(filled) as said:
        async with filled.begin() as connection:
            before = await _scanned(connection)
            erased = await erase_feedback(connection, ADA)
            after = await _scanned(connection)
            await connection.rollback()
    assert erased == ErasedFeedback(actions=20, impressions=20)
    assert {name for name, scans in after.items() if scans > before.get(name, 0)} == own
    plans = await plans_of(filled, [one for one in said if _DELETES.match(one[0])])
    assert sorted(name for plan in plans for name in set(_PARTITION.findall(plan))) == sorted(own)
    assert not [plan for plan in plans if "Seq Scan" in plan]


def _months_before(month: date, count: int) -> date:
    years, index = divmod(month.month - 1 - count, 12)
    return date(month.year + years, index + 1, 1)


async def test_a_member_is_erased_whole_and_alone(filled: Database) -> None:
    """With what the previous release wrote, and without taking anything of another's."""
    other = UUID(int=2)
    async with filled.begin() as connection:
        job = await submit_job(connection, request_for(ADA))
        await _write_as_before(connection, job)
        before = await _count(connection, other)
        assert await _count(connection, ADA) == [21, 20, 2, 1, 1]
        assert await erase_feedback(connection, ADA) == ErasedFeedback(actions=21, impressions=20)
        assert await _count(connection, ADA) == [0, 0, 0, 0, 0]
        assert (await _count(connection, other))[:3] == before[:3]
        assert await erase_feedback(connection, ADA) == ErasedFeedback(actions=0, impressions=0)


async def _write_as_before(connection: AsyncConnection, job: Job) -> None:
    """Write an event as the previous release does, by a press whose id is not Discord's."""
    event = """
        INSERT INTO events (id, press_id, member_id, verb, job_id, shown, surface, is_owner, consent, at)
        VALUES (gen_random_uuid(), 'by-hand', :member_id, 'reroll', :job_id, '[]', 'guild', true, 'use', now())"""
    await connection.execute(sa.text(event), {"member_id": ADA, "job_id": job.id})


async def test_nothing_else_of_the_transaction_can_delete(filled: Database) -> None:
    """The log is append-only again once the erasure is over, before the transaction is."""
    with pytest.raises(sa.exc.IntegrityError, match="append-only"):
        async with filled.begin() as connection:
            await erase_feedback(connection, ADA)
            await connection.execute(sa.text("DELETE FROM actions"))


async def test_a_rating_is_looked_for_in_the_months_since_the_job_alone(filled: Database) -> None:
    """However many months there are before; one that a clock a day behind would have made is in them."""
    async with filled.begin() as connection:
        job = await submit_job(connection, request_for(ADA))
    rated = Rated(job_id=job.id, member_id=ADA, picture_id=None)
    with said_to(filled) as said:
        async with filled.begin() as connection:
            assert await read_ratings(connection, [rated]) == [None]
    (plan,) = await plans_of(filled, [one for one in said if "FROM actions" in one[0]])
    yesterday = partition_name("actions", datetime.now(UTC).date() - timedelta(days=1))
    assert min(_PARTITION.findall(plan)) == yesterday


async def test_a_press_is_found_again_by_the_key_alone(filled: Database) -> None:
    """One statement, in which the primary key decides whether a press is new, and no partition is read for it."""
    async with filled.begin() as connection:
        job = await submit_job(connection, request_for(ADA))
    with said_to(filled) as said:
        async with filled.begin() as connection:
            assert await append_actions(connection, [rating(job, 3)]) == [True]
    (plan,) = await plans_of(filled, [one for one in said if "INSERT INTO actions" in one[0]])
    assert "Conflict Arbiter Indexes: actions_pkey" in plan
    assert "Scan on actions" not in plan
    async with filled.begin() as connection:
        assert await append_actions(connection, [rating(job, 3)]) == [False]
