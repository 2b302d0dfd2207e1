"""`easel imagine`: submits a job to the queue, shows its progress, and writes the grid to a file."""

from __future__ import annotations

import asyncio
import io
import logging
import random
from collections.abc import AsyncIterator, Mapping, Sequence
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

HINT_AFTER = timedelta(seconds=5)
LOOKS_EVERY = timedelta(seconds=0.5)


async def imagine(
    prompt: str, path: Path, settings: EngineSettings, output: Output, images: Sequence[Path] = ()
) -> int:
    """Paint the prompt's grids into the file `path`, numbered if there are several; return the exit code.

    images: files of pictures to start from. Jobs that are still open when this ends are cancelled.

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
            ended = await _follow_all(database, jobs, console)
        finally:
            await asyncio.shield(_cancel(database, jobs))
        results = [
            await _result(database, objects, job, file, credentials)
            for job, file in zip(ended, _paths(path, len(ended)), strict=True)
        ]
    for result in results:
        _print_sentences(result, output)
    if output.as_json:
        output.print_json([asdict(result) for result in results])
    return max(_code_of(job) for job in ended)


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


async def _follow_all(database: Database, jobs: list[Job], console: Console) -> list[Job]:
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[status]}"),
        TimeElapsedColumn(),
    )
    states = {job.id: job.status for job in jobs}
    with Progress(*columns, console=console) as progress:
        hinting = asyncio.create_task(_hint(states, progress))
        try:
            async with open_job_changes(database) as changes, asyncio.TaskGroup() as group:
                following = [group.create_task(_follow(database, job, changes, progress, states)) for job in jobs]
        finally:
            hinting.cancel()
    return [task.result() for task in following]


async def _follow(
    database: Database, job: Job, changes: JobChanges, progress: Progress, states: dict[UUID, JobStatus]
) -> Job:
    bar = progress.add_task(_shorten(job.spec.prompt), total=1.0, status=job.status.value)
    async for seen in follow(database, job.id, changes=changes):
        progress.update(bar, completed=seen.progress, status=seen.status.value)
        states[job.id] = seen.status
        job = seen
    return job


async def _hint(states: Mapping[UUID, JobStatus], progress: Progress) -> None:
    """Print a hint whenever no engine has had a job in hand for a while: none has come, or it has left."""
    clock = asyncio.get_running_loop().time
    wait = Wait(since=clock())
    while True:
        await asyncio.sleep(LOOKS_EVERY.total_seconds())
        if wait.is_hint_due(clock(), is_held=JobStatus.RUNNING in states.values()):
            progress.console.print("Still waiting for an engine. If none is running, start one with `easel engine`.")


@dataclass(kw_only=True)
class Wait:
    """Since when no engine has had a job in hand, in seconds of a clock, and whether that was told."""

    since: float
    is_told: bool = False

    def is_hint_due(self, now: float, *, is_held: bool) -> bool:
        """Return whether to tell now, once for each wait that is long; `is_held`: whether an engine has a job."""
        if is_held:
            self.since, self.is_told = now, False
        is_due = not self.is_told and now - self.since >= HINT_AFTER.total_seconds()
        self.is_told |= is_due
        return is_due


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
    database: Database, objects: Objects, job: Job, path: Path, credentials: ContentCredentials
) -> JobResult:
    """Write the grid of a job that has ended, and return what became of it."""
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
    told = "The job was cancelled." if job.cause is None else sentence_from_cause(job.cause)
    return JobResult(prompt=job.spec.prompt, error=told)


def _print_sentences(result: JobResult, output: Output) -> None:
    """Print the path of the grid, and to standard error its picture ids or why there is none."""
    if result.error:
        typer.echo(result.error, err=True)
    elif not output.as_json:
        typer.echo(result.file)
        for number, picture in enumerate([] if output.quiet else result.pictures, start=1):
            typer.echo(f"Picture {number}: {picture}", err=True)


def _code_of(job: Job) -> ExitCode:
    if job.status is JobStatus.FINISHED:
        return ExitCode.DONE
    return ExitCode.FAILED if job.cause is None else exit_code_from_cause(job.cause)


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
