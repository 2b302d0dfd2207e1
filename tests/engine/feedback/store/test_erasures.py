"""An erasure also takes what others did with the member's pictures, and leaves files that others have, and counts."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from uuid import UUID

import sqlalchemy as sa

from bot.store.erased_files import delete_files
from engine.contract.feedback import Shown, Verb
from engine.contract.ids import new_id
from engine.contract.jobs import Job, Picture
from engine.feedback.records import Choice, ImpressionKind
from engine.feedback.store.actions import append_actions, count_actions
from engine.feedback.store.erasure import read_painted
from engine.feedback.store.erasures import (
    Tombstones,
    claim_erasure,
    erase_rows,
    finish_erasure,
    is_in_hand,
    read_keys,
    read_tombstones,
    release_erasure,
    request_erasure,
)
from engine.feedback.store.impressions import append_impression
from engine.feedback.store.months import first_press, month_of_press, months_after, partition_name
from engine.store.database import AsyncConnection, Database
from engine.store.jobs import read_job, submit_job
from engine.store.objects import Objects
from engine.store.transitions import finish_job, start_job
from tests.engine.feedback.store.test_actions import FIRST, rating
from tests.engine.feedback.store.test_erasure import _DELETES, _PARTITION, plans_of, said_to
from tests.engine.feedback.store.test_impressions import PICTURE, impression
from tests.fakes import request_for

ADA, BOB = UUID(int=1), UUID(int=2)
LATER = months_after(month_of_press(FIRST), 2)


async def painted(
    connection: AsyncConnection, member_id: UUID, keys: list[str], parent: tuple[UUID, UUID] | None = None
) -> tuple[Job, list[Picture]]:
    """Store a finished job with these files."""
    job = await submit_job(connection, request_for(member_id, parent=parent))
    await start_job(connection, job.id)
    pictures = [
        Picture(
            id=new_id(), job_id=job.id, slot=slot, object_key=key, width=8, height=8, seed=slot, recipe={"model": "m"}
        )
        for slot, key in enumerate(keys)
    ]
    await finish_job(connection, job.id, pictures, f"{keys[0]}.grid", "image/jpeg")
    return job, pictures


async def test_what_others_did_with_the_pictures_goes_too(database: Database) -> None:
    """In months in which the member did nothing, of jobs that go back to theirs, and in pairs; nothing else goes."""
    async with database.begin() as connection:
        own, pictures = await painted(connection, ADA, ["a0", "a1"])
        derived, _ = await painted(connection, BOB, ["b0"], parent=(own.id, pictures[0].id))
        other, others = await painted(connection, BOB, ["c0"])
        assert await append_actions(connection, [rating(own, 3), rating(derived, 2, 1), rating(other, 1, 2)])
        by_bob = dataclasses.replace(rating(own, 4), press_id=first_press(LATER), member_id=BOB, is_owner=False)
        shown = (Shown(picture_id=others[0].id, slot=0), Shown(picture_id=pictures[1].id, slot=1))
        chosen = dataclasses.replace(
            by_bob,
            press_id=by_bob.press_id + 1,
            job_id=None,
            verb=Verb.CHOOSE,
            value=None,
            choice=Choice.LEFT,
            shown=shown,
        )
        await connection.execute(sa.text("SELECT add_feedback_month('actions', :month)"), {"month": LATER})
        assert await append_actions(connection, [by_bob, chosen]) == [True, True]
        pair = dataclasses.replace(
            impression(), kind=ImpressionKind.PAIR, job_id=None, member_id=BOB,
            pictures=(PICTURE, dataclasses.replace(PICTURE, picture_id=pictures[1].id)),
        )  # fmt: skip
        kept = dataclasses.replace(impression(), job_id=other.id, member_id=BOB)
        for one in (pair, kept, dataclasses.replace(impression(), job_id=own.id, member_id=BOB)):
            await append_impression(connection, one)
        await request_erasure(connection, ADA)
        erasure = await claim_erasure(connection)
        assert erasure is not None and erasure.member_id == ADA
    with said_to(database) as said:
        async with database.begin() as connection:
            family = await read_painted(connection, ADA)
            await erase_rows(connection, erasure, family, {"messages": 7})
            assert await count_actions(connection) == 1
            left = (await connection.execute(sa.text("SELECT id FROM impressions"))).scalars().all()
            assert left == [kept.id]
            assert await read_job(connection, other.id) and not await read_job(connection, derived.id)
            assert await read_keys(connection, erasure.id, is_deleted=False, limit=9) == [
                "a0", "a0.grid", "a1", "b0", "b0.grid",
            ]  # fmt: skip
            await finish_erasure(connection, erasure.id)
            counts = {"jobs": 2, "pictures": 3, "actions": 4, "impressions": 2, "messages": 7}
            assert await read_tombstones(connection) == Tombstones(members=1, counts=counts)
            assert await claim_erasure(connection) is None
    plans = await plans_of(database, [one for one in said if _DELETES.match(one[0])])
    months = {month_of_press(FIRST), LATER, datetime.now(UTC).date().replace(day=1)}
    touched = {name for plan in plans for name in _PARTITION.findall(plan)}
    assert touched <= {partition_name(log, month) for log in ("actions", "impressions") for month in months}


async def test_an_erasure_is_claimed_by_one_until_it_is_released(database: Database) -> None:
    async with database.begin() as connection:
        for _ in range(2):
            await request_erasure(connection, ADA)
        first = await claim_erasure(connection)
        assert first is not None
        assert await claim_erasure(connection) is None
        await release_erasure(connection, first.id)
        assert await claim_erasure(connection) == first


async def test_an_engine_that_is_gone_does_not_hold_an_erasure_up_for_ever(database: Database) -> None:
    """While it may still store a file, the erasure waits."""
    async with database.begin() as connection:
        await submit_job(connection, request_for(ADA))
        await connection.execute(sa.text("UPDATE pgqueuer SET status = 'picked'"))
        await request_erasure(connection, ADA)
        erasure = await claim_erasure(connection)
        assert erasure is not None
        family = await read_painted(connection, ADA)
        assert await is_in_hand(connection, erasure, family)
        old = dataclasses.replace(erasure, requested_at=erasure.requested_at - timedelta(hours=1))
        assert not await is_in_hand(connection, old, family)


async def test_files_that_others_have_stay(database: Database, objects: Objects) -> None:
    """Of the same bytes; those that are missing already hold nothing up."""
    shared, own, missing = [await objects.put(data, ".png") for data in (b"shared", b"own", b"missing")]
    await objects.delete(missing)
    async with database.begin() as connection:
        await painted(connection, ADA, [shared, own, missing])
        await painted(connection, BOB, [shared])
        await request_erasure(connection, ADA)
        erasure = await claim_erasure(connection)
        assert erasure is not None
        await erase_rows(connection, erasure, await read_painted(connection, ADA), {})
    await delete_files(database, objects, erasure)
    assert await objects.find([shared, own, missing]) == {shared}
    async with database.begin() as connection:
        assert (await connection.execute(sa.text("SELECT count(*) FROM erasure_objects"))).scalar_one() == 0
