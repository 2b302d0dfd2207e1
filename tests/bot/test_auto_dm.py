"""`/prefer auto_dm` and the notifications of `/settings`: results by direct message as well, each once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from bot.own_settings_panel import NOTIFICATIONS_VERB
from bot.policy.preferences import DirectMessages
from bot.replies import own_settings_replies, private_replies
from bot.replies.feedback_replies import saved
from bot.store.original_requests import request_preferred
from engine.contract.jobs import Job
from engine.store.database import Database
from engine.store.objects import Objects
from sandbox.chat.test_client import MemberClient
from sandbox.server import Sandbox
from tests.bot.conftest import BotStarter
from tests.bot.engine_hand import EngineHand
from tests.bot.reading import Message, is_grid, text_of
from tests.bot.rows import until_closed, until_true
from tests.bot.test_envelopes import sent_to, until_ended

PaintedGrid = Callable[..., Any]


async def toggle(member: MemberClient) -> str:
    """Return what `/prefer auto_dm` says."""
    return text_of(await member.reply(await member.command("prefer", "auto_dm")))


async def choose(member: MemberClient, wanted: DirectMessages) -> Message:
    """Return the panel of `/settings` once the choice is made."""
    panel = await member.reply(await member.command("settings"))
    await member.press(panel, f"e1:{NOTIFICATIONS_VERB}:v1", [wanted.value])
    chosen = f"'value': '{wanted.value}', 'default': True"
    return await member.changed(panel, lambda item: chosen in str(item["components"]))


async def execute(database: Database, statement: str) -> None:
    """Change rows behind the bot's back."""
    async with database.begin() as connection:
        await connection.exec_driver_sql(statement)


async def count_requests(database: Database) -> int:
    """Return how many results were kept to be sent."""
    async with database.begin() as connection:
        return int((await connection.exec_driver_sql("SELECT count(*) FROM original_requests")).scalar_one())


async def finish_newest(hand: EngineHand, database: Database) -> Job:
    """Finish the newest job; return it once it is shown."""
    job = (await hand.jobs())[-1]
    await hand.finish(job)
    await until_closed(database, job.id)
    return job


async def test_each_result_comes_by_direct_message_as_well(
    painted_grid: PaintedGrid,
    ben: MemberClient,
    cleo: MemberClient,
    hand: EngineHand,
    database: Database,
    objects: Objects,
) -> None:
    """Once, with its originals; of the member alone, and until they turn it off."""
    assert await toggle(ben) == str(own_settings_replies.AUTO_DM_ON)
    grid, job, pictures = await painted_grid()
    await until_ended(database, "sent")
    message = await ben.message(lambda item: item["channel_id"] == ben.channels["dm"])
    told, link = text_of(message).rsplit("\n", 1)
    assert told == saved(job.spec.prompt, [(picture.slot, picture.seed) for picture in pictures])
    assert link.endswith(f"/{grid['channel_id']}/{grid['id']}")
    originals = [await objects.get(picture.object_key) for picture in pictures]
    assert [await ben.file(file) for file in message["attachments"]] == originals
    await ben.react(grid, "✉️")
    await cleo.reply(await cleo.command("imagine", prompt="a boat"))
    await finish_newest(hand, database)
    await ben.reply(await ben.press(grid, "V1"))
    await finish_newest(hand, database)
    await until_ended(database, "sent", 2)
    assert await toggle(ben) == str(own_settings_replies.AUTO_DM_OFF)
    _, job, _ = await painted_grid()
    await until_closed(database, job.id)
    assert await count_requests(database) == 2 and len(sent_to(ben)) == 2 and not sent_to(cleo)


async def test_private_results_are_sent_once(
    bot: asyncio.Task[None], ben: MemberClient, cleo: MemberClient, hand: EngineHand, database: Database
) -> None:
    """With no link, as its message vanishes; what is shown in direct messages anyway is not sent there again."""
    await toggle(ben)
    await ben.reply(await ben.command("imagine", prompt="a cat", private=True))
    await finish_newest(hand, database)
    await until_ended(database, "sent")
    (message,) = sent_to(ben)
    assert "https://" not in text_of(message) and len(message["attachments"]) == 4
    await ben.reply(await ben.command("imagine", prompt="a dog", channel="dm"))
    await finish_newest(hand, database)
    await ben.reply(await ben.command("imagine", prompt="a boat", repeat=2, private=True))
    for job in (await hand.jobs())[-2:]:
        await hand.finish(job)
        await until_closed(database, job.id)
    assert await count_requests(database) == 1 and len([one for one in sent_to(ben) if is_grid(one)]) == 3


async def test_a_result_is_sent_after_a_crash_but_not_again(
    start_bot: BotStarter, ben: MemberClient, hand: EngineHand, database: Database
) -> None:
    """It is kept when it is shown, once; who no longer wants it does not get it."""
    async with start_bot():
        await toggle(ben)
        await ben.reply(await ben.command("imagine", prompt="a cat"))
        await finish_newest(hand, database)
        await until_ended(database, "sent")
    async with database.begin() as connection:
        shown = (await connection.exec_driver_sql("SELECT id FROM deliveries")).scalar_one()
        assert not await request_preferred(connection, shown)
        await connection.exec_driver_sql("UPDATE original_requests SET state = 'waiting'")
    async with start_bot(), start_bot():
        await until_ended(database, "sent")
        assert len(sent_to(ben)) == 1
        await execute(database, "UPDATE members SET preferences = '{}'")
        await execute(database, "UPDATE original_requests SET state = 'waiting'")
    async with start_bot():
        await until_true(database, "SELECT count(*) = 0 FROM original_requests")
    assert len(sent_to(ben)) == 1


async def test_results_of_a_minute_are_sent_to_who_chooses_so(
    bot: asyncio.Task[None], ben: MemberClient, hand: EngineHand, database: Database
) -> None:
    """The panel shows the choice."""
    await choose(ben, DirectMessages.LONG)
    await ben.reply(await ben.command("imagine", prompt="a cat"))
    await finish_newest(hand, database)
    assert await count_requests(database) == 0
    await ben.reply(await ben.command("imagine", prompt="a dog"))
    await execute(database, "UPDATE deliveries SET created_at = created_at - interval '61 seconds'")
    await finish_newest(hand, database)
    await until_ended(database, "sent")
    assert ["a dog" in text_of(one) for one in sent_to(ben)] == [True]
    await choose(ben, DirectMessages.NONE)


async def test_who_takes_no_direct_messages_is_told_once_and_it_turns_itself_off(
    painted_grid: PaintedGrid, ben: MemberClient, database: Database
) -> None:
    """The panel says why; ✉️ sends the result later, and the command turns it on again."""
    await toggle(ben)
    await ben.take_direct_messages(False)
    grid, _, _ = await painted_grid()
    await until_ended(database, "closed")
    _, job, _ = await painted_grid()
    await until_closed(database, job.id)
    told = [text_of(item) for item in ben.messages.values() if "auto_dm" in text_of(item) and ben.id in text_of(item)]
    assert told == [private_replies.auto_dm_stopped(int(ben.id))]
    assert str(own_settings_replies.NOTIFICATIONS_STOPPED) in text_of(await ben.reply(await ben.command("settings")))
    await ben.take_direct_messages(True)
    await ben.react(grid, "✉️")
    await until_ended(database, "sent")
    assert await toggle(ben) == str(own_settings_replies.AUTO_DM_ON)
    await painted_grid()
    await until_ended(database, "sent", 2)
    assert len(sent_to(ben)) == 2


@pytest.mark.parametrize("language", ["en", "de"])
async def test_it_is_told_by_the_process_that_takes_over(
    start_bot: BotStarter, sandbox: Sandbox, ben: MemberClient, hand: EngineHand, database: Database, language: str
) -> None:
    """In the language that the member had when the result was asked for."""
    async with start_bot():
        await toggle(ben)
        await ben.reply(await ben.command("imagine", prompt="a cat"))
        await finish_newest(hand, database)
        await until_ended(database, "sent")
    await execute(database, f"UPDATE deliveries SET direct_language = '{language}'")
    await execute(database, "UPDATE original_requests SET state = 'waiting', purpose = 'turned_off'")
    async with start_bot():
        told = await ben.message(lambda item: "auto_dm" in text_of(item) and ben.id in text_of(item))
        await until_ended(database, "closed")
    assert ("Direktnachricht" in text_of(told)) is (language == "de") and len(sent_to(ben)) == 1
