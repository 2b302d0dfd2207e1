"""Many engines on one Postgres, and a long queue: `python -m tests.bench.scale`.

The engines are simulated: real workers whose painter only waits, so that what is measured is the queue and the store.
Jobs take times of their own, as those of members do; linear is what slots with the same jobs and no queue would take.
"""

from __future__ import annotations

import argparse
import asyncio
import heapq
import logging
import random
import tempfile
import time
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa
import structlog
from prometheus_client import CollectorRegistry
from rich.console import Console
from rich.table import Table

from engine.contract.ids import new_id
from engine.contract.painting import PaintedPictures, PaintRequest, Progress
from engine.store.database import Database, open_database
from engine.store.embedded_postgres import open_embedded
from engine.store.jobs import submit_jobs
from engine.store.objects import open_objects
from engine.worker.loop import WorkerOptions, run_worker
from engine.worker.metrics import create_metrics
from migrations import upgrade
from tests.fakes import FakePainter, request_for

ENGINES = (1, 4, 16)
QUEUED = (100, 100_000)
JOB_SECONDS = (4.0, 12.0)
STEPS = 4
AT_ONCE = WorkerOptions().queue.concurrency
ROUNDS = 5
TAKEN = 60
_BATCH = 1000


class WaitingPainter(FakePainter):
    """Waits as long as the seed of a request says."""

    async def paint(self, request: PaintRequest) -> AsyncGenerator[Progress | PaintedPictures, None]:
        """Yield progress, then the pictures."""
        self.requests.append(request)
        async for event in FakePainter(steps=STEPS, pace=_seconds_of(request.seed) / STEPS).paint(request):
            yield event


def _seconds_of(seed: int) -> timedelta:
    return timedelta(seconds=random.Random(seed).uniform(*JOB_SECONDS))


def _linear(jobs: int, slots: int) -> float:
    """Return the seconds that the jobs take on so many slots, each of which begins the next one at once."""
    ends = [0.0] * slots
    for seed in range(jobs):
        heapq.heapreplace(ends, ends[0] + _seconds_of(seed).total_seconds())
    return max(ends)


async def main() -> None:
    """Print the throughput of 1, 4 and 16 engines, and the seconds for each job with few and with many in the queue."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    throughputs = {number: await _throughput(number) for number in ENGINES}
    table = Table(title=f"Engines of {AT_ONCE} jobs at once, each of {JOB_SECONDS[0]:g} to {JOB_SECONDS[1]:g} s")
    for heading in ("engines", "jobs/s", "of linear", "painted twice"):
        table.add_column(heading, justify="right")
    for number, (rate, twice) in throughputs.items():
        slots = number * AT_ONCE
        linear = slots * ROUNDS / _linear(slots * ROUNDS, slots)
        table.add_row(str(number), f"{rate:.2f}", f"{rate / linear:.2f}", str(twice))
    Console().print(table)
    seconds = {queued: await _seconds_for_each(queued) for queued in QUEUED}
    table = Table(title="From the end of a job to the end of the next, which takes no time to paint")
    for heading in ("queued", "ms", "of the first"):
        table.add_column(heading, justify="right")
    for queued, each in seconds.items():
        table.add_row(f"{queued:,}", f"{each * 1000:.1f}", f"{each / seconds[QUEUED[0]]:.2f}")
    Console().print(table)


async def _throughput(number: int) -> tuple[float, int]:
    """Return the jobs a second of so many engines, and how many jobs were painted more than once."""
    painters = [WaitingPainter() for _ in range(number)]
    async with _service() as (url, home), _engines(url, home, painters), open_database(url, pool_size=2) as database:
        # Each has its connections and listens before the clock starts.
        await asyncio.sleep(2)
        total = number * AT_ONCE * ROUNDS
        start = time.perf_counter()
        await _submit(database, total)
        while await _count_unfinished(database):  # noqa: ASYNC110  what is waited for lies in the database
            await asyncio.sleep(0.1)
        rate = total / (time.perf_counter() - start)
    painted = Counter(request.job_id for painter in painters for request in painter.requests)
    return rate, sum(count > 1 for count in painted.values())


async def _seconds_for_each(queued: int) -> float:
    """Return the seconds that each of the first jobs of a queue takes, with a painter that takes no time."""
    async with _service() as (url, home), open_database(url, pool_size=2) as database:
        await _submit(database, queued)
        async with database.autocommit() as connection:
            # As autovacuum does within a minute.
            await connection.execute(sa.text("ANALYZE"))
        async with _engines(url, home, [FakePainter(pace=timedelta(0))]):
            await _until_finished(database, TAKEN // 3)
            start = time.perf_counter()
            await _until_finished(database, TAKEN)
            return (time.perf_counter() - start) / (TAKEN - TAKEN // 3)


async def _until_finished(database: Database, number: int) -> None:
    query = sa.text("SELECT count(*) FROM (SELECT FROM jobs WHERE ended_at IS NOT NULL LIMIT :number) AS ended")
    while True:
        async with database.begin() as connection:
            if (await connection.execute(query, {"number": number})).scalar_one() >= number:
                return
        await asyncio.sleep(0.05)


@asynccontextmanager
async def _service() -> AsyncIterator[tuple[str, Path]]:
    """Yield the URL of an empty database, and a folder."""
    with tempfile.TemporaryDirectory(prefix="easel-bench-") as text:
        home = Path(text)
        async with open_embedded(home / "postgres") as url:
            await upgrade(url)
            yield url, home


@asynccontextmanager
async def _engines(url: str, home: Path, painters: Sequence[FakePainter]) -> AsyncIterator[None]:
    """Run a worker for each painter until the block ends, each with connections of its own, as an engine has."""
    stop = asyncio.Event()
    async with AsyncExitStack() as stack:
        databases = [await stack.enter_async_context(open_database(url, pool_size=3)) for _ in painters]
        tasks = [
            asyncio.create_task(
                run_worker(
                    database=database,
                    objects=open_objects((home / "pictures").as_uri()),
                    painter=painter,
                    metrics=create_metrics(CollectorRegistry()),
                    options=WorkerOptions(),
                    stop=stop,
                    force_stop=stop,
                )
            )
            for database, painter in zip(databases, painters, strict=True)
        ]
        try:
            yield
        finally:
            stop.set()
            await asyncio.gather(*tasks)


async def _submit(database: Database, number: int) -> None:
    for start in range(0, number, _BATCH):
        member = new_id()
        requests = [request_for(member, seed=seed) for seed in range(start, min(start + _BATCH, number))]
        async with database.begin(limit=None) as connection:
            await submit_jobs(connection, requests)


async def _count_unfinished(database: Database) -> int:
    async with database.begin() as connection:
        query = sa.text("SELECT count(*) FROM jobs WHERE ended_at IS NULL")
        return int((await connection.execute(query)).scalar_one())


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__).parse_args()
    asyncio.run(main())
