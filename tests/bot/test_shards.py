"""The bot on a Discord that wants several shards."""

from __future__ import annotations

from sandbox.chat.test_client import member_client
from sandbox.server import Sandbox, serve
from tests.bot.clocks import UnhurriedClock
from tests.bot.conftest import BotStarter
from tests.bot.engine_hand import EngineHand
from tests.bot.reading import is_grid, text_of

NUM_SHARDS = 2


def studios(discord: Sandbox) -> dict[int, str]:
    """Return a channel of some guild on each shard, and the direct messages' shard, by the shard."""
    channels = [channel for channel in discord.world.channels.values() if channel.name == "studio"]
    return {((channel.guild_id or 0) >> 22) % NUM_SHARDS: str(channel.id) for channel in channels}


async def test_guilds_of_every_shard_are_served(start_bot: BotStarter, hand: EngineHand) -> None:
    """Commands and buttons work on each of the shards that Discord asks for, and in direct messages."""
    async with (
        serve(clock=UnhurriedClock(), guild_count=4, num_shards=NUM_SHARDS) as discord,
        start_bot(api_url=discord.api_url),
        member_client(discord.url, "ben") as ben,
    ):
        assert sorted(session.shard for session in discord.gateway.sessions) == [(0, 2), (1, 2)]
        channels = studios(discord)
        assert sorted(channels) == [0, 1]
        for number, channel in enumerate([*channels.values(), "dm"]):
            waiting = await ben.reply(await ben.command("imagine", prompt=f"cat {number}", channel=channel))
            await hand.finish((await hand.jobs())[-1])
            grid = await ben.changed(waiting, is_grid)
            assert f"cat {number}" in text_of(grid)
            assert text_of(await ben.reply(await ben.press(grid, "🙂"))).startswith("Rated 🙂")
