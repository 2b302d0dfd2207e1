"""Feedback events are appended once per press, and the last rating counts."""

from __future__ import annotations

import asyncio
import dataclasses
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from engine.contract.feedback import Consent, Event, Rating, Shown, Surface, Verb
from engine.contract.ids import new_id
from engine.contract.jobs import Job
from engine.store.database import Database
from engine.store.events import Rated, read_events, read_ratings, record_event, store_event
from engine.store.jobs import submit_job
from tests.fakes import request_for


@pytest.fixture
async def job(database: Database) -> Job:
    """A job to press on."""
    async with database.begin() as connection:
        return await submit_job(connection, request_for(new_id()))


def _rating(job: Job, rating: Rating, press: str = "press") -> Event:
    return Event(
        id=new_id(),
        press_id=press,
        member_id=job.member_id,
        verb=Verb.RATE,
        job_id=job.id,
        picture_id=None,
        value=rating,
        shown=(Shown(picture_id=new_id(), slot=0), Shown(picture_id=new_id(), slot=3)),
        surface=Surface.GUILD,
        is_owner=True,
        latency=timedelta(milliseconds=1234),
        model="starter",
        model_hash="f4ce",
        consent=Consent.PUBLISH,
        at=datetime(2026, 1, 2, tzinfo=UTC),
    )


async def test_event_comes_back_whole(database: Database, job: Job) -> None:
    """The event keeps what was shown, the latency and the consent."""
    event = _rating(job, Rating.GREAT)
    assert await store_event(database, event)
    async with database.begin() as connection:
        assert await read_events(connection, job.id) == (event,)


async def test_press_is_recorded_once(database: Database, job: Job) -> None:
    """Many concurrent deliveries of one press are recorded once."""
    events = [_rating(job, Rating.GOOD) for _ in range(8)]
    kept = await asyncio.gather(*(store_event(database, event) for event in events))
    assert sorted(kept) == [False] * 7 + [True]


async def test_last_rating_is_in_force_and_history_is_kept(database: Database, job: Job) -> None:
    """Another rating replaces the first; both events stay."""
    first = _rating(job, Rating.BAD, "first")
    second = dataclasses.replace(_rating(job, Rating.GREAT, "second"), at=first.at + timedelta(seconds=1))
    grid = Rated(job_id=job.id, member_id=job.member_id, picture_id=None)
    async with database.begin() as connection:
        await record_event(connection, first)
        (before,) = await read_ratings(connection, [grid])
        await record_event(connection, second)
        by_another = dataclasses.replace(grid, member_id=new_id())
        assert (before, *await read_ratings(connection, [by_another, grid])) == (Rating.BAD, None, Rating.GREAT)
        assert len(await read_events(connection, job.id)) == 2


async def test_illegal_event_is_refused(database: Database, job: Job) -> None:
    """A rating out of range, or a value where there is no rating, never reaches the log."""
    for event in (
        dataclasses.replace(_rating(job, Rating.GOOD), value=5),
        dataclasses.replace(_rating(job, Rating.GOOD), value=None),
        dataclasses.replace(_rating(job, Rating.GOOD), verb=Verb.CANCEL),
    ):
        with pytest.raises(sa.exc.IntegrityError):
            await store_event(database, event)
