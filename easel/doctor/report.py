"""`easel doctor`: runs every check and prints the results with what to do."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from bot.settings import BotSettings
from easel.doctor import checks
from easel.doctor.checks import CheckResult
from easel.doctor.log_check import check_feedback_log
from easel.doctor.model_checks import check_classifier, check_credentials, check_device, check_hash_list, check_model
from easel.errors import sentence_from_error, sentence_from_os_error
from easel.postgres import open_postgres
from easel.postgres_errors import database_errors, sentence_from_database_error
from easel.process.engine_lock import is_engine_running
from easel.process.ports import USUAL_PORT
from easel.process.run_lock import running_port
from engine.contract.errors import EaselError, SettingsInvalid
from engine.settings import read_settings
from engine.store.embedded_server import is_server_running

Show = Callable[[CheckResult], str]


async def run_doctor(port: int | None, show: Show, *, quiet: bool = False) -> int:
    """Print each check as it finishes; return 0 when all pass, otherwise 1.

    port: of the chat page; None for that of the `easel run` of this EASEL_HOME, or else the usual one.
    show: returns the lines of a check, in rich's markup. quiet: whether to print only problems.
    """
    console = Console(highlight=False, soft_wrap=True)
    num_problems = 0
    # rich ends the process when nobody reads on, as in `easel doctor | head -1`; the checks are closed before that.
    async with aclosing(_results(port)) as results:
        async for result in results:
            num_problems += result.fix is not None
            if result.fix or not quiet:
                console.print(show(result))
    if num_problems and show is text:
        console.print(f"\n{num_problems} {'problem' if num_problems == 1 else 'problems'} found.")
    return 1 if num_problems else 0


async def _results(port: int | None) -> AsyncGenerator[CheckResult]:
    yield checks.check_python()
    yield checks.check_packages()
    try:
        settings = read_settings(BotSettings)
    except SettingsInvalid as error:
        for problem in error.problems:
            yield CheckResult(name="settings", found="invalid", fix=problem)
        return
    yield checks.check_home(settings.home)
    running = running_port(settings.home)
    page = port or running or USUAL_PORT
    # Importing torch takes longest: these checks start now, and their results are yielded in the order of the report.
    device = asyncio.create_task(check_device(settings))
    others = (
        asyncio.create_task(check_model(settings)),
        asyncio.create_task(check_classifier(settings)),
        asyncio.create_task(checks.check_discord(settings)),
        asyncio.create_task(checks.check_api(settings)),
        asyncio.create_task(checks.check_port(page, page + 1, running)),
    )
    async with aclosing(_postgres_results(settings)) as results:
        async for result in results:
            yield result
    is_used = await asyncio.to_thread(_has_engine, settings.home)
    yield await checks.check_storage(settings.storage_url, is_used=is_used)
    for task in (device, *others):
        yield await task
    for optional in (await check_hash_list(settings), await check_credentials(settings)):
        if optional:
            yield optional


async def _postgres_results(settings: BotSettings) -> AsyncGenerator[CheckResult]:
    folder = settings.home / "postgres"
    found = "DATABASE_URL" if settings.database_url else f"embedded, in {folder}"
    # Opening it starts it.
    is_running = bool(settings.database_url) or await asyncio.to_thread(is_server_running, folder)
    try:
        async with open_postgres(settings) as url:
            yield CheckResult(
                name="Postgres", found=f"{found}, {'running' if is_running else 'not running; it starts'}"
            )
            schema = await checks.check_migrations(url)
            yield schema
            if schema.fix is None and schema.found != checks.NOT_SET_UP:
                yield await check_feedback_log(url)
            yield await checks.check_connections(settings)
            yield await checks.check_notifications(settings)
    except EaselError as error:
        yield CheckResult(name="Postgres", found=found, fix=sentence_from_error(error))
    except OSError as error:
        yield CheckResult(name="Postgres", found=found, fix=sentence_from_os_error(error))
    except database_errors() as error:
        yield CheckResult(name="Postgres", found=found, fix=sentence_from_database_error(error))


def _has_engine(home: Path) -> bool:
    try:
        return is_engine_running(home)
    except OSError:  # The check of the home tells.
        return False


def text(result: CheckResult) -> str:
    """Return a line with what was found, and another with what to do about it."""
    mark = "[green]ok[/green]  " if result.fix is None else "[red]Fix[/red] "
    found = f"{mark}  [bold]{result.name:<10}[/bold]  {escape(result.found)}"
    return f"{found}\n      {'':<10}  {escape(result.fix)}" if result.fix else found


def json_line(result: CheckResult) -> str:
    """Return the check as a JSON object on a line of its own."""
    return escape(json.dumps(asdict(result), ensure_ascii=False))
