"""Runs the engine process: database, picture store, painter, health and worker, until `stop` is set."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Protocol

import structlog
from prometheus_client import CollectorRegistry

from engine.contract.errors import TransientError
from engine.contract.painting import Painter
from engine.contract.training import AdapterTrainer
from engine.health import Probe, open_health
from engine.process_metrics import register_process_metrics
from engine.store.database import Database, open_database
from engine.store.objects import Objects, open_objects, problem_of
from engine.worker.loop import WorkerOptions, run_worker
from engine.worker.metrics import create_metrics

_PAINTER_RETRY_SECONDS = 1.0

_log = structlog.get_logger(__name__)


class LoadedPainter(Painter, Protocol):
    """A painter that takes a while to load and may have to restart."""

    @property
    def is_ready(self) -> bool:
        """Whether it can paint now."""
        ...

    async def wait_ready(self) -> None:
        """Wait until it can paint.

        Raises: OperatorError or RequestError when it cannot load, TransientError when it was lost while loading.
        """
        ...


PainterOpener = Callable[[], AbstractAsyncContextManager[LoadedPainter]]


@dataclass(frozen=True, kw_only=True)
class EngineOptions:
    """The options of an engine.

    health: host and port of the health pages, port 0 for a free one; None serves none.
    connections: the most that it opens to Postgres, at least 3.
    connection_name: what Postgres calls them.
    database_folder: of an embedded Postgres; None for another.
    listen_url: of the same database, for notifications, where `database_url` is that of a pooler.
    home: the folder whose disk the metrics watch.
    models: names of the models that it has.
    """

    database_url: str
    storage_url: str
    listen_url: str | None = None
    connections: int = 5
    connection_name: str | None = None
    database_folder: Path | None = None
    health: tuple[str, int] | None = None
    home: Path = Path("/")
    models: tuple[str, ...] = ()
    worker: WorkerOptions = field(default_factory=WorkerOptions)


async def _ignore(_: Database) -> None: ...


async def serve(
    options: EngineOptions,
    open_painter: PainterOpener,
    *,
    stop: asyncio.Event,
    force_stop: asyncio.Event,
    announce_ready: Callable[[], None],
    on_open: Callable[[Database], Awaitable[None]] = _ignore,
    trainer: AdapterTrainer | None = None,
) -> None:
    """Paint jobs from the queue until `stop` is set; see `run_worker` for what `stop` and `force_stop` guarantee.

    announce_ready: called once, when the painter is loaded and takes jobs.
    on_open: awaited before, with the pool. trainer: None for an engine that trains nothing.

    Raises: OperatorError or RequestError when the painter cannot start, SettingsInvalid when an option is invalid,
        PictureStoreUnavailable when the picture store overwrites what it is told to create only.
    """
    registry = CollectorRegistry()
    metrics = create_metrics(registry, options.models)
    objects = open_objects(options.storage_url)
    # Jobs hold one only to write; the queue and the cancellations each listen on one outside the pool.
    pool_size = options.connections - 2
    async with (
        open_database(
            options.database_url,
            listen_url=options.listen_url,
            pool_size=pool_size,
            name=options.connection_name,
            data=options.database_folder,
        ) as database,
        open_painter() as painter,
        _health(options, registry, partial(_find_problem, database, objects, painter, stop)),
    ):
        register_process_metrics(registry, database, objects, options.home)
        await on_open(database)
        await objects.require_creating_only()
        if not await _wait_ready(painter, stop):
            return
        _log.info("engine_ready", concurrency=options.worker.queue.concurrency)
        announce_ready()
        await run_worker(
            database=database,
            objects=objects,
            painter=painter,
            metrics=metrics,
            options=replace(options.worker, models=frozenset(options.models) or None),
            stop=stop,
            force_stop=force_stop,
            trainer=trainer,
        )


@asynccontextmanager
async def _health(options: EngineOptions, registry: CollectorRegistry, find_problem: Probe) -> AsyncIterator[None]:
    if options.health is None:
        yield
        return
    host, port = options.health
    async with open_health(host, port, registry, find_problem) as bound:
        _log.info("health_served", address=f"http://{host}:{bound}")
        yield


async def _wait_ready(painter: LoadedPainter, stop: asyncio.Event) -> bool:
    """Return whether the painter became ready before `stop` was set."""
    stopping = asyncio.create_task(stop.wait())
    loading = asyncio.create_task(_load(painter))
    try:
        await asyncio.wait((stopping, loading), return_when=asyncio.FIRST_COMPLETED)
        if loading.done():
            loading.result()
        return loading.done()
    finally:
        stopping.cancel()
        loading.cancel()


async def _load(painter: LoadedPainter) -> None:
    while True:
        try:
            await painter.wait_ready()
        except TransientError as error:
            _log.warning("painter_lost_while_loading", cause=str(error))
            await asyncio.sleep(_PAINTER_RETRY_SECONDS)
        else:
            return


async def _find_problem(
    database: Database, objects: Objects, painter: LoadedPainter, stop: asyncio.Event
) -> str | None:
    if stop.is_set():
        return "stopping"
    if not painter.is_ready:
        return "the painter is not loaded"
    return await database.find_problem() or problem_of(objects)
