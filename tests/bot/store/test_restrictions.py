"""A banned member starts nothing and rates nothing, and what is theirs stays theirs; a limit is the member's own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from uuid import UUID

import pytest

from bot.policy.quotas import MAX_PENDING
from bot.policy.restrictions import GuildRestriction, MemberRestricted, RestrictionKind
from bot.store.batch import run_alone
from bot.store.button_actions import cancel, rate, upscale
from bot.store.choices import choose, erase_myself
from bot.store.erasures import claim_erasure, erase_member
from bot.store.interaction import InteractionContext
from bot.store.moderation.members import MemberInGuild, NewRestriction, restrict_all
from bot.store.opinions import report, toggle_favourite
from bot.store.own_data import read_own_data
from bot.store.own_keys import create_own_key
from bot.store.ranking.grids import Place
from bot.store.ranking.presses import next_pair
from bot.store.results import save
from bot.store.submissions import submit_drafts
from bot.store.uploads import record_uploads_of, upload_of
from engine.contract.errors import MemberBanned, TooManyPending
from engine.contract.feedback import Rating, ReportReason
from engine.contract.ids import new_id
from engine.contract.jobs import JobStatus
from engine.store.database import AsyncConnection, Database
from engine.store.restrictions import ban_member, limit_member
from tests.bot.engine_hand import EngineHand
from tests.bot.store.test_button_actions import DRAFT, US, press, submitted, vary

Act = Callable[[AsyncConnection, InteractionContext, UUID], Awaitable[object]]

ACTS: tuple[Act, ...] = (
    lambda connection, context, _: run_alone(connection, submit_drafts(context, [DRAFT], US)),
    lambda connection, context, job_id: vary(connection, context, job_id, 0),
    lambda connection, context, job_id: run_alone(connection, rate(context, job_id, 0, Rating.GREAT)),
    lambda connection, context, job_id: run_alone(connection, upscale(context, job_id, 0, US)),
    lambda connection, context, job_id: run_alone(connection, save(context, job_id, None)),
    lambda connection, context, job_id: run_alone(connection, report(context, job_id, 0, ReportReason.OTHER)),
    lambda connection, context, job_id: run_alone(connection, toggle_favourite(context, job_id, 0)),
    lambda connection, context, _: run_alone(connection, next_pair(context, Place(channel_ids=(77,), is_nsfw=False))),
    lambda connection, context, _: run_alone(connection, create_own_key(context)),
    lambda connection, context, _: record_uploads_of(connection, context, [upload_of(b"", 8, 8)]),
)


async def ban(database: Database, member_id: UUID) -> None:
    async with database.begin() as connection:
        await ban_member(connection, member_id, "spam", None)


async def test_a_banned_member_starts_nothing(database: Database, hand: EngineHand) -> None:
    """Neither by a command nor by a button nor with a file, and others do."""
    job = (await submitted(database)).job
    await hand.finish(job)
    await ban(database, job.member_id)
    for number, act in enumerate(ACTS, 2):
        with pytest.raises(MemberBanned):
            async with database.begin() as connection:
                await act(connection, press(number), job.id)
    assert (len(await hand.jobs()), await hand.actions(job.id)) == (1, ())
    assert await submitted(database, number=9, discord_id=6)


async def test_whom_moderators_restrict_starts_nothing_in_their_guild(database: Database, hand: EngineHand) -> None:
    """Whatever banned members cannot start, they cannot either; elsewhere they can."""
    job = (await submitted(database)).job
    await hand.finish(job)
    restriction = GuildRestriction(kind=RestrictionKind.BAN, reason="spam", until=None)
    of = MemberInGuild(guild_id=1, member_id=job.member_id)
    async with database.begin() as connection:
        await restrict_all(connection, [NewRestriction(of=of, restriction=restriction, case_id=new_id())])
    for number, act in enumerate(ACTS, 2):
        with pytest.raises(MemberRestricted):
            async with database.begin() as connection:
                await act(connection, replace(press(number), guild_id=1), job.id)
    assert (len(await hand.jobs()), await hand.actions(job.id)) == (1, ())
    for number, act in enumerate(ACTS, 20):
        async with database.begin() as connection:
            await act(connection, replace(press(number), guild_id=2), job.id)


async def test_a_banned_member_decides_on_what_is_theirs(database: Database, hand: EngineHand) -> None:
    """They cancel their job, withdraw their consent, keep their data, and are erased; the ban stays."""
    job = (await submitted(database)).job
    await ban(database, job.member_id)
    async with database.begin() as connection:
        await run_alone(connection, cancel(press(2), job.id))
        await run_alone(connection, choose(press(3), version=1, may_train=False, may_publish=False))
        data = await read_own_data(connection, 5)
    assert data and [row["ban_reason"] for row in data.rows["restrictions"]] == ["spam"]
    assert [found.status for found in await hand.jobs()] == [JobStatus.CANCELLED]
    async with database.begin() as connection:
        await run_alone(connection, erase_myself(press(4)))
        erasure = await claim_erasure(connection)
        assert erasure and await erase_member(connection, erasure)
    with pytest.raises(MemberBanned):
        await submitted(database, number=5)
    async with database.begin() as connection:
        data = await read_own_data(connection, 5)
    assert data and data.rows["members"][0]["id"] != str(job.member_id)


async def test_a_limit_is_the_members_own(database: Database) -> None:
    """It may be smaller than that of others, or larger."""
    member = (await submitted(database)).job.member_id
    for limit in (2, MAX_PENDING + 5):
        async with database.begin() as connection:
            await limit_member(connection, member, limit)
        with pytest.raises(TooManyPending) as refused:
            async with database.begin() as connection:
                await run_alone(connection, submit_drafts(press(limit), [DRAFT] * limit, US))
        assert (refused.value.pending, refused.value.limit) == (1, limit)
        async with database.begin() as connection:
            assert await run_alone(connection, submit_drafts(press(limit), [DRAFT] * (limit - 1), US))
            await connection.rollback()
