"""`easel imagine`: submits a job to the queue, shows its progress, and writes the grid to a file."""

from __future__ import annotations

import asyncio
import io
import logging
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import timedelta
from mimetypes import guess_type
from pathlib import Path
from uuid import UUID

import typer
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from easel.commands.imagine_wait import wait_for_engines
from easel.commands.parse import print_notes, specs_from_prompt
from easel.credentials import open_credentials
from easel.errors import sentence_from_cause
from easel.exit_codes import ExitCode, exit_code_from_cause, exit_code_from_codes
from easel.image_prompts import read_files, store_images
from easel.output import Output
from easel.postgres import open_migrated_postgres
from easel.process.engine_lock import is_engine_running
from easel.process.programs import engine_program
from easel.process.signals import StopSignals
from easel.process.supervise import keep_running, new_supervisor_state, wait_until_ready
from engine.content_credentials import ContentCredentials
from engine.contract.jobs import FINAL, MAX_SEED, Job, JobSpec, JobStatus
from engine.contract.provenance import PNG_KEY, PROVENANCE, PROVENANCE_TEXT
from engine.contract.references import pictures_of
from engine.logs import set_up_logging
from engine.models.prompt_limits import outside_discord, read_limits
from engine.models.registry.registry import SHIPPED
from engine.settings import EngineSettings
from engine.store.database import Database, open_database
from engine.store.jobs import read_pictures
from engine.store.objects import Objects, open_objects
from engine.store.operator_jobs import JobChanges, follow, open_job_changes, submit_for_operator
from engine.store.transitions import cancel_job

_CANCELLED = "The job was cancelled."
_NO_ENGINE = (
    "No engine has come for the job, so it was cancelled. Start one with `easel engine` and the same DATABASE_URL, and "
    "try again; --wait says how long to wait for one."
)


async def imagine(
    prompt: str,
    path: Path,
    settings: EngineSettings,
    output: Output,
    images: Sequence[Path] = (),
    *,
    patience: timedelta = timedelta(minutes=2),
) -> int:
    """Paint the prompt's grids into the file `path`, numbered if there are several; return the exit code.

    images: files of pictures to start from. patience: how long to wait for an engine where none uses the given
    database. Jobs that are still open when this ends are cancelled.

    Raises: PromptRefused, SettingsInvalid, StoreUnavailable, Exit when the engine could not start.
    """
    set_up_logging(settings.log_format, process="imagine", level=logging.ERROR)
    limits = outside_discord(await read_limits(settings.models_file or SHIPPED, settings.model))
    files = await read_files(images)
    specs = specs_from_prompt(prompt, limits, {f"--image {at}": name for at, name in enumerate(files, 1)})
    if not output.quiet:
        print_notes(specs, limits)
    console = Console(stderr=True, quiet=output.quiet)
    async with (
        open_migrated_postgres(settings) as url,
        open_database(url, listen_url=settings.listen_url, pool_size=2) as database,
        _ensure_engine(settings, console),
    ):
        objects, credentials = open_objects(settings.storage_url), await open_credentials(settings)
        keys = await store_images(specs, files, database, objects)
        jobs = [
            await submit_for_operator(
                database, spec, _seed(spec), tuple(keys[image.url] for image in pictures_of(spec))
            )
            for spec in specs
        ]
        try:
            # The embedded Postgres has an engine by now, which may still be loading its model.
            wait = patience if settings.database_url else None
            ended, is_given_up = await _follow_all(database, jobs, console, wait)
        finally:
            await asyncio.shield(_cancel(database, jobs))
        cancelled = _NO_ENGINE if is_given_up else _CANCELLED
        results = [
            await _result(database, objects, job, file, credentials, cancelled=cancelled)
            for job, file in zip(ended, _paths(path, len(ended)), strict=True)
        ]
    for result in results:
        _print_sentences(result, output)
    if output.as_json:
        output.print_json([asdict(result) for result in results])
    return max(_code_of(job, cancelled=ExitCode.ENGINE if is_given_up else ExitCode.FAILED) for job in ended)


@asynccontextmanager
async def _ensure_engine(settings: EngineSettings, console: Console) -> AsyncIterator[None]:
    """Run an engine for the duration of the block when the embedded Postgres is used and no engine is running."""
    if settings.database_url is not None or await asyncio.to_thread(is_engine_running, settings.home):
        yield
        return
    console.print("No engine is running. Starting one for this picture ...")
    engine = engine_program(0, "--quiet")
    state = new_supervisor_state((engine,), StopSignals())
    running = asyncio.create_task(keep_running((engine,), state, console.print))
    try:
        if not await wait_until_ready(state):
            typer.echo("Failed to start the engine. See its messages above.", err=True)
            code = exit_code_from_codes(state.codes)
            raise typer.Exit(ExitCode.ENGINE if code in (ExitCode.DONE, ExitCode.FAILED) else code)
        yield
    finally:
        state.signals.stop.set()
        await running


async def _follow_all(
    database: Database, jobs: list[Job], console: Console, patience: timedelta | None
) -> tuple[list[Job], bool]:
    """Return the jobs once they have ended, and whether because no engine has come, which cancels them."""
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[status]}"),
        TimeElapsedColumn(),
    )
    states, given_up = {job.id: job.status for job in jobs}, asyncio.Event()

    async def give_up() -> None:
        await wait_for_engines(database, states, progress, patience)
        given_up.set()
        await _cancel(database, jobs)

    with Progress(*columns, console=console) as progress:
        giving_up = asyncio.create_task(give_up())
        try:
            async with open_job_changes(database) as changes, asyncio.TaskGroup() as group:
                following = [group.create_task(_follow(database, job, changes, progress, states)) for job in jobs]
        finally:
            giving_up.cancel()
    return [task.result() for task in following], given_up.is_set()


async def _follow(
    database: Database, job: Job, changes: JobChanges, progress: Progress, states: dict[UUID, JobStatus]
) -> Job:
    bar = progress.add_task(_shorten(job.spec.prompt), total=1.0, status=job.status.value)
    async for seen in follow(database, job.id, changes=changes):
        progress.update(bar, completed=seen.progress, status=seen.status.value)
        states[job.id] = seen.status
        job = seen
    return job


async def _cancel(database: Database, jobs: list[Job]) -> None:
    async with database.begin() as connection:
        for job in jobs:
            await cancel_job(connection, job.id)


@dataclass(frozen=True, kw_only=True)
class JobResult:
    """What became of one job: its grid's file and the ids of its pictures, or why there are none."""

    prompt: str
    file: str | None = None
    pictures: tuple[str, ...] = ()
    error: str | None = None


async def _result(
    database: Database, objects: Objects, job: Job, path: Path, credentials: ContentCredentials, *, cancelled: str
) -> JobResult:
    """Write the grid of a job that has ended, and return what became of it; `cancelled` says so of one that was."""
    if job.status is JobStatus.FINISHED:
        assert job.grid_key is not None
        await asyncio.to_thread(_write, await objects.get(job.grid_key), path)
        signed = await credentials.signed(await asyncio.to_thread(path.read_bytes), guess_type(path)[0] or "")
        await asyncio.to_thread(path.write_bytes, signed)
        async with database.begin() as connection:
            pictures = await read_pictures(connection, job.id)
        ids = tuple(str(picture.id) for picture in sorted(pictures, key=lambda picture: picture.slot))
        return JobResult(prompt=job.spec.prompt, file=str(path), pictures=ids)
    assert job.status in FINAL
    told = cancelled if job.cause is None else sentence_from_cause(job.cause)
    return JobResult(prompt=job.spec.prompt, error=told)


def _print_sentences(result: JobResult, output: Output) -> None:
    """Print the path of the grid, and to standard error its picture ids or why there is none."""
    if result.error:
        typer.echo(result.error, err=True)
    elif not output.as_json:
        typer.echo(result.file)
        for number, picture in enumerate([] if output.quiet else result.pictures, start=1):
            typer.echo(f"Picture {number}: {picture}", err=True)


def _code_of(job: Job, *, cancelled: ExitCode) -> ExitCode:
    if job.status is JobStatus.FINISHED:
        return ExitCode.DONE
    return cancelled if job.cause is None else exit_code_from_cause(job.cause)


def _write(grid: bytes, path: Path) -> None:
    with Image.open(io.BytesIO(grid)) as image:
        about = PngInfo()
        about.add_itxt(PNG_KEY, PROVENANCE_TEXT)
        # Each format takes one of the two, and ignores the other.
        image.save(path, pnginfo=about, xmp=PROVENANCE)


def _seed(spec: JobSpec) -> int:
    asked = spec.parameters.get("seed")
    return asked if isinstance(asked, int) else random.randint(0, MAX_SEED)


def _paths(output: Path, number: int) -> list[Path]:
    if number == 1:
        return [output]
    return [output.with_stem(f"{output.stem}-{index}") for index in range(1, number + 1)]


def _shorten(prompt: str) -> str:
    return prompt if len(prompt) <= 40 else prompt[:37] + "..."
