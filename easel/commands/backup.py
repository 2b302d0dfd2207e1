"""`easel backup`: the database and its pictures, copied to a folder while everything runs."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from bot.store.learning.adapters import SHEET_KEYS
from easel.backups.lock import hold_backup_lock
from easel.backups.manifest import NAME as MANIFEST
from easel.backups.manifest import Manifest, read_manifest, sha256_of, write_manifest
from easel.backups.pictures import copy_pictures, remove_others
from easel.exit_codes import ExitCode
from easel.output import Output
from easel.postgres import open_migrated_postgres
from engine.contract.errors import SettingsInvalid
from engine.settings import EngineSettings
from engine.store.database import open_database
from engine.store.object_keys import count_objects, read_object_keys
from engine.store.objects import open_objects
from engine.store.postgres_tools import ToolFailed, dump, server_version
from engine.store.snapshots import KEEP_FROM_PRUNING
from migrations import NEWEST

PICTURES = "pictures"


async def backup(folder: Path, settings: EngineSettings, output: Output) -> int:
    """Back up to `folder`, which is empty or holds an earlier backup, and return the exit code.

    Pictures that an earlier backup has are not copied again, and those that have been erased since are removed from it.
    The earlier backup stays whole until the new one is.

    Raises: SettingsInvalid when the folder holds other things or another backup runs into it, StoreUnavailable.
    """
    _check_folder(folder)
    try:
        with hold_backup_lock(folder):
            manifest = await _back_up(folder, settings, output)
    except ToolFailed as error:
        typer.echo(f"{error}. Nothing was backed up.", err=True)
        return ExitCode.DATABASE
    sentence = f"Backed up {manifest.jobs} jobs and {manifest.pictures} pictures to {folder}"
    output.print_done(sentence, {"folder": str(folder), **asdict(manifest)})
    for key in manifest.missing:
        typer.echo(f"The picture {key} is damaged or missing in the picture store, so it was left out.", err=True)
    return ExitCode.STORAGE if manifest.missing else ExitCode.DONE


async def _back_up(folder: Path, settings: EngineSettings, output: Output) -> Manifest:
    async with open_migrated_postgres(settings) as url:
        name = f"easel-{datetime.now(UTC):%Y%m%d-%H%M%S-%f}.dump"
        async with open_database(url, pool_size=1) as database, database.begin(limit=None) as connection:
            await connection.execute(KEEP_FROM_PRUNING)
            await _dump(url, folder / name)
            # After the dump: what it names is in the store by now, whatever is painted meanwhile.
            with progress("Copying pictures", output) as bar:
                jobs, total = await count_objects(connection, SHEET_KEYS)
                bar.start(total)
                keys, objects = read_object_keys(connection, SHEET_KEYS), open_objects(settings.storage_url)
                copied, missing = await copy_pictures(objects, keys, folder / PICTURES, bar.report)
    sha256 = await asyncio.to_thread(sha256_of, folder / name)
    manifest = Manifest(
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        release=f"Easel {version('easel')}",
        revision=NEWEST,
        dump=name,
        dump_sha256=sha256 or "",
        jobs=jobs,
        pictures=len(copied),
        missing=tuple(missing),
    )
    await asyncio.to_thread(_finish, folder, manifest, copied)
    return manifest


async def _dump(url: str, file: Path) -> None:
    partial = file.with_suffix(".part")
    try:
        await dump(url, partial, await server_version(url))
        partial.rename(file)
    finally:
        partial.unlink(missing_ok=True)


def _check_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise SettingsInvalid(problems=(f"{folder} is no folder. Choose one for the backup.",)) from error
    others = [path.name for path in folder.iterdir() if not _is_ours(path)]
    if others:
        problem = f"{folder} holds other files, such as {others[0]}. Choose an empty folder, or an earlier backup's"
        raise SettingsInvalid(problems=(problem,))


def _is_ours(path: Path) -> bool:
    is_named = path.name in (MANIFEST, PICTURES) or path.name.startswith(f".{MANIFEST}.")
    return is_named or (path.name.startswith("easel-") and path.suffix in (".dump", ".part"))


def _finish(folder: Path, manifest: Manifest, copied: set[str]) -> None:
    """Make the backup the one that counts, then remove what only earlier ones had."""
    write_manifest(folder, manifest)
    read_manifest(folder)
    for path in folder.iterdir():
        if path.suffix in (".dump", ".part") and path.name != manifest.dump:
            path.unlink()
    remove_others(folder / PICTURES, copied)


class _Bar:
    """A progress bar that learns how much there is once that is known."""

    def __init__(self, label: str, output: Output) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._progress = Progress(*columns, console=Console(stderr=True, quiet=output.quiet))
        self._label = label

    def __enter__(self) -> _Bar:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def start(self, total: int) -> None:
        """Show the bar, of `total`."""
        self._task = self._progress.add_task(self._label, total=total)

    def report(self, done: int) -> None:
        """Show that so many are done."""
        self._progress.update(self._task, completed=done)


def progress(label: str, output: Output) -> _Bar:
    """Return a progress bar on standard error."""
    return _Bar(label, output)
