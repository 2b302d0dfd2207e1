"""The menu of a message: what it shows is explained, used, reported and deleted; nothing of others is touched."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from bot.replies import menu_replies
from bot.replies.feedback_replies import ALREADY_REPORTED, ASK_DELETE, DELETED, REPORTED
from engine.contract.feedback import ReportReason, Verb
from engine.contract.jobs import Operation, Visibility
from engine.store.database import Database
from sandbox.chat.test_client import MemberClient
from sandbox.server import Sandbox
from tests.bot.buttons.test_opinions import single
from tests.bot.conftest import BotStarter
from tests.bot.engine_hand import EngineHand
from tests.bot.reading import Message, labels, text_of
from tests.bot.rows import until_closed

Grid = Callable[..., Any]
EPHEMERAL = 64


@pytest.fixture
async def bot(start_bot: BotStarter, sandbox: Sandbox) -> AsyncIterator[asyncio.Task[None]]:
    """A bot that may fetch the pictures of this Discord."""
    async with start_bot(upload_origins=frozenset({sandbox.url})) as task:
        yield task


async def chosen(member: MemberClient, name: str, message: Message) -> Message:
    """Return the answer to an entry of the menu."""
    return await member.reply(await member.on_message(name, message))


async def test_the_recipe_of_a_grid_and_of_a_picture(
    painted_grid: Grid, ben: MemberClient, cleo: MemberClient, hand: EngineHand, database: Database
) -> None:
    """For whoever sees the message, in private: what it was painted with, and the prompt to paint it again."""
    grid, job, pictures = await painted_grid("a red circle --no blue")
    picture = await single(ben, grid, "U3")
    await until_closed(database, job.id, 2)
    told = await chosen(cleo, "Recipe", grid)
    assert told["flags"] & EPHEMERAL
    assert text_of(told).startswith(f"model fake · size {pictures[0].width} x {pictures[0].height}")
    assert f"Image #4: seed {pictures[3].seed}" in text_of(told)
    assert text_of(told).endswith(f"```\na red circle --no blue --seed {job.seed}\n```")
    of_picture = text_of(await chosen(cleo, "Recipe", picture))
    assert f"Image #3: seed {pictures[2].seed}" in of_picture and "Image #1" not in of_picture

    waiting = await ben.reply(await ben.command("imagine", prompt="a blue boat"))
    assert text_of(await chosen(ben, "Recipe", waiting)) == str(menu_replies.NOT_PAINTED_YET)
    await hand.forget((await hand.jobs())[-1].id)
    await hand.forget(job.id)
    assert text_of(await chosen(cleo, "Recipe", grid)) == str(menu_replies.ERASED)


async def test_a_message_of_somebody_is_none_of_ours(ben: MemberClient, bot: asyncio.Task[None]) -> None:
    """It has no recipe, no picture, nothing to report and nothing to delete."""
    said = await ben.say("look at e1:up:00000000-0000-0000-0000-000000000000:1")
    for name in ("Recipe", "Report", "Delete mine"):
        assert text_of(await chosen(ben, name, said)) == str(menu_replies.NOT_OURS)
    for name in ("Use as picture prompt", "Describe"):
        assert text_of(await chosen(ben, name, said)) == str(menu_replies.NO_PICTURE)


async def test_what_is_shown_is_reported_once(
    painted_grid: Grid, ben: MemberClient, cleo: MemberClient, hand: EngineHand, database: Database
) -> None:
    """With the reason that the form asks for; it is logged with what was in view."""
    grid, job, _ = await painted_grid()
    await until_closed(database, job.id)
    for told in (str(REPORTED), str(ALREADY_REPORTED)):
        form = await cleo.modal(await cleo.on_message("Report", grid))
        assert text_of(await cleo.reply(await cleo.submit(form, reason="violent", picture="2"))) == str(told)
    (action,) = await hand.actions(job.id)
    assert (action.verb, action.reason, action.slot) == (Verb.REPORT, ReportReason.VIOLENT, 1)
    assert action.message_id == int(grid["id"]) and len(action.shown) == 4


async def test_own_results_are_deleted_and_no_others(
    painted_grid: Grid, ben: MemberClient, cleo: MemberClient, hand: EngineHand, database: Database
) -> None:
    """Asked first, as by the button."""
    grid, job, _ = await painted_grid()
    await until_closed(database, job.id)
    refused = await chosen(cleo, "Delete mine", grid)
    assert text_of(refused).startswith("Only the member who started this job")
    asked = await chosen(ben, "Delete mine", grid)
    assert (text_of(asked), labels(asked)) == (str(ASK_DELETE), [["Delete for everybody", "Keep"]])
    await ben.press(asked, "Delete for everybody")
    await ben.changed(asked, lambda item: item["content"] == str(DELETED))
    assert grid["id"] not in ben.messages
    (action,) = await hand.actions(job.id)
    assert (action.verb, action.message_id) == (Verb.DELETE, int(grid["id"]))


async def test_its_picture_becomes_part_of_a_prompt(
    painted_grid: Grid, cleo: MemberClient, hand: EngineHand, database: Database
) -> None:
    """The form has its address, and what is sent is queued as by /imagine; or it is described."""
    grid, job, _ = await painted_grid()
    await until_closed(database, job.id)
    grid = await cleo.message(lambda item: item["id"] == grid["id"] and bool(item["attachments"]))
    form = await cleo.modal(await cleo.on_message("Use as picture prompt", grid))
    (label,) = form["modal"]["components"]
    address = label["component"]["value"]
    # Each time that a message is handed out, its addresses are signed anew.
    assert address.endswith(" ") and address.partition("?")[0] == grid["attachments"][0]["url"].partition("?")[0]
    started = await cleo.reply(await cleo.submit(form, prompt=f"{address}at night"))
    assert "at night" in text_of(started) and not started["flags"] & EPHEMERAL
    described = await chosen(cleo, "Describe", grid)
    assert "Waiting to start" in text_of(described)
    _, prompted, asked = await hand.jobs()
    assert (len(prompted.spec.images), asked.operation) == (1, Operation.DESCRIBE)


async def test_a_picture_that_one_member_alone_sees_stays_theirs(
    painted_grid: Grid, ben: MemberClient, cleo: MemberClient, hand: EngineHand
) -> None:
    """Also in a message that is of no job: a list of pictures may have private ones."""
    await painted_grid()
    listed = await ben.reply(await ben.command("history"))
    before = set(cleo.messages)
    form = await ben.modal(await ben.on_message("Use as picture prompt", listed))
    (label,) = form["modal"]["components"]
    started = await ben.reply(await ben.submit(form, prompt=f"{label['component']['value']}at night"))
    described = await chosen(ben, "Describe", listed)
    assert started["flags"] & EPHEMERAL and described["flags"] & EPHEMERAL
    assert [job.visibility for job in (await hand.jobs())[1:]] == [Visibility.PRIVATE] * 2
    assert set(cleo.messages) == before
