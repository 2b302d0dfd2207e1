"""`easel export`: writes jobs, pictures and events to a folder."""

from __future__ import annotations

import logging
from dataclasses import asdict
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import Progress

from easel.exit_codes import ExitCode
from easel.output import Output
from easel.postgres import open_migrated_postgres
from engine.feedback.exports import FORMATS
from engine.logs import set_up_logging
from engine.settings import EngineSettings
from engine.store.database import open_database
from engine.store.objects import open_objects


def check_format(name: str) -> str:
    """Return `name` if it is an export format.

    Raises: BadParameter if it is not.
    """
    if name not in FORMATS:
        raise typer.BadParameter(f'Unknown format "{name}". Available: {", ".join(FORMATS)}')
    return name


async def export(name: str, folder: Path, settings: EngineSettings, output: Output) -> int:
    """Write the export in the format `name` to `folder`; return the exit code, not 0 for damaged or missing pictures.

    Raises: SettingsInvalid when `folder` is not empty, StorageFull, StoreUnavailable.
    """
    set_up_logging(settings.log_format, process="export", level=logging.ERROR)
    with Progress(console=Console(stderr=True, quiet=output.quiet)) as progress:
        bar = progress.add_task("Exporting", total=None)
        async with open_migrated_postgres(settings) as url, open_database(url, pool_size=2) as database:
            summary = await FORMATS[name](
                database,
                open_objects(settings.storage_url),
                folder,
                report=lambda done, total: progress.update(bar, completed=done, total=total),
            )
    sentence = f"Exported {summary.jobs} jobs, {summary.pictures} pictures and {summary.events} events to {folder}"
    output.print_done(sentence, {"folder": str(folder), **asdict(summary)})
    for key in summary.damaged:
        typer.echo(f"The picture {key} is damaged or missing. Restore it from a backup of the picture store.", err=True)
    return ExitCode.STORAGE if summary.damaged else ExitCode.DONE
