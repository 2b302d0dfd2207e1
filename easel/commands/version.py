"""`easel version`: the releases of Easel and what it stands on, and the schema of code and database."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

import typer

from easel.output import Output
from easel.postgres import open_postgres
from engine.contract.errors import SettingsInvalid
from engine.settings import EngineSettings
from engine.store.embedded_server import is_server_running
from migrations import NEWEST, read_revision

# Read from what is installed: importing them takes seconds.
_PACKAGES = ("torch", "diffusers", "transformers", "discord.py", "SQLAlchemy", "asyncpg", "pgqueuer")


async def show_version(settings: EngineSettings | None, output: Output) -> None:
    """Print the versions; of a database that cannot be reached, that it cannot. Nothing is started or changed.

    settings: None when they are invalid, which is no reason not to tell the versions.
    """
    packages = {name: _installed(name) for name in _PACKAGES}
    revision = await _read_revision(settings)
    if output.as_json:
        names = {"easel": version("easel"), "python": platform.python_version(), **packages}
        output.print_json({**names, "schema": NEWEST, "database_schema": revision})
        return
    installed = [f"{name} {number}" for name, number in packages.items() if number]
    lines = [f"Easel {version('easel')}, Python {platform.python_version()}", ", ".join(installed)]
    lines += [f"Schema {NEWEST}; {_of_database(revision)}"]
    if not output.quiet:
        typer.echo("\n".join(lines))


async def _read_revision(settings: EngineSettings | None) -> str | None:
    if settings is None or (settings.database_url is None and not is_server_running(settings.home / "postgres")):
        return None
    try:
        async with open_postgres(settings) as url:
            return await read_revision(url)
    except SettingsInvalid:
        return None


def _of_database(revision: str | None) -> str:
    if revision is None:
        return "the database is not running, cannot be reached, or is empty."
    if revision == NEWEST:
        return "the database has the same."
    is_older = revision < NEWEST
    return f"the database has {revision}: {'run `easel migrate`' if is_older else 'it is of a newer release'}."


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
