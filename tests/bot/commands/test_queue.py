"""`/queue`: a server's own queue, for those who manage it: its pause, its drain and what its members have used."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from bot.buttons.cost import PAGE_SIZE
from bot.commands.queue import queue
from bot.policy.pauses import GuildPaused
from bot.replies import guild_queue_replies, reply_for
from bot.replies.queue_replies import PAUSED
from bot.store.guild_quarantine import give_up_in_guild, retry_in_guild
from bot.store.guild_queue import hold_late_jobs, pause_guild, resume_guild
from bot.store.guild_usage import GuildUsage, read_guild_usage
from engine.contract.ids import new_id
from engine.contract.jobs import JobStatus
from engine.store.database import Database
from engine.store.queue import requeue_orphans
from engine.store.queue_position import read_queue_positions, read_queue_state
from engine.store.tables import jobs
from sandbox.chat.test_client import MemberClient, RequestRefused
from sandbox.server import Sandbox
from tests.bot.engine_hand import EngineHand
from tests.bot.reading import text_of
from tests.bot.rows import until_closed

ADDED = (
    "INSERT INTO members (id, discord_id) VALUES (:member, 1000 + :number)",
    "INSERT INTO jobs (id, member_id, operation, spec, seed, turn) VALUES (:job, :member, 'imagine', '{}', 1, 1)",
    """
    INSERT INTO deliveries
        (id, kind, job_id, member_id, press_id, ordinal, channel_id, guild_id, state, cause, closed_at)
    VALUES (:delivery, 'grid', :job, :member, :press, 0, 1, :guild, 'undeliverable', '-', now())
    """,
)
REFUSED = reply_for(GuildPaused())


async def asked(member: MemberClient, *command: str, **options: Any) -> str:
    """Return the answer to the command."""
    return text_of(await member.reply(await member.command(*command, **options)))


async def queued(database: Database) -> list[UUID]:
    """Return the jobs that engines are offered, in their order."""
    query = "SELECT payload FROM pgqueuer WHERE status = 'queued' ORDER BY priority DESC, id"
    async with database.begin() as connection:
        return [UUID(bytes=payload) for payload in (await connection.execute(sa.text(query))).scalars()]


async def test_a_paused_server_starts_nothing(
    bot: asyncio.Task[None], ada: MemberClient, ben: MemberClient, hand: EngineHand, database: Database
) -> None:
    """What is painted goes on, what waits is held, and direct messages and the rest of the queue are as ever."""
    painted = await ben.reply(await ben.command("imagine", prompt="a dog"))
    running = await hand.only_job()
    await hand.start(running.id)
    async with database.begin() as connection:
        await connection.execute(sa.text("DELETE FROM pgqueuer"))
    waiting = await ben.reply(await ben.command("imagine", prompt="a cat"))
    private = await ben.reply(await ben.command("imagine", prompt="a boat", channel="dm"))
    _, held, free = await hand.jobs()
    assert await queued(database) == [held.id, free.id]

    told = await asked(ada, "queue", "pause")
    assert "held until `/queue resume`. Painted: 1. Held: 1." in told
    assert await queued(database) == [free.id]
    assert "paused already" in await asked(ada, "queue", "pause")
    waits = await ben.changed(waiting, lambda item: str(PAUSED) in item["content"])
    assert await asked(ben, "imagine", prompt="a bird") == REFUSED
    assert str(PAUSED) not in text_of(ben.messages[private["id"]])

    listed = await asked(ada, "queue", "list")
    assert "Painted: 1. Waiting: 1." in listed and "a cat" in listed and "a boat" not in listed
    await hand.finish(running)
    grid = await ben.changed(painted, lambda item: len(item["components"]) == 3)
    assert text_of(await ben.reply(await ben.press(grid, "V1"))) == REFUSED
    assert len(await hand.jobs()) == 3

    assert await asked(ada, "queue", "resume") == "Members can start jobs again. Waiting: 1."
    assert sorted(await queued(database)) == [held.id, free.id]
    assert await asked(ada, "queue", "resume") == "This server is not paused."
    await ben.changed(waits, lambda item: str(PAUSED) not in item["content"])
    await ben.reply(await ben.press(grid, "V1"))
    assert len(await hand.jobs()) == 4


async def test_held_jobs_count_for_nobody(
    bot: asyncio.Task[None], ada: MemberClient, ben: MemberClient, hand: EngineHand, database: Database
) -> None:
    """They are not in the queue's figures, ahead of nobody, no orphans, and can be cancelled."""
    held = await ben.reply(await ben.command("imagine", prompt="a cat"))
    await ben.reply(await ben.command("imagine", prompt="a boat", channel="dm"))
    await asked(ada, "queue", "pause")
    first, free = await hand.jobs()
    async with database.begin() as connection:
        assert (await read_queue_state(connection)).num_waiting == 1
        assert await read_queue_positions(connection, [first.id, free.id]) == {first.id: 100, free.id: 0}
        assert await requeue_orphans(connection) == 0
    await ben.press(held, "Cancel")
    await ben.changed(held, lambda item: "Cancelled" in item["content"])
    assert await asked(ada, "queue", "resume") == "Members can start jobs again. Waiting: 0."
    assert await queued(database) == [free.id]


async def test_a_drain_tells_when_nothing_is_painted(
    bot: asyncio.Task[None], ada: MemberClient, ben: MemberClient, hand: EngineHand
) -> None:
    """In the message that it was answered with; where nothing is, at once."""
    await ben.reply(await ben.command("imagine", prompt="a dog"))
    job = await hand.only_job()
    await hand.start(job.id)
    draining = await ada.reply(await ada.command("queue", "drain"))
    assert "Still painted: 1." in text_of(draining)
    await hand.finish(job)
    await ada.changed(draining, lambda item: "Nothing of this server is painted" in item["content"])
    assert "Nothing of this server is painted" in await asked(ada, "queue", "drain")


async def test_a_drain_that_somebody_ends_says_so(
    bot: asyncio.Task[None], ada: MemberClient, ben: MemberClient, hand: EngineHand
) -> None:
    await ben.reply(await ben.command("imagine", prompt="a dog"))
    job = await hand.only_job()
    await hand.start(job.id)
    draining = await ada.reply(await ada.command("queue", "drain"))
    await asked(ada, "queue", "resume")
    await ada.changed(draining, lambda item: "Somebody has resumed this server meanwhile" in item["content"])


async def test_jobs_that_were_committed_during_the_pause_are_held(
    bot: asyncio.Task[None], ben: MemberClient, hand: EngineHand, database: Database
) -> None:
    """Whose transactions the pause does not see; but none of a guild that is resumed meanwhile."""
    guild_id = int(ben.guild_id)
    async with database.begin() as connection, database.begin() as resuming:
        await connection.execute(sa.text("INSERT INTO guild_pauses VALUES (1)"))
        await connection.execute(sa.text("DELETE FROM guild_pauses"))
        assert await hold_late_jobs(resuming) == frozenset()
    await ben.reply(await ben.command("imagine", prompt="a dog"))
    late = await hand.only_job()
    async with database.begin() as connection:
        await connection.execute(sa.text("INSERT INTO guild_pauses VALUES (:guild)"), {"guild": guild_id})
        assert await hold_late_jobs(connection) == {guild_id}
    assert await queued(database) == []
    async with database.begin() as holding:
        await hold_late_jobs(holding)
        async with database.begin() as connection:
            await connection.execute(sa.text("SET LOCAL lock_timeout = '50ms'"))
            with pytest.raises(sa.exc.DBAPIError, match="lock timeout"):
                await resume_guild(connection, guild_id)
            await connection.rollback()
    async with database.begin() as connection:
        assert await resume_guild(connection, guild_id)
    assert await queued(database) == [late.id]


async def test_jobs_in_quarantine_run_again_or_are_given_up(
    bot: asyncio.Task[None],
    ada: MemberClient,
    ben: MemberClient,
    hand: EngineHand,
    sandbox: Sandbox,
    database: Database,
) -> None:
    """Those of the server alone; a job's own message follows it again."""
    first = await ben.reply(await ben.command("imagine", prompt="a dog"))
    await ben.reply(await ben.command("imagine", prompt="a cat"))
    await ben.reply(await ben.command("imagine", prompt="a boat", channel="dm"))
    dog, cat, boat = await hand.jobs()
    for job in (dog, cat, boat):
        await hand.fail(job.id, error="PainterLost", crashes=8)
    await ben.changed(first, lambda item: "Failed" in item["content"])
    shown = await ada.reply(await ada.command("queue", "quarantine"))
    assert "1. <@" in text_of(shown) and "a boat" not in text_of(shown)
    await until_closed(database, dog.id)
    await ada.press(shown, f"e1:retry:{dog.id}")
    retried = await ada.changed(shown, lambda item: str(guild_queue_replies.RETRIED) in item["content"])
    assert "a dog" not in text_of(retried) and dog.id in await queued(database)
    await ben.changed(first, lambda item: "Waiting" in item["content"])
    await ada.press(retried, "Give up 1")
    given_up = await ada.changed(shown, lambda item: str(guild_queue_replies.GIVEN_UP) in item["content"])
    assert "No job of this server is in quarantine." in text_of(given_up)
    assert (await hand.job(cat.id)).status is JobStatus.CANCELLED
    async with database.begin() as connection:
        assert not await retry_in_guild(connection, int(ada.guild_id), boat.id)
        assert not await give_up_in_guild(connection, int(ada.guild_id), boat.id)
        await pause_guild(connection, int(ada.guild_id))
        with pytest.raises(GuildPaused):
            await retry_in_guild(connection, int(ada.guild_id), cat.id)


async def test_the_cost_is_told_by_member_and_by_page(
    bot: asyncio.Task[None], ada: MemberClient, ben: MemberClient, hand: EngineHand, database: Database
) -> None:
    """Of this server alone, and of the time that was asked for."""
    assert "Nobody has started anything" in await asked(ada, "queue", "cost")
    await ben.reply(await ben.command("imagine", prompt="a dog"))
    await hand.finish(await hand.only_job())
    await ben.reply(await ben.command("imagine", prompt="in private", channel="dm"))
    took = (
        sa.update(jobs).where(jobs.c.ended_at.is_not(None)).values(ended_at=jobs.c.started_at + timedelta(seconds=40))
    )
    async with database.begin() as connection:
        await connection.execute(took)
    first = await asked(ada, "queue", "cost")
    assert "40 s of an engine, 1 job, 4 pictures, by 1 member." in first and f"1. <@{ben.id}>: 40 s" in first

    await add_members(database, int(ada.guild_id), PAGE_SIZE)
    page = await ada.reply(await ada.command("queue", "cost", days=30))
    assert "**The last 30 days**" in text_of(page) and f"{PAGE_SIZE}. <@" in text_of(page)
    await ada.press(page, "Next")
    second = await ada.changed(page, lambda item: f"{PAGE_SIZE + 1}. <@" in item["content"])
    await ada.press(second, "Previous")
    await ada.changed(page, lambda item: "\n1. <@" in item["content"])
    async with database.begin() as connection:
        await connection.execute(sa.text("UPDATE deliveries SET created_at = now() - interval '2 days'"))
        usage = await read_guild_usage(connection, int(ada.guild_id), within=timedelta(days=1), offset=0, limit=1)
    assert usage.num_members == 0


@pytest.mark.parametrize(
    ("took", "said"), [(0.2, "0 s"), (14, "14 s"), (95.4, "95 s"), (150, "2 min"), (9360, "2.6 h"), (360000, "100 h")]
)
def test_the_cost_is_rounded_no_more_than_it_takes(took: float, said: str) -> None:
    """So that what members are told adds up to what the server is told, as well as it can be read."""
    used = GuildUsage(members=(), num_members=1, num_jobs=1, num_pictures=4, engine_time=timedelta(seconds=took))
    assert f"**The last day**: {said} of an engine, " in guild_queue_replies.cost(used, days=1, first=1)


async def add_members(database: Database, guild_id: int, count: int) -> None:
    """Add members who have each asked for a job in the guild that waits."""
    async with database.begin() as connection:
        for number in range(count):
            ids = {"member": new_id(), "job": new_id(), "delivery": new_id()}
            for statement in ADDED:
                await connection.execute(
                    sa.text(statement), {**ids, "number": number, "press": f"p{number}", "guild": guild_id}
                )


async def test_only_those_who_manage_the_server_may(
    bot: asyncio.Task[None], ada: MemberClient, ben: MemberClient, database: Database, sandbox: Sandbox
) -> None:
    """By what Discord shows them, and again at each press by what they may then."""
    assert queue.default_permissions is not None and queue.default_permissions.manage_guild and queue.guild_only
    for command in queue.commands:
        with pytest.raises(RequestRefused):
            await ben.command("queue", command.name)
    guild = sandbox.world.guilds[int(ada.guild_id)]
    await add_members(database, guild.id, PAGE_SIZE + 1)
    page = await ada.reply(await ada.command("queue", "cost"))
    sandbox.world.guilds[guild.id] = replace(
        guild, members=tuple(replace(member, administrator=False) for member in guild.members)
    )
    assert text_of(await ada.reply(await ada.press(page, "Next"))) == str(guild_queue_replies.MANAGERS_ONLY)
