"""`easel run`: starts Postgres and every process, prints the address when all are ready, and stops them together.

What waits for what (an embedded Postgres; the sandbox only without a token):

    easel run ─┬─ Postgres ─ schema ────────────┬─ bot ─ session with Discord ────────┐
               ├─ sandbox ──────────────────────┘                                     ├─ ready
               └─ engine ─┬─ painting process: imports ─ model ─ limits ─┬─ worker ───┘
                          └─ imports ─ Postgres ─ schema ────────────────┘
"""

from __future__ import annotations

import asyncio
import sys
import time
from datetime import timedelta

import typer

from bot.settings import DISCORD_API_URL, BotSettings
from easel.errors import exit_code_from_os_error, sentence_from_error, sentence_from_os_error
from easel.exit_codes import ExitCode, exit_code_from_codes, exit_code_from_error
from easel.postgres import open_postgres
from easel.postgres_errors import database_errors, sentence_from_database_error
from easel.process.ports import HOST, Ports, free_ports
from easel.process.programs import CHAT_FOLDER, POSTGRES, all_programs
from easel.process.run_lock import hold_run_lock
from easel.process.signals import stop_on_signals
from easel.process.supervise import (
    PrintLine,
    Program,
    SupervisorState,
    keep_running,
    new_supervisor_state,
    wait_until_ready,
)
from engine.contract.errors import EaselError
from engine.settings import read_settings
from migrations import upgrade
from sandbox.store.chat_file import start_anew

REPORT_INTERVAL = timedelta(seconds=10)


async def run_everything(port: int, *, fresh_chat: bool = False) -> int:
    """Run all of Easel until told to stop; return the exit code: that of the first process that could not start, or 0.

    port: of the chat page; the bot's and the engine's health pages use the next two. 0 picks free ports.
    fresh_chat: start a new chat in the sandbox instead of the one that is kept.

    Raises: SettingsInvalid when a setting is invalid or a port is in use.
    """
    settings = read_settings(BotSettings)
    ports = free_ports(port)
    print_line = _timestamped_printer()
    if fresh_chat:
        # Here and not in the sandbox, which starts again after a crash.
        await asyncio.to_thread(start_anew, settings.home / CHAT_FOLDER)
    if settings.discord_token is None and settings.discord_api_url != DISCORD_API_URL:
        print_line("DISCORD_API_URL has no effect without DISCORD_TOKEN.")
    programs = tuple(all_programs(settings, ports))
    with hold_run_lock(settings.home, ports.page):
        state = await _run_all(settings, programs, ports, print_line)
    for name in state.failed:
        # What is wrong with Postgres, which is no program of its own, has been said.
        if name == POSTGRES:
            continue
        print_line(f"Failed to start {name}. See its messages above.")
    print_line("Stopped.")
    return exit_code_from_codes(state.codes)


async def _run_all(
    settings: BotSettings, programs: tuple[Program, ...], ports: Ports, print_line: PrintLine
) -> SupervisorState:
    """Run Postgres and the programs until told to stop; return what became of them."""
    async with stop_on_signals() as signals:
        state = new_supervisor_state(programs, signals, POSTGRES)
        async with asyncio.TaskGroup() as group:
            group.create_task(_report_startup(state, _address(settings, ports), print_line))
            group.create_task(_run_postgres(settings, state, print_line))
            await keep_running(programs, state, print_line)
    return state


async def _run_postgres(settings: BotSettings, state: SupervisorState, print_line: PrintLine) -> None:
    """Keep a migrated Postgres open until every process has ended; print what is wrong when that fails."""
    try:
        async with open_postgres(settings) as url:
            applied = await upgrade(url)
            print_line("Postgres is ready." + (f" Applied {', '.join(applied)}." if applied else ""))
            state.ready[POSTGRES].set()
            for ended in state.ended.values():
                await ended.wait()
    except EaselError as error:
        _fail(state, sentence_from_error(error), exit_code_from_error(error))
    except OSError as error:
        _fail(state, sentence_from_os_error(error), exit_code_from_os_error(error))
    except database_errors() as error:
        _fail(state, sentence_from_database_error(error), ExitCode.DATABASE)


def _fail(state: SupervisorState, sentence: str, code: ExitCode) -> None:
    typer.echo(sentence, err=True)
    state.failed.append(POSTGRES)
    state.codes.append(code)
    state.signals.stop.set()


def _address(settings: BotSettings, ports: Ports) -> str:
    return "connected to Discord" if settings.discord_token else f"http://{HOST}:{ports.page}"


async def _report_startup(state: SupervisorState, address: str, print_line: PrintLine) -> None:
    """Print what Easel is waiting for and, at last, its address."""
    print_line(f"Starting {', '.join(state.ready)} ...")
    reminding = asyncio.create_task(_report_waiting(state, print_line))
    try:
        if await wait_until_ready(state):
            print_line(f"Easel is ready: {address}   (press Ctrl-C to stop)")
        await state.signals.stop.wait()
    finally:
        reminding.cancel()
    if not state.failed:
        print_line("Stopping ...")


async def _report_waiting(state: SupervisorState, print_line: PrintLine) -> None:
    while True:
        await asyncio.sleep(REPORT_INTERVAL.total_seconds())
        waiting = [name for name, ready in state.ready.items() if not ready.is_set()]
        if not waiting:
            return
        print_line(f"Waiting for {', '.join(waiting)} ...")


def _timestamped_printer() -> PrintLine:
    """Return a function that prints a line with the seconds since this call."""
    started = time.monotonic()

    def print_line(sentence: str) -> None:
        typer.echo(f"{time.monotonic() - started:6.1f} s  {sentence}")
        sys.stdout.flush()

    return print_line
