"""`easel loras`: lists and removes the LoRAs that members have trained."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import typer
from rich.table import Table

from bot.store.adapters.owning import count_shares, remove_adapter
from easel.exit_codes import ExitCode
from easel.output import Output, print_whole
from easel.postgres import open_migrated_postgres
from engine.contract.training import OwnAdapter
from engine.settings import EngineSettings
from engine.store.database import open_database
from engine.store.own_adapters import read_all_adapters

_UNKNOWN = 'There is no LoRA with the id "{lora}". `easel loras list` shows them.'


async def show(limit: int, settings: EngineSettings, output: Output) -> None:
    """Print the newest; with `quiet`, their ids."""
    async with (
        open_migrated_postgres(settings) as url,
        open_database(url, pool_size=1) as database,
        database.begin() as connection,
    ):
        found = await read_all_adapters(connection, limit)
        shares = await count_shares(connection, [one.id for one in found])
    if output.as_json:
        output.print_json([{**_json_of(one), "servers": shares.get(one.id, 0)} for one in found])
    elif output.quiet:
        for one in found:
            typer.echo(str(one.id))
    elif found:
        table = Table("Name", "Words", "Model", "Member", "Servers", "Created", "Id")
        for one in found:
            facts = (one.name, one.subject, one.model, str(one.member_id), str(shares.get(one.id, 0)))
            table.add_row(*facts, f"{one.created_at:%Y-%m-%d %H:%M}", str(one.id))
        print_whole(table)
    else:
        typer.echo("No member has trained a LoRA yet.")


async def remove(named: str, settings: EngineSettings, output: Output) -> int:
    """Remove the LoRA with this id; return the exit code."""
    try:
        adapter_id = UUID(named)
    except ValueError:
        adapter_id = UUID(int=0)
    async with (
        open_migrated_postgres(settings) as url,
        open_database(url, pool_size=1) as database,
        database.begin() as connection,
    ):
        removed = await remove_adapter(connection, adapter_id)
    if removed is None:
        typer.echo(_UNKNOWN.format(lora=named), err=True)
        return ExitCode.REQUEST
    output.print_done(f"{removed.name} is removed. Pictures that were made with it stay.", _json_of(removed))
    return ExitCode.DONE


def _json_of(adapter: OwnAdapter) -> dict[str, Any]:
    return {
        "id": str(adapter.id),
        "name": adapter.name,
        "subject": adapter.subject,
        "kind": adapter.kind,
        "model": adapter.model,
        "member_id": str(adapter.member_id),
        "created_at": adapter.created_at.isoformat(),
    }
