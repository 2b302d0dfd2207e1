"""The sandbox is restarted under a running bot: what was interrupted arrives in the old messages."""

from __future__ import annotations

import asyncio
from pathlib import Path

from sandbox.chat.test_client import member_client
from sandbox.server import Sandbox, serve
from tests.bot.clocks import UnhurriedClock
from tests.bot.conftest import BotStarter
from tests.bot.engine_hand import EngineHand
from tests.bot.reading import is_grid, text_of


async def test_a_job_in_hand_arrives_in_its_old_message_and_old_buttons_work(
    start_bot: BotStarter, hand: EngineHand, tmp_path: Path
) -> None:
    """The bot stays up, identifies anew, finishes both messages, and answers their buttons."""
    folder = tmp_path / "chat"
    async with serve(folder=folder, clock=UnhurriedClock()) as before, member_client(before.url, "ben") as ben:
        port = int(before.url.rpartition(":")[2])
        stack = start_bot(token=before.token, api_url=before.api_url)
        await stack.__aenter__()
        waiting = [await ben.reply(await ben.command("imagine", prompt=f"a circle {number}")) for number in range(2)]
        first, second = await hand.jobs()
        await hand.start(first.id)
        await hand.progress(first.id, 0.5)
        await ben.changed(waiting[0], lambda item: bool(item["attachments"]))
    try:
        await hand.finish(first)
        async with (
            serve(folder=folder, clock=UnhurriedClock(), port=port) as after,
            member_client(after.url, "ben") as ben,
        ):
            await hand.finish(second)
            grids = [await ben.changed(message, is_grid) for message in waiting]
            assert len(ben.messages) == 2
            await until_identified(after)
            assert text_of(await ben.reply(await ben.press(grids[0], "😍"))).startswith("Rated 😍")
            assert "Variations by" in text_of(await ben.reply(await ben.press(grids[1], "V1")))
    finally:
        await stack.__aexit__(None, None, None)


async def until_identified(sandbox: Sandbox) -> None:
    """Return once a bot has a session; until then, presses reach nobody."""
    async with asyncio.timeout(60):
        # The sandbox tells nobody of sessions.
        while not any(session.send for session in sandbox.gateway.sessions):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
