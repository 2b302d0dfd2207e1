"""The worker: paints jobs from the queue until it is stopped, and ends running jobs that are cancelled or lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import structlog

from engine.contract.errors import StoreUnavailable
from engine.contract.ids import new_id
from engine.contract.jobs import FINAL
from engine.contract.painting import Painter
from engine.contract.training import AdapterTrainer
from engine.error_boundary import result_of
from engine.hash_list import BarredPictures
from engine.store.at_once import let_all_in
from engine.store.database import Database
from engine.store.engines import Engine, announce_engine
from engine.store.jobs import read_job
from engine.store.objects import Objects
from engine.store.queue import QueueOptions, prune_log, requeue_orphans, run_queue
from engine.store.queue_pause import is_queue_paused
from engine.store.reconnecting import open_driver
from engine.store.transitions import CANCELS_CHANNEL, read_held
from engine.worker.adapter_files import drop_deleted
from engine.worker.kept_results import KeptResults
from engine.worker.leases import RunningJobs
from engine.worker.metrics import Metrics
from engine.worker.run_job import JobOptions, JobRunner, run_job
from engine.worker.runner import QueuePause
from engine.worker.training import tidy_up

_LISTENER_CHECK = timedelta(seconds=5)
_STORE_CHECK = timedelta(seconds=10)
_ANNOUNCE_INTERVAL = timedelta(seconds=30)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class WorkerOptions:
    """The options of a worker.

    stop_grace: how long running jobs may continue after a stop before they are returned to the queue.
    check_interval: how often it checks that the running jobs are still its own; notifications come sooner.
    sweep_interval: how often it looks for jobs that have lost their queue entry.
    error_delay: wait after an unexpected error.
    hashes_file: the list of pictures that must never appear; None for none.
    kept: local folder for what is painted and cannot be stored yet; None keeps it in memory only.
    adapters: local folder for the files of members' adapters; None for an engine that paints with none.
    models: names of the models that it has; jobs for others are left to engines that have them. None: not known.
    """

    queue: QueueOptions = field(default_factory=QueueOptions)
    job: JobOptions = field(default_factory=JobOptions)
    stop_grace: timedelta = timedelta(seconds=10)
    check_interval: timedelta = timedelta(seconds=2)
    sweep_interval: timedelta = timedelta(seconds=30)
    error_delay: timedelta = timedelta(seconds=5)
    hashes_file: Path | None = None
    kept: Path | None = None
    adapters: Path | None = None
    models: frozenset[str] | None = None


async def run_worker(
    *,
    database: Database,
    objects: Objects,
    painter: Painter,
    metrics: Metrics,
    options: WorkerOptions,
    stop: asyncio.Event,
    force_stop: asyncio.Event,
    trainer: AdapterTrainer | None = None,
) -> None:
    """Run jobs until `stop` is set, then finish the running ones and return.

    Running jobs may finish within `stop_grace`; then, or when `force_stop` is set, the rest returns to the queue.
    """
    running_jobs = RunningJobs()
    runner = JobRunner(
        database=database,
        objects=objects,
        painter=painter,
        running_jobs=running_jobs,
        metrics=metrics,
        options=options.job,
        stop=stop,
        kept=KeptResults(folder=options.kept),
        trainer=trainer,
        adapters=options.adapters,
        barred=BarredPictures(options.hashes_file),
        engine=None if options.models is None else Engine(id=new_id(), models=options.models),
    )
    await runner.barred.load()
    # An engine that cannot store does not begin to paint, nor does one whose queue is paused.
    await _check_objects(objects)
    with suppress(StoreUnavailable):
        await _read_pause(database, runner.pause)
    async with (
        _in_background(_keep_checking(objects, options)),
        _in_background(_repeat(_LISTENER_CHECK, partial(_watch_cancels, database, running_jobs))),
        _in_background(_repeat(options.check_interval, partial(_check_running_jobs, database, running_jobs))),
        _in_background(_repeat(options.check_interval, partial(_read_pause, database, runner.pause))),
        _in_background(_repeat(_ANNOUNCE_INTERVAL, partial(_announce, database, runner.engine))),
        _in_background(_repeat(options.sweep_interval, partial(_sweep, database, runner.kept))),
        _in_background(_repeat(options.sweep_interval, partial(_tidy_up, runner))),
        _in_background(_interrupt_after_grace(running_jobs, options.stop_grace, stop, force_stop)),
    ):
        await _keep_queue_running(runner, options)


async def _keep_queue_running(runner: JobRunner, options: WorkerOptions) -> None:
    """Take jobs until the stop; start over when the queue itself fails."""
    handle = partial(_run_or_return, runner, options.error_delay)
    while not runner.stop.is_set():
        error = await result_of(
            run_queue(
                runner.database,
                handle,
                options.queue,
                stop=runner.stop,
                may_take=lambda: runner.objects.problem is None and not runner.pause.is_paused,
            )
        )
        if error is not None:
            _log.error("queue_failed", exc_info=error)
            with suppress(TimeoutError):
                async with asyncio.timeout(options.error_delay.total_seconds()):
                    await runner.stop.wait()


async def _run_or_return(runner: JobRunner, error_delay: timedelta, job_id: UUID) -> timedelta | None:
    """Run the job and return the delay before it is offered again; never raise, so that no job is dropped."""
    result = await result_of(run_job(runner, job_id))
    if isinstance(result, Exception):
        _log.error("job_not_concluded", job=str(job_id), exc_info=result)
        return error_delay
    return result


async def _watch_cancels(database: Database, running_jobs: RunningJobs) -> None:
    async with open_driver(database) as driver:
        await driver.add_listener(CANCELS_CHANNEL, lambda payload: running_jobs.lose(UUID(str(payload))))
        while True:
            # A listener does not notice a lost connection before its next query.
            await driver.fetch("SELECT 1")
            await asyncio.sleep(_LISTENER_CHECK.total_seconds())


async def _check_running_jobs(database: Database, running_jobs: RunningJobs) -> None:
    starts = running_jobs.starts()
    if not starts:
        return
    async with database.begin() as connection:
        held = await read_held(connection, starts)
    for job_id in starts.keys() - held:
        running_jobs.lose(job_id, start=starts[job_id])


async def _announce(database: Database, engine: Engine | None) -> None:
    if engine is not None:
        async with database.begin() as connection:
            await announce_engine(connection, engine)


async def _read_pause(database: Database, pause: QueuePause) -> None:
    async with database.begin() as connection:
        is_paused = await is_queue_paused(connection)
    if is_paused is not pause.is_paused:
        _log.info("queue_paused" if is_paused else "queue_resumed")
        pause.is_paused = is_paused


async def _sweep(database: Database, kept: KeptResults) -> None:
    for job_id in await asyncio.to_thread(kept.job_ids):
        async with database.begin() as connection:
            job = await read_job(connection, job_id)
        if job is None or job.status in FINAL:
            await kept.drop(job_id)
    async with database.begin() as connection:
        orphans = await requeue_orphans(connection)
        await let_all_in(connection)
    if orphans:
        _log.warning("jobs_requeued", count=orphans)
    async with database.begin() as connection:
        await prune_log(connection)


async def _tidy_up(runner: JobRunner) -> None:
    await tidy_up(runner.database, runner.objects, runner.trainer)
    await drop_deleted(runner.database, runner.adapters)


async def _keep_checking(objects: Objects, options: WorkerOptions) -> None:
    """Check the picture store regularly, more often while it cannot be used."""
    while True:
        interval = options.check_interval if objects.problem else _STORE_CHECK
        await asyncio.sleep(interval.total_seconds())
        await _check_objects(objects)


async def _check_objects(objects: Objects) -> None:
    before = objects.problem
    await objects.check()
    if objects.problem and not before:
        _log.warning("picture_store_unavailable", cause=str(objects.problem))
    elif before and not objects.problem:
        _log.info("picture_store_available")


async def _interrupt_after_grace(
    running_jobs: RunningJobs, stop_grace: timedelta, stop: asyncio.Event, force_stop: asyncio.Event
) -> None:
    await stop.wait()
    with suppress(TimeoutError):
        async with asyncio.timeout(stop_grace.total_seconds()):
            await force_stop.wait()
    running_jobs.interrupt()


async def _repeat(interval: timedelta, action: Callable[[], Coroutine[Any, Any, None]]) -> None:
    while True:
        match await result_of(action()):
            case StoreUnavailable() as error:
                _log.warning("store_unavailable", cause=str(error))
            case Exception() as error:
                _log.error("background_task_failed", exc_info=error)
        await asyncio.sleep(interval.total_seconds())


@asynccontextmanager
async def _in_background(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run `work` until the block ends."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
