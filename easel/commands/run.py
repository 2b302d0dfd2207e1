"""`easel run`: Postgres, tables, then every process, and one line when all of it works; stops it all together."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable
from datetime import timedelta

import typer

from bot.settings import DISCORD_API_URL, BotSettings
from easel.errors import sentence_from_error, sentence_from_os_error
from easel.postgres import open_postgres
from easel.process.ports import HOST, Ports, free_ports
from easel.process.programs import POSTGRES, all_programs
from easel.process.signals import stop_on_signals
from easel.process.supervise import Watch, keep_running, new_watch, wait_until_ready
from engine.contract.errors import EaselError
from engine.settings import read_settings
from migrations import upgrade

REMINDER = timedelta(seconds=10)

Say = Callable[[str], None]


async def run_everything(port: int) -> int:
    """Run all of Easel until told to stop; return 0 then, and 1 when a process could not be started.

    port: of the chat page; the health pages of bot and engine are on the two after it. 0 takes free ones.

    Raises: SettingsInvalid when a setting is wrong or a port in use.
    """
    settings = read_settings(BotSettings)
    ports = free_ports(port)
    say = _speaker()
    if settings.discord_token is None and settings.discord_api_url != DISCORD_API_URL:
        say("DISCORD_API_URL has no effect without DISCORD_TOKEN.")
    programs = tuple(all_programs(settings, ports))
    async with stop_on_signals() as orders:
        watch = new_watch(programs, orders, POSTGRES)
        async with asyncio.TaskGroup() as group:
            group.create_task(_tell_progress(watch, _address(settings, ports), say))
            group.create_task(_hold_postgres(settings, watch, say))
            await keep_running(programs, watch, say)
    for name in watch.failed:
        say(f"The {name} could not be started: what it said is above.")
    say("Stopped.")
    return 1 if watch.failed else 0


async def _hold_postgres(settings: BotSettings, watch: Watch, say: Say) -> None:
    """Keep the database and its tables at hand until every process has ended; say what is wrong when it cannot be."""
    try:
        async with open_postgres(settings) as url:
            applied = await upgrade(url)
            say("Postgres is up" + (f", with {', '.join(applied)} applied." if applied else "."))
            watch.ready[POSTGRES].set()
            for over in watch.over.values():
                await over.wait()
    except (EaselError, OSError) as error:
        sentence = sentence_from_error(error) if isinstance(error, EaselError) else sentence_from_os_error(error)
        typer.echo(sentence, err=True)
        watch.failed.append(POSTGRES)
        watch.orders.stop.set()


def _address(settings: BotSettings, ports: Ports) -> str:
    return "it serves Discord" if settings.discord_token else f"http://{HOST}:{ports.page}"


async def _tell_progress(watch: Watch, address: str, say: Say) -> None:
    """Say who is ready as they become so, who is waited for in between, and at last where Easel is."""
    say(f"Starting {', '.join(watch.ready)} ...")
    reminding = asyncio.create_task(_remind(watch, say))
    try:
        if await wait_until_ready(watch):
            say(f"Easel is ready: {address}   (Ctrl-C stops it)")
        await watch.orders.stop.wait()
    finally:
        reminding.cancel()
    if not watch.failed:
        say("Stopping ...")


async def _remind(watch: Watch, say: Say) -> None:
    while True:
        await asyncio.sleep(REMINDER.total_seconds())
        waiting = [name for name, ready in watch.ready.items() if not ready.is_set()]
        if not waiting:
            return
        say(f"Still waiting for {' and '.join(waiting)} ...")


def _speaker() -> Say:
    """Return what prints a line with the seconds since now."""
    began = time.monotonic()

    def say(sentence: str) -> None:
        typer.echo(f"{time.monotonic() - began:6.1f} s  {sentence}")
        sys.stdout.flush()

    return say
