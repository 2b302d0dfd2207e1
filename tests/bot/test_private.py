"""Private work: only its owner sees it, every button works on it, and its results last."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from bot import replies
from bot.delivery import due_edits
from bot.interaction_context import TOKEN_LIFETIME
from bot.replies import own_settings_replies, private_replies, reply_for
from bot.store.tables import DeliveryForm, DeliveryState, deliveries
from engine.contract.errors import JobUnknown
from engine.contract.feedback import Surface
from engine.contract.jobs import JobStatus, Visibility
from engine.store.database import Database
from engine.store.tables import jobs
from sandbox.chat.test_client import MemberClient
from sandbox.server import Sandbox
from sandbox.state.flags import Permissions
from tests.bot.conftest import BotStarter
from tests.bot.engine_hand import EngineHand
from tests.bot.reading import Message, is_grid, shown_by_bot, text_of
from tests.bot.rows import drop_tokens, until_closed
from tests.bot.test_erasing import erase, until_erased
from tests.bot.watching import RequestWatch

EPHEMERAL = 64
IMAGINE: dict[str, Any] = {"prompt": "a red circle", "private": True}
BY_TOKEN = "PATCH /webhooks/*/*/messages/*"

PrivateGrid = Callable[..., Any]


@pytest.fixture
def private_grid(bot: asyncio.Task[None], ben: MemberClient, hand: EngineHand, database: Database) -> PrivateGrid:
    """Return what lets Ben imagine something privately and the engine finish it: the grid's message, and the job."""

    async def imagine() -> tuple[Message, Any]:
        waiting = await ben.reply(await ben.command("imagine", **IMAGINE))
        job = (await hand.jobs())[-1]
        await hand.finish(job)
        grid = await ben.changed(waiting, is_grid)
        await until_closed(database, job.id)
        return grid, await hand.job(job.id)

    return imagine


@pytest.mark.parametrize("prompt", ["a cat --stealth", "{a cat --stealth, a cat --public} --seed 1"])
async def test_only_the_member_sees_a_private_answer(
    bot: asyncio.Task[None], ben: MemberClient, cleo: MemberClient, hand: EngineHand, prompt: str
) -> None:
    """From the first answer on; a prompt of which a part is private is private as a whole."""
    told = await ben.reply(await ben.command("imagine", prompt=prompt))
    assert told["flags"] & EPHEMERAL
    assert {job.visibility for job in await hand.jobs()} == {Visibility.PRIVATE}
    assert told["id"] not in cleo.messages and not shown_by_bot(cleo)


async def test_every_step_is_shown_in_the_one_private_message(
    private_grid: PrivateGrid, ben: MemberClient, cleo: MemberClient, hand: EngineHand, watch: RequestWatch
) -> None:
    """By the interaction's token alone, which the bot needs for what only the member sees, and then deletes."""
    waiting = await ben.reply(await ben.command("imagine", **IMAGINE))
    assert str(private_replies.ONLY_YOU) in text_of(waiting)
    job = await hand.only_job()
    await hand.start(job.id)
    await hand.progress(job.id, 0.5)
    await ben.changed(waiting, lambda item: "(50%)" in item["content"])
    await hand.finish(await hand.only_job())
    grid = await ben.changed(waiting, is_grid)
    assert grid["flags"] & EPHEMERAL and grid["attachments"]
    assert str(private_replies.ONLY_YOU) not in text_of(grid)
    assert not watch.count("PATCH /channels/.*")
    assert not shown_by_bot(cleo)


async def test_what_private_buttons_start_is_private(
    private_grid: PrivateGrid, ben: MemberClient, cleo: MemberClient, hand: EngineHand, database: Database
) -> None:
    """A picture by itself, a variation, a zoom, the re-roll and an upscale of them."""
    grid, _ = await private_grid()
    single = await ben.reply(await ben.press(grid, "U1"))
    for message, button in ((grid, "V2"), (single, "Zoom Out 2x"), (grid, "🔄"), (single, "Vary (Strong)")):
        shown = await ben.reply(await ben.press(message, button))
        assert shown["flags"] & EPHEMERAL
        await hand.finish((await hand.jobs())[-1])
        await ben.changed(shown, is_grid)
    assert {job.visibility for job in await hand.jobs()} == {Visibility.PRIVATE}
    assert not shown_by_bot(cleo)
    async with database.begin() as connection:
        surfaces = set((await connection.execute(sa.select(deliveries.c.surface))).scalars())
    assert surfaces == {Surface.PRIVATE.value}


async def test_who_prefers_to_work_in_private_starts_nothing_that_others_see(
    painted_grid: Callable[..., Any], ben: MemberClient, cleo: MemberClient, hand: EngineHand
) -> None:
    """Nor with a button under a picture that all see, nor where the result is text; `--public` in a prompt is heard."""
    grid, _, _ = await painted_grid()
    panel = await ben.reply(await ben.command("settings"))
    await ben.press(panel, str(own_settings_replies.MAKE_PRIVATE))
    await ben.changed(panel, lambda item: str(own_settings_replies.PRIVATE) in text_of(item))
    before = set(cleo.messages)
    for press in (ben.press(grid, "V1"), ben.press(grid, "🔄"), ben.command("shorten", prompt="a hidden boat")):
        assert (await ben.reply(await press))["flags"] & EPHEMERAL
    told = await ben.reply(await ben.command("shorten", prompt="a boat for all --public"))
    assert not told["flags"] & EPHEMERAL
    _, *started, public = [job.visibility for job in await hand.jobs()]
    assert started == [Visibility.PRIVATE] * 3 and public is Visibility.PUBLIC
    assert set(cleo.messages) - before == {told["id"]}


async def test_a_private_picture_is_shown_again_once_it_is_gone_from_the_screen(
    private_grid: PrivateGrid, ben: MemberClient, hand: EngineHand, database: Database
) -> None:
    """A second press on U1 shows it anew: nothing leads to a message that vanished."""
    grid, job = await private_grid()
    first = await ben.reply(await ben.press(grid, "U1"))
    await until_closed(database, job.id, 2)
    second = await ben.reply(await ben.press(grid, "U1"))
    assert second["id"] != first["id"] and second["attachments"]
    assert "[message](" not in text_of(await ben.reply(await ben.command("history")))


async def test_private_jobs_are_cancelled_and_rated(
    private_grid: PrivateGrid, ben: MemberClient, hand: EngineHand
) -> None:
    grid, job = await private_grid()
    await ben.reply(await ben.press(grid, "😍"))
    (rated,) = await hand.actions(job.id)
    assert (rated.value, rated.surface) == (4, Surface.PRIVATE)
    waiting = await ben.reply(await ben.press(grid, "🔄"))
    await ben.press(waiting, "Cancel")
    await ben.changed(waiting, lambda item: "Cancelled" in item["content"])
    assert (await hand.jobs())[-1].status is JobStatus.CANCELLED


async def test_a_private_result_comes_by_direct_message_once_the_token_has_expired(
    start_bot: BotStarter, ben: MemberClient, cleo: MemberClient, hand: EngineHand, database: Database
) -> None:
    """The bot was away meanwhile; the token is deleted."""
    async with start_bot():
        waiting = await ben.reply(await ben.command("imagine", **IMAGINE))
    await drop_tokens(database)
    async with start_bot():
        job = await hand.only_job()
        await hand.finish(job)
        grid = await ben.message(is_grid)
        assert grid["channel_id"] == ben.channels["dm"]
        assert private_replies.moved_from(int(waiting["channel_id"])) in text_of(grid)
        assert await until_closed(database, job.id) == [DeliveryState.DELIVERED]
    async with database.begin() as connection:
        row = (await connection.execute(sa.select(deliveries))).one()
    assert (row.token, row.form) == (None, DeliveryForm.MESSAGE.value)
    assert not shown_by_bot(cleo)


async def test_a_private_result_survives_a_restart_within_the_life_of_its_token(
    start_bot: BotStarter, ben: MemberClient, hand: EngineHand, database: Database, watch: RequestWatch
) -> None:
    """Whether or not the bot knew that its answer had arrived: the one message is edited."""
    async with start_bot():
        waiting = await ben.reply(await ben.command("imagine", **IMAGINE))
    async with database.begin() as connection:
        await connection.execute(sa.update(deliveries).values(message_id=None))
    async with start_bot():
        job = await hand.only_job()
        await hand.finish(job)
        grid = await ben.changed(waiting, is_grid)
        await until_closed(database, job.id)
    assert [item["id"] for item in ben.messages.values() if is_grid(item)] == [grid["id"]]


async def test_a_private_result_whose_edit_fails_comes_by_direct_message(
    bot: asyncio.Task[None], sandbox: Sandbox, ben: MemberClient, cleo: MemberClient, hand: EngineHand
) -> None:
    await ben.reply(await ben.command("imagine", **IMAGINE))
    sandbox.inject_fault(BY_TOKEN, kind="status", status=404, count=None)
    await hand.finish(await hand.only_job())
    grid = await ben.message(is_grid)
    assert grid["channel_id"] == ben.channels["dm"]
    assert not shown_by_bot(cleo)


async def test_an_erasure_asks_discord_nothing_about_messages_that_only_the_member_sees(
    private_grid: PrivateGrid, ben: MemberClient, database: Database, watch: RequestWatch
) -> None:
    """It could not delete them; the rows go like all others."""
    await private_grid()
    await erase(ben)
    await until_erased(database)
    assert not watch.count(r"(DELETE|PATCH) /channels/.*")
    async with database.begin() as connection:
        assert not (await connection.execute(sa.select(jobs))).all()


@pytest.fixture
def expires(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every token be about to expire."""
    monkeypatch.setattr(due_edits, "TOKEN_RESERVE", TOKEN_LIFETIME)


async def test_a_private_message_moves_to_direct_messages_before_its_token_expires(
    expires: None, bot: asyncio.Task[None], ben: MemberClient, cleo: MemberClient, hand: EngineHand, database: Database
) -> None:
    """As long as the token can still delete the message in the channel, so that none is left that says nothing new."""
    waiting = await ben.reply(await ben.command("imagine", **IMAGINE))
    moved = await ben.message(lambda item: item["channel_id"] == ben.channels["dm"])
    await ben.until(lambda: waiting["id"] not in ben.messages)
    job = await hand.only_job()
    await hand.finish(job)
    await ben.changed(moved, is_grid)
    assert await until_closed(database, job.id) == [DeliveryState.DELIVERED]
    assert not shown_by_bot(cleo)


async def test_who_takes_no_direct_messages_is_told_where_a_private_result_is(
    expires: None, bot: asyncio.Task[None], ben: MemberClient, hand: EngineHand, database: Database
) -> None:
    await ben.take_direct_messages(False)
    waiting = await ben.reply(await ben.command("imagine", **IMAGINE))
    job = await hand.only_job()
    told = await ben.changed(waiting, lambda item: str(replies.UNDELIVERABLE) in text_of(item))
    assert told["flags"] & EPHEMERAL
    assert await until_closed(database, job.id) == [DeliveryState.UNDELIVERABLE]
    await hand.finish(job)
    assert "a red circle" in text_of(await ben.reply(await ben.command("history")))


async def test_the_grids_of_a_private_series_come_by_direct_message(
    bot: asyncio.Task[None], ben: MemberClient, cleo: MemberClient, hand: EngineHand, database: Database
) -> None:
    """An interaction has one answer that can be repeated without showing anything twice, which counts them."""
    told = await ben.reply(await ben.command("imagine", repeat=2, **IMAGINE))
    assert told["flags"] & EPHEMERAL
    for job in await hand.jobs():
        await hand.finish(job)
        await until_closed(database, job.id)
    grids = [item for item in ben.messages.values() if is_grid(item)]
    assert [item["channel_id"] for item in grids] == [ben.channels["dm"]] * 2
    assert not [item for item in shown_by_bot(cleo) if item["author"].get("bot")]


async def test_a_private_job_is_shown_again_to_its_owner_alone_until_they_make_it_public(
    private_grid: PrivateGrid, ben: MemberClient, cleo: MemberClient, hand: EngineHand, database: Database
) -> None:
    """From then on others find it, where it is shown."""
    _, job = await private_grid()
    again = await ben.reply(await ben.command("show", picture=str(job.id)))
    assert again["flags"] & EPHEMERAL
    refused = await cleo.reply(await cleo.command("show", picture=str(job.id), public=True))
    assert reply_for(JobUnknown(job_id=job.id)) in text_of(refused)
    assert (await hand.job(job.id)).visibility is Visibility.PRIVATE
    shown = await ben.reply(await ben.command("show", picture=str(job.id), public=True))
    assert not shown["flags"] & EPHEMERAL
    grid = await cleo.message(is_grid)
    assert grid["id"] == shown["id"] and (await hand.job(job.id)).visibility is Visibility.PUBLIC
    await until_closed(database, job.id, 3)
    found = await cleo.reply(await cleo.command("search", words="circle", whose="server"))
    assert "a red circle" in text_of(found) and f"/{shown['channel_id']}/{shown['id']}" in text_of(found)
    await cleo.press(grid, "U1")
    await ben.message(lambda item: item["content"].endswith(f"<@{cleo.id}>"))


async def test_private_works_where_the_bot_may_not_post(
    bot: asyncio.Task[None], sandbox: Sandbox, ben: MemberClient, hand: EngineHand
) -> None:
    """The member alone sees it, so that nothing is posted in the channel."""
    sandbox.deny("studio", Permissions.SEND_MESSAGES | Permissions.ATTACH_FILES)
    waiting = await ben.reply(await ben.command("imagine", **IMAGINE))
    await hand.finish(await hand.only_job())
    assert (await ben.changed(waiting, is_grid))["flags"] & EPHEMERAL
