"""An engine in the test's own process, with a fake painter and options short enough to wait for.

Its lease is not among these: on a busy machine a short one ends while its engine lives.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from engine.contract.painting import Painter
from engine.contract.training import AdapterTrainer
from engine.store.database import Database
from engine.store.objects import Objects
from engine.store.queue import QueueOptions
from engine.worker.loop import WorkerOptions, run_worker
from engine.worker.metrics import create_metrics
from engine.worker.run_job import JobOptions

QUICK = WorkerOptions(
    queue=QueueOptions(concurrency=4, lease=timedelta(minutes=5), poll=timedelta(seconds=0.2)),
    job=JobOptions(progress_interval=timedelta(0), retry_delay=timedelta(seconds=0.05)),
    stop_grace=timedelta(minutes=5),
    check_interval=timedelta(seconds=0.2),
    sweep_interval=timedelta(seconds=0.2),
    error_delay=timedelta(seconds=0.05),
)


@dataclass(frozen=True, kw_only=True)
class Engine:
    """A running engine's task and how to stop it."""

    task: asyncio.Task[None]
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    force_stop: asyncio.Event = field(default_factory=asyncio.Event)


EngineStarter = Callable[..., AbstractAsyncContextManager[Engine]]


@pytest.fixture(autouse=True)
def no_unexpected_errors() -> Iterator[None]:
    """What a loop survives it also logs; here nothing may need surviving."""
    with capture_logs() as entries:
        yield
    assert [entry for entry in entries if entry["log_level"] == "error"] == []


@pytest.fixture
def start_engine(database: Database, objects: Objects) -> EngineStarter:
    """Return what starts an engine on the test's database; leaving its block stops it at once."""

    @asynccontextmanager
    async def start(
        painter: Painter,
        *,
        options: WorkerOptions = QUICK,
        store: Objects = objects,
        on: Database = database,
        registry: CollectorRegistry | None = None,
        trainer: AdapterTrainer | None = None,
    ) -> AsyncIterator[Engine]:
        stop, force_stop = asyncio.Event(), asyncio.Event()
        work = run_worker(
            database=on,
            objects=store,
            painter=painter,
            metrics=create_metrics(registry or CollectorRegistry()),
            options=options,
            stop=stop,
            force_stop=force_stop,
            trainer=trainer,
        )
        task = asyncio.create_task(work)
        try:
            yield Engine(task=task, stop=stop, force_stop=force_stop)
        finally:
            stop.set()
            force_stop.set()
            with suppress(asyncio.CancelledError):
                await task

    return start
