"""`easel queue`: what waits for the engines, and what an operator does about it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from uuid import UUID

import typer

from bot.store.quarantine import retry_quarantined
from easel.exit_codes import ExitCode
from easel.output import Output
from easel.postgres import open_migrated_postgres
from engine.contract.jobs import JobStatus
from engine.contract.queue_state import QueueState
from engine.settings import EngineSettings
from engine.store.database import AsyncConnection, Database, open_database
from engine.store.moving import End, move_job
from engine.store.pending_jobs import PendingJob, read_pending_jobs
from engine.store.quarantine import QuarantinedJob, count_quarantined, read_quarantined
from engine.store.queue_pause import pause_queue, resume_queue
from engine.store.queue_position import read_queue_state
from engine.store.transitions import cancel_jobs

_LOOK_AGAIN_SECONDS = 0.5
_RESUMED = "Somebody has resumed the queue meanwhile, so engines take jobs. Drain it again when nobody needs it."
_PAUSED = "The queue is paused: engines take no jobs until `easel queue resume`."


async def list_quarantined(limit: int, settings: EngineSettings, output: Output) -> None:
    """Print the jobs in quarantine, the latest first."""
    async with _transaction(settings) as connection:
        total, found = await count_quarantined(connection), await read_quarantined(connection, limit)
    if output.as_json:
        output.print_json({"quarantined": total, "jobs": [_as_plain(job) for job in found]})
        return
    now = datetime.now(UTC)
    for job in found:
        shown = f"{job.id}  {job.error}  {_age(job.ended_at, now)}  {job.operation.value}  {_cut(job.prompt)}"
        typer.echo(job.id if output.quiet else shown)
    counted = f"{total} in quarantine"
    more = total - len(found)
    output.print_done(f"{counted}; {more} not listed, see --limit." if more > 0 else f"{counted}.", {})


async def list_jobs(limit: int, settings: EngineSettings, output: Output) -> None:
    """Print the jobs that are painted and those that wait."""
    async with _transaction(settings) as connection:
        state, found = await read_queue_state(connection), await read_pending_jobs(connection, limit)
    if output.as_json:
        output.print_json({**_as_json(state), "jobs": [_as_plain(job) for job in found]})
        return
    now = datetime.now(UTC)
    for job in found:
        typer.echo(job.id if output.quiet else _line(job, now))
    more = state.num_waiting + state.num_running - len(found)
    counted = f"{state.num_running} running, {state.num_waiting} waiting"
    output.print_done(f"{counted}; {more} not listed, see --limit." if more > 0 else f"{counted}.", {})
    if state.is_paused and not output.quiet:
        typer.echo(_PAUSED)


async def pause(settings: EngineSettings, output: Output) -> None:
    """Pause the queue."""
    async with _transaction(settings) as connection:
        is_new = await pause_queue(connection)
        state = await read_queue_state(connection)
    told = f"{_PAUSED} Running jobs, {state.num_running} now, will be finished."
    output.print_done(told if is_new else "The queue is paused already.", _as_json(state))


async def resume(settings: EngineSettings, output: Output) -> None:
    """End the pause."""
    async with _transaction(settings) as connection:
        was_paused = await resume_queue(connection)
        state = await read_queue_state(connection)
    sentence = f"Engines take jobs again; {state.num_waiting} wait." if was_paused else "The queue is not paused."
    output.print_done(sentence, _as_json(state))


async def drain(settings: EngineSettings, output: Output) -> int:
    """Pause the queue and wait until no job is painted; return the exit code.

    It is not 0 if the queue is resumed meanwhile.
    """
    async with _database(settings) as database:
        async with database.begin() as connection:
            await pause_queue(connection)
        last = -1
        while (state := await _state(database)).num_running and state.is_paused:
            if state.num_running != last and not output.quiet:
                typer.echo(f"Running jobs: {state.num_running}. The queue stays paused after Ctrl-C.", err=True)
            last = state.num_running
            await asyncio.sleep(_LOOK_AGAIN_SECONDS)
    if not state.is_paused:
        typer.echo(_RESUMED, err=True)
        return ExitCode.FAILED
    output.print_done(f"Nothing is painted any more. {_PAUSED}", _as_json(state))
    return ExitCode.DONE


async def cancel(job_ids: Sequence[UUID], settings: EngineSettings, output: Output) -> int:
    """Cancel the jobs and return the exit code, which is not 0 if one had ended or does not exist."""
    async with _transaction(settings) as connection:
        cancelled = await cancel_jobs(connection, job_ids)
    sentence = "Cancelled 1 job." if len(cancelled) == 1 else f"Cancelled {len(cancelled)} jobs."
    others = [str(job_id) for job_id in job_ids if job_id not in cancelled]
    output.print_done(sentence, {"cancelled": sorted(map(str, cancelled)), "not_pending": others})
    for job_id in others:
        typer.echo(f"The job {job_id} does not wait and is not painted; there is nothing to cancel.", err=True)
    return ExitCode.REQUEST if others else ExitCode.DONE


async def retry(job_ids: Sequence[UUID] | None, settings: EngineSettings, output: Output) -> int:
    """Put jobs in quarantine, None for all, back into the queue; return the exit code.

    It is not 0 if one was not there.
    """
    async with _transaction(settings) as connection:
        retried = await retry_quarantined(connection, job_ids)
    others = [str(job_id) for job_id in job_ids or () if job_id not in retried]
    queued = "1 job is" if len(retried) == 1 else f"{len(retried)} jobs are"
    output.print_done(f"{queued} back in the queue.", {"retried": sorted(map(str, retried)), "not_quarantined": others})
    for job_id in others:
        typer.echo(f"The job {job_id} is not in quarantine: `easel queue list --quarantined` shows those.", err=True)
    return ExitCode.REQUEST if others else ExitCode.DONE


async def move(job_id: UUID, end: End, settings: EngineSettings, output: Output) -> int:
    """Move a waiting job to an end of the queue and return the exit code.

    Raises: JobUnknown.
    """
    async with _transaction(settings) as connection:
        status = await move_job(connection, job_id, end)
    if status is not JobStatus.WAITING:
        how = "is being painted" if status is JobStatus.RUNNING else f"has ended ({status.value})"
        typer.echo(f"The job {job_id} {how}; only jobs that wait can be moved.", err=True)
        return ExitCode.REQUEST
    where = "first" if end is End.FIRST else "last, and so is what its member asks for after it"
    output.print_done(f"The job {job_id} is {where}.", {"id": str(job_id), "moved": end.value})
    return ExitCode.DONE


@asynccontextmanager
async def _database(settings: EngineSettings) -> AsyncIterator[Database]:
    async with open_migrated_postgres(settings) as url, open_database(url, pool_size=1) as database:
        yield database


@asynccontextmanager
async def _transaction(settings: EngineSettings) -> AsyncIterator[AsyncConnection]:
    async with _database(settings) as database, database.begin() as connection:
        yield connection


async def _state(database: Database) -> QueueState:
    async with database.begin() as connection:
        return await read_queue_state(connection)


def ids_from_texts(texts: Sequence[str]) -> list[UUID]:
    """Return the ids of jobs.

    Raises: BadParameter for a text that is none.
    """
    try:
        return [UUID(text) for text in texts]
    except ValueError as error:
        wrong = next(text for text in texts if not _is_id(text))
        raise typer.BadParameter(f'"{wrong}" is not a job id. `easel queue list` prints them.') from error


def _is_id(text: str) -> bool:
    try:
        return bool(UUID(text))
    except ValueError:
        return False


def _line(job: PendingJob, now: datetime) -> str:
    age = _age(job.created_at, now)
    state = f"{job.progress:.0%}" if job.status == "running" else "waiting"
    troubles = f"  attempt {job.attempts}, {job.crashes} crashes" if job.attempts > 1 or job.crashes else ""
    return f"{job.id}  {state:>7}  {age:>7}  {job.operation.value}  {_cut(job.prompt)}{troubles}"


def _age(at: datetime, now: datetime) -> str:
    seconds = (now - at).total_seconds()
    return f"{seconds / 60:.0f} min" if seconds >= 60 else f"{seconds:.0f} s"


def _cut(prompt: str) -> str:
    return prompt if len(prompt) <= 60 else f"{prompt[:59]}…"


def _as_plain(job: PendingJob | QuarantinedJob) -> dict[str, object]:
    return {name: _plain(value) for name, value in asdict(job).items()}


def _plain(value: object) -> object:
    match value:
        case UUID():
            return str(value)
        case datetime():
            return value.isoformat()
        case _:
            return value


def _as_json(state: QueueState) -> dict[str, object]:
    since = state.waiting_since and state.waiting_since.isoformat()
    return {
        "running": state.num_running,
        "waiting": state.num_waiting,
        "waiting_since": since,
        "paused": state.is_paused,
    }
