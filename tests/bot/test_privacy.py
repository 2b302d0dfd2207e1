"""/privacy: what is stored and agreed to, changing that, downloading it, and the question before erasing it."""

from __future__ import annotations

import asyncio
import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from bot.consent_text import CONSENT_TEXT
from bot.replies import privacy_replies
from bot.store.members import has_agreed
from engine.store.database import Database
from sandbox.chat.test_client import MemberClient
from tests.bot.conftest import BotStarter
from tests.bot.engine_hand import EngineHand
from tests.bot.reading import Message, labels, text_of

EPHEMERAL = 64
Grid = Callable[..., Any]


async def ask(member: MemberClient, **options: Any) -> Message:
    """Return the answer to the member's /privacy."""
    return await member.reply(await member.command("privacy", **options))


async def test_it_shows_what_is_stored_and_agreed_to(
    bot: asyncio.Task[None], ben: MemberClient, cleo: MemberClient, painted_grid: Grid
) -> None:
    """For the member alone; of somebody of whom nothing is known, it says so and keeps it that way."""
    grid, *_ = await painted_grid()
    await ben.reply(await ben.press(grid, "😍"))
    summary = await ask(ben)
    assert summary["flags"] & EPHEMERAL
    assert "1 prompt, 4 pictures, 1 button press." in text_of(summary)
    assert "Train models: off. Publish: off. You have not chosen yet" in text_of(summary)
    assert labels(summary) == [["Change choices", "Download my data", "Erase my data"]]
    assert not [item for item in cleo.messages.values() if "Stored of you" in text_of(item)]


async def test_of_a_stranger_nothing_is_stored(start_bot: BotStarter, cleo: MemberClient, database: Database) -> None:
    async with start_bot(asked=()):
        summary = await ask(cleo)
    assert (text_of(summary), labels(summary)) == (str(privacy_replies.NOTHING_STORED), [["Change choices"]])
    async with database.begin() as connection:
        assert (await connection.execute(sa.text("SELECT count(*) FROM members"))).scalar_one() == 0


async def test_choices_are_changed_as_often_as_the_member_likes(
    bot: asyncio.Task[None], ben: MemberClient, database: Database
) -> None:
    """The form shows what is in force, and what is saved is in force at once."""
    for turn, state in enumerate(("on", "off")):
        summary = await ask(ben)
        await ben.press(summary, "Change choices")
        form = await ben.changed(summary, lambda item: text_of(item) == str(CONSENT_TEXT))
        assert labels(form)[0] == ["Train models: off", f"Publish: {'on' if turn else 'off'}"]
        await ben.press(form, f"Publish: {'on' if turn else 'off'}")
        form = await ben.changed(form, lambda item, now=state: labels(item)[0][1] == f"Publish: {now}")  # type: ignore[misc]
        await ben.press(form, "Save")
        await ben.changed(form, lambda item: not item["components"])
        async with database.begin() as connection:
            assert await has_agreed(connection, int(ben.id)) is (state == "on")
    assert "Publish: off. You chose this on <t:" in text_of(await ask(ben))


async def test_own_data_is_one_file_that_only_they_see(
    bot: asyncio.Task[None], ben: MemberClient, painted_grid: Grid, hand: EngineHand
) -> None:
    """Every row, and the pictures to the byte; no token of Discord's."""
    grid, _, pictures = await painted_grid("a red circle")
    await ben.reply(await ben.press(grid, "😍"))
    answer = await ben.reply(await ben.press(await ask(ben), "Download my data"))
    assert answer["flags"] & EPHEMERAL
    assert text_of(answer) == "Your data: every record, as JSON, and 4 pictures."
    archive = zipfile.ZipFile(io.BytesIO(await ben.file(answer["attachments"][0])))
    data = json.loads(archive.read("data.json"))
    assert [row["spec"]["prompt"] for row in data["jobs"]] == ["a red circle"]
    assert [(row["verb"], row["value"]) for row in data["actions"]] == [("rate", 4)]
    assert data["members"][0]["discord_id"] == int(ben.id)
    assert "token" not in data["deliveries"][0]
    files = {archive.read(name) for name in archive.namelist() if name.startswith("pictures/")}
    assert files == {await hand.objects.get(picture.object_key) for picture in pictures}


async def test_erasing_is_asked_about_once_more(
    bot: asyncio.Task[None], ben: MemberClient, cleo: MemberClient, painted_grid: Grid, hand: EngineHand
) -> None:
    """With what will go, others' work on it included; who keeps it loses nothing."""
    grid, *_ = await painted_grid()
    await cleo.reply(await cleo.press(grid, "🔄"))
    summary = await ask(ben)
    await ben.press(summary, "Erase my data")
    question = await ben.changed(summary, lambda item: "This erases, for good" in text_of(item))
    assert "1 prompt and 4 pictures, with their files" in text_of(question)
    assert "1 job of others that goes back to your pictures or prompts" in text_of(question)
    await ben.press(question, "Keep it")
    await ben.changed(question, lambda item: "1 prompt, 4 pictures" in text_of(item))
    assert len(await hand.jobs()) == 2
