"""Cases: what members report comes before the moderators, once, in their channel, whatever gets in the way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from bot.policy.cases import TooManyReports
from bot.replies import moderation_replies, reply_for
from bot.store import opinions
from bot.store.moderation import asked
from bot.store.moderation.cases import Case, DiscordPlace, Report, add_reports, erase_cases
from bot.store.moderation.posting import claim_case, record_shown
from bot.store.moderation.tables import moderation_cases
from engine.contract.feedback import ReportReason
from engine.contract.ids import new_id
from engine.store.database import Database
from sandbox.chat.test_client import MemberClient
from sandbox.server import Sandbox
from sandbox.state.flags import Permissions
from tests.bot.reading import Message, text_of
from tests.bot.rows import until_true
from tests.bot.test_erasing import erase, until_erased

Grid = Callable[..., Any]
CHANNEL = "gallery"


async def safety(member: MemberClient, /, *names: str, **options: Any) -> str:
    """Return the answer to `/safety`."""
    return text_of(await member.reply(await member.command("safety", *names, **options)))


async def set_channel(member: MemberClient, channel: str = CHANNEL) -> str:
    return await safety(member, "channel", set=member.channels[channel])


async def report(member: MemberClient, grid: Message, which: str, reason: str) -> None:
    """Let the member report a picture of the grid, or all."""
    choices = await member.reply(await member.press(grid, "⋯"))
    form = await member.modal(await member.press(choices, "Report"))
    await member.submit(form, picture=which, reason=reason)
    await member.changed(choices, lambda item: not item["components"])


def is_case(message: Message) -> bool:
    return text_of(message).startswith("🚩")


def cases_seen(member: MemberClient) -> list[Message]:
    return [item for item in member.messages.values() if is_case(item)]


async def test_reports_of_a_picture_are_one_message(
    painted_grid: Grid, ada: MemberClient, cleo: MemberClient, ben: MemberClient, database: Database
) -> None:
    """With the picture behind a spoiler, what is wrong with it, how often, and a link; never who reported it."""
    said = await set_channel(ada)
    assert said.startswith(f"Reports are posted in <#{ada.channels[CHANNEL]}>.") and "Everybody" in said
    grid, _, _ = await painted_grid("a red circle")
    await report(cleo, grid, "3", "violent")
    case = await ada.message(is_case)
    (file,) = case["attachments"]
    assert case["channel_id"] == ada.channels[CHANNEL] and file["filename"].startswith("SPOILER_")
    assert text_of(case).splitlines() == [
        f"🚩 **Image #3 of <@{ben.id}>**, reported once: Violence or gore",
        "> a red circle",
        f"https://discord.com/channels/{ben.guild_id}/{grid['channel_id']}/{grid['id']}",
    ]
    async with database.begin() as connection:
        await connection.execute(sa.update(moderation_cases).values(due_at=sa.func.now()))
    await report(ada, grid, "3", "sexual")
    await ada.changed(case, lambda item: "reported 2 times" in text_of(item))
    assert len(cases_seen(ada)) == 1 and cleo.id not in text_of(ada.messages[case["id"]])
    assert await safety(ada, "channel") == f"Reports are posted in <#{ada.channels[CHANNEL]}>. To be decided: 1."


async def test_ten_thousand_reports_of_a_picture_are_one_case(database: Database) -> None:
    """Together or one by one; of a grid as a whole, there is another one."""
    member_id, job_id = new_id(), new_id()

    def reported(slot: int | None, reason: ReportReason) -> Report:
        return Report(guild_id=1, member_id=member_id, job_id=job_id, slot=slot, place=None, reason=reason)

    async with database.begin() as connection:
        for _ in range(100):
            await add_reports(connection, [reported(2, ReportReason.SEXUAL)] * 99 + [reported(2, ReportReason.OTHER)])
        await add_reports(connection, [reported(None, ReportReason.OTHER)])
        query = sa.select(moderation_cases.c.num_reports, moderation_cases.c.reasons).order_by(sa.text("1"))
        rows = [tuple(row) for row in await connection.execute(query)]
    assert rows == [(1, {"other": 1}), (10_000, {"sexual": 9900, "other": 100})]


async def test_the_message_of_ten_thousand_reports_stays_one_and_readable(
    painted_grid: Grid, ada: MemberClient, ben: MemberClient, cleo: MemberClient, database: Database
) -> None:
    """Of every reason, and of a prompt that fills it."""
    await set_channel(ada)
    grid, job, _ = await painted_grid("word " * 1200)
    await report(cleo, grid, "1", "other")
    case = await ada.message(is_case)
    await until_true(database, "SELECT shown_version = version FROM moderation_cases")
    several = [
        Report(guild_id=int(ada.guild_id), member_id=job.member_id, job_id=job.id, slot=0, place=None, reason=reason)
        for reason in ReportReason
    ]
    async with database.begin() as connection:
        await add_reports(connection, several * (9_999 // len(several)) + several[: 9_999 % len(several)])
        await connection.execute(sa.update(moderation_cases).values(due_at=sa.func.now()))
    await report(ada, grid, "1", "violent")
    told = await ada.changed(case, lambda item: "reported 10,001 times" in text_of(item))
    assert len(cases_seen(ada)) == 1 and len(text_of(told)) < 2000
    (first, quoted, link) = text_of(told).splitlines()
    assert quoted.endswith("…") and link.endswith(grid["id"]) and len(first) < 400, first
    await ada.reply(await ada.press(told, "Keep"))
    assert "reported 10,001 x (" in await safety(ada, "cases")


async def test_a_member_reports_so_much_a_day_and_no_more(
    painted_grid: Grid, cleo: MemberClient, ada: MemberClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others go on, and so does who has reported it before today."""
    monkeypatch.setattr(opinions, "MAX_REPORTS", 1)
    grid, *_ = await painted_grid()
    await report(cleo, grid, "1", "other")
    form = await cleo.modal(await cleo.on_message("Report", grid))
    refused = await cleo.reply(await cleo.submit(form, reason="other", picture="2"))
    assert text_of(refused) == reply_for(TooManyReports(limit=1))
    await report(ada, grid, "2", "other")
    monkeypatch.setattr(asked, "LATELY", timedelta())
    await report(cleo, grid, "3", "other")
    async with database.begin() as connection:
        slots = sa.select(moderation_cases.c.slot).order_by(moderation_cases.c.slot)
        assert list((await connection.execute(slots)).scalars()) == [0, 1, 2]


async def test_cases_wait_for_a_channel_and_follow_it(
    painted_grid: Grid, ada: MemberClient, cleo: MemberClient, database: Database
) -> None:
    grid, *_ = await painted_grid()
    await report(cleo, grid, "all", "copied")
    assert await safety(ada, "channel") == f"{moderation_replies.NO_CHANNEL} To be decided: 1."
    await set_channel(ada)
    first = await ada.message(is_case)
    assert "**Grid of" in text_of(first) and len(first["attachments"]) == 1
    await set_channel(ada, "after-dark")
    await ada.message(lambda item: is_case(item) and item["channel_id"] == ada.channels["after-dark"])
    assert first["id"] not in ada.messages
    assert await safety(ada, "channel", clear=True) == str(moderation_replies.CLEARED)
    changes = text_of(await ada.reply(await ada.command("server", "changes")))
    cleared, moved, made = changes.splitlines()
    assert cleared.endswith("cleared the moderators' channel")
    assert moved.endswith(f"made <#{ada.channels['after-dark']}> the moderators' channel")
    assert made.endswith(f"<@{ada.id}> made <#{ada.channels[CHANNEL]}> the moderators' channel")


async def test_a_channel_that_the_bot_may_not_post_in_is_refused(
    bot: object, sandbox: Sandbox, ada: MemberClient
) -> None:
    for missing in (Permissions.SEND_MESSAGES, Permissions.ATTACH_FILES):
        sandbox.deny(CHANNEL, missing)
        assert await set_channel(ada) == moderation_replies.channel_refused(int(ada.channels[CHANNEL]))
    assert (await safety(ada, "channel")).startswith(str(moderation_replies.NO_CHANNEL))


async def test_a_channel_that_is_closed_later_is_tried_again(
    painted_grid: Grid, sandbox: Sandbox, ada: MemberClient, cleo: MemberClient, database: Database
) -> None:
    """`/safety channel` says so; nobody else is told."""
    await set_channel(ada)
    grid, *_ = await painted_grid()
    sandbox.deny(CHANNEL, Permissions.SEND_MESSAGES)
    await report(cleo, grid, "1", "other")
    await until_true(database, "SELECT EXISTS (SELECT FROM moderator_channels WHERE fault = 'forbidden')")
    assert "I may not post there, so reports wait." in await safety(ada, "channel")
    sandbox.deny(CHANNEL, Permissions(0))
    async with database.begin() as connection:
        await connection.execute(sa.text("UPDATE moderator_channels SET retry_at = now()"))
        await connection.execute(sa.text("UPDATE moderation_cases SET due_at = now()"))
    await report(cleo, grid, "2", "other")
    await ada.until(lambda: len(cases_seen(ada)) == 2)
    assert "fault" not in await safety(ada, "channel")
    sandbox.world.remove_channel(sandbox.channel(CHANNEL).id)
    await report(cleo, grid, "3", "other")
    await until_true(database, "SELECT EXISTS (SELECT FROM moderator_channels WHERE fault = 'deleted')")


async def test_a_case_is_claimed_once_and_found_again(database: Database) -> None:
    """By one of two processes; a claim that nobody ended passes on, and the next one looks for a message first.

    One that was erased meanwhile has no message.
    """
    async with database.begin() as connection:
        await connection.execute(sa.text("INSERT INTO moderator_channels (guild_id, channel_id) VALUES (1, 2)"))
        report = Report(guild_id=1, member_id=new_id(), job_id=new_id(), slot=0, place=None, reason=ReportReason.OTHER)
        await add_reports(connection, [report])

    async def claim() -> Case | None:
        async with database.begin() as connection:
            return await claim_case(connection)

    first, second = await asyncio.gather(claim(), claim())
    claimed = first or second
    assert claimed is not None and None in (first, second) and claimed.attempts == 1
    async with database.begin() as connection:
        await connection.execute(sa.update(moderation_cases).values(claimed_until=sa.func.now() - timedelta(seconds=1)))
    again = await claim()
    assert again is not None and (again.id, again.attempts) == (claimed.id, 2)
    async with database.begin() as connection:
        assert claimed.job_id is not None
        await erase_cases(connection, new_id(), [claimed.job_id])
        assert not await record_shown(connection, again, DiscordPlace(channel_id=2, message_id=3))


async def test_a_case_whose_bot_died_after_posting_is_not_posted_twice(
    painted_grid: Grid, ada: MemberClient, cleo: MemberClient, database: Database
) -> None:
    """Its message is found by its buttons, and brought up to date."""
    await set_channel(ada)
    grid, *_ = await painted_grid()
    await report(cleo, grid, "1", "other")
    case = await ada.message(is_case)
    await until_true(database, "SELECT shown_version = 1 FROM moderation_cases")
    lost = {"case_channel_id": None, "case_message_id": None, "shown_version": 0, "attempts": 1}
    async with database.begin() as connection:
        await connection.execute(sa.update(moderation_cases).values(**lost, due_at=sa.func.now(), version=2))
    await report(cleo, grid, "2", "other")
    await until_true(database, "SELECT bool_and(shown_version = version) AND count(*) = 2 FROM moderation_cases")
    assert [item["id"] for item in cases_seen(ada)][:1] == [case["id"]] and len(cases_seen(ada)) == 2


async def test_an_erased_member_takes_their_case_along(
    painted_grid: Grid, ada: MemberClient, ben: MemberClient, cleo: MemberClient, database: Database
) -> None:
    """The message goes, and what stays of the case names nobody and shows nothing."""
    await set_channel(ada)
    grid, *_ = await painted_grid()
    await report(cleo, grid, "1", "person")
    await ada.message(is_case)
    await erase(ben)
    await until_erased(database)
    await ada.until(lambda: not cases_seen(ada))
    async with database.begin() as connection:
        row = (await connection.execute(sa.select(moderation_cases))).one()
    assert (row.decision, row.num_reports, row.reasons) == ("gone", 1, {"person": 1})
    assert (row.member_id, row.job_id, row.reported_message_id, row.case_message_id) == (None,) * 4
    assert "Erased before anybody decided" in await safety(ada, "cases")
