"""Whether the bot's memory stays flat over many jobs: `python -m tests.bench.memory`.

Jobs are stored as finished and each costs the bot a message with a grid, of which the sandbox takes fifty a second,
as Discord does. The reference is the memory after the first tenth of the jobs.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from itertools import cycle
from pathlib import Path

import psutil
import sqlalchemy as sa
from rich.console import Console
from rich.table import Table

from bot.serve import BotOptions
from bot.store.batch import run_alone
from bot.store.deliveries import BotInstance
from bot.store.interaction import InteractionContext, InteractionToken
from bot.store.submissions import Draft, submit_drafts
from engine.contract.feedback import Surface
from engine.contract.ids import new_id
from engine.contract.jobs import JobSpec, Operation, Part
from engine.store.database import Database, open_database
from engine.store.embedded_postgres import open_embedded
from engine.store.objects import open_objects
from migrations import upgrade
from sandbox import server
from sandbox.server import Sandbox
from tests.bot.bot_process import bot_process
from tests.bot.engine_hand import EngineHand

GUILDS = 30
LEASE = BotOptions(token="").lease
NOBODY = BotInstance(id=new_id(), lease=timedelta(0))
DRAFT = Draft(operation=Operation.IMAGINE, spec=JobSpec(prompt="a cat", parts=(Part(text="a cat"),)), seed=1)


async def main(jobs: int) -> None:
    """Print a table with the bot's memory after each tenth of the jobs."""
    sizes = {}
    async with AsyncExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="easel-bench-")))
        url = await stack.enter_async_context(open_embedded(home / "postgres"))
        await upgrade(url)
        storage = (home / "pictures").as_uri()
        database = await stack.enter_async_context(open_database(url))
        sandbox = await stack.enter_async_context(server.serve(guild_count=GUILDS))
        bot = psutil.Process((await stack.enter_async_context(bot_process(sandbox, url, storage, lease=LEASE))).pid)
        hand = EngineHand(database=database, objects=open_objects(storage))
        for tenth in range(1, 11):
            await _deliver(sandbox, database, hand, jobs // 10)
            sizes[tenth * (jobs // 10)] = bot.memory_info().rss
    _show(sizes)


async def _deliver(sandbox: Sandbox, database: Database, hand: EngineHand, count: int) -> None:
    """Let the bot post so many grids, and forget them in the sandbox."""
    channels = cycle(channel.id for channel in sandbox.world.channels.values() if channel.guild_id)
    for _ in range(count):
        async with database.begin() as connection:
            (submitted,) = await run_alone(connection, submit_drafts(_press(sandbox, next(channels)), [DRAFT], NOBODY))
        await hand.finish(submitted.job)
    while await _count_open(database):  # noqa: ASYNC110  rows announce nothing
        await asyncio.sleep(0.5)
    for messages in sandbox.world.messages.values():
        messages.clear()


def _press(sandbox: Sandbox, channel_id: int) -> InteractionContext:
    now = datetime.now(UTC)
    return InteractionContext(
        id=str(sandbox.world.snowflakes.next()),
        discord_id=channel_id,
        channel_id=channel_id,
        message_id=None,
        shown_slot=None,
        surface=Surface.GUILD,
        token=InteractionToken(text="expired", expires_at=now - timedelta(minutes=1)),
        latency=None,
        is_administrator=False,
        at=now,
    )


async def _count_open(database: Database) -> int:
    async with database.begin() as connection:
        query = sa.text("SELECT count(*) FROM deliveries WHERE state = 'open'")
        return int((await connection.execute(query)).scalar_one())


def _show(sizes: dict[int, int]) -> None:
    table = Table(title="The bot's memory")
    for heading in ("jobs", "MiB", "of the first"):
        table.add_column(heading, justify="right")
    first = next(iter(sizes.values()))
    for jobs, size in sizes.items():
        table.add_row(f"{jobs:,}", f"{size / 2**20:.1f}", f"{size / first:.2f}")
    Console().print(table)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=10_000)
    asyncio.run(main(**vars(parser.parse_args())))
