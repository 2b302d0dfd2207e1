"""The engine end to end over its painter alone, the starter on the CPU: `python -m tests.bench.engine [--pairs 12]`.

Both paint in the same child process and take turns, so that what else the machine does stretches them alike; each
ratio is the median over the pairs. CPU time is that of this process, the painting child and Postgres together.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from uuid import UUID

import psutil
import structlog
from prometheus_client import CollectorRegistry
from rich.console import Console
from rich.table import Table

from engine.contract.ids import new_id
from engine.contract.jobs import FINAL, JobStatus
from engine.contract.painting import PaintedPictures
from engine.painter.output.images import grid_from_pixels, png_from_pixels
from engine.painter.process.supervisor import SupervisedPainter, supervise
from engine.store.database import Database, open_database
from engine.store.embedded_postgres import open_embedded
from engine.store.jobs import JOBS_CHANNEL, read_job, submit_job
from engine.store.objects import Objects, open_objects
from engine.worker.loop import WorkerOptions, run_worker
from engine.worker.metrics import create_metrics
from migrations import upgrade
from tests.engine.painter.requests import paint_request, painted, pixels
from tests.fakes import request_for

PROMPT = "a red circle on a blue background"
TOGETHER = 4
TO_REACH = "at most 1.05"


@dataclass(frozen=True, kw_only=True)
class Spent:
    """Seconds by the clock, and of CPU in all processes."""

    clock: float
    cpu: float


@dataclass(frozen=True, kw_only=True)
class Pair:
    """The same pictures by the painter alone and by the whole engine, one right after the other."""

    alone: Spent
    engine: Spent


async def main(pairs: int) -> None:
    """Print a table with a line for one job at a time and one for several at once."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with tempfile.TemporaryDirectory(prefix="easel-bench-") as folder:
        home = Path(folder)
        async with (
            open_embedded(home / "postgres") as url,
            _tables(url) as database,
            supervise() as painter,
            _worker(database, open_objects((home / "pictures").as_uri()), painter),
            _ears(database) as ears,
        ):
            bench = Bench(database, painter, ears, _processes(painter, home / "postgres"))
            encoding = encoding_of(await bench.warm_up())
            one = [await bench.pair(1, number) for number in range(pairs)]
            several = [await bench.pair(TOGETHER, number) for number in range(max(2, pairs // TOGETHER))]
    _show({"one grid": (one, 1), f"{TOGETHER} grids at once": (several, TOGETHER)}, encoding)


# What waits for news of a job, by its id.
Ears = dict[UUID, asyncio.Event]


class Bench:
    """What is measured, and the processes whose CPU time counts."""

    def __init__(
        self, database: Database, painter: SupervisedPainter, ears: Ears, processes: Callable[[], Sequence[int]]
    ) -> None:
        self._database, self._painter, self._ears, self._processes = database, painter, ears, processes

    async def warm_up(self) -> PaintedPictures:
        """Paint once each way, and return the pictures."""
        await self._through_engine(0)
        return await painted(self._painter, paint_request(PROMPT))

    async def pair(self, jobs: int, number: int) -> Pair:
        """Measure both ways; which comes first changes from pair to pair."""
        spent: dict[str, Spent] = {}
        ways = {"alone": self._alone, "engine": self._through_engine}
        for name in sorted(ways, reverse=bool(number % 2)):
            spent[name] = await self._measured([ways[name](seed) for seed in range(jobs)])
        return Pair(**spent)

    async def _measured(self, work: Sequence[Awaitable[None]]) -> Spent:
        pids = self._processes()
        clock, cpu = time.perf_counter(), cpu_seconds(pids)
        await asyncio.gather(*work)
        return Spent(clock=time.perf_counter() - clock, cpu=cpu_seconds(pids) - cpu)

    async def _alone(self, seed: int) -> None:
        await painted(self._painter, paint_request(PROMPT, seed=seed))

    async def _through_engine(self, seed: int) -> None:
        """Submit a job, and return when its end has been announced and read."""
        request = request_for(new_id(), PROMPT, seed=seed)
        changed = self._ears[request.id] = asyncio.Event()
        async with self._database.begin() as connection:
            job = await submit_job(connection, request)
        while job.status not in FINAL:
            await changed.wait()
            changed.clear()
            async with self._database.begin() as connection:
                job = await read_job(connection, request.id) or job
        del self._ears[request.id]
        assert job.status is JobStatus.FINISHED, job.cause


@asynccontextmanager
async def _tables(url: str) -> AsyncIterator[Database]:
    await upgrade(url)
    async with open_database(url, pool_size=WorkerOptions().queue.concurrency + 4) as database:
        yield database


@asynccontextmanager
async def _ears(database: Database) -> AsyncIterator[Ears]:
    """Yield what one standing listener sets, as the bot has one."""
    ears: Ears = {}

    def hear(_connection: object, _pid: object, _channel: object, payload: object) -> None:
        ears.get(UUID(str(payload)), asyncio.Event()).set()

    connection = await database.listen()
    await connection.add_listener(JOBS_CHANNEL, hear)
    try:
        yield ears
    finally:
        await connection.close()


@asynccontextmanager
async def _worker(database: Database, objects: Objects, painter: SupervisedPainter) -> AsyncIterator[None]:
    stop = asyncio.Event()
    metrics, options = create_metrics(CollectorRegistry()), WorkerOptions()
    work = run_worker(
        database=database,
        objects=objects,
        painter=painter,
        metrics=metrics,
        options=options,
        stop=stop,
        force_stop=asyncio.Event(),
    )
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        stop.set()
        await task


def _processes(painter: SupervisedPainter, postgres: Path) -> Callable[[], Sequence[int]]:
    server = psutil.Process(int((postgres / "data" / "postmaster.pid").read_text().splitlines()[0]))

    def pids() -> Sequence[int]:
        child = [] if painter.pid is None else [painter.pid]
        return [os.getpid(), *child, server.pid, *(one.pid for one in server.children(recursive=True))]

    return pids


def cpu_seconds(pids: Sequence[int]) -> float:
    """Return the CPU time that the processes have used; those that have ended are counted by their parents."""
    spent = 0.0
    for pid in pids:
        try:
            times = psutil.Process(pid).cpu_times()
        except psutil.NoSuchProcess:
            continue
        spent += times.user + times.system
    return spent


def encoding_of(result: PaintedPictures) -> Spent:
    """Return what making files of a grid's pictures takes, which the painter does beside painting."""
    pictures = [pixels(picture.png) for picture in result.pictures]
    clock, cpu = time.perf_counter(), time.process_time()
    for _ in range(10):
        grid_from_pixels(pictures)
        for picture in pictures:
            png_from_pixels(picture, PROMPT)
    return Spent(clock=(time.perf_counter() - clock) / 10, cpu=(time.process_time() - cpu) / 10)


def _show(measured: dict[str, tuple[list[Pair], int]], encoding: Spent) -> None:
    table = Table(title="The engine end to end over its painter alone, medians over pairs")
    for heading in ("what", "to reach", "by the clock", "in CPU time", "painter alone", "engine"):
        table.add_column(heading, justify="left" if heading == "what" else "right")
    for what, (pairs, grids) in measured.items():
        for note, off in (("", 0.0), (", painter's encoding taken off", 1.0)):
            clock = _ratio([(pair.engine.clock, pair.alone.clock - off * grids * encoding.clock) for pair in pairs])
            cpu = _ratio([(pair.engine.cpu, pair.alone.cpu - off * grids * encoding.cpu) for pair in pairs])
            alone = median(pair.alone.clock - off * grids * encoding.clock for pair in pairs)
            whole = median(pair.engine.clock for pair in pairs)
            table.add_row(what + note, TO_REACH, clock, cpu, f"{alone:.3f} s", f"{whole:.3f} s")
    Console(width=140).print(table)
    print(f"Encoding a grid: {encoding.clock * 1000:.1f} ms, {encoding.cpu * 1000:.1f} ms of CPU. Load: {_load()}.")


def _ratio(pairs: Sequence[tuple[float, float]]) -> str:
    return f"{median(engine / alone for engine, alone in pairs):.3f}"


def _load() -> str:
    return " ".join(f"{load:.1f}" for load in os.getloadavg()) + f" on {os.cpu_count()} cores"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=12)
    asyncio.run(main(**vars(parser.parse_args())))
