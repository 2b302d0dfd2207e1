"""Events become actions without loss while the previous release writes, and the log only grows."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

import migrations
from engine.contract.ids import new_id
from engine.store.database import open_database
from migrations import upgrade
from tests.engine.worker.following import until

ADA, BOB, JOB = UUID(int=1), UUID(int=2), UUID(int=3)
PICTURES = [UUID(int=number) for number in range(10, 14)]
EPOCH = datetime(2015, 1, 1, tzinfo=UTC)

# As the release before this revision says it, so that it stays what it was.
_APPEND_MANY = """
    INSERT INTO events (id, press_id, member_id, verb, job_id, picture_id, value, shown, surface, is_owner, latency_ms,
        model, model_hash, consent, at)
    SELECT id, press_id, member_id, verb, job_id, picture_id, value, shown, surface, is_owner, latency_ms,
        model, model_hash, consent, at FROM jsonb_populate_recordset(NULL::events, $1)
    ON CONFLICT (press_id) DO NOTHING RETURNING press_id"""
_JOB = """
    INSERT INTO jobs (id, member_id, operation, spec, seed, status, turn, grid_key, grid_type, ended_at)
    VALUES ($1, $2, 'imagine', '{}', 1, 'finished', 1, 'g', 'image/jpeg', now())"""
# The migrator sleeps between its attempts to lock what the previous release writes to.
_WAITS = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep')"
_PICTURE = """
    INSERT INTO pictures (id, job_id, slot, object_key, width, height, seed, recipe)
    VALUES ($1, $2, $3, 'k', 8, 8, 1, '{}')"""


def press_id(at: datetime, number: int = 0) -> int:
    """Return an id of Discord's of that time."""
    return (at - EPOCH) // timedelta(milliseconds=1) << 22 | number


def event(press: str, at: datetime, *, member: UUID = ADA, value: int = 3, consent: str = "use") -> dict[str, Any]:
    """Return a rating of the second picture as the previous release writes it."""
    return {
        "id": str(new_id()),
        "press_id": press,
        "member_id": str(member),
        "verb": "rate",
        "job_id": str(JOB),
        "picture_id": str(PICTURES[1]),
        "value": value,
        "shown": [{"picture_id": str(picture), "slot": slot} for slot, picture in enumerate(PICTURES)],
        "surface": "guild",
        "is_owner": member == ADA,
        "latency_ms": 3000,
        "model": "starter",
        "model_hash": "ab" * 32,
        "consent": consent,
        "at": at.isoformat(),
    }


async def write(connection: asyncpg.Connection, *rows: dict[str, Any]) -> list[str]:
    """Write events as the previous release does, and return the presses that it takes for new."""
    return [row["press_id"] for row in await connection.fetch(_APPEND_MANY, json.dumps(rows))]


async def press_ids(connection: asyncpg.Connection) -> Sequence[int]:
    return [row["press_id"] for row in await connection.fetch("SELECT press_id FROM actions ORDER BY press_id")]


@pytest.fixture
async def old_url(empty_url: str) -> str:
    """A database of the release before the log, with a job."""
    async with open_database(empty_url, pool_size=1) as database, database.begin(limit=None) as connection:
        await connection.run_sync(_upgrade_to_old)
    opened = await asyncpg.connect(empty_url)
    await opened.execute(_JOB, JOB, ADA)
    for slot, picture in enumerate(PICTURES):
        await opened.execute(_PICTURE, picture, JOB, slot)
    await opened.close()
    return empty_url


def _upgrade_to_old(connection: sa.Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.attributes["connection"] = connection
    command.upgrade(config, "0004")


@pytest.fixture
async def old(old_url: str) -> AsyncIterator[asyncpg.Connection]:
    """The previous release's connection, open before, during and after the upgrade."""
    opened = await asyncpg.connect(old_url)
    yield opened
    await opened.close()


async def test_events_become_actions(old_url: str, old: asyncpg.Connection) -> None:
    """With everything that they say; the default consent becomes "not asked", and each month has a partition."""
    months = [datetime(2026, month, 1, tzinfo=UTC) for month in (3, 4, 11)]
    edges = [months[1] - timedelta(milliseconds=1), months[1]]
    rows = [event(str(press_id(at)), at) for at in edges]
    rows.append(event(str(press_id(months[2])), months[2], member=BOB, consent="publish"))
    rows.append(event("by-hand", months[0], consent="train"))
    await write(old, *rows)
    await upgrade(old_url)
    found = await old.fetch("SELECT *, tableoid::regclass::text AS place FROM actions ORDER BY at")
    assert [str(row["id"]) for row in found] == [row["id"] for row in (rows[3], *rows[:3])]
    assert [row["place"] for row in found] == [f"actions_2026_{month}" for month in ("03", "03", "04", "11")]
    asked = [(row["consent_version"], row["may_train"], row["may_publish"]) for row in found]
    assert asked == [(0, True, False), (None, False, False), (None, False, False), (0, True, True)]
    by_hand, first = found[:2]
    assert (first["press_id"], first["at"], first["replaces"]) == (press_id(edges[0]), edges[0], None)
    assert (first["slot"], first["picture_id"], first["value"]) == (1, PICTURES[1], 3)
    assert (first["shown_pictures"], first["shown_slots"]) == (PICTURES, [0, 1, 2, 3])
    assert (first["member_id"], first["is_owner"], first["latency_ms"]) == (ADA, True, 3000)
    assert (first["model"], first["model_hash"], first["surface"]) == ("starter", "ab" * 32, "guild")
    assert press_id(months[0]) < by_hand["press_id"] <= press_id(months[0] + timedelta(milliseconds=1))
    assert await old.fetchval("SELECT press_id FROM press_keys WHERE key = 'by-hand'") == by_hand["press_id"]
    held = await old.fetch("SELECT member_id, month::text FROM member_months ORDER BY member_id, month")
    # A month in which somebody else pressed on Ada's pictures holds something of hers.
    of_ada = [(ADA, f"2026-{month}-01") for month in ("03", "04", "11")]
    assert [tuple(row) for row in held] == [*of_ada, (BOB, "2026-11-01")]


async def test_what_comes_meanwhile_is_copied_as_well(old_url: str, old: asyncpg.Connection) -> None:
    """A row whose transaction is open when the copying begins, and rows of a release that writes all the time."""
    now = datetime.now(UTC)
    before, late = str(press_id(now, 1)), str(press_id(now, 2))
    await write(old, event(before, now))
    transaction = old.transaction()
    await transaction.start()
    await write(old, event(late, now))
    migrating = asyncio.create_task(upgrade(old_url))
    watch = await asyncpg.connect(old_url)
    await until(lambda: watch.fetchval(_WAITS))
    during = [str(press_id(now, number)) for number in range(10, 30)]
    writing = asyncio.create_task(_write_each(watch, [event(press, now) for press in during]))
    await transaction.commit()
    await migrating
    await writing
    await watch.close()
    assert [str(number) for number in await press_ids(old)] == [before, late, *during]


@pytest.mark.parametrize("reads_first", [True, False], ids=["reads", "writes"])
async def test_a_press_in_hand_is_in_nobodys_way(old_url: str, old: asyncpg.Connection, reads_first: bool) -> None:
    """Whichever of its tables it has used when the migrator comes, and which of them it uses then: none is undone."""
    now = datetime.now(UTC)
    row, reading = event(str(press_id(now)), now), "SELECT FROM deliveries FOR UPDATE"
    watch = await asyncpg.connect(old_url)
    async with old.transaction():
        await (old.execute(reading) if reads_first else write(old, row))
        migrating = asyncio.create_task(upgrade(old_url))
        await until(lambda: watch.fetchval(_WAITS))
        await (write(old, row) if reads_first else old.execute(reading))
    assert await migrating
    assert await press_ids(old) == [press_id(now)]
    await watch.close()


async def _write_each(connection: asyncpg.Connection, rows: Sequence[dict[str, Any]]) -> None:
    for row in rows:
        assert await write(connection, row)


async def test_both_releases_record_a_press_once(old_url: str, old: asyncpg.Connection) -> None:
    """After the upgrade too, whichever of them it reaches first, and in a month that has no partition yet."""
    await upgrade(old_url)
    now, far = datetime.now(UTC), datetime(2031, 2, 3, tzinfo=UTC)
    new, known, ahead = str(press_id(now, 1)), press_id(now, 2), str(press_id(far))
    await old.execute(
        """INSERT INTO actions (press_id, member_id, is_owner, verb, value, shown_pictures, shown_slots, surface,
            may_train, may_publish, at) VALUES ($1, $2, true, 'rate', 0, '{}', '{}', 'dm', false, false, $3)""",
        *(known, ADA, now),
    )
    rows = [event(press, now) for press in (new, str(known), ahead, "by-hand")]
    assert await write(old, *rows) == [new, ahead, "by-hand"]
    assert await write(old, *rows) == []
    assert await old.fetchval("SELECT count(*) FROM events") == 3
    assert len(await press_ids(old)) == 4


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Pacific/Auckland"])
async def test_no_time_zone_moves_a_month(database_url: str, zone: str) -> None:
    """Months touch each other, and each holds its own first and last millisecond, whatever the session's zone."""
    connection = await asyncpg.connect(database_url)
    await connection.execute(f"SET timezone = '{zone}'")
    for log in ("actions", "impressions"):
        for month in ("2029-12-01", "2030-01-01", "2030-02-01"):
            assert await connection.fetchval("SELECT add_feedback_month($1, $2::text::date)", log, month)
    first, next_first = datetime(2030, 1, 1, tzinfo=UTC), datetime(2030, 2, 1, tzinfo=UTC)
    for at in (first, next_first - timedelta(milliseconds=1)):
        await _act(connection, press_id(at, 4194303))
    months = await connection.fetch("SELECT DISTINCT tableoid::regclass::text AS place FROM actions")
    assert [row["place"] for row in months] == ["actions_2030_01"]
    ids = f"SELECT feedback_bound('impressions', '{first:%Y-%m-%d}')"
    assert UUID(await connection.fetchval(ids)).int >> 80 == int(first.timestamp() * 1000)
    await connection.close()


async def _act(connection: asyncpg.Connection, press: int) -> None:
    await connection.execute(
        """INSERT INTO actions (press_id, member_id, is_owner, verb, shown_pictures, shown_slots, surface, may_train,
            may_publish, at) VALUES ($1, $2, true, 'cancel', '{}', '{}', 'dm', false, false, now())""",
        *(press, ADA),
    )


async def test_the_log_only_grows(database_url: str) -> None:
    """Neither the whole nor a partition is changed or emptied, not even a partition that was made later."""
    connection = await asyncpg.connect(database_url)
    at = datetime(2031, 5, 6, tzinfo=UTC)
    await connection.execute("SELECT add_feedback_month('actions', '2031-05-01')")
    await _act(connection, press_id(at))
    for change in ("UPDATE {} SET slot = 1", "DELETE FROM {}", "TRUNCATE {}"):
        for place in ("actions", "actions_2031_05"):
            with pytest.raises(asyncpg.IntegrityConstraintViolationError, match="append-only"):
                await connection.execute(change.format(place))
    async with connection.transaction():
        await connection.execute("SET LOCAL easel.erasing = 'on'")
        with pytest.raises(asyncpg.IntegrityConstraintViolationError):
            async with connection.transaction():
                await connection.execute("UPDATE actions SET slot = 1")
        assert await connection.execute("DELETE FROM actions") == "DELETE 1"
    await connection.close()


async def test_a_month_is_made_while_presses_are_written(database_url: str) -> None:
    """By several processes at once too: neither waits for an open transaction, and nobody makes it twice."""
    writer, *makers = [await asyncpg.connect(database_url) for _ in range(4)]
    transaction = writer.transaction()
    await transaction.start()
    await _act(writer, press_id(datetime.now(UTC)))
    make = "SELECT add_feedback_month('actions', '2032-01-01')"
    async with asyncio.timeout(30):
        made = await asyncio.gather(*(maker.fetchval(make) for maker in makers))
    assert sorted(made) == [False, False, True]
    await transaction.commit()
    for connection in (writer, *makers):
        await connection.close()
