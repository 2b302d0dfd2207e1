"""What running a job needs, and the waits on its stores."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import structlog

from engine.contract.errors import StoreUnavailable
from engine.contract.painting import Painter
from engine.contract.training import AdapterTrainer
from engine.hash_list import BarredPictures
from engine.store.database import Database
from engine.store.engines import Engine
from engine.store.objects import Objects
from engine.worker.admission import Admission
from engine.worker.kept_results import KeptResults
from engine.worker.leases import RunningJobs
from engine.worker.metrics import Metrics

Result = TypeVar("Result")

_LONGEST_WAIT = timedelta(seconds=5)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class JobOptions:
    """How a worker runs a job.

    progress_interval: shortest time between two records of a job's progress.
    retry_delay: wait before the second attempt; doubles with each attempt, and is multiplied by 0.5 to 1.5 at random.
    storage_timeout: how long a job waits to read its source while the picture store is down before it returns to the
        queue, for as long again.
    training_patience: how long a training waits while others paint, before it has a turn beside them.
    training_turn: how long that is at least; each turn begins with loading the model.
    """

    progress_interval: timedelta = timedelta(seconds=0.7)
    retry_delay: timedelta = timedelta(seconds=2)
    storage_timeout: timedelta = timedelta(minutes=1)
    training_patience: timedelta = timedelta(minutes=30)
    training_turn: timedelta = timedelta(minutes=5)


@dataclass(kw_only=True)
class QueuePause:
    """Whether an operator has paused the queue, as last read."""

    is_paused: bool = False


@dataclass(frozen=True, kw_only=True)
class JobRunner:
    """What it takes to run jobs.

    stop: set when the engine is to stop. engine: this one, with its models; None if these are not known.
    trainer: None for an engine that trains nothing. adapters: folder for the files of members' adapters.
    """

    database: Database
    objects: Objects
    painter: Painter
    running_jobs: RunningJobs
    metrics: Metrics
    options: JobOptions
    stop: asyncio.Event
    admission: Admission = field(default_factory=Admission)
    engine: Engine | None = None
    pause: QueuePause = field(default_factory=QueuePause)
    kept: KeptResults = field(default_factory=KeptResults)
    barred: BarredPictures = field(default_factory=BarredPictures)
    trainer: AdapterTrainer | None = None
    adapters: Path | None = None


async def with_objects(runner: JobRunner, action: Callable[[], Awaitable[Result]]) -> Result:
    """Return the result of `action` on the picture store, retrying within `storage_timeout` while the store is down.

    Raises: StoreUnavailable when it stays down or answers too slowly.
    """
    try:
        async with asyncio.timeout(runner.options.storage_timeout.total_seconds()):
            return await retry_while_down(action)
    except TimeoutError as error:
        raise StoreUnavailable(cause="the picture store is still down") from error


async def retry_while_down(action: Callable[[], Awaitable[Result]], *, stop: asyncio.Event | None = None) -> Result:
    """Return the result of `action`, retrying for as long as the store is down.

    Raises: StoreUnavailable when it is still down after `stop` is set.
    """
    wait = timedelta(seconds=0.1)
    while True:
        try:
            return await action()
        except StoreUnavailable as error:
            if stop is not None and stop.is_set():
                raise
            _log.warning("store_unavailable", cause=str(error))
        await asyncio.sleep(wait.total_seconds())
        wait = min(wait * 2, _LONGEST_WAIT)
