"""How fast presses are answered while jobs are under way: `python -m tests.bench.answers`.

Measured at the sandbox, from an interaction sent to its answer taken; bot and engine are processes of their own. The
reference is discord.py answering a press with nothing behind it, in the same minute.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from rich.console import Console
from rich.table import Table

from bot.sandbox import server
from bot.sandbox.people.driver import Person, Pressed, person
from bot.sandbox.server import Sandbox
from bot.serve import BotOptions
from bot.store.deliveries import Claimant
from bot.store.interactions import Press, Token
from bot.store.submissions import Draft, submit_drafts
from engine.contract.feedback import Surface
from engine.contract.ids import new_id
from engine.contract.jobs import JobSpec, Operation, Part
from engine.store.database import Database, open_database
from engine.store.embedded import open_embedded
from engine.store.objects import open_objects
from migrations import upgrade
from tests.bot.bot_process import bot_process
from tests.bot.discord_hand import post_buttons
from tests.bot.engine_hand import EngineHand
from tests.bot.reading import Message, is_grid

PACE_SECONDS = 1.0
LEASE = BotOptions(token="").lease
NOBODY = Claimant(id=new_id(), lease=timedelta(0))

Act = Callable[[Person], Awaitable[Pressed]]


async def main(in_flight: int, presses: int, rate: float) -> None:
    """Print a table with a line for each kind of press."""
    async with _easel() as (sandbox, database, grid):
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
            members = [await stack.enter_async_context(person(sandbox.url, name)) for name in ("ada", "ben", "cleo")]
            took = {name: await _measure(sandbox, members, act, count, rate) for name, (act, count) in kinds.items()}
        left = await _count_unfinished(database)
    _show(took, in_flight, left, rate)


@asynccontextmanager
async def _easel() -> AsyncIterator[tuple[Sandbox, Database, Message]]:
    """Yield a sandbox with bot and engine, and a finished grid to press on."""
    async with AsyncExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="easel-bench-")))
        url = await stack.enter_async_context(open_embedded(home / "postgres"))
        await upgrade(url)
        storage = (home / "pictures").as_uri()
        database = await stack.enter_async_context(open_database(url))
        sandbox = await stack.enter_async_context(server.serve())
        await stack.enter_async_context(bot_process(sandbox, url, storage, lease=LEASE))
        grid = await _grid(sandbox, EngineHand(database=database, objects=open_objects(storage)))
        await stack.enter_async_context(_engine(url, storage))
        yield sandbox, database, grid


@asynccontextmanager
async def _engine(url: str, storage: str) -> AsyncIterator[None]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.engine.worker.engine_process", url, storage, str(PACE_SECONDS), stdout=-1
    )
    assert process.stdout is not None
    await process.stdout.readline()
    try:
        yield
    finally:
        process.kill()
        await process.wait()


async def _grid(sandbox: Sandbox, hand: EngineHand) -> Message:
    async with person(sandbox.url, "ada") as ada:
        waiting = await ada.reply(await ada.command("imagine", prompt="a red circle", channel="gallery"))
        await hand.finish(await hand.only_job())
        return await ada.changed(waiting, is_grid)


async def _submit(database: Database, sandbox: Sandbox, count: int) -> None:
    """Store jobs of many members, with deliveries that the running bot takes over."""
    prompt = "a blue square"
    draft = Draft(operation=Operation.IMAGINE, spec=JobSpec(prompt=prompt, parts=(Part(text=prompt),)), seed=1)
    channels = [sandbox.channel(name).id for name in ("studio", "gallery", "after-dark")]
    now = datetime.now(UTC)
    for number in range(count):
        press = Press(
            id=str(sandbox.world.snowflakes.next()),
            discord_id=1000 + number // 20,
            channel_id=channels[number % 3],
            message_id=None,
            shown_slot=None,
            surface=Surface.GUILD,
            token=Token(text="expired", expires_at=now - timedelta(minutes=1)),
            latency=None,
            is_administrator=False,
            at=now,
        )
        async with database.begin() as connection:
            await submit_drafts(connection, press, [draft], NOBODY)


async def _until_shown(database: Database, count: int) -> None:
    """Wait until most of the jobs have their message, as in a service that has been running for a while."""
    query = sa.text("SELECT count(*) FROM deliveries WHERE message_id IS NOT NULL")
    while True:
        async with database.begin() as connection:
            if int((await connection.execute(query)).scalar_one()) >= count // 4:
                return
        await asyncio.sleep(0.5)


async def _measure(sandbox: Sandbox, members: Sequence[Person], act: Act, count: int, rate: float) -> list[timedelta]:
    """Return how long each of `count` presses took to be answered, `rate` of them begun every second."""
    began = [asyncio.create_task(_one(sandbox, members[0], act, timedelta(0)))]
    began += [
        asyncio.create_task(_one(sandbox, members[number % 3], act, timedelta(seconds=number / rate)))
        for number in range(1, count)
    ]
    return sorted(await asyncio.gather(*began))


async def _one(sandbox: Sandbox, member: Person, act: Act, after: timedelta) -> timedelta:
    await asyncio.sleep(after.total_seconds())
    pressed = await act(member)
    await member.outcome(pressed)
    interaction = sandbox.world.interactions[int(pressed.interaction_id)]
    if interaction.acknowledged_at is None:
        return timedelta(seconds=3)
    return interaction.acknowledged_at - interaction.created_at


async def _count_unfinished(database: Database) -> int:
    async with database.begin() as connection:
        query = sa.text("SELECT count(*) FROM jobs WHERE status IN ('waiting', 'running')")
        return int((await connection.execute(query)).scalar_one())


def _show(took: dict[str, list[timedelta]], in_flight: int, left: int, rate: float) -> None:
    title = f"Answers in ms, {rate:g} presses a second, {in_flight} jobs in flight ({left} left at the end)"
    table = Table(title=title)
    for heading in ("press", "p50", "p99", "p50 of discord.py alone"):
        table.add_column(heading, justify="left" if heading == "press" else "right")
    reference = _middle(took["discord.py alone"])
    for name, times in took.items():
        middle, late = _middle(times), times[min(len(times) - 1, int(len(times) * 0.99))]
        table.add_row(name, _ms(middle), _ms(late), f"{middle / reference:.2f}")
    Console().print(table)


def _middle(times: list[timedelta]) -> timedelta:
    return times[len(times) // 2]


def _ms(time: timedelta) -> str:
    return f"{time / timedelta(milliseconds=1):,.0f}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--in-flight", type=int, default=200)
    parser.add_argument("--presses", type=int, default=300)
    parser.add_argument("--rate", type=float, default=10.0)
    asyncio.run(main(**vars(parser.parse_args())))
