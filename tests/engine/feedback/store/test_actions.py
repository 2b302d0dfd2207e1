"""Actions are appended once per press, and the last rating counts."""

from __future__ import annotations

import asyncio
import dataclasses
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa

from engine.contract.feedback import Rating, Shown, Surface, Verb
from engine.contract.ids import new_id
from engine.contract.jobs import Job, Picture
from engine.feedback.records import Action, Choice, ConsentInForce
from engine.feedback.store.actions import (
    Rated,
    StandingRating,
    append_actions,
    count_actions,
    read_actions,
    read_ratings,
    store_action,
)
from engine.feedback.store.months import MonthMissing, add_months, first_press, months_after, press_at
from engine.feedback.store.tables import member_months
from engine.store.database import Database
from engine.store.jobs import submit_job
from engine.store.transitions import finish_job, start_job
from tests.fakes import request_for

THIS_MONTH = datetime.now(UTC).date().replace(day=1)
FIRST = press_at(datetime.now(UTC))


@pytest.fixture
async def job(database: Database) -> Job:
    """A job to press on."""
    async with database.begin() as connection:
        return await submit_job(connection, request_for(new_id()))


def rating(job: Job, value: int, number: int = 0) -> Action:
    return Action(
        press_id=FIRST + number,
        impression_id=None,
        message_id=FIRST,
        job_id=job.id,
        member_id=job.member_id,
        is_owner=True,
        verb=Verb.RATE,
        slot=None,
        picture_id=None,
        value=value,
        choice=None,
        variation=None,
        replaces=None,
        shown=(Shown(picture_id=new_id(), slot=0), Shown(picture_id=new_id(), slot=3)),
        model="starter",
        model_hash="f4ce",
        surface=Surface.GUILD,
        latency=timedelta(milliseconds=1234),
        consent=ConsentInForce(version=2, may_train=False, may_publish=True),
        at=datetime(2026, 1, 2, tzinfo=UTC),
    )


async def test_an_action_comes_back_whole(database: Database, job: Job) -> None:
    """With every field that it can have; a latency below zero, which clocks can give, is none."""
    rated = rating(job, Rating.GREAT)
    picture = rated.shown[1]
    chosen = dataclasses.replace(
        rated, press_id=FIRST + 1, verb=Verb.CHOOSE, value=None, choice=Choice.BOTH_BAD, impression_id=new_id(), slot=1
    )
    varied = dataclasses.replace(
        rated, press_id=FIRST + 2, verb=Verb.VARY, value=None, variation="subtle", picture_id=picture.picture_id,
        slot=3, replaces=FIRST, latency=None, model=None, model_hash=None, message_id=None, shown=(picture,),
    )  # fmt: skip
    early = dataclasses.replace(rated, press_id=FIRST + 3, latency=timedelta(seconds=-1))
    assert await store_action(database, rated)
    async with database.begin() as connection:
        assert await append_actions(connection, [early, chosen, varied, rated]) == [True, True, True, False]
        whole = (rated, chosen, varied, dataclasses.replace(early, latency=timedelta()))
        assert await read_actions(connection, job.id) == whole
        assert await count_actions(connection) == 4


async def test_a_press_is_recorded_once(database: Database, job: Job) -> None:
    """Many concurrent deliveries of one press are recorded once."""
    rated = [rating(job, Rating.GOOD) for _ in range(8)]
    kept = await asyncio.gather(*(store_action(database, action) for action in rated))
    assert sorted(kept) == [False] * 7 + [True]


@pytest.mark.parametrize("kind", ["own", "of another's job", "of a pair", "all together"])
async def test_the_months_of_all_whose_pictures_it_is_about_are_noted(database: Database, job: Job, kind: str) -> None:
    """Of the presser, of the job's owner, and of those who painted a pair; once, however often they press."""
    other, rater = new_id(), new_id()
    picture = Picture(id=new_id(), job_id=job.id, slot=0, object_key="0.png", width=8, height=8, seed=1, recipe={})
    own = rating(job, 1)
    others = dataclasses.replace(own, press_id=FIRST + 1, member_id=other, is_owner=False)
    pair = dataclasses.replace(
        others, press_id=FIRST + 2, member_id=rater, job_id=None, shown=(Shown(picture_id=picture.id, slot=0),)
    )
    presses = {"own": [own], "of another's job": [others], "of a pair": [pair], "all together": [own, others, pair]}
    async with database.begin() as connection:
        await start_job(connection, job.id)
        await finish_job(connection, job.id, [picture], "grid.jpg", "image/jpeg")
        for number in range(2):
            again = [dataclasses.replace(one, press_id=one.press_id + 10 * number) for one in presses[kind]]
            assert await append_actions(connection, again) == [True] * len(again)
        noted = (await connection.execute(sa.select(member_months.c.member_id, member_months.c.month))).all()
    pressers = {one.member_id for one in presses[kind]}
    assert sorted(noted) == sorted((member, THIS_MONTH) for member in pressers | {job.member_id})


async def test_the_last_rating_is_in_force_and_history_is_kept(database: Database, job: Job) -> None:
    """Another rating replaces the first, also one that takes it back, and across months; all actions stay."""
    first, second = rating(job, Rating.BAD, 1), rating(job, Rating.GREAT, 2)
    later = first_press(months_after(THIS_MONTH))
    taken_back = dataclasses.replace(first, press_id=later, value=0, replaces=second.press_id)
    grid = Rated(job_id=job.id, member_id=job.member_id, picture_id=None)
    by_another = dataclasses.replace(grid, member_id=new_id())
    async with database.begin() as connection:
        for action in (first, second, taken_back):
            await append_actions(connection, [action])
            standing = StandingRating(press_id=action.press_id, value=action.value or 0)
            assert await read_ratings(connection, [by_another, grid]) == [None, standing]
        assert len(await read_actions(connection, job.id)) == 3


async def test_an_illegal_action_is_refused(database: Database, job: Job) -> None:
    """A rating out of range, or a value or choice where there is none, never reaches the log."""
    rated = rating(job, Rating.GOOD)
    for change in (
        {"value": 5},
        {"value": None},
        {"verb": Verb.CANCEL},
        {"verb": Verb.FAVOURITE, "value": 2},
        {"verb": Verb.CHOOSE, "value": None},
        {"choice": Choice.LEFT},
        {"consent": ConsentInForce(version=None, may_train=True, may_publish=False)},
    ):
        with pytest.raises(sa.exc.IntegrityError):
            await store_action(database, dataclasses.replace(rated, **change))


async def test_a_month_without_a_partition_is_named(database: Database, job: Job) -> None:
    """So that it can be made, and the same action stored."""
    ahead = dataclasses.replace(rating(job, Rating.GOOD), press_id=first_press(date(2050, 2, 1)))
    with pytest.raises(MonthMissing) as missing:
        await store_action(database, ahead)
    assert missing.value.log == "actions"
    assert missing.value.months == {date(2050, 2, 1)}
    async with database.begin() as connection:
        assert await add_months(connection, "actions", missing.value.months) == ("actions_2050_02",)
        assert await add_months(connection, "actions", missing.value.months) == ()
    assert await store_action(database, ahead)
