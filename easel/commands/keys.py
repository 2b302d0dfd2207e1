"""`easel keys`: creates, lists and revokes keys of the API."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import typer
from rich.table import Table

from easel.exit_codes import ExitCode
from easel.output import Output, print_whole
from easel.postgres import open_migrated_postgres
from engine.settings import EngineSettings
from engine.store.api_keys import ApiKey, KeyOptions, create_key, read_keys, revoke_key
from engine.store.database import open_database

_ONCE = "This is the only time that it is shown. Send it in the header `Authorization: Bearer ...`."
_NAME_TAKEN = 'There is a key named "{name}". Choose another name, or revoke that one first.'
_UNKNOWN = 'No key in force has the name or id "{key}". `easel keys list` shows them all.'
_BAD_NAME = "The name of a key has 1 to 100 characters and begins and ends with none of them blank."
_MAX_NAME = 100


async def create(options: KeyOptions, settings: EngineSettings, output: Output) -> int:
    """Create a key and print its secret; return the exit code."""
    if not options.name.strip() or options.name != options.name.strip() or len(options.name) > _MAX_NAME:
        typer.echo(_BAD_NAME, err=True)
        return ExitCode.REQUEST
    async with (
        open_migrated_postgres(settings) as url,
        open_database(url, pool_size=1) as database,
        database.begin() as connection,
    ):
        created = await create_key(connection, options)
    if created is None:
        typer.echo(_NAME_TAKEN.format(name=options.name), err=True)
        return ExitCode.REQUEST
    key, secret = created
    if output.quiet and not output.as_json:
        typer.echo(secret)
    else:
        output.print_done(f"{secret}\n{_ONCE}", {**_json_of(key), "secret": secret})
    return ExitCode.DONE


async def show(settings: EngineSettings, output: Output) -> None:
    """Print every key; with `quiet`, the names of those in force."""
    async with (
        open_migrated_postgres(settings) as url,
        open_database(url, pool_size=1) as database,
        database.begin() as connection,
    ):
        keys = await read_keys(connection)
    if output.as_json:
        output.print_json([_json_of(key) for key in keys])
    elif output.quiet:
        for name in [key.options.name for key in keys if key.revoked_at is None]:
            typer.echo(name)
    elif keys:
        print_whole(_table(keys))
    else:
        typer.echo("There are no keys yet. `easel keys create NAME` makes one.")


async def revoke(named: str, settings: EngineSettings, output: Output) -> int:
    """Revoke the key with this name or id; return the exit code."""
    async with (
        open_migrated_postgres(settings) as url,
        open_database(url, pool_size=1) as database,
        database.begin() as connection,
    ):
        key = await revoke_key(connection, named)
    if key is None:
        typer.echo(_UNKNOWN.format(key=named), err=True)
        return ExitCode.REQUEST
    output.print_done(f'The key "{key.options.name}" is revoked. Its jobs and pictures stay.', _json_of(key))
    return ExitCode.DONE


def _json_of(key: ApiKey) -> dict[str, Any]:
    return {
        "id": str(key.id),
        "name": key.options.name,
        "member_id": str(key.member_id),
        "scopes": sorted(key.options.scopes),
        "jobs_per_day": key.options.jobs_per_day,
        "jobs_at_once": key.options.jobs_at_once,
        "cancels_abandoned": key.options.cancels_abandoned,
        "created_at": key.created_at.isoformat(),
        "last_used_at": key.last_used_at and key.last_used_at.isoformat(),
        "revoked_at": key.revoked_at and key.revoked_at.isoformat(),
    }


def _table(keys: list[ApiKey]) -> Table:
    table = Table("Name", "May", "A day", "At once", "Created", "Last used", "Revoked", "Id")
    for key in keys:
        table.add_row(
            key.options.name,
            ", ".join(sorted(key.options.scopes)),
            str(key.options.jobs_per_day),
            str(key.options.jobs_at_once),
            _day(key.created_at),
            _day(key.last_used_at),
            _day(key.revoked_at),
            str(key.id),
        )
    return table


def _day(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M}" if at else ""
