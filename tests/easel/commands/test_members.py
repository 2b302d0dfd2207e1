"""`easel members`: what members use is shown, and they are banned and limited."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.store.members import lock_members
from bot.store.plans.reading import read_plans
from engine.contract.errors import MemberBanned
from engine.contract.ids import new_id
from engine.contract.jobs import JobStatus
from engine.store.api_keys import KeyOptions, create_key, lock_key
from engine.store.database import Database
from engine.store.jobs import submit_job
from engine.store.operator_jobs import OPERATOR_ID
from engine.store.transitions import finish_job
from tests.easel.command import CommandResult, run_easel
from tests.engine.store.stages import picture_of, read, started, submitted
from tests.engine.worker.following import count, until
from tests.fakes import request_for

Run = Callable[..., Coroutine[Any, Any, CommandResult]]
ADA = 123456789012345678


@pytest.fixture
def members(home: Path, database_url: str) -> Run:
    """Runs `easel members` with these words."""

    async def run(*words: str) -> CommandResult:
        return await run_easel("members", *words, home=home, DATABASE_URL=database_url)

    return run


async def test_who_used_most_is_first(members: Run, database: Database) -> None:
    """Persons, keys and the command line, each by the name that an operator knows."""
    assert (await members("list")).out == "Nobody has painted anything within 30 days.\n"
    async with database.begin() as connection:
        (ada,) = await lock_members(connection, [ADA])
        created = await create_key(connection, KeyOptions(name="gallery"))
    assert created
    for member, number in ((ada.id, 3), (created[0].member_id, 2), (OPERATOR_ID, 1)):
        for _ in range(number):
            job = await started(database, await submitted(database, member))
            async with database.begin() as connection:
                await finish_job(connection, job.id, [picture_of(job, 0)], "g", "image/webp")
    listed = json.loads((await members("list", "--json")).out)
    assert {(one["name"], one["month"]["jobs"], one["day"]["pictures"]) for one in listed} == {
        (f"Discord user {ADA}", 3, 3),
        ('the key "gallery"', 2, 2),
        ("the command line", 1, 1),
    }
    table = (await members("list")).out
    assert str(ADA) in table and "3 / 3" in table and "within a day / within 30 days" in table
    assert (await members("show", str(OPERATOR_ID))).out.startswith("the command line, member 0")
    shown = (await members("show", "gallery")).out
    assert shown.startswith(f'the key "gallery", member {created[0].member_id}\n')
    assert "Within 30 days: 2 jobs, 2 pictures, painted for 0 s." in shown and "Not banned." in shown


async def test_a_ban_cancels_what_waits_and_ends(members: Run, database: Database) -> None:
    """By either id; twice is once, and the second reason counts."""
    async with database.begin() as connection:
        (ada,) = await lock_members(connection, [ADA])
    waiting, running, other = [await submitted(database, member) for member in (ada.id, ada.id, new_id())]
    await started(database, running)
    done = await members("ban", str(ADA), "--reason", "spam")
    assert done.out == f"Discord user {ADA} is banned for good; 2 jobs were cancelled.\n"
    assert [(await read(database, job)).status for job in (waiting, running)] == [JobStatus.CANCELLED] * 2
    assert (await read(database, other)).status is JobStatus.WAITING
    again = await members("ban", str(ada.id), "--reason", "more spam", "--until", "2099-02-01", "--json")
    assert json.loads(again.out) == {"id": str(ada.id), "until": "2099-02-01T00:00:00+00:00", "cancelled": []}
    async with database.begin() as connection:
        (found,) = await lock_members(connection, [ADA])
    with pytest.raises(MemberBanned) as refused:
        found.restriction.check_not_banned()
    assert refused.value.facts == {"reason": "more spam", "until": datetime(2099, 2, 1, tzinfo=UTC)}
    assert "more spam" in (await members("show", str(ADA))).out
    assert [one["discord_id"] for one in json.loads((await members("list", "--banned", "--json")).out)] == [ADA]
    assert (await members("unban", str(ADA))).out == f"Discord user {ADA} may use Easel again.\n"
    assert (await members("unban", str(ADA))).out == f"Discord user {ADA} is not banned.\n"
    assert (await members("list", "--banned")).out == "Nobody is banned.\n"


async def test_a_limit_is_set_and_ended(members: Run, database: Database) -> None:
    async with database.begin() as connection:
        (ada,) = await lock_members(connection, [ADA])
    assert (await members("limit", str(ADA), "--jobs", "1")).out == f"Discord user {ADA} may have 1 unfinished job.\n"
    assert "At most 1 unfinished jobs." in (await members("show", str(ADA))).out
    ended = await members("limit", str(ADA), "--usual", "--json")
    assert json.loads(ended.out) == {"id": str(ada.id), "jobs": None}
    assert "The usual limit of 40 unfinished jobs." in (await members("show", str(ADA))).out


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("show", "42"), 3, "Nothing is known of 42."),
        (("ban", "nobody", "--reason", "spam"), 3, "Nothing is known of nobody."),
        (("unban", "42"), 3, "Nothing is known of 42."),
        (("limit", "42", "--jobs", "1"), 3, "Nothing is known of 42."),
        (("limit", "42", "--jobs", "0"), 2, "greater than or equal to 1"),
        (("limit", "42"), 2, "Give the number with --jobs, or --usual to end the limit."),
        (("ban", "42", "--reason", " "), 2, "A reason has 1 to 500 characters."),
        (("ban", "42", "--reason", "spam", "--until", "tomorrow"), 2, '"tomorrow" is not a time.'),
        (("ban", "42", "--reason", "spam", "--until", "9999-12-31T23:00-14:00"), 2, "is not a time."),
        (("show", "\udcff"), 5, "It cannot store a value that you gave"),
        (("ban", "42", "--reason", "spam", "--until", "2020-01-01"), 2, "2020-01-01 is over already."),
    ],
)
async def test_what_cannot_be_is_said(members: Run, words: tuple[str, ...], code: int, sentence: str) -> None:
    refused = await members(*words)
    assert (refused.code, sentence in " ".join(refused.err.split())) == (code, True), refused.err


async def test_a_ban_overtakes_no_request_of_a_key(members: Run, database: Database) -> None:
    """One that has begun to start a job when the ban comes: the ban waits for it, and cancels the job."""
    async with database.begin() as connection:
        created = await create_key(connection, KeyOptions(name="gallery"))
    assert created
    async with database.begin() as connection:
        await lock_key(connection, created[0].id)
        banning = asyncio.create_task(members("ban", "gallery", "--reason", "spam"))
        await until(lambda: _waits_for_a_lock(database))
        job = await submit_job(connection, request_for(created[0].member_id))
    assert (await banning).out == 'the key "gallery" is banned for good; 1 job was cancelled.\n'
    assert (await read(database, job)).status is JobStatus.CANCELLED


async def _waits_for_a_lock(database: Database) -> bool:
    waiting = "datname = current_database() AND wait_event_type = 'Lock'"
    return await count(database, f"SELECT count(*) FROM pg_stat_activity WHERE {waiting}") > 0


async def test_the_operator_sets_what_holds_where_no_server_has_a_plan(members: Run, database: Database) -> None:
    """Option by option; it is shown, read by the bot, and taken back."""
    done = await members("plan", "--gpu-per-day", "30m", "--at-once", "2", "--speeds", "fast,relax", "--json")
    assert json.loads(done.out)["gpu_per_day"] == "1800s"
    shown = json.loads((await members("plan", "--queue", "5", "--gpu-per-month", "none", "--json")).out)
    assert shown == {
        "gpu_per_day": "1800s",
        "gpu_per_month": "none",
        "at_once": 2,
        "queue": 5,
        "repeat": "none",
        "sets": "none",
        "trainings": "none",
        "speeds": "fast,relax",
    }
    async with database.begin() as connection:
        outside, of_guild = await read_plans(connection, [None, 77])
    assert outside == of_guild and outside.default.max_pending == 5
    assert "queue: 40" in (await members("plan", "--built-in")).out
    for words in (("--gpu-per-day", "soon"), ("--speeds", "warp")):
        refused = await members("plan", *words)
        assert refused.code == 2
