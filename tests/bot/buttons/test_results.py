"""What members do with whole results: have the original files sent, and delete the messages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa

from bot.delivery.outcomes import Rejected
from bot.policy.removals import DeletedByOwner
from bot.replies import feedback_replies, reply_for
from bot.store.batch import run_alone
from bot.store.button_actions import cancel
from bot.store.results import check_may_delete
from bot.store.tables import deliveries
from engine.contract.errors import NotYours
from engine.contract.feedback import Verb
from engine.store.database import Database
from sandbox.chat.test_client import MemberClient
from sandbox.server import Sandbox
from tests.bot.buttons.test_opinions import single
from tests.bot.discord_hand import post_buttons
from tests.bot.engine_hand import EngineHand
from tests.bot.reading import Message, labels, text_of
from tests.bot.store.test_button_actions import press, submitted

Grid = Callable[..., Any]
REFUSED = Rejected(cause="", can_post=False)


def says(text: str, message: Message) -> bool:
    """Return whether the message has that text."""
    return text_of(message) == text


def direct(member: MemberClient) -> list[Message]:
    """Return what the bot has sent the member directly."""
    return [item for item in member.messages.values() if item["channel_id"] == member.channels["dm"]]


async def test_the_original_comes_by_direct_message(
    painted_grid: Grid, ben: MemberClient, cleo: MemberClient, hand: EngineHand
) -> None:
    """Byte for byte, with prompt and seed, to who presses, and once for two quick presses; of a grid all four."""
    grid, job, pictures = await painted_grid("a *red* circle")
    picture = await single(ben, grid, "U2")
    for _ in range(2):
        assert text_of(await cleo.reply(await cleo.press(picture, "✉️"))) == str(feedback_replies.SAVED)
    (sent,) = direct(cleo)
    assert text_of(sent) == f"**a \\*red\\* circle**\nImage #2: seed {pictures[1].seed}"
    assert [await cleo.file(file) for file in sent["attachments"]] == [await hand.objects.get(pictures[1].object_key)]
    assert sent["attachments"][0]["description"] == "a *red* circle: picture 2 of four"

    choices = await cleo.reply(await cleo.press(grid, "⋯"))
    await cleo.reply(await cleo.press(choices, "Send to me"))
    four = direct(cleo)[-1]
    originals = [await hand.objects.get(picture.object_key) for picture in pictures]
    assert [await cleo.file(file) for file in four["attachments"]] == originals
    saved = [action for action in await hand.actions(job.id) if action.verb is Verb.SAVE]
    assert [(action.slot, len(action.shown), action.is_owner) for action in saved] == [(1, 1, False)] * 2 + [
        (None, 4, False)
    ]


async def test_whoever_gets_no_direct_messages_gets_the_file_all_the_same(
    painted_grid: Grid, ben: MemberClient, sandbox: Sandbox, hand: EngineHand
) -> None:
    """They are told once, and the answer, which they alone see, has the file."""
    grid, _, pictures = await painted_grid()
    picture = await single(ben, grid, "U1")
    for route in ("POST /channels/*/messages", "POST /users/@me/channels"):
        sandbox.inject_fault(route, kind="status", status=403)
        answer = await ben.reply(await ben.press(picture, "✉️"))
        assert text_of(answer).startswith(feedback_replies.not_sent(REFUSED)) and answer["flags"] & 64
        assert text_of(answer).endswith(f"Image #1: seed {pictures[0].seed}")
        (file,) = answer["attachments"]
        assert await ben.file(file) == await hand.objects.get(pictures[0].object_key)
    assert direct(ben) == []


async def test_a_lost_file_is_told(painted_grid: Grid, ben: MemberClient, hand: EngineHand) -> None:
    """The one who waits for it reads what to do."""
    grid, _, pictures = await painted_grid()
    picture = await single(ben, grid, "U1")
    await hand.objects.store.delete_async(pictures[0].object_key)
    answer = await ben.reply(await ben.press(picture, "✉️"))
    assert text_of(answer).startswith("This picture is missing or damaged.")


async def test_the_owner_deletes_a_result_for_everybody(
    painted_grid: Grid, ben: MemberClient, cleo: MemberClient, hand: EngineHand
) -> None:
    """Asked first; to keep it changes nothing; the press is logged, and the picture alone is gone."""
    grid, job, _ = await painted_grid()
    picture = await single(ben, grid, "U3")
    choices = await ben.reply(await ben.press(picture, "⋯"))
    await ben.press(choices, "Delete")
    asked = await ben.changed(choices, lambda item: item["content"] == str(feedback_replies.ASK_DELETE))
    assert labels(asked) == [["Delete for everybody", "Keep"]]
    await ben.press(asked, "Keep")
    assert (await ben.changed(choices, lambda item: item["content"] == str(feedback_replies.KEPT)))["components"] == []
    assert picture["id"] in cleo.messages

    choices = await ben.reply(await ben.press(picture, "⋯"))
    await ben.press(choices, "Delete")
    asked = await ben.changed(choices, lambda item: item["content"] == str(feedback_replies.ASK_DELETE))
    await ben.press(asked, "Delete for everybody")
    await ben.changed(choices, lambda item: item["content"] == str(feedback_replies.DELETED))
    await cleo.until(lambda: picture["id"] not in cleo.messages)
    assert grid["id"] in cleo.messages
    deleted = (await hand.actions(job.id))[-1]
    assert (deleted.verb, deleted.slot, deleted.is_owner) == (Verb.DELETE, 2, True)
    assert deleted.message_id == int(picture["id"])

    refusal = text_of(await cleo.reply(await cleo.press(grid, "U3")))
    assert refusal == reply_for(DeletedByOwner())
    await single(ben, grid, "U3")
    await single(cleo, grid, "U3")


async def test_only_owner_and_administrators_delete(
    painted_grid: Grid, ada: MemberClient, cleo: MemberClient, sandbox: Sandbox, hand: EngineHand
) -> None:
    """Others are not offered it, and are refused where they press it all the same; the administrator's is logged."""
    grid, job, _ = await painted_grid()
    assert labels(await cleo.reply(await cleo.press(grid, "⋯")))[-1] == ["Send to me", "Report"]
    forged = await post_buttons(sandbox, "studio", [f"e1:askdelete:{job.id}", f"e1:delete:{job.id}"])
    for label in ("B0", "B1"):
        refused = await cleo.reply(await cleo.press(forged, label))
        assert text_of(refused).startswith("Only the member who started this job or an administrator")
    assert await hand.actions(job.id) == ()

    choices = await ada.reply(await ada.press(grid, "⋯"))
    await ada.press(choices, "Delete")
    asked = await ada.changed(choices, lambda item: item["content"] == str(feedback_replies.ASK_DELETE))
    await ada.press(asked, "Delete for everybody")
    await ada.until(lambda: grid["id"] not in ada.messages)
    (deleted,) = await hand.actions(job.id)
    assert (deleted.verb, deleted.picture_id, deleted.is_owner) == (Verb.DELETE, None, False)


async def test_a_message_that_discord_keeps_is_told(
    painted_grid: Grid, ada: MemberClient, ben: MemberClient, sandbox: Sandbox, hand: EngineHand
) -> None:
    """The press stands; one that somebody else has deleted meanwhile is deleted."""
    grid, job, _ = await painted_grid()
    for fault, said in ((403, str(feedback_replies.NOT_DELETED)), (None, str(feedback_replies.DELETED))):
        choices = await ben.reply(await ben.press(grid, "⋯"))
        await ben.press(choices, "Delete")
        asked = await ben.changed(choices, lambda item: item["content"] == str(feedback_replies.ASK_DELETE))
        if fault:
            sandbox.inject_fault("DELETE /channels/*/messages/*", kind="status", status=fault)
        else:
            await ada.delete(grid)
        await ben.press(asked, "Delete for everybody")
        await ben.changed(choices, partial(says, str(said)))
    assert [action.verb for action in await hand.actions(job.id)] == [Verb.DELETE, Verb.DELETE]


async def test_administrators_take_nothing_out_of_other_servers(database: Database) -> None:
    """Where an id may come from that names the job: what counts is where the job was posted."""
    job = (await submitted(database)).job
    administrator = replace(press(2, discord_id=6), is_administrator=True)
    async with database.begin() as connection:
        await connection.execute(sa.update(deliveries).values(guild_id=1))
        for guild_id in (2, None):
            with pytest.raises(NotYours):
                await run_alone(connection, check_may_delete(replace(administrator, guild_id=guild_id), job.id))
        await run_alone(connection, cancel(replace(administrator, guild_id=1), job.id))
