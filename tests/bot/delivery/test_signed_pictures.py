"""What Discord is sent is signed where the operator has a key: grids, single pictures and originals."""

from __future__ import annotations

from pathlib import Path

from engine.content_credentials import ContentCredentials
from sandbox.chat.test_client import MemberClient
from tests.bot.conftest import BotStarter
from tests.bot.engine_hand import EngineHand
from tests.bot.reading import Message, is_grid, text_of
from tests.engine.certificates import make_credentials
from tests.engine.test_content_credentials import read


async def test_what_leaves_is_signed(
    start_bot: BotStarter, ben: MemberClient, hand: EngineHand, tmp_path: Path
) -> None:
    made = make_credentials(tmp_path)

    async def check(message: Message) -> None:
        (file,) = message["attachments"]
        told = read(await ben.file(file), file["content_type"], made.authority)
        assert told["validation_state"] == "Trusted", file["filename"]

    async with start_bot(credentials=ContentCredentials(made.key, made.certificates)):
        waiting = await ben.reply(await ben.command("imagine", prompt="a red circle"))
        await hand.finish(await hand.only_job())
        grid = await ben.changed(waiting, is_grid)
        await check(grid)
        await ben.press(grid, "U1")
        single = await ben.message(lambda item: "Image #1" in text_of(item))
        await check(single)
        await ben.press(single, "✉️")
        await check(
            await ben.message(lambda item: item["channel_id"] == ben.channels["dm"] and bool(item["attachments"]))
        )
        listed = await ben.reply(await ben.command("history"))
        await check(await ben.changed(listed, lambda item: bool(item["attachments"])))
