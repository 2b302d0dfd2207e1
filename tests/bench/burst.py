"""How soon a burst is answered, and how many presses a second one bot sustains: `python -m tests.bench.burst`.

With `--jobs 1000000` the database already has so many, of a hundred thousand members in a thousand guilds; `--kept
FOLDER` keeps it for the next time. `--guilds 1000` is how many guilds the bot is in.

A burst is commands and presses of as many members in the same instant, a quarter each of /imagine, ratings, upscales
and variations. The reference is a bot of twenty lines that stores nothing, in the same run, on a sandbox of its own;
sandboxes and bots share the cores.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table

from engine.contract.jobs import Job, JobStatus
from engine.store.database import Database, open_database
from engine.store.jobs import job_from_row
from engine.store.objects import open_objects
from engine.store.tables import jobs as job_table
from sandbox import server
from sandbox.actions.interactions import send_interaction
from sandbox.chat.commands import command_data
from sandbox.chat.component_input import component_data
from sandbox.chat.test_client import member_client
from sandbox.server import Sandbox
from sandbox.state.records import GuildMember, InteractionType, Json, User
from tests.bench.answers import LEASE
from tests.bench.filling import open_filled
from tests.bot.bot_process import bot_process
from tests.bot.engine_hand import EngineHand
from tests.bot.reading import is_grid
from tests.killing import ready_process

FIRST_MEMBER = 10_000
CHANNEL = "gallery"
BUTTONS = ("rate", "up", "vary")
TARGET_RATIO = 2.5
TARGET_RATE = 250
DEADLINE = timedelta(seconds=3)
QUIET = timedelta(milliseconds=100)
MOST_SECONDS = 20


@dataclass(frozen=True, kw_only=True)
class Contestant:
    """A bot on a sandbox of its own, and a message with a grid's buttons to press."""

    name: str
    sandbox: Sandbox
    process: psutil.Process
    message_id: int


@dataclass(frozen=True, kw_only=True)
class Answered:
    """What presses took.

    times: from sent to answered, sorted; of those that were answered. lost: the number that were not.
    cpu: of the bot, for each press.
    """

    times: Sequence[timedelta]
    lost: int
    cpu: timedelta


async def main(size: int, bursts: int, rate: int, seconds: int, jobs: int, guilds: int, kept: Path | None) -> None:
    """Print a line for each bot's bursts, their ratio, and what a steady stream took."""
    async with AsyncExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="easel-bench-")))
        easel = await stack.enter_async_context(_easel(home, size, jobs, guilds, kept))
        bare = await stack.enter_async_context(_bare(size, easel))
        taken: dict[str, list[Answered]] = {bare.name: [], easel.name: []}
        for burst in range(bursts):
            for contestant in (bare, easel):
                await _until_quiet(easel)
                taken[contestant.name].append(await _burst(contestant, size, burst))
        steady = {}
        for contestant in (bare, easel):
            await _until_quiet(easel)
            steady[contestant.name] = await _stream(contestant, size, rate, seconds)
    _show({name: _together(each) for name, each in taken.items()}, f"{size} at once, {bursts} times")
    _show(steady, f"{rate} a second for {seconds} s")


@asynccontextmanager
async def _easel(home: Path, size: int, jobs: int, guilds: int, kept: Path | None) -> AsyncIterator[Contestant]:
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(open_filled(home / "postgres", jobs, kept=kept))
        storage = (home / "pictures").as_uri()
        database = await stack.enter_async_context(open_database(url))
        sandbox = await stack.enter_async_context(server.serve(guild_count=guilds))
        bot = await stack.enter_async_context(bot_process(sandbox, url, storage, lease=LEASE))
        hand = EngineHand(database=database, objects=open_objects(storage))
        async with member_client(sandbox.url, "ada") as ada:
            waiting = await ada.reply(await ada.command("imagine", prompt="a red circle", channel=CHANNEL))
            await hand.finish(await _waiting_job(database))
            grid = await ada.changed(waiting, is_grid)
        _invite(sandbox, size)
        yield Contestant(name="Easel", sandbox=sandbox, process=psutil.Process(bot.pid), message_id=int(grid["id"]))


async def _waiting_job(database: Database) -> Job:
    """Return the one job that waits, however many others there are."""
    async with database.begin() as connection:
        waiting = job_table.select().where(job_table.c.status == JobStatus.WAITING.value)
        return job_from_row((await connection.execute(waiting)).one())


@asynccontextmanager
async def _bare(size: int, easel: Contestant) -> AsyncIterator[Contestant]:
    """A bare bot on a sandbox with Easel's commands and a message like Easel's."""
    async with AsyncExitStack() as stack:
        sandbox = await stack.enter_async_context(server.serve())
        bot = await stack.enter_async_context(ready_process("tests.bench.bare_bot", sandbox.api_url, sandbox.token))
        _invite(sandbox, size)
        sandbox.world.commands.update(easel.sandbox.world.commands)
        like = easel.sandbox.world.message(easel.sandbox.channel(CHANNEL).id, easel.message_id)
        sandbox.world.add_message(replace(like, attachments=(), interaction_id=None))
        yield Contestant(name="bare bot", sandbox=sandbox, process=psutil.Process(bot.pid), message_id=like.id)


def _invite(sandbox: Sandbox, count: int) -> None:
    """Add members to the guild."""
    world = sandbox.world
    guild = next(iter(world.guilds.values()))
    users = [User(id=FIRST_MEMBER + at, username=f"member{at}", global_name=None) for at in range(count)]
    world.users |= {user.id: user for user in users}
    joined = guild.members[0].joined_at
    members = tuple(
        GuildMember(guild_id=guild.id, user_id=user.id, joined_at=joined, administrator=False) for user in users
    )
    world.guilds[guild.id] = replace(guild, members=guild.members + members)


def _send(contestant: Contestant, at: int, size: int) -> int:
    """Send one interaction of the mix, the `at`-th, and return its id."""
    world, channel = contestant.sandbox.world, contestant.sandbox.channel(CHANNEL)
    member_id, kind = FIRST_MEMBER + at % size, at % 4
    fields: Json = {"channel_id": channel.id, "guild_id": channel.guild_id, "nonce": None, "member_id": member_id}
    if kind == 0:
        given = {"name": "imagine", "options": [{"name": "prompt", "type": 3, "value": f"a red circle, take {at}"}]}
        data = command_data(world, member_id, channel, given, {}, complete=True)
        return send_interaction(world, type=InteractionType.COMMAND, data=data, **fields).id
    message = world.message(channel.id, contestant.message_id)
    pressed = {"custom_id": _custom_id(message.components, BUTTONS[kind - 1], at)}
    data = component_data(world, channel, message, pressed)
    return send_interaction(world, type=InteractionType.COMPONENT, data=data, message_id=message.id, **fields).id


def _custom_id(rows: Sequence[Json], verb: str, at: int) -> str:
    ids = [button["custom_id"] for row in rows for button in row["components"]]
    return str([text for text in ids if text.startswith(f"e1:{verb}:")][at // 4 % 4])


async def _burst(contestant: Contestant, size: int, number: int) -> Answered:
    before = _cpu(contestant)
    sent = [_send(contestant, number * size + at, size) for at in range(size)]
    return await _answered(contestant, sent, before)


async def _stream(contestant: Contestant, size: int, rate: int, seconds: int) -> Answered:
    loop, before, sent = asyncio.get_running_loop(), _cpu(contestant), []
    began = loop.time()
    for at in range(rate * seconds):
        await asyncio.sleep(began + at / rate - loop.time())
        sent.append(_send(contestant, at, size))
    return await _answered(contestant, sent, before)


async def _answered(contestant: Contestant, sent: Sequence[int], before: timedelta) -> Answered:
    interactions = contestant.sandbox.world.interactions
    for one in sent:
        while interactions[one].acknowledged_at is None and not interactions[one].failed:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    cpu = (_cpu(contestant) - before) / len(sent)
    answered = [one for one in (interactions[number] for number in sent) if one.acknowledged_at]
    times = sorted(one.acknowledged_at - one.created_at for one in answered if one.acknowledged_at)
    return Answered(times=times, lost=len(sent) - len(times), cpu=cpu)


async def _until_quiet(easel: Contestant) -> None:
    """Wait until Easel has little left to deliver, which it does in the same process as the next measurement."""
    for _ in range(MOST_SECONDS):
        before = _cpu(easel)
        await asyncio.sleep(1)
        if _cpu(easel) - before < QUIET:
            return


def _cpu(contestant: Contestant) -> timedelta:
    times = contestant.process.cpu_times()
    return timedelta(seconds=times.user + times.system)


def _together(each: Sequence[Answered]) -> Answered:
    times = sorted(time for one in each for time in one.times)
    cpu = sum((one.cpu for one in each), timedelta()) / len(each)
    return Answered(times=times, lost=sum(one.lost for one in each), cpu=cpu)


def _show(taken: dict[str, Answered], title: str) -> None:
    table = Table(title=title)
    for heading in ("bot", "p50 ms", "p99 ms", "p99 of the bare bot's", "unanswered", "bot's CPU ms"):
        table.add_column(heading, justify="left" if heading == "bot" else "right")
    reference = _late(next(iter(taken.values())))
    for name, one in taken.items():
        middle = one.times[len(one.times) // 2] if one.times else DEADLINE
        ratio = f"{_late(one) / reference:.2f}"
        table.add_row(name, _ms(middle), _ms(_late(one)), ratio, str(one.lost), f"{one.cpu / _MS:.1f}")
    Console().print(table)


_MS = timedelta(milliseconds=1)


def _late(one: Answered) -> timedelta:
    if one.lost:
        return DEADLINE
    return one.times[min(len(one.times) - 1, int(len(one.times) * 0.99))]


def _ms(time: timedelta) -> str:
    return f"{time / _MS:,.0f}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=200)
    parser.add_argument("--bursts", type=int, default=3)
    parser.add_argument("--rate", type=int, default=TARGET_RATE)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--jobs", type=int, default=0)
    parser.add_argument("--guilds", type=int, default=1)
    parser.add_argument("--kept", type=Path, help="where the filled Postgres is kept")
    asyncio.run(main(**vars(parser.parse_args())))
