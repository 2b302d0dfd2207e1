"""The checks of `easel doctor`: each one examines one thing Easel depends on and returns a `CheckResult`."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from urllib.parse import unquote, urlsplit

import aiohttp
from packaging.requirements import Requirement

from bot.settings import BotSettings
from easel.errors import sentence_from_error, sentence_from_os_error
from easel.postgres import find_budget_problem, find_listen_problem
from easel.process.ports import HOST, is_free
from engine.contract.errors import EaselError, PictureStoreUnavailable, SchemaNewer, SchemaOutdated
from engine.contract.store_faults import StoreFault
from engine.settings import S3_ENDPOINTS
from engine.store.objects import open_objects
from migrations import require_current

MIN_PYTHON = (3, 11)
MIN_FREE_BYTES = 2**30
EXTRAS = ("", "bot", "engine")
NOT_SET_UP = "not set up yet; `easel run` and `easel migrate` do it"


@dataclass(frozen=True, kw_only=True)
class CheckResult:
    """What a check found.

    name: of what was checked. found: its state, in a few words. fix: what to do about it; None when it is fine.
    """

    name: str
    found: str
    fix: str | None = None


def check_python() -> CheckResult:
    """Check the version of Python."""
    found = ".".join(str(part) for part in sys.version_info[:3])
    fix = "Install Python 3.11 or newer and run `make setup`." if sys.version_info < MIN_PYTHON else None
    return CheckResult(name="Python", found=found, fix=fix)


def check_packages() -> CheckResult:
    """Check that every package Easel needs is installed."""
    needed = sorted(_needed_packages())
    missing = [name for name in needed if not _is_installed(name)]
    if missing:
        return CheckResult(name="packages", found=f"missing: {', '.join(missing)}", fix="Run `make setup`.")
    return CheckResult(name="packages", found=f"{len(needed)} installed")


def check_home(home: Path) -> CheckResult:
    """Check that EASEL_HOME is writable and has free space."""
    try:
        home.mkdir(parents=True, exist_ok=True)
        probe = home / ".doctor"
        probe.write_bytes(b"easel")
        probe.unlink()
    except OSError as error:
        return CheckResult(name="EASEL_HOME", found=str(home), fix=sentence_from_os_error(error))
    return _check_space("EASEL_HOME", home, str(home))


async def check_storage(url: str, *, is_used: bool = False) -> CheckResult:
    """Check that a file can be stored and read back, and that none is overwritten that was to be created only.

    is_used: whether an engine uses it now, so that a folder which is missing was lost. Any other is made.
    """
    folder = Path(unquote(urlsplit(url).path))
    if is_used and urlsplit(url).scheme == "file" and not await asyncio.to_thread(folder.is_dir):
        lost = PictureStoreUnavailable(fault=StoreFault.NO_FOLDER, cause=str(folder))
        return CheckResult(name="pictures", found=url, fix=sentence_from_error(lost))
    try:
        objects = open_objects(url)
        await objects.get(await objects.put(b"easel doctor", ".txt"))
        await objects.require_creating_only()
    except EaselError as error:
        return CheckResult(name="pictures", found=url, fix=sentence_from_error(error))
    except OSError as error:
        return CheckResult(name="pictures", found=url, fix=sentence_from_os_error(error))
    return (
        _check_space("pictures", folder, url)
        if urlsplit(url).scheme == "file"
        else CheckResult(name="pictures", found=url + _endpoint())
    )


def _endpoint() -> str:
    """Return where the S3 service is, if it is not Amazon's, and whether it is spoken to without encryption."""
    endpoint = next((value for name in S3_ENDPOINTS if (value := os.environ.get(name))), "")
    if not endpoint:
        return ""
    return f" at {endpoint}" + (", over plain HTTP" if endpoint.startswith("http://") else "")


async def check_migrations(url: str) -> CheckResult:
    """Check that the database schema is up to date, or that nothing was set up yet."""
    try:
        await require_current(url)
    except SchemaOutdated as error:
        if error.revision is None:
            return CheckResult(name="schema", found=NOT_SET_UP)
        found = f"missing migrations: {', '.join(error.missing)}"
        return CheckResult(name="schema", found=found, fix=sentence_from_error(error))
    except SchemaNewer as error:
        return CheckResult(name="schema", found=f"revision {error.revision}", fix=sentence_from_error(error))
    return CheckResult(name="schema", found="up to date")


async def check_notifications(settings: BotSettings) -> CheckResult:
    """Check that the services are told of changes."""
    problem = await find_listen_problem(settings)
    return CheckResult(name="notify", found="by polling" if problem else "by notifications", fix=problem)


async def check_connections(settings: BotSettings) -> CheckResult:
    """Check that a bot or an engine gets as many connections as it may open."""
    problem = await find_budget_problem(settings)
    found = f"at most {settings.database_connections} for each bot and engine"
    return CheckResult(name="sessions", found=found, fix=problem)


async def check_discord(settings: BotSettings) -> CheckResult:
    """Check that Discord accepts the token."""
    if settings.discord_token is None:
        return CheckResult(name="Discord", found="DISCORD_TOKEN is not set; `easel run` starts the sandbox")
    address = f"{settings.discord_api_url}/users/@me"
    headers = {
        "Authorization": f"Bot {settings.discord_token.get_secret_value()}",
        # Discord rejects clients whose User-Agent has another form.
        "User-Agent": f"DiscordBot (easel, {metadata.version('easel')})",
    }
    timeout = aiohttp.ClientTimeout(total=10)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(address, headers=headers) as response,
        ):
            body = await response.json(content_type=None) if response.status == 200 else {}
    except (aiohttp.ClientError, TimeoutError) as error:
        fix = "Check the network, and DISCORD_API_URL if it is set."
        return CheckResult(name="Discord", found=f"no response from {address} ({type(error).__name__})", fix=fix)
    if response.status == 401:
        return CheckResult(name="Discord", found="rejected the token", fix=TOKEN_REJECTED)
    if response.status != 200:
        fix = "Try again in a few minutes. See discordstatus.com for outages."
        return CheckResult(name="Discord", found=f"returned HTTP {response.status}", fix=fix)
    return CheckResult(name="Discord", found=f"logged in as {body.get('username', 'unnamed')}")


TOKEN_REJECTED = (
    "DISCORD_TOKEN is not a valid bot token. Open your application in the Discord developer portal, press Reset Token "  # noqa: S105
    "on the Bot page, and set DISCORD_TOKEN to the new token."
)


async def check_api(settings: BotSettings) -> CheckResult:
    """Check that the API answers at the address that members and programs are told."""
    if settings.programs_url is None:
        return CheckResult(name="API", found="EASEL_API_URL is not set; /apikey gives members no keys")
    address = f"{settings.programs_url}/openapi.json"
    fix = "Start `easel api`, and check the proxy before it and EASEL_API_URL."
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session,
            session.get(address) as response,
        ):
            status = response.status
    except (aiohttp.ClientError, TimeoutError) as error:
        return CheckResult(name="API", found=f"no response from {address} ({type(error).__name__})", fix=fix)
    if status != 200:
        return CheckResult(name="API", found=f"{address} returned HTTP {status}", fix=fix)
    return CheckResult(name="API", found=f"answers at {settings.programs_url}")


async def check_port(page: int, health: int, running: int | None = None) -> CheckResult:
    """Check that the chat page's port is free, or used by a running Easel.

    health: port on which the bot of an Easel at `page` answers. running: port of the `easel run` of this EASEL_HOME.
    """
    if page == running:
        return CheckResult(name="port", found=f"{page} is used by Easel, which is running")
    if is_free(page):
        return CheckResult(
            name="port", found=f"{page} is free; " + (f"Easel runs at {running}" if running else "not running")
        )
    if await _is_alive(health):
        return CheckResult(name="port", found=f"{page} is used by Easel, which is running")
    fix = f"Stop the program that uses it, or start Easel with `easel run --port {page + 100}`."
    return CheckResult(name="port", found=f"{page} is already in use", fix=fix)


async def _is_alive(port: int) -> bool:
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session,
            session.get(f"http://{HOST}:{port}/healthz") as response,
        ):
            return response.status == 200
    except (aiohttp.ClientError, TimeoutError):
        return False


def _check_space(name: str, folder: Path, found: str) -> CheckResult:
    free = shutil.disk_usage(folder).free
    fix = None
    if free < MIN_FREE_BYTES:
        fix = "The disk is almost full. Free some space, or move this folder to another disk."
    return CheckResult(name=name, found=f"{found}, {free / 2**30:.1f} GiB free", fix=fix)


def _needed_packages() -> Iterator[str]:
    for line in metadata.requires("easel") or ():
        needed = Requirement(line)
        if needed.marker is None or any(needed.marker.evaluate({"extra": extra}) for extra in EXTRAS):
            yield needed.name


def _is_installed(name: str) -> bool:
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True
