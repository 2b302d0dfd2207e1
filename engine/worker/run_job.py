"""Runs one job: paint, store the files, then the rows; or record why it failed.

Every write names the start, so that an engine whose job was taken over changes nothing.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, aclosing
from datetime import timedelta
from functools import partial
from uuid import UUID

import structlog
from structlog.contextvars import bound_contextvars

from engine.contract.edits import Edit
from engine.contract.errors import RequestLost, StoreUnavailable
from engine.contract.jobs import Job, Operation, Picture
from engine.contract.painting import (
    PaintedPictures,
    PaintRequest,
    PaintResult,
    Progress,
    num_pictures_of,
)
from engine.error_boundary import result_of
from engine.hash_list import Film
from engine.store.engines import has_another_engine
from engine.store.jobs import mask_key, read_source
from engine.store.transitions import finish_job, reclaim_job, record_progress, start_job
from engine.store.unused_files import secure_files
from engine.worker.adapter_files import fetch_adapters
from engine.worker.endings import cause_from_error, end_attempt
from engine.worker.leases import LeaseLost, RunningJob, run_unless_ended
from engine.worker.metrics import count_failure, observe_pictures
from engine.worker.results import SUFFIXES, found_edit, picture_rows, shown_object
from engine.worker.runner import JobOptions, JobRunner, retry_while_down, with_objects
from engine.worker.training import do_training, making_way, offered_again

__all__ = ["JobOptions", "JobRunner", "cause_from_error", "run_job"]

# To an engine that does not have the job's model, while another one has it.
_OFFERED_AGAIN = timedelta(seconds=1)

_log = structlog.get_logger(__name__)


async def run_job(runner: JobRunner, job_id: UUID) -> timedelta | None:
    """Run the job and return None, or the delay after which it is to be offered again.

    A job that was in hand at two crashes is painted alone.

    Guarantees: of all engines that were ever given the job, one finishes it.
    """
    with bound_contextvars(job=str(job_id)):
        try:
            return await _run_in_turn(runner, job_id)
        except StoreUnavailable as error:
            _log.warning("job_not_started", cause=str(error))
            return timedelta(0)


async def _run_in_turn(runner: JobRunner, job_id: UUID) -> timedelta | None:
    job = await _reclaim(runner, job_id)
    if job is None:
        return None
    if await _is_for_another(runner, job):
        return _OFFERED_AGAIN * random.uniform(0.5, 1.5)
    if job.operation is Operation.TRAIN:
        return await _run_behind(runner, job_id)
    is_alone = job.is_suspect
    async with AsyncExitStack() as painting:
        await painting.enter_async_context(runner.admission.alone() if is_alone else runner.admission.together())
        if runner.stop.is_set():
            return timedelta(0)
        started = await _start(runner, job_id)
        return None if started is None else await _run_started(runner, started, painting, is_alone=is_alone)


async def _run_behind(runner: JobRunner, job_id: UUID) -> timedelta | None:
    """Run a training while nobody paints, or for a while when it has waited for long."""
    options = runner.options
    async with runner.admission.behind(options.training_patience, options.training_turn) as asked:
        if asked is None or runner.stop.is_set():
            return offered_again()
        started = await _start(runner, job_id)
        return None if started is None else await _run_started(runner, started, asked, is_alone=True)


async def _is_for_another(runner: JobRunner, job: Job) -> bool:
    """Return whether the job names a model that this engine does not have and another one has."""
    engine, model = runner.engine, job.spec.parameters.get("model")
    if engine is None or model is None or model in engine.models:
        return False
    async with runner.database.begin() as connection:
        return await has_another_engine(connection, str(model), engine.id)


async def _run_started(
    runner: JobRunner, job: Job, place: AsyncExitStack | asyncio.Event, *, is_alone: bool
) -> timedelta | None:
    """Do the job, whose place is in the painter until that is closed, or behind others until somebody asks for it."""
    with (
        bound_contextvars(attempt=job.attempts, start=job.starts),
        runner.running_jobs.track(job, is_alone=is_alone) as running,
        runner.metrics.running.track_inprogress(),
        runner.metrics.seconds.time(),
    ):
        if isinstance(place, asyncio.Event):
            error = await result_of(_do_behind(runner, running, place))
        else:
            error = await result_of(_do(runner, running, place))
        outcome, delay = ("finished", None) if error is None else await end_attempt(runner, running, error)
        runner.metrics.jobs.labels(outcome).inc()
        if error is not None and outcome == "failed":
            count_failure(runner.metrics, error)
        _log.info("job_" + outcome)
    return delay


async def _reclaim(runner: JobRunner, job_id: UUID) -> Job | None:
    async def reclaim() -> Job | None:
        async with runner.database.begin() as connection:
            return await reclaim_job(connection, job_id)

    return await retry_while_down(reclaim, stop=runner.stop)


async def _start(runner: JobRunner, job_id: UUID) -> Job | None:
    async def start() -> Job | None:
        async with runner.database.begin() as connection:
            return await start_job(connection, job_id)

    return await retry_while_down(start, stop=runner.stop)


async def _do(runner: JobRunner, running: RunningJob, painting: AsyncExitStack) -> None:
    """Paint and store; others may enter the painter once the pictures are here."""
    job = running.job
    result = await runner.kept.read(job.id)
    if result is None:
        began = time.monotonic()
        result = await run_unless_ended(running, _paint(runner, job))
        observe_pictures(runner.metrics, result, time.monotonic() - began)
    await painting.aclose()
    if isinstance(result, PaintedPictures):
        await runner.barred.check([picture.png for picture in result.pictures], _film_of(result))
    await run_unless_ended(running, _store(runner, job, result))
    await runner.kept.drop(job.id)


def _film_of(result: PaintedPictures) -> Film | None:
    """Return what members see of the pictures together, which may be a film."""
    if result.grid is None or not result.pictures:
        return None
    first, *_ = result.pictures
    return Film(file=result.grid, num_pictures=len(result.pictures), width=first.width, height=first.height)


async def _do_behind(runner: JobRunner, running: RunningJob, asked: asyncio.Event) -> None:
    async with making_way(running, asked):
        await do_training(runner, running)


async def _paint(runner: JobRunner, job: Job) -> PaintResult:
    source = await _read_source(runner, job)
    images = [await with_objects(runner, partial(runner.objects.get, key)) for key in job.image_keys]
    request = PaintRequest(
        job_id=job.id,
        member_id=job.member_id,
        operation=job.operation,
        spec=job.spec,
        seed=job.seed,
        source=source,
        edit=None if source is None else job.edit or Edit(),
        mask=await _read_mask(runner, job),
        num_pictures=num_pictures_of(job.operation),
        images=tuple(images),
        adapters=await fetch_adapters(runner, job),
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
    raise RequestLost(cause="the painter ended without a picture")


async def _read_source(runner: JobRunner, job: Job) -> bytes | None:
    async def read() -> Picture | None:
        async with runner.database.begin() as connection:
            return await read_source(connection, job.id)

    source = await retry_while_down(read) if job.parent_picture_id else None
    return await with_objects(runner, lambda: runner.objects.get(source.object_key)) if source else None


async def _read_mask(runner: JobRunner, job: Job) -> bytes | None:
    key = mask_key(job.edit)
    return await with_objects(runner, lambda: runner.objects.get(key)) if key else None


async def _record_progress(runner: JobRunner, job: Job, progress: Progress, preview: bytes | None) -> None:
    share = min(1.0, progress.done / max(1, progress.total))
    try:
        async with runner.database.begin() as connection:
            held = await record_progress(connection, job.id, share, preview, start=job.starts)
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
    keep = _keeping(runner, job, result)
    files = [*((picture.png, ".png") for picture in painted), (content, SUFFIXES.get(media_type, ".bin"))]
    if isinstance(result, PaintedPictures) and result.mask is not None:
        files.append((result.mask, ".png"))
    keys = await asyncio.gather(*(_put(runner, data, suffix, keep) for data, suffix in files))
    pictures, key = picture_rows(job, painted, keys[: len(painted)]), keys[len(painted)]
    stored = {key: data for key, (data, _) in zip(keys, files, strict=True)}

    async def finish() -> bool:
        async with runner.database.begin() as connection:
            edit = found_edit(result)
            await secure_files(connection, runner.objects, stored)
            return await finish_job(connection, job.id, pictures, key, media_type, start=job.starts, edit=edit)

    if not await retry_while_down(finish):
        raise LeaseLost()


async def _put(runner: JobRunner, data: bytes, suffix: str, keep: Callable[[], Awaitable[None]]) -> str:
    """Store the file, however long that takes; `keep` is called while the store cannot be used."""

    async def put() -> str:
        try:
            return await runner.objects.put(data, suffix)
        except StoreUnavailable as error:
            runner.objects.problem = error
            await keep()
            raise

    return await retry_while_down(put)


def _keeping(runner: JobRunner, job: Job, result: PaintResult) -> Callable[[], Awaitable[None]]:
    """Return what keeps the result, once: what is painted is not painted anew, and the member sees that it is."""
    is_kept = False

    async def keep() -> None:
        nonlocal is_kept
        if not is_kept:
            is_kept = True
            await _record_progress(runner, job, Progress(done=1, total=1), None)
            await runner.kept.write(job.id, result)

    return keep
