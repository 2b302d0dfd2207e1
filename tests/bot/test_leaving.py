"""Who has left a server, the bot or a member: what is set and decided there holds, and nothing breaks over it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from bot.gallery import keeper
from bot.moderation import poster
from bot.replies import moderation_replies, safety_replies
from bot.store.moderation.cases import Report, add_reports
from engine.contract.feedback import ReportReason
from engine.store.database import Database
from sandbox.chat.test_client import MemberClient
from sandbox.server import Sandbox
from sandbox.state.membership import add_bot, remove_bot, remove_member
from sandbox.state.seed import BEN, GUILD_ID
from tests.bot.engine_hand import EngineHand
from tests.bot.reading import is_grid, text_of
from tests.bot.rows import until_closed, until_true
from tests.bot.test_gallery import name_channel, posts, until_counted, vote
from tests.bot.test_moderation import cases_seen, is_case, report, safety, set_channel

Grid = Callable[..., Any]


@pytest.fixture(autouse=True)
def looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the bot look for work that nobody wakes it for sooner than every 15 seconds."""
    for module in (keeper, poster):
        monkeypatch.setattr(module, "INTERVAL", timedelta(seconds=0.2))


async def until_heard(ben: MemberClient) -> None:
    """Return once the bot has heard what happened before: events come in their order."""
    await ben.reply(await ben.command("info", channel="dm"))


async def test_what_a_server_has_set_outlasts_the_bot_there(
    painted_grid: Grid,
    sandbox: Sandbox,
    ada: MemberClient,
    ben: MemberClient,
    cleo: MemberClient,
    hand: EngineHand,
    database: Database,
) -> None:
    """While it is away nothing is posted, and members who have installed it themselves are held to the rules."""
    await set_channel(ada)
    await safety(ada, "words", "add", words="gore")
    reported, wrong, _ = await painted_grid("a wrong circle")
    liked, right, _ = await painted_grid("a right circle")
    for job in (wrong, right):
        await until_closed(database, job.id)
    await vote(cleo, liked)
    await until_counted(database)
    await name_channel(ada, 1)

    was = remove_bot(sandbox.world, GUILD_ID)
    await until_heard(ben)
    report_away = Report(
        guild_id=GUILD_ID, member_id=wrong.member_id, job_id=wrong.id, slot=0, place=None, reason=ReportReason.OTHER
    )
    async with database.begin() as connection:
        await add_reports(connection, [report_away])
        await connection.execute(sa.text("UPDATE gallery_votes SET due_at = now()"))
    await until_true(database, "SELECT EXISTS (SELECT FROM moderator_channels WHERE fault = 'forbidden')")
    await until_counted(database)
    refused = await ben.reply(await ben.command("imagine", prompt="a circle of gore"))
    assert text_of(refused) == safety_replies.word_refused("gore")
    waiting = await ben.reply(await ben.command("imagine", prompt="a blue circle"))
    await hand.finish((await hand.jobs())[-1])
    await ben.changed(waiting, is_grid)
    assert cases_seen(ada) == [] and not any(map(is_grid, posts(ada)))

    add_bot(sandbox.world, was)
    await until_heard(ben)
    async with database.begin() as connection:
        await connection.execute(sa.text("UPDATE moderator_channels SET retry_at = now()"))
        await connection.execute(sa.text("UPDATE moderation_cases SET due_at = now()"))
    await report(cleo, reported, "2", "other")
    await ada.until(lambda: len(cases_seen(ada)) == 2)
    await vote(ada, liked)
    await ada.until(lambda: any(map(is_grid, posts(ada))))
    assert "`gore`" in await safety(ada, "words", "list")


async def test_moderators_decide_about_a_member_who_has_left(
    painted_grid: Grid, sandbox: Sandbox, ada: MemberClient, ben: MemberClient, cleo: MemberClient
) -> None:
    """They are banned in case they come back, listed, and allowed again."""
    await set_channel(ada)
    grid, *_ = await painted_grid()
    await report(cleo, grid, "1", "other")
    case = await ada.message(is_case)
    remove_member(sandbox.world, GUILD_ID, BEN)
    form = await ada.modal(await ada.press(case, "Ban…"))
    answered = await ada.reply(await ada.submit(form, "gallery", reason="Spam", picture="remove"))
    assert text_of(answered).startswith("**Banned, picture removed**")
    await ada.until(lambda: grid["id"] not in ada.messages)
    assert f"- <@{ben.id}>: banned, by <@{ada.id}>" in await safety(ada, "members")
    assert await safety(ada, "allow", member=ben.id) == moderation_replies.allowed(BEN)
    assert await safety(ada, "members") == str(moderation_replies.NOBODY_RESTRICTED)
