"""The checks of `easel doctor`: each looks at one thing Easel depends on and says what was found and what to do."""

from __future__ import annotations

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
from easel.process.ports import HOST, is_free
from engine.contract.errors import EaselError
from engine.store.database import open_database
from engine.store.objects import open_objects
from migrations import read_pending

MIN_PYTHON = (3, 11)
MIN_FREE_BYTES = 2**30
EXTRAS = ("", "bot", "engine")


@dataclass(frozen=True, kw_only=True)
class CheckResult:
    """What a check found; `advice` says what to do and is None when all is well."""

    subject: str
    found: str
    advice: str | None = None


def check_python() -> CheckResult:
    """Return whether this Python is one Easel runs on."""
    found = ".".join(str(part) for part in sys.version_info[:3])
    advice = "Install Python 3.11 or newer and run `make setup`." if sys.version_info < MIN_PYTHON else None
    return CheckResult(subject="Python", found=found, advice=advice)


def check_packages() -> CheckResult:
    """Return whether every package that Easel needs is installed."""
    needed = sorted(_needed_packages())
    missing = [name for name in needed if not _is_installed(name)]
    if missing:
        return CheckResult(subject="packages", found=f"missing: {', '.join(missing)}", advice="Run `make setup`.")
    return CheckResult(subject="packages", found=f"{len(needed)} installed")


def check_home(home: Path) -> CheckResult:
    """Return whether Easel may write to its home, and whether there is room."""
    try:
        home.mkdir(parents=True, exist_ok=True)
        probe = home / ".doctor"
        probe.write_bytes(b"easel")
        probe.unlink()
    except OSError as error:
        return CheckResult(subject="EASEL_HOME", found=str(home), advice=sentence_from_os_error(error))
    return _with_room("EASEL_HOME", home, str(home))


async def check_storage(url: str) -> CheckResult:
    """Return whether pictures can be stored and read back."""
    try:
        objects = open_objects(url)
        await objects.get(await objects.put(b"easel doctor", ".txt"))
    except EaselError as error:
        return CheckResult(subject="pictures", found=url, advice=sentence_from_error(error))
    except OSError as error:
        return CheckResult(subject="pictures", found=url, advice=sentence_from_os_error(error))
    parts = urlsplit(url)
    return (
        _with_room("pictures", Path(unquote(parts.path)), url)
        if parts.scheme == "file"
        else CheckResult(subject="pictures", found=url)
    )


async def check_migrations(url: str) -> CheckResult:
    """Return whether the database has this release's tables."""
    async with open_database(url, pool_size=1) as database:
        pending = await read_pending(database)
    if pending:
        return CheckResult(
            subject="tables", found=f"not there yet: {', '.join(pending)}", advice="Run `easel migrate`."
        )
    return CheckResult(subject="tables", found="up to date")


async def check_discord(settings: BotSettings) -> CheckResult:
    """Return whether Discord accepts the token."""
    if settings.discord_token is None:
        return CheckResult(subject="Discord", found="no DISCORD_TOKEN: `easel run` serves the sandbox")
    address = f"{settings.discord_api_url}/users/@me"
    headers = {
        "Authorization": f"Bot {settings.discord_token.get_secret_value()}",
        # Discord turns away clients that do not name themselves like this.
        "User-Agent": f"DiscordBot (easel, {metadata.version('easel')})",
    }
    patience = aiohttp.ClientTimeout(total=10)
    try:
        async with (
            aiohttp.ClientSession(timeout=patience) as session,
            session.get(address, headers=headers) as answer,
        ):
            body = await answer.json(content_type=None) if answer.status == 200 else {}
    except (aiohttp.ClientError, TimeoutError) as error:
        advice = "Check the network, and DISCORD_API_URL if it is set."
        return CheckResult(subject="Discord", found=f"no answer from {address} ({type(error).__name__})", advice=advice)
    if answer.status == 401:
        return CheckResult(subject="Discord", found="refuses the token", advice=TOKEN_REFUSED)
    if answer.status != 200:
        advice = "Try again in some minutes; discordstatus.com says whether Discord is ill."
        return CheckResult(subject="Discord", found=f"answers {answer.status}", advice=advice)
    return CheckResult(subject="Discord", found=f"the bot is {body.get('username', 'unnamed')}")


TOKEN_REFUSED = (
    "DISCORD_TOKEN is not a valid bot token: in Discord's developer portal open your application, page Bot, press "  # noqa: S105
    "Reset Token, and set DISCORD_TOKEN to the new one."
)


async def check_port(page: int, health: int) -> CheckResult:
    """Return whether the chat page's port is free, or Easel's own: then its bot is healthy on the port `health`."""
    if is_free(page):
        return CheckResult(subject="port", found=f"{page} is free")
    if await _is_alive(health):
        return CheckResult(subject="port", found=f"{page} is Easel's own: it is running")
    advice = f"Stop what uses it, or start Easel with `easel run --port {page + 100}`."
    return CheckResult(subject="port", found=f"{page} is in use", advice=advice)


async def _is_alive(port: int) -> bool:
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session,
            session.get(f"http://{HOST}:{port}/healthz") as answer,
        ):
            return answer.status == 200
    except (aiohttp.ClientError, TimeoutError):
        return False


def _with_room(subject: str, folder: Path, found: str) -> CheckResult:
    free = shutil.disk_usage(folder).free
    advice = None
    if free < MIN_FREE_BYTES:
        advice = "The disk is nearly full: make room, or move this folder to another disk."
    return CheckResult(subject=subject, found=f"{found}, {free / 2**30:.1f} GiB free", advice=advice)


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
