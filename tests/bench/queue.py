"""Jobs per second through queue, worker and store with a painter that takes no time: `python -m tests.bench.queue`.

The reference is PgQueuer alone, handing out entries of the same queue to a handler that does nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import tempfile
import time
from datetime import timedelta
from pathlib import Path

import asyncpg
import sqlalchemy as sa
import structlog
from pgqueuer import QueueManager
from pgqueuer.domain.models import Job as Entry
from pgqueuer.domain.types import QueueExecutionMode
from pgqueuer.queries import Queries
from prometheus_client import CollectorRegistry
from rich.console import Console
from rich.table import Table

from engine.contract.ids import new_id
from engine.store.database import Database, open_database
from engine.store.embedded_postgres import open_embedded
from engine.store.jobs import submit_job
from engine.store.objects import Objects, open_objects
from engine.store.queue import ENTRYPOINT, QueueOptions
from engine.worker.loop import WorkerOptions, run_worker
from engine.worker.metrics import create_metrics
from migrations import upgrade
from tests.fakes import FakePainter, request_for


async def main(jobs: int, concurrency: int) -> None:
    """Print a table with a line for each part of the way."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with tempfile.TemporaryDirectory(prefix="easel-bench-") as home:
        async with open_embedded(Path(home) / "postgres") as url:
            await upgrade(url)
            async with open_database(url, pool_size=concurrency + 4) as database:
                rates = {"PgQueuer alone": await _rate_alone(url, jobs, concurrency)}
                rates["submitted"] = await _rate_submitting(database, jobs)
                objects = open_objects((Path(home) / "pictures").as_uri())
                rates["painted, stored and finished"] = await _rate_working(database, objects, jobs, concurrency)
    _show(rates, concurrency)


async def _rate_alone(url: str, jobs: int, concurrency: int) -> float:
    connection = await asyncpg.connect(url)
    queries = Queries.from_asyncpg_connection(connection)
    await queries.enqueue([ENTRYPOINT] * jobs, [b""] * jobs, [0] * jobs)
    manager = QueueManager(queries)

    async def nothing(_entry: Entry) -> None: ...

    manager.entrypoint(ENTRYPOINT, accepts_context=False)(nothing)
    start = time.perf_counter()
    await manager.run(
        batch_size=1,
        max_concurrent_tasks=concurrency,
        mode=QueueExecutionMode.drain,
        dequeue_timeout=timedelta(seconds=0.2),
    )
    took = time.perf_counter() - start
    await connection.close()
    return jobs / took


async def _rate_submitting(database: Database, jobs: int) -> float:
    start = time.perf_counter()
    for number in range(jobs):
        async with database.begin() as connection:
            await submit_job(connection, request_for(new_id(), seed=4 * number))
    return jobs / (time.perf_counter() - start)


async def _rate_working(database: Database, objects: Objects, jobs: int, concurrency: int) -> float:
    stop = asyncio.Event()
    work = run_worker(
        database=database,
        objects=objects,
        painter=FakePainter(),
        metrics=create_metrics(CollectorRegistry()),
        options=WorkerOptions(queue=QueueOptions(concurrency=concurrency)),
        stop=stop,
        force_stop=asyncio.Event(),
    )
    start = time.perf_counter()
    task = asyncio.create_task(work)
    while await _count_unfinished(database):  # noqa: ASYNC110  what is waited for lies in the database
        await asyncio.sleep(0.1)
    took = time.perf_counter() - start
    stop.set()
    await task
    return jobs / took


async def _count_unfinished(database: Database) -> int:
    async with database.begin() as connection:
        query = sa.text("SELECT count(*) FROM jobs WHERE status IN ('waiting', 'running')")
        return int((await connection.execute(query)).scalar_one())


def _show(rates: dict[str, float], concurrency: int) -> None:
    table = Table(title=f"Jobs per second, {concurrency} at once")
    for heading in ("part", "jobs/s", "of PgQueuer alone"):
        table.add_column(heading, justify="left" if heading == "part" else "right")
    for name, rate in rates.items():
        table.add_row(name, f"{rate:,.1f}", f"{rate / rates['PgQueuer alone']:.2f}")
    Console().print(table)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=300)
    parser.add_argument("--concurrency", type=int, default=8)
    asyncio.run(main(**vars(parser.parse_args())))
