"""Trainings: they run while nobody paints, end as soon as somebody asks to, and go on later where they were.

What a training leaves behind, the member's pictures and what the trainer keeps, is deleted when it has ended.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from datetime import timedelta
from functools import partial

import structlog

from engine.contract.errors import JobInterrupted, OperationUnsupported, RequestLost, StorageFull, StoreUnavailable
from engine.contract.jobs import FINAL, Job
from engine.contract.training import (
    ADAPTER_SUFFIX,
    TRAINING_DISK,
    AdapterTrainer,
    NoRoomToTrain,
    TrainedAdapter,
    TrainingProgress,
    TrainingRequest,
)
from engine.store.database import Database
from engine.store.jobs import read_job
from engine.store.objects import Objects
from engine.store.own_adapters import (
    finish_adapter,
    forget_brought,
    forget_deleted,
    forget_pictures,
    forget_untrained,
    read_deleted,
    read_trained_pictures,
)
from engine.store.transitions import finish_job, record_progress
from engine.store.unused_files import delete_unused, secure_files
from engine.worker.leases import LeaseLost, RunningJob, run_unless_ended
from engine.worker.runner import JobRunner, retry_while_down, with_objects

_OFFERED_AGAIN = timedelta(seconds=1)
"""To an engine that is painting."""

_AT_ONCE = 10
_DONE = b"trained"

_log = structlog.get_logger(__name__)


def offered_again() -> timedelta:
    """Return when a training is offered again to an engine that has something else to do."""
    return _OFFERED_AGAIN * random.uniform(0.5, 1.5)


@asynccontextmanager
async def making_way(running: RunningJob, asked: asyncio.Event) -> AsyncIterator[None]:
    """Interrupt the job as soon as `asked` is set."""

    async def interrupt() -> None:
        await asked.wait()
        if not running.ended.done():
            running.ended.set_result(JobInterrupted())

    task = asyncio.create_task(interrupt())
    try:
        yield
    finally:
        task.cancel()


async def do_training(runner: JobRunner, running: RunningJob) -> None:
    """Train the job's adapter and store it.

    Raises: OperationUnsupported for an engine without a trainer, PictureBarred, NoRoomToTrain, and what the trainer
    raises.
    """
    job = running.job
    if runner.trainer is None:
        raise OperationUnsupported(operation=job.operation.value, model=str(job.spec.parameters.get("model", "")))
    try:
        trained = await run_unless_ended(running, _train(runner, runner.trainer, job))
    except StorageFull as error:
        if error.facts.get("place") != TRAINING_DISK:
            raise
        # At once, because it makes room.
        await runner.trainer.drop(job.id)
        raise NoRoomToTrain() from error
    await run_unless_ended(running, _store(runner, job, trained))
    await runner.trainer.drop(job.id)


async def _train(runner: JobRunner, trainer: AdapterTrainer, job: Job) -> TrainedAdapter:
    pictures = [await with_objects(runner, partial(runner.objects.get, key)) for key in job.image_keys]
    # The list may have grown since they were brought.
    await runner.barred.check(pictures)
    subject, kind = job.spec.parts
    model = job.spec.parameters.get("model")
    request = TrainingRequest(
        job_id=job.id,
        subject=subject.text,
        kind=kind.text,
        model=None if model is None else str(model),
        seed=job.seed,
        pictures=tuple(pictures),
    )
    clock = asyncio.get_running_loop().time
    next_record = 0.0
    async with aclosing(trainer.train(request)) as events:
        async for event in events:
            if isinstance(event, TrainedAdapter):
                return event
            if clock() >= next_record:
                await _record(runner, job, event)
                next_record = clock() + runner.options.progress_interval.total_seconds()
    raise RequestLost(cause="the trainer ended without an adapter")


async def _record(runner: JobRunner, job: Job, progress: TrainingProgress) -> None:
    share = min(1.0, progress.done / max(1, progress.total))
    left = None if progress.seconds_left is None else timedelta(seconds=progress.seconds_left)
    try:
        async with runner.database.begin() as connection:
            held = await record_progress(connection, job.id, share, None, start=job.starts, left=left)
    except StoreUnavailable as error:
        _log.warning("progress_not_recorded", cause=str(error))
        return
    if not held:
        raise LeaseLost()


async def _store(runner: JobRunner, job: Job, trained: TrainedAdapter) -> None:
    """Store the files before the rows, as those of pictures."""
    key = await retry_while_down(partial(runner.objects.put, trained.file, ADAPTER_SUFFIX))
    shown = await retry_while_down(partial(runner.objects.put, _DONE, ".txt"))

    async def finish() -> bool:
        async with runner.database.begin() as connection:
            await secure_files(connection, runner.objects, {key: trained.file, shown: _DONE})
            is_finished = await finish_job(connection, job.id, [], shown, "text/plain", start=job.starts)
            if is_finished:
                await finish_adapter(connection, job.id, key)
            return is_finished

    if not await retry_while_down(finish):
        raise LeaseLost()


async def tidy_up(database: Database, objects: Objects, trainer: AdapterTrainer | None) -> None:
    """Delete what trainings that have ended leave behind."""
    for job_id in () if trainer is None else await asyncio.to_thread(trainer.job_ids):
        async with database.begin() as connection:
            job = await read_job(connection, job_id)
        if trainer is not None and (job is None or job.status in FINAL):
            await trainer.drop(job_id)
    async with database.begin() as connection:
        ended = await read_trained_pictures(connection, _AT_ONCE)
    for training in ended:
        async with database.begin() as connection:
            await forget_untrained(connection, [training.member_id])
            await forget_brought(connection, training.member_id, training.image_keys, training=training)
        await delete_unused(database, objects, training.image_keys, apart_from=training.id)
        # At last: until then the next sweep would go on with the rest.
        async with database.begin() as connection:
            await forget_pictures(connection, training.id)
    await _delete_files(database, objects)


async def _delete_files(database: Database, objects: Objects) -> None:
    async with database.begin() as connection:
        deleted = await read_deleted(connection, _AT_ONCE)
    for adapter_id, key in deleted:
        # Two trainings of the same pictures make the same file.
        await delete_unused(database, objects, [key])
        async with database.begin() as connection:
            await forget_deleted(connection, adapter_id)
