"""Runs one job: paint, store the files, then the rows; or record why it failed.

Every write names the attempt that was started, so that an engine whose job was taken over changes nothing.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID

import structlog
from structlog.contextvars import bound_contextvars

from engine.contract.errors import (
    EaselError,
    JobInterrupted,
    OperatorError,
    PainterLost,
    RequestError,
    StoreUnavailable,
)
from engine.contract.jobs import Job, Picture
from engine.contract.painting import (
    DEFAULT_STRENGTH,
    PaintedPictures,
    Painter,
    PaintRequest,
    PaintResult,
    Progress,
)
from engine.error_boundary import result_of
from engine.store.database import Database
from engine.store.jobs import read_source
from engine.store.objects import Objects
from engine.store.transitions import fail_job, finish_job, is_exhausted, record_progress, return_job, start_job
from engine.worker.leases import LeaseLost, RunningJob, RunningJobs, run_unless_ended
from engine.worker.metrics import Metrics
from engine.worker.results import SUFFIXES, picture_rows, shown_object

Result = TypeVar("Result")

_LONGEST_WAIT = timedelta(seconds=5)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class JobOptions:
    """How a worker runs a job.

    progress_interval: shortest time between two records of a job's progress.
    retry_delay: wait before the second attempt; doubles with each attempt, and is multiplied by 0.5 to 1.5 at random.
    storage_timeout: how long the picture store may be down before the job returns to the queue, for as long again.
    """

    progress_interval: timedelta = timedelta(seconds=0.7)
    retry_delay: timedelta = timedelta(seconds=2)
    storage_timeout: timedelta = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class JobRunner:
    """What it takes to run jobs; `stop` is set when the engine is to stop."""

    database: Database
    objects: Objects
    painter: Painter
    running_jobs: RunningJobs
    metrics: Metrics
    options: JobOptions
    stop: asyncio.Event


async def run_job(runner: JobRunner, job_id: UUID) -> timedelta | None:
    """Run the job and return None, or the delay after which it is to be offered again.

    Guarantees: of all engines that were ever given the job, one finishes it.
    """
    with bound_contextvars(job=str(job_id)):
        job = await _start(runner, job_id)
        return None if job is None else await _run_started(runner, job)


async def _run_started(runner: JobRunner, job: Job) -> timedelta | None:
    with (
        bound_contextvars(attempt=job.attempts),
        runner.running_jobs.track(job) as running,
        runner.metrics.running.track_inprogress(),
        runner.metrics.seconds.time(),
    ):
        outcome, delay = await _try_job(runner, running)
        runner.metrics.jobs.labels(outcome).inc()
        _log.info("job_" + outcome)
    return delay


async def _start(runner: JobRunner, job_id: UUID) -> Job | None:
    async def start() -> Job | None:
        async with runner.database.begin() as connection:
            return await start_job(connection, job_id)

    return await _retry_while_down(start)


async def _try_job(runner: JobRunner, running: RunningJob) -> tuple[str, timedelta | None]:
    result = await result_of(_do(runner, running))
    match result:
        case None:
            return "finished", None
        case LeaseLost():
            return "lost", None
        case JobInterrupted():
            return await _hand_back(runner, running.job, timedelta(0))
        case StoreUnavailable():
            return await _hand_back(runner, running.job, runner.options.storage_timeout)
        case RequestError() | OperatorError():
            return await _fail(runner, running, result)
        case Exception():
            return await _after_failure(runner, running, result)


async def _do(runner: JobRunner, running: RunningJob) -> None:
    result = await run_unless_ended(running, _paint(runner, running.job))
    await run_unless_ended(running, _store(runner, running.job, result))


async def _after_failure(runner: JobRunner, running: RunningJob, error: Exception) -> tuple[str, timedelta | None]:
    job = running.job
    if isinstance(error, PainterLost) and runner.stop.is_set():
        # A signal to the whole process group takes the painter first; the job is not at fault.
        return await _hand_back(runner, job, timedelta(0))
    _log.warning("job_attempt_failed", exc_info=error)
    if is_exhausted(job):
        return await _fail(runner, running, error)
    return await _retry(runner, running)


async def _paint(runner: JobRunner, job: Job) -> PaintResult:
    source = await _read_source(runner, job)
    request = PaintRequest(
        job_id=job.id,
        member_id=job.member_id,
        operation=job.operation,
        spec=job.spec,
        seed=job.seed,
        source=source,
        strength=None if source is None else DEFAULT_STRENGTH,
    )
    clock = asyncio.get_running_loop().time
    preview, next_record = None, 0.0
    async with aclosing(runner.painter.paint(request)) as events:
        async for event in events:
            if not isinstance(event, Progress):
                return event
            preview = event.preview or preview
            if clock() >= next_record:
                await _record_progress(runner, job, event, preview)
                preview, next_record = None, clock() + runner.options.progress_interval.total_seconds()
    raise PainterLost(cause="the painter ended without a picture")


async def _read_source(runner: JobRunner, job: Job) -> bytes | None:
    async def read() -> Picture | None:
        async with runner.database.begin() as connection:
            return await read_source(connection, job.id)

    source = await _retry_while_down(read) if job.parent_picture_id else None
    return await _with_objects(runner, lambda: runner.objects.get(source.object_key)) if source else None


async def _record_progress(runner: JobRunner, job: Job, progress: Progress, preview: bytes | None) -> None:
    share = min(1.0, progress.done / max(1, progress.total))
    try:
        async with runner.database.begin() as connection:
            held = await record_progress(connection, job.id, share, preview, attempt=job.attempts)
    except StoreUnavailable as error:
        # Progress is optional; painting goes on without it.
        _log.warning("progress_not_recorded", cause=str(error))
        return
    if not held:
        raise LeaseLost()


async def _store(runner: JobRunner, job: Job, result: PaintResult) -> None:
    """Store files before rows: a crash in between leaves files without a row, never a row without its file."""
    painted = result.pictures if isinstance(result, PaintedPictures) else ()
    content, media_type = shown_object(result)
    puts = [_put(runner, picture.png, ".png") for picture in painted]
    *keys, key = await asyncio.gather(*puts, _put(runner, content, SUFFIXES.get(media_type, ".bin")))
    pictures = picture_rows(job, painted, keys)

    async def finish() -> bool:
        async with runner.database.begin() as connection:
            return await finish_job(connection, job.id, pictures, key, media_type, attempt=job.attempts)

    if not await _retry_while_down(finish):
        raise LeaseLost()


async def _put(runner: JobRunner, data: bytes, suffix: str) -> str:
    return await _with_objects(runner, lambda: runner.objects.put(data, suffix))


async def _fail(runner: JobRunner, running: RunningJob, error: Exception) -> tuple[str, timedelta | None]:
    job = running.job

    async def fail() -> bool:
        async with runner.database.begin() as connection:
            return await fail_job(connection, job.id, cause_from_error(error), attempt=job.attempts)

    return await _conclude(runner, running, fail, "failed", None)


async def _retry(runner: JobRunner, running: RunningJob) -> tuple[str, timedelta | None]:
    job = running.job

    async def give_back() -> bool:
        async with runner.database.begin() as connection:
            return await return_job(connection, job.id, count_attempt=True, attempt=job.attempts)

    # Spread out, so that jobs that failed together because of one of them are not all retried beside it.
    delay = runner.options.retry_delay * 2 ** (job.attempts - 1) * random.uniform(0.5, 1.5)
    return await _conclude(runner, running, give_back, "returned", delay)


async def _conclude(
    runner: JobRunner, running: RunningJob, write: Callable[[], Awaitable[bool]], outcome: str, delay: timedelta | None
) -> tuple[str, timedelta | None]:
    try:
        held = await run_unless_ended(running, _retry_while_down(write))
    except LeaseLost:
        return "lost", None
    except JobInterrupted:
        return await _hand_back(runner, running.job, timedelta(0))
    return (outcome, delay) if held else ("lost", None)


async def _hand_back(runner: JobRunner, job: Job, delay: timedelta) -> tuple[str, timedelta]:
    """Return the job to the queue without counting the attempt; if Postgres is down, its lease runs out instead."""
    try:
        async with runner.database.begin() as connection:
            await return_job(connection, job.id, count_attempt=False, attempt=job.attempts)
    except StoreUnavailable as error:
        _log.warning("job_not_handed_back", cause=str(error))
    return "returned", delay


async def _with_objects(runner: JobRunner, action: Callable[[], Awaitable[Result]]) -> Result:
    """Return the result of `action` on the picture store, retrying within `storage_timeout` while the store is down.

    Raises: StoreUnavailable when it stays down or answers too slowly.
    """
    try:
        async with asyncio.timeout(runner.options.storage_timeout.total_seconds()):
            return await _retry_while_down(action)
    except TimeoutError as error:
        raise StoreUnavailable(cause="the picture store is still down") from error


async def _retry_while_down(action: Callable[[], Awaitable[Result]]) -> Result:
    """Return the result of `action`, retrying for as long as the store is down."""
    wait = timedelta(seconds=0.1)
    while True:
        try:
            return await action()
        except StoreUnavailable as error:
            _log.warning("store_unavailable", cause=str(error))
        await asyncio.sleep(wait.total_seconds())
        wait = min(wait * 2, _LONGEST_WAIT)


def cause_from_error(error: Exception) -> Mapping[str, Any]:
    """Return the error as a failed job keeps it: class name and facts, JSON-ready."""
    facts = error.facts if isinstance(error, EaselError) else {"message": str(error)}
    cause: dict[str, Any] = json.loads(json.dumps({**facts, "error": type(error).__name__}, default=str))
    return cause
