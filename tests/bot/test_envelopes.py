"""✉️: the originals of a result, with their seeds and the prompt, by direct message."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from bot.delivery.outcomes import DirectRefusal, DiscordUnavailable, Rejected, SendOutcome
from bot.replies import private_replies
from bot.replies.feedback_replies import DM_CLOSED, not_sent, saved
from bot.store.envelopes import REACTION
from engine.contract.feedback import Verb
from engine.store.database import Database
from engine.store.objects import Objects
from sandbox.chat.test_client import MemberClient
from sandbox.server import Sandbox
from sandbox.state.seed import GUILD_ID
from tests.bot.conftest import BotStarter
from tests.bot.engine_hand import EngineHand
from tests.bot.reading import Message, is_grid, text_of
from tests.bot.rows import until_closed, until_true
from tests.bot.test_erasing import erase, until_erased
from tests.bot.watching import RequestWatch

ENVELOPE = "✉️"
_ENDED = "SELECT count(*) = {} FROM original_requests WHERE state = '{}'"


def sent_to(member: MemberClient) -> list[Message]:
    """Return what the bot has sent the member directly."""
    return [item for item in member.messages.values() if item["channel_id"] == member.channels["dm"]]


def is_gone(member: MemberClient, message: Message) -> bool:
    """Return whether the member sees the message no more."""
    return message["id"] not in member.messages


async def until_ended(database: Database, state: str, count: int = 1) -> None:
    """Return once so many requests have ended that way."""
    await until_true(database, _ENDED.format(count, state))


def leave(sandbox: Sandbox, member: MemberClient) -> None:
    """Have the member leave the server that the bot is in."""
    guild = sandbox.world.guilds[GUILD_ID]
    others = tuple(one for one in guild.members if one.user_id != int(member.id))
    sandbox.world.guilds[GUILD_ID] = replace(guild, members=others)


@pytest.mark.parametrize("emoji", [ENVELOPE, "✉"])
async def test_an_envelope_on_a_grid_sends_the_four_originals(
    painted_grid: Callable[..., Any],
    cleo: MemberClient,
    hand: EngineHand,
    database: Database,
    objects: Objects,
    emoji: str,
) -> None:
    """To whoever reacts and sees it, byte for byte, once, however often they react; the log says so, as of a press."""
    grid, job, pictures = await painted_grid()
    await until_closed(database, job.id)
    await cleo.react(grid, emoji)
    await until_ended(database, "sent")
    message = await cleo.message(lambda item: item["channel_id"] == cleo.channels["dm"])
    assert text_of(message) == saved(job.spec.prompt, [(picture.slot, picture.seed) for picture in pictures])
    originals = [await objects.get(picture.object_key) for picture in pictures]
    assert [await cleo.file(file) for file in message["attachments"]] == originals
    await cleo.remove_reaction(grid, emoji)
    await cleo.react(grid, emoji)
    await cleo.react(grid, "❤️")
    await cleo.react(await cleo.say("hello"), emoji)
    await cleo.press(grid, "U2")
    single = await cleo.message(lambda item: item["content"].endswith(f"<@{cleo.id}>") and item["id"] != grid["id"])
    await until_closed(database, job.id, 2)
    await cleo.react(single, emoji)
    await until_ended(database, "sent", 2)
    (_, alone) = sent_to(cleo)
    assert [await cleo.file(file) for file in alone["attachments"]] == [originals[1]]
    logged = [one for one in await hand.actions(job.id) if one.verb is Verb.SAVE]
    assert {(one.message_id, one.slot, len(one.shown), one.variation, one.is_owner) for one in logged} == {
        (int(grid["id"]), None, 4, REACTION, False),
        (int(single["id"]), 1, 1, REACTION, False),
    }
    assert len(logged) == 2 and all(one.impression_id for one in logged)


@pytest.mark.parametrize(("has_asked", "said"), [(True, ": Seed "), (False, ": seed ")])
async def test_a_direct_message_after_a_reaction_is_in_the_language_of_who_reacted(
    painted_grid: Callable[..., Any], sandbox: Sandbox, cleo: MemberClient, *, has_asked: bool, said: str
) -> None:
    """Discord says it with a command, and not with a reaction: of who has asked for nothing yet, it is the server's."""
    grid, _, _ = await painted_grid()
    users = sandbox.world.users
    users[int(cleo.id)] = replace(users[int(cleo.id)], locale="de")
    if has_asked:
        await cleo.reply(await cleo.command("imagine", prompt="a boat"))
    await cleo.react(grid, ENVELOPE)
    message = await cleo.message(lambda item: item["channel_id"] == cleo.channels["dm"])
    assert said in text_of(message)


async def test_closed_direct_messages_are_told_once_and_nothing_is_lost(
    painted_grid: Callable[..., Any], cleo: MemberClient, database: Database
) -> None:
    """In the channel for a reaction, as nothing else reaches the member; they can react again once they are open."""
    grid, job, _ = await painted_grid()
    await until_closed(database, job.id)
    await cleo.take_direct_messages(False)
    for number in (1, 2):
        await cleo.react(grid, ENVELOPE)
        await until_ended(database, "closed")
        await cleo.remove_reaction(grid, ENVELOPE)
        told = [item for item in cleo.messages.values() if cleo.id in text_of(item)]
        assert [text_of(item) for item in told] == [private_replies.not_sent(int(cleo.id), DirectRefusal.CLOSED)], (
            number
        )
    shown = await cleo.reply(await cleo.press(await cleo.reply(await cleo.press(grid, "⋯")), "Send to me"))
    assert str(DM_CLOSED) in text_of(shown) and len(shown["attachments"]) == 4
    await cleo.take_direct_messages(True)
    await cleo.react(grid, ENVELOPE)
    await until_ended(database, "sent")
    assert len(sent_to(cleo)) == 1


async def test_other_refusals_are_not_told_as_closed_direct_messages(
    painted_grid: Callable[..., Any], sandbox: Sandbox, cleo: MemberClient, database: Database
) -> None:
    """Discord has limits of its own: the answer to a press has the files, and a reaction can be made again."""
    grid, job, _ = await painted_grid()
    await until_closed(database, job.id)
    choices = await cleo.reply(await cleo.press(grid, "⋯"))
    sandbox.inject_fault(f"POST /channels/{cleo.channels['dm']}/messages", kind="status", status=403, count=None)
    shown = await cleo.reply(await cleo.press(choices, "Send to me"))
    assert "did not take my direct message" in text_of(shown) and len(shown["attachments"]) == 4
    await cleo.react(grid, ENVELOPE)
    told = await cleo.message(lambda item: cleo.id in text_of(item))
    assert text_of(told) == private_replies.not_sent(int(cleo.id), DirectRefusal.OTHER)
    await until_ended(database, "closed")
    await cleo.remove_reaction(grid, ENVELOPE)
    sandbox.faults.clear()
    await cleo.react(grid, ENVELOPE)
    await until_ended(database, "sent")
    assert len(sent_to(cleo)) == 1


async def test_who_shares_no_server_with_the_bot_has_the_files_in_the_answer(
    bot: asyncio.Task[None], sandbox: Sandbox, ben: MemberClient, cleo: MemberClient, hand: EngineHand
) -> None:
    """Where only the member who painted has installed it: Discord takes no direct message to others there."""
    leave(sandbox, cleo)
    waiting = await ben.reply(await ben.command("imagine", prompt="a cat", channel="terrace"))
    await hand.finish(await hand.only_job())
    grid = await cleo.changed(waiting, is_grid)
    choices = await cleo.reply(await cleo.press(grid, "⋯"))
    shown = await cleo.reply(await cleo.press(choices, "Send to me"))
    assert "only to members of a server that I am in" in text_of(shown) and len(shown["attachments"]) == 4
    assert not sent_to(cleo)


async def test_who_has_left_the_server_is_not_called_there(
    painted_grid: Callable[..., Any],
    sandbox: Sandbox,
    ben: MemberClient,
    cleo: MemberClient,
    database: Database,
    watch: RequestWatch,
) -> None:
    """Nothing else would reach them either."""
    grid, job, _ = await painted_grid()
    await until_closed(database, job.id)
    direct = f"POST /channels/{cleo.channels['dm']}/messages"
    with watch.holding(direct):
        await cleo.react(grid, ENVELOPE)
        await watch.until_begun(direct)
        leave(sandbox, cleo)
    await until_ended(database, "closed")
    assert not sent_to(cleo) and not [item for item in ben.messages.values() if cleo.id in text_of(item)]


def test_each_refusal_of_discord_has_its_own_sentence() -> None:
    codes = (50007, 50278, 20026)
    outcomes: list[SendOutcome] = [Rejected(cause="", can_post=False, code=code) for code in codes]
    said = {not_sent(outcome) for outcome in [*outcomes, DiscordUnavailable(cause="")]}
    assert len(said) == 4 and all("for you alone" in one for one in said)


async def test_an_erasure_takes_the_notice_of_closed_direct_messages_along(
    painted_grid: Callable[..., Any], ben: MemberClient, cleo: MemberClient, database: Database
) -> None:
    """Of who was told, and under a result that is erased."""
    for eraser in (cleo, ben):
        grid, job, _ = await painted_grid()
        await until_closed(database, job.id)
        await cleo.take_direct_messages(False)
        await cleo.react(grid, ENVELOPE)
        notice = await cleo.message(lambda item: cleo.id in text_of(item))
        await until_ended(database, "closed")
        await erase(eraser)
        await until_erased(database)
        await cleo.until(partial(is_gone, cleo, notice))


async def test_an_envelope_is_answered_after_a_crash(
    start_bot: BotStarter,
    sandbox: Sandbox,
    ben: MemberClient,
    hand: EngineHand,
    database: Database,
    watch: RequestWatch,
) -> None:
    """What was sent already is not sent again: Discord knows it by its nonce."""
    async with start_bot():
        waiting = await ben.reply(await ben.command("imagine", prompt="a cat"))
        job = await hand.only_job()
        await hand.finish(job)
        grid = await ben.changed(waiting, is_grid)
        await until_closed(database, job.id)
        await ben.react(grid, ENVELOPE)
        await until_ended(database, "sent")
    async with database.begin() as connection:
        await connection.exec_driver_sql("UPDATE original_requests SET state = 'waiting'")
    async with start_bot():
        await until_ended(database, "sent")
    assert len(sent_to(ben)) == 1


async def test_an_envelope_on_private_work_of_somebody_else_is_not_answered(
    bot: asyncio.Task[None], ben: MemberClient, cleo: MemberClient, hand: EngineHand, database: Database
) -> None:
    """Nobody else sees its message, and even so the database decides."""
    waiting = await ben.reply(await ben.command("imagine", prompt="a cat"))
    job = await hand.only_job()
    await hand.finish(job)
    grid = await ben.changed(waiting, is_grid)
    await until_closed(database, job.id)
    async with database.begin() as connection:
        await connection.exec_driver_sql("UPDATE jobs SET visibility = 'private'")
    await cleo.react(grid, ENVELOPE)
    await ben.react(grid, ENVELOPE)
    await until_ended(database, "sent")
    assert len(sent_to(ben)) == 1 and not sent_to(cleo)
