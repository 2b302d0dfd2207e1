"""Impressions are appended once, and come back whole."""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime
from uuid import UUID

import pytest
import sqlalchemy as sa

from engine.contract.feedback import Surface
from engine.contract.ids import new_id
from engine.feedback.records import (
    NOT_ASKED,
    ConsentInForce,
    Impression,
    ImpressionKind,
    PromptOrigin,
    ShownAdapter,
    ShownPicture,
)
from engine.feedback.store.impressions import append_impression, read_impressions, stream_impressions
from engine.feedback.store.months import first_id
from engine.feedback.store.tables import member_months
from engine.store.database import Database

JOB, MEMBER = UUID(int=1), UUID(int=2)
PICTURE = ShownPicture(
    picture_id=UUID(int=3),
    slot=2,
    seed=4294967295,
    model="starter",
    model_hash="ab" * 32,
    adapters=(
        ShownAdapter(name="ink", weight=0.8, sha256="cd" * 32),
        ShownAdapter(name="old", weight=1.0, sha256=None),
    ),
    settings_hash="ef" * 32,
)


def impression(impression_id: UUID | None = None) -> Impression:
    return Impression(
        id=impression_id or new_id(),
        kind=ImpressionKind.PICTURE,
        message_id=1444444444444444444,
        job_id=JOB,
        member_id=MEMBER,
        pictures=(PICTURE,),
        prompt_hash="01" * 32,
        prompt_source=PromptOrigin.MODAL,
        parent_job_id=UUID(int=4),
        parent_picture_id=UUID(int=5),
        operation="vary",
        surface=Surface.PRIVATE,
        is_nsfw_channel=True,
        ui_version=1,
        consent=ConsentInForce(version=3, may_train=True, may_publish=False),
        shown_at=datetime(2026, 11, 28, 12, tzinfo=UTC),
    )


async def test_an_impression_comes_back_whole(database: Database) -> None:
    """Also one that says little, as of a delivery of the previous release."""
    whole = impression()
    bare = dataclasses.replace(
        impression(), pictures=(dataclasses.replace(PICTURE, model=None, model_hash=None, adapters=()),),
        message_id=None, prompt_source=None, parent_job_id=None, parent_picture_id=None, operation=None, surface=None,
        is_nsfw_channel=None, consent=NOT_ASKED,
    )  # fmt: skip
    pair = dataclasses.replace(impression(), kind=ImpressionKind.PAIR, job_id=None)
    async with database.begin() as connection:
        for one in (whole, bare, pair):
            assert await append_impression(connection, one)
        assert await read_impressions(connection, JOB) == (whole, bare)
        assert [one async for one in stream_impressions(connection)] == [whole, bare, pair]


async def test_an_impression_is_appended_once(database: Database) -> None:
    one = impression()
    for is_new in (True, False):
        async with database.begin() as connection:
            assert await append_impression(connection, one) is is_new
    async with database.begin() as connection:
        assert await read_impressions(connection, JOB) == (one,)


async def test_a_clock_that_runs_ahead_loses_nothing(database: Database) -> None:
    """The month that it shows is made, and the ledger of the member's months names it."""
    ahead = impression(first_id(date(2051, 7, 1)))
    async with database.begin() as connection:
        assert await append_impression(connection, ahead)
        assert await read_impressions(connection, JOB) == (ahead,)
        months = (await connection.execute(sa.select(member_months.c.month))).scalars()
        assert list(months) == [date(2051, 7, 1)]


async def test_an_illegal_impression_is_refused(database: Database) -> None:
    """A result without its job, and consent of a member who was not asked."""
    for wrong in (
        dataclasses.replace(impression(), job_id=None),
        dataclasses.replace(impression(), consent=ConsentInForce(version=None, may_train=True, may_publish=False)),
    ):
        with pytest.raises(sa.exc.IntegrityError):
            async with database.begin() as connection:
                await append_impression(connection, wrong)
