"""`easel prune`: deletes old jobs with their pictures, by age and rating."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from uuid import UUID

import typer

from bot.store.erased_files import delete_files
from bot.store.pruning import PruneBatch, prune_batch, read_batch
from easel.exit_codes import ExitCode
from easel.output import Output
from easel.postgres import open_migrated_postgres
from engine.feedback.store.prunes import PicturesInUse, finish_prune, read_unfinished
from engine.feedback.store.retention import OldJob, Retention
from engine.logs import set_up_logging
from engine.settings import EngineSettings
from engine.store.database import Database, open_database
from engine.store.objects import Objects, open_objects
from engine.store.prune_lock import hold_prune_lock

_BLOCKED = (
    "An export or a backup is running and reads the pictures. Wait until it has ended, then run this again. Deleted so "
    "far: {done}."
)
_RUNNING = "Another prune is running. Wait until it has ended, then run this again."
_SIZES_AT_ONCE = 16


@dataclass(kw_only=True)
class _Counts:
    """How much is deleted, or would be; bytes as the picture store tells them, files that others have included."""

    jobs: int = 0
    pictures: int = 0
    bytes: int = 0

    def __str__(self) -> str:
        jobs = "1 job" if self.jobs == 1 else f"{self.jobs} jobs"
        pictures = "1 picture" if self.pictures == 1 else f"{self.pictures} pictures"
        return f"{jobs} with {pictures}, {self.bytes / 1e6:,.1f} MB"


async def prune(rule: Retention, settings: EngineSettings, output: Output, *, is_dry: bool, is_confirmed: bool) -> int:
    """Delete what the rule chooses, after asking unless `is_confirmed`; return the exit code.

    Each batch is whole: rows and the list of their files are in one transaction, and the files of one that was ended
    are deleted the next time.

    Raises: StoreUnavailable, PictureStoreUnavailable.
    """
    set_up_logging(settings.log_format, process="prune", level=logging.ERROR)
    async with _opened(settings) as (url, database, objects):
        if is_dry or not is_confirmed:
            counts = await _count(rule, database, objects)
            if is_dry or not counts.jobs:
                told = "Would delete" if is_dry else "Deleted"
                output.print_done(f"{told} {counts}.", {**asdict(counts), "dry_run": is_dry})
                return ExitCode.DONE
            await asyncio.to_thread(
                typer.confirm, f"This deletes {counts} for good. Delete them?", abort=True, err=True
            )
        async with hold_prune_lock(url) as is_alone:
            if not is_alone:
                typer.echo(_RUNNING, err=True)
                return ExitCode.REQUEST
            await _finish_earlier(database, objects)
            return await _prune(rule, database, objects, output)


async def _prune(rule: Retention, database: Database, objects: Objects, output: Output) -> int:
    counts, gone, last = _Counts(), set[UUID](), None
    while True:
        try:
            async with database.begin(limit=None) as connection:
                batch = await prune_batch(connection, rule, last, gone)
        except PicturesInUse:
            typer.echo(_BLOCKED.format(done=counts), err=True)
            return ExitCode.REQUEST
        await _add(counts, batch, gone, objects)
        if batch.erasure:
            await delete_files(database, objects, batch.erasure)
            async with database.begin() as connection:
                await finish_prune(connection, batch.erasure.id)
        if batch.last is None:
            break
        last = batch.last
    output.print_done(f"Deleted {counts}.", {**asdict(counts), "dry_run": False})
    return ExitCode.DONE


async def _count(rule: Retention, database: Database, objects: Objects) -> _Counts:
    counts, gone = _Counts(), set[UUID]()
    last: OldJob | None = None
    while True:
        async with database.begin(limit=None) as connection:
            batch = await read_batch(connection, rule, last, gone)
        await _add(counts, batch, gone, objects)
        if batch.last is None:
            return counts
        last = batch.last


async def _add(counts: _Counts, batch: PruneBatch, gone: set[UUID], objects: Objects) -> None:
    counts.jobs += len(batch.painted.job_ids)
    counts.pictures += len(batch.painted.picture_ids)
    gone.update(batch.painted.job_ids)
    room = asyncio.Semaphore(_SIZES_AT_ONCE)

    async def size(key: str) -> int:
        async with room:
            return await objects.size_of(key)

    counts.bytes += sum(await asyncio.gather(*(size(key) for key in batch.keys)))


async def _finish_earlier(database: Database, objects: Objects) -> None:
    """Delete the files of prunes that were ended before they had."""
    async with database.begin() as connection:
        unfinished = await read_unfinished(connection)
    for erasure in unfinished:
        await delete_files(database, objects, erasure)
        async with database.begin() as connection:
            await finish_prune(connection, erasure.id)


@asynccontextmanager
async def _opened(settings: EngineSettings) -> AsyncIterator[tuple[str, Database, Objects]]:
    async with open_migrated_postgres(settings) as url, open_database(url, pool_size=2) as database:
        yield url, database, open_objects(settings.storage_url)
