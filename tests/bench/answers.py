"""How fast presses are answered while jobs are under way: `python -m tests.bench.answers`.

Measured at the sandbox, from an interaction sent to its answer taken; bot and engine are processes of their own, and
the engine paints with the starter all the while. The reference is discord.py answering a press with nothing behind it,
in the same minute. The bot's CPU time holds on a busy machine, where the clock does not; it includes the edits of the
jobs in flight.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
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
from sandbox.chat.test_client import MemberClient, SentInteraction, member_client
from sandbox.server import Sandbox
from tests.bot.bot_process import bot_process
from tests.bot.discord_hand import post_buttons
from tests.bot.engine_hand import EngineHand
from tests.bot.reading import Message, is_grid

LEASE = BotOptions(token="").lease
NOBODY = BotInstance(id=new_id(), lease=timedelta(0))

Act = Callable[[MemberClient], Awaitable[SentInteraction]]


@dataclass(frozen=True, kw_only=True)
class Easel:
    """A sandbox with bot and engine, and a finished grid to press on."""

    sandbox: Sandbox
    database: Database
    bot: psutil.Process
    grid: Message


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What presses of one kind took: the times until each was answered, sorted, and the bot's CPU time for one."""

    times: Sequence[timedelta]
    cpu: timedelta


async def main(in_flight: int, presses: int, rate: float) -> None:
    """Print a table with a line for each kind of press."""
    async with _easel() as easel:
        sandbox, database, grid = easel.sandbox, easel.database, easel.grid
        forged = await post_buttons(sandbox, "gallery", ["e9:none"])
        await _submit(database, sandbox, in_flight)
        await _until_shown(database, in_flight)
        kinds: dict[str, tuple[Act, int]] = {
            "discord.py alone": (lambda member: member.press(forged, "B0"), presses),
            "/imagine": (lambda member: member.command("imagine", prompt="a red circle", channel="dm"), 100),
            "rate": (lambda member: member.press(grid, "🙂"), presses),
            "U1": (lambda member: member.press(grid, "U1"), 60),
        }
        async with AsyncExitStack() as stack:
            members = [
                await stack.enter_async_context(member_client(sandbox.url, name)) for name in ("ada", "ben", "cleo")
            ]
            before = await _count_painted(database)
            took = {name: await _measure(easel, members, act, count, rate) for name, (act, count) in kinds.items()}
        painted = await _count_painted(database) - before
    _show(took, in_flight, painted, rate)


@asynccontextmanager
async def _easel() -> AsyncIterator[Easel]:
    async with AsyncExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="easel-bench-")))
        url = await stack.enter_async_context(open_embedded(home / "postgres"))
        await upgrade(url)
        storage = (home / "pictures").as_uri()
        database = await stack.enter_async_context(open_database(url))
        sandbox = await stack.enter_async_context(server.serve())
        bot = await stack.enter_async_context(bot_process(sandbox, url, storage, lease=LEASE))
        grid = await _grid(sandbox, EngineHand(database=database, objects=open_objects(storage)))
        await stack.enter_async_context(_engine(home, url, storage))
        yield Easel(sandbox=sandbox, database=database, bot=psutil.Process(bot.pid), grid=grid)


@asynccontextmanager
async def _engine(home: Path, url: str, storage: str) -> AsyncIterator[None]:
    """Paint with the starter until the block ends, as `easel run` would."""
    own = {
        "EASEL_HOME": str(home),
        "DATABASE_URL": url,
        "EASEL_STORAGE_URL": storage,
        "TRANSFORMERS_VERBOSITY": "error",
    }
    command = ("-m", "easel", "engine", "--supervised", "--health-port", "0", "--quiet")
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, stdin=pipe, stdout=pipe, env={**os.environ, **own}
    )
    assert process.stdout is not None
    while await process.stdout.readline() != b"ready\n":
        assert not process.stdout.at_eof()
    try:
        yield
    finally:
        process.terminate()
        await process.wait()


async def _grid(sandbox: Sandbox, hand: EngineHand) -> Message:
    async with member_client(sandbox.url, "ada") as ada:
        waiting = await ada.reply(await ada.command("imagine", prompt="a red circle", channel="gallery"))
        await hand.finish(await hand.only_job())
        return await ada.changed(waiting, is_grid)


async def _submit(database: Database, sandbox: Sandbox, count: int) -> None:
    """Store jobs of many members, with deliveries that the running bot takes over."""
    prompt = "a blue square"
    draft = Draft(operation=Operation.IMAGINE, spec=JobSpec(prompt=prompt, parts=(Part(text=prompt),)), seed=1)
    channels = [sandbox.channel(name).id for name in ("denoising_loop", "gallery", "after-dark")]
    now = datetime.now(UTC)
    for number in range(count):
        press = InteractionContext(
            id=str(sandbox.world.snowflakes.next()),
            discord_id=1000 + number // 20,
            channel_id=channels[number % 3],
            message_id=None,
            shown_slot=None,
            surface=Surface.GUILD,
            token=InteractionToken(text="expired", expires_at=now - timedelta(minutes=1)),
            latency=None,
            is_administrator=False,
            at=now,
        )
        async with database.begin() as connection:
            await run_alone(connection, submit_drafts(press, [draft], NOBODY))


async def _until_shown(database: Database, count: int) -> None:
    """Wait until most of the jobs have their message, as in a service that has been running for a while."""
    query = sa.text("SELECT count(*) FROM deliveries WHERE message_id IS NOT NULL")
    while True:
        async with database.begin() as connection:
            if int((await connection.execute(query)).scalar_one()) >= count // 4:
                return
        await asyncio.sleep(0.5)


async def _measure(easel: Easel, members: Sequence[MemberClient], act: Act, count: int, rate: float) -> Taken:
    """Return what `count` presses took, `rate` of them begun every second."""
    sandbox, before = easel.sandbox, easel.bot.cpu_times()
    began = [asyncio.create_task(_one(sandbox, members[0], act, timedelta(0)))]
    began += [
        asyncio.create_task(_one(sandbox, members[number % 3], act, timedelta(seconds=number / rate)))
        for number in range(1, count)
    ]
    times = sorted(await asyncio.gather(*began))
    after = easel.bot.cpu_times()
    spent = timedelta(seconds=after.user + after.system - before.user - before.system)
    return Taken(times=times, cpu=spent / count)


async def _one(sandbox: Sandbox, member: MemberClient, act: Act, after: timedelta) -> timedelta:
    await asyncio.sleep(after.total_seconds())
    pressed = await act(member)
    await member.outcome(pressed)
    interaction = sandbox.world.interactions[int(pressed.interaction_id)]
    if interaction.acknowledged_at is None:
        return timedelta(seconds=3)
    return interaction.acknowledged_at - interaction.created_at


async def _count_painted(database: Database) -> int:
    async with database.begin() as connection:
        query = sa.text("SELECT count(*) FROM jobs WHERE status = 'finished'")
        return int((await connection.execute(query)).scalar_one())


def _show(took: dict[str, Taken], in_flight: int, painted: int, rate: float) -> None:
    title = f"Answers in ms, {rate:g} presses a second, {in_flight} jobs in flight, {painted} painted meanwhile"
    table = Table(title=title)
    for heading in ("press", "p50", "p99", "p50 of discord.py alone", "bot's CPU"):
        table.add_column(heading, justify="left" if heading == "press" else "right")
    reference = _middle(took["discord.py alone"].times)
    for name, taken in took.items():
        middle, late = _middle(taken.times), taken.times[min(len(taken.times) - 1, int(len(taken.times) * 0.99))]
        table.add_row(name, _ms(middle), _ms(late), f"{middle / reference:.2f}", _ms(taken.cpu))
    Console().print(table)


def _middle(times: Sequence[timedelta]) -> timedelta:
    return times[len(times) // 2]


def _ms(time: timedelta) -> str:
    return f"{time / timedelta(milliseconds=1):,.0f}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--in-flight", type=int, default=200)
    parser.add_argument("--presses", type=int, default=300)
    parser.add_argument("--rate", type=float, default=10.0)
    asyncio.run(main(**vars(parser.parse_args())))
