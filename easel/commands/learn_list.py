"""`easel learn list`: the adapters that were trained on the log, and which must be trained anew."""

from __future__ import annotations

from typing import Any

import typer
from rich.table import Table

from bot.store.learning.adapters import LearnedAdapter, read_adapters
from easel.output import Output, print_whole
from easel.postgres import open_migrated_postgres
from engine.settings import EngineSettings
from engine.store.database import open_database

_NONE = "No adapter has been trained on members' votes yet. `easel learn train -o DIR` trains one."


async def show(settings: EngineSettings, output: Output) -> None:
    """Print every adapter, newest first; with `quiet`, the names of those that must be trained anew."""
    async with (
        open_migrated_postgres(settings) as url,
        open_database(url, pool_size=1) as database,
        database.begin() as connection,
    ):
        adapters = await read_adapters(connection)
    if output.as_json:
        output.print_json([_json_of(adapter) for adapter in adapters])
    elif output.quiet:
        for adapter in adapters:
            if adapter.is_outdated:
                typer.echo(adapter.name)
    elif adapters:
        print_whole(_table(adapters))
    else:
        typer.echo(_NONE)


def _table(adapters: list[LearnedAdapter]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("Adapter", "State", "Model", "Preferences", "Members", "Trained", "Train anew, because", "Run"):
        table.add_column(heading, justify="right" if heading in ("Preferences", "Members") else "left")
    for one in adapters:
        table.add_row(
            one.name,
            one.state.value.replace("_", " "),
            one.model,
            f"{one.num_preferences:,}",
            f"{one.num_members:,}",
            f"{one.trained_at:%Y-%m-%d %H:%M}",
            _reason(one),
            one.folder,
        )
    return table


def _reason(adapter: LearnedAdapter) -> str:
    erased, withdrawn = adapter.num_erased, adapter.num_withdrawn
    reasons = (
        (erased, f"{erased} {'member was' if erased == 1 else 'members were'} erased"),
        (withdrawn, f"{withdrawn} {'member' if withdrawn == 1 else 'members'} withdrew consent"),
    )
    return " and ".join(sentence for number, sentence in reasons if number)


def _json_of(adapter: LearnedAdapter) -> dict[str, Any]:
    return {
        "name": adapter.name,
        "sha256": adapter.sha256,
        "state": adapter.state.value,
        "model": adapter.model,
        "model_sha256": adapter.model_sha256,
        "preferences": adapter.num_preferences,
        "preferences_sha256": adapter.preferences_sha256,
        "members": adapter.num_members,
        "erased": adapter.num_erased,
        "withdrew": adapter.num_withdrawn,
        "train_anew": adapter.is_outdated,
        "folder": adapter.folder,
        "trained_at": adapter.trained_at.isoformat(),
        "figures": adapter.figures,
    }
