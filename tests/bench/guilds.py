"""How much memory the bot needs for each server it is in: `python -m tests.bench.guilds`.

A bot process for each number of servers, joined over the gateway of a sandbox. They are like the sandbox's own;
`--channels 30 --roles 15` makes them as large as those of a community.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table

from engine.store.embedded_postgres import open_embedded
from migrations import upgrade
from sandbox import server
from sandbox.server import Sandbox
from sandbox.state.records import Channel, ChannelType, GuildRole
from sandbox.state.seed import CHANNELS
from tests.bench.answers import LEASE
from tests.bot.bot_process import bot_process

GOAL = 15
"""MB of 1,000 servers."""

_FIRST_CHANNEL, _FIRST_ROLE = 100, 100_000
"""Added to a guild's id, beyond those of the sandbox's own channels and roles."""
_OWN_ROLES = 4
_IDLE_SECONDS = 10.0


async def main(guilds: list[int], channels: int, roles: int) -> None:
    """Print the memory of the bot's process with each number of servers, and of 1,000 more."""
    memory = {}
    with tempfile.TemporaryDirectory(prefix="easel-bench-") as home:
        async with open_embedded(Path(home, "postgres")) as url:
            await upgrade(url)
            for wanted in guilds:
                count, size = await _memory(url, (Path(home) / "pictures").as_uri(), wanted, channels, roles)
                memory[count] = size
    _show(memory, f"The bot in servers of {channels} channels and {roles} roles")


async def _memory(url: str, storage: str, wanted: int, channels: int, roles: int) -> tuple[int, int]:
    """Return in how many servers a bot is, and its bytes once it is idle, each shared page counted in part (PSS)."""
    async with AsyncExitStack() as stack:
        sandbox = await stack.enter_async_context(server.serve(guild_count=wanted))
        _enlarge(sandbox, channels, roles)
        bot = await stack.enter_async_context(bot_process(sandbox, url, storage, lease=LEASE))
        await asyncio.sleep(_IDLE_SECONDS)
        return len(sandbox.world.bot_guilds), int(psutil.Process(bot.pid).memory_full_info().pss)


def _enlarge(sandbox: Sandbox, channels: int, roles: int) -> None:
    """Add channels and roles to the sandbox's guilds until each has so many."""
    world = sandbox.world
    for guild in world.bot_guilds:
        for at in range(len(CHANNELS), channels):
            name, number = f"channel-{at}", guild.id + _FIRST_CHANNEL + at
            topic = f"What {name} is for"
            world.place_channel(
                Channel(id=number, type=ChannelType.TEXT, name=name, topic=topic, position=at, guild_id=guild.id)
            )
        added = tuple(GuildRole(id=guild.id + _FIRST_ROLE + at, name=f"Role {at}") for at in range(_OWN_ROLES, roles))
        world.guilds[guild.id] = replace(guild, roles=guild.roles + added)


def _show(memory: dict[int, int], title: str) -> None:
    table = Table(title=title)
    for heading in ("servers", "MB", "of 1,000 more, MB"):
        table.add_column(heading, justify="right")
    first, least = next(iter(memory.items()))
    for count, size in memory.items():
        more = f"{(size - least) / (count - first) / 1000:.1f}" if count > first else ""
        table.add_row(f"{count:,}", f"{size / 1e6:.1f}", more)
    Console().print(table, f"goal: {GOAL} MB")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--guilds", type=int, nargs="+", default=[1, 1001, 2001])
    parser.add_argument("--channels", type=int, default=len(CHANNELS))
    parser.add_argument("--roles", type=int, default=_OWN_ROLES)
    asyncio.run(main(**vars(parser.parse_args())))
