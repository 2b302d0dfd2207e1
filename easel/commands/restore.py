"""`easel restore`: a backup back into an empty database and its picture store."""

from __future__ import annotations

import asyncio
from pathlib import Path

import typer

from easel.backups.manifest import Manifest, ManifestUnreadable, read_manifest
from easel.backups.pictures import put_pictures
from easel.commands.backup import PICTURES, progress
from easel.exit_codes import ExitCode
from easel.output import Output
from easel.postgres import open_postgres
from engine.settings import EngineSettings
from engine.store.objects import open_objects
from engine.store.postgres_tools import ToolFailed, server_version
from engine.store.postgres_tools import restore as restore_dump
from engine.store.restore_lock import hold_restore_lock
from migrations import NEWEST, upgrade


async def restore(folder: Path, settings: EngineSettings, output: Output) -> int:
    """Restore the backup in `folder` and return the exit code.

    Pictures first, so that the database names none that is not there; what was interrupted is done by running it again.

    Raises: DatabaseUnusable when the database is not empty or another restore runs, StoreUnavailable.
    """
    try:
        manifest = await asyncio.to_thread(read_manifest, folder)
    except ManifestUnreadable as error:
        typer.echo(str(error), err=True)
        return ExitCode.STORAGE
    if manifest.revision > NEWEST:
        typer.echo(
            f"{manifest.release} made this backup, which is newer than this release. Restore it with that release.",
            err=True,
        )
        return ExitCode.DATABASE
    try:
        damaged = await _restore(folder, manifest, settings, output)
    except ToolFailed as error:
        typer.echo(f"{error}. The database is as it was.", err=True)
        return ExitCode.DATABASE
    _report(folder, manifest, damaged, output)
    return ExitCode.STORAGE if damaged or manifest.missing else ExitCode.DONE


async def _restore(folder: Path, manifest: Manifest, settings: EngineSettings, output: Output) -> list[str]:
    """Return the keys of the pictures that are damaged in the backup."""
    async with open_postgres(settings) as url, hold_restore_lock(url):
        with progress("Storing pictures", output) as bar:
            bar.start(manifest.pictures)
            damaged = await put_pictures(open_objects(settings.storage_url), folder / PICTURES, bar.report)
        await restore_dump(url, folder / manifest.dump, await server_version(url))
        await upgrade(url)
    return damaged


def _report(folder: Path, manifest: Manifest, damaged: list[str], output: Output) -> None:
    sentence = f"Restored {manifest.jobs} jobs and {manifest.pictures} pictures from {folder}"
    facts = {"jobs": manifest.jobs, "pictures": manifest.pictures - len(damaged), "made_at": manifest.made_at}
    output.print_done(sentence, {**facts, "missing": [*manifest.missing, *damaged]})
    for key in damaged:
        typer.echo(f"The picture {key} is damaged in the backup, so it was not restored.", err=True)
    for key in manifest.missing:
        typer.echo(f"The picture {key} was missing when the backup was made.", err=True)
