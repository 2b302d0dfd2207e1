"""`/info`: a member's jobs with their places, their plan and GPU time, and what they have made, for them alone."""

from __future__ import annotations

import asyncio
from typing import Any

import sqlalchemy as sa

from bot.replies.plan_replies import BUILT_IN_NAME
from bot.store.tables import members
from engine.store.database import Database
from engine.store.held_jobs import hold_jobs
from sandbox.chat.test_client import MemberClient
from tests.bot.engine_hand import EngineHand
from tests.bot.reading import text_of


async def asked(member: MemberClient, *command: str, **options: Any) -> str:
    """Return the answer to the command."""
    return text_of(await member.reply(await member.command(*command, **options)))


async def test_who_has_nothing_yet_reads_what_there_is(start_bot: Any, ben: MemberClient, database: Database) -> None:
    """In a direct message too; asking makes nobody a member."""
    async with start_bot(asked=()):
        for channel in ("dm", "studio"):
            shown = await ben.reply(await ben.command("info", channel=channel))
            said = text_of(shown)
            assert shown["flags"] & 64 and "No job of yours is waiting or painted." in said
            assert f"**Your plan** is {BUILT_IN_NAME}: GPU time without a limit, 40 unfinished jobs" in said
            assert "**GPU time**: 0 s today, 0 s this month." in said
            assert "**So far**: 0 jobs, 0 pictures, 0 votes." in said
    async with database.begin() as connection:
        assert (await connection.execute(sa.select(sa.func.count()).select_from(members))).scalar_one() == 0


async def test_jobs_have_their_place_and_time_its_rest(
    bot: asyncio.Task[None],
    ada: MemberClient,
    ben: MemberClient,
    hand: EngineHand,
    painted_grid: Any,
    database: Database,
) -> None:
    """Those that are painted first, then those that wait behind others', and those that are held."""
    grid, _, _ = await painted_grid()
    await ben.reply(await ben.press(grid, "😍"))
    await asked(ada, "plan", "set", plan="basic", gpu_per_day="10m", at_once=3)
    await asked(ada, "plan", "default", plan="basic")
    await ben.reply(await ben.command("imagine", prompt="a dog"))
    await ada.reply(await ada.command("imagine", prompt="a {red, blue} boat"))
    await ben.reply(await ben.command("imagine", prompt="a `cat` --repeat 12"))
    first, *others = [job for job in await hand.jobs() if job.spec.prompt != "a red circle"]
    await hand.start(first.id)
    await hand.progress(first.id, 0.5)
    async with database.begin() as connection:
        await hold_jobs(connection, [others[-1].id])
    said = await asked(ben, "info")
    lines = said.splitlines()
    assert lines[0] == "**Your jobs**: 1 being painted, 12 waiting"
    assert lines[1].startswith("- 50%: a dog https://discord.com/channels/")
    # Ada's two were asked for before.
    assert [line.split(",")[0] for line in lines[2:5]] == [
        f"- Waiting to start: {place}" for place in ("2 ahead", "3 ahead", "4 ahead")
    ]
    assert "a \\`cat\\`" in lines[2] and "and 3 more" in lines
    assert "3 jobs at once" in said and "**GPU time today**: 0 s of 10 min used" in said
    assert "Renewed <t:" in said
    assert "**So far**: 14 jobs, 4 pictures, 1 vote." in said
    assert "**Speed here**: a job about every" in said
    # One that an engine has taken, and not begun, waits as its own line says.
    await hand.start(others[-3].id)
    await hand.start(others[-2].id)
    await hand.progress(others[-2].id, 0.25)
    count, *shown = (await asked(ben, "info")).splitlines()
    assert count == "**Your jobs**: 2 being painted, 11 waiting"
    assert [line.split(":")[0] for line in shown[:3]] == ["- 50%", "- 25%", "- Waiting to start"]
