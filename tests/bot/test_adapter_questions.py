"""Asking administrators about a trained adapter: once, in one channel, and the first press of one who may decides."""

from __future__ import annotations

import io
from uuid import UUID

import sqlalchemy as sa
from PIL import Image

from bot.replies import learning_replies
from bot.store.learning.adapters import add_evaluation, record_adapter
from bot.store.learning.questions import ask, claim_question, read_question
from bot.store.learning.tables import AdapterDecision, learned_adapter_questions
from engine.store.database import Database
from engine.store.objects import Objects
from sandbox.chat.test_client import MemberClient
from sandbox.server import Sandbox
from tests.bot.conftest import BotStarter
from tests.bot.reading import Message, labels, text_of
from tests.bot.rows import until_true
from tests.bot.store.learning.test_adapters import FIRST
from tests.bot.test_moderation import CHANNEL, set_channel

EVALUATION = {
    "win_rate": {"count": 150, "total": 200, "low": 0.686, "high": 0.805},
    "is_better": True,
    "votes": {"wins": 31, "total": 40, "low": 0.625, "high": 0.877, "is_enough": True, "is_better": True},
}
IS_POSTED = "SELECT message_id IS NOT NULL FROM learned_adapter_questions"
BUTTONS = [["Promote", "Keep the old one"]]


async def asked(database: Database, objects: Objects) -> UUID:
    """Ask about an adapter that was evaluated; return its id."""
    buffer = io.BytesIO()
    Image.new("RGB", (64, 32), "red").save(buffer, "JPEG")
    key = await objects.put(buffer.getvalue(), ".jpg")
    async with database.begin() as connection:
        adapter_id = await record_adapter(connection, FIRST, [])
        await add_evaluation(connection, FIRST.sha256, EVALUATION, key)
        await ask(connection, adapter_id)
        await ask(connection, adapter_id)
    return adapter_id


async def answer_of(database: Database, adapter_id: UUID) -> AdapterDecision | None:
    """Return how the question stands."""
    async with database.begin() as connection:
        question = await read_question(connection, adapter_id)
    assert question is not None
    return question.answer


def is_question(message: Message) -> bool:
    return text_of(message).startswith("A new adapter")


async def test_the_first_press_decides_and_all_are_told(
    start_bot: BotStarter, sandbox: Sandbox, ada: MemberClient, cleo: MemberClient, database: Database, objects: Objects
) -> None:
    """It has the pictures before and after and how the adapter did; who may not manage the server decides nothing."""
    adapter_id = await asked(database, objects)
    async with start_bot(learning_channel=int(ada.channels[CHANNEL])):
        message = await ada.message(is_question)
        assert message["channel_id"] == ada.channels[CHANNEL] and labels(message) == BUTTONS
        assert text_of(message).splitlines() == [
            "A new adapter for **starter** has learnt from 120 votes of 0 members: `learned-aaaaaaaaaaaa`.",
            "Members who did not know which is which prefer it in 31 of 40 votes (62% to 88%).",
            "Judged by their earlier votes, it is better in 150 of 200 new pictures (69% to 80%).",
            "In each pair of pictures, the right one is painted with it. Should all pictures be, from now on?",
        ]
        (file,) = message["attachments"]
        assert Image.open(io.BytesIO(await ada.file(file))).size == (64, 32)
        assert file["description"] == str(learning_replies.SHEET_ALT)

        stranger = await cleo.reply(await cleo.press(message, "Promote"))
        assert text_of(stranger) == str(learning_replies.ADMINISTRATORS_ONLY)
        assert await answer_of(database, adapter_id) is None

        promoted = f"<@{ada.id}> has decided to promote it. Engines paint with it from their next picture on."
        assert text_of(await ada.reply(await ada.press(message, "Promote"))) == promoted
        late = await ada.reply(await ada.press(message, "Keep the old one"))
        assert text_of(late) == promoted
        assert await answer_of(database, adapter_id) is AdapterDecision.PROMOTE
        changed = await ada.changed(message, lambda item: not item["components"])
        assert text_of(changed).splitlines()[-1] == promoted and changed["attachments"]
        assert len([item for item in ada.messages.values() if is_question(item)]) == 1


async def test_it_is_asked_once_whatever_dies(
    start_bot: BotStarter, ada: MemberClient, database: Database, objects: Objects
) -> None:
    """A bot that died between posting and saying so has another one find the message."""
    await asked(database, objects)
    channel = int(ada.channels[CHANNEL])
    async with start_bot(learning_channel=channel):
        message = await ada.message(is_question)
        await until_true(database, IS_POSTED)
    async with database.begin() as connection:
        lost = {"channel_id": None, "message_id": None, "is_shown": False, "attempts": 1, "due_at": sa.func.now()}
        await connection.execute(sa.update(learned_adapter_questions).values(lost))
    async with start_bot(learning_channel=channel):
        await until_true(database, IS_POSTED)
    assert [item["id"] for item in ada.messages.values() if is_question(item)] == [message["id"]]


async def test_without_a_channel_it_waits_for_the_moderators(
    start_bot: BotStarter, ada: MemberClient, database: Database, objects: Objects
) -> None:
    """Of the only server; what nobody could be asked about stays, and no other process has it meanwhile."""
    async with start_bot():
        await set_channel(ada)
        await asked(database, objects)
    async with start_bot():
        message = await ada.message(is_question)
    assert message["channel_id"] == ada.channels[CHANNEL]
    async with database.begin() as connection:
        assert await claim_question(connection) is None
