"""What the API adds to the painter's own time for one grid of the starter: `python -m tests.bench.api`.

OpenAI's client asks for a grid as base64, over HTTP, with Postgres, queue, worker and picture store on the way; the
reference is the same request to the same painter alone, right before or after it. To reach: at most 1.05.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import structlog
from openai import AsyncOpenAI
from rich.console import Console
from rich.table import Table

from api.serve import ApiOptions, serve
from engine.painter.process.supervisor import SupervisedPainter, supervise
from engine.prompt import Limits
from engine.store.api_keys import KeyOptions, create_key
from engine.store.database import Database, open_database
from engine.store.embedded_postgres import open_embedded
from engine.store.objects import Objects, open_objects
from engine.worker.loop import WorkerOptions
from migrations import upgrade
from tests.api.conftest import running_engine
from tests.engine.painter.requests import paint_request, painted

PROMPT = "a red circle on a blue background"
TO_REACH = "at most 1.05"


async def main(pairs: int) -> None:
    """Print what a grid takes both ways."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with tempfile.TemporaryDirectory(prefix="easel-bench-") as folder:
        home = Path(folder)
        objects = open_objects((home / "pictures").as_uri())
        async with open_embedded(home / "postgres") as url:
            await upgrade(url)
            async with (
                open_database(url) as database,
                supervise() as painter,
                running_engine(database, objects, painter, WorkerOptions()),
                _client(database, objects, home) as client,
            ):
                await _through_api(client, 0)
                await painted(painter, paint_request(PROMPT))
                measured = [await _pair(client, painter, number) for number in range(1, pairs + 1)]
    _show(measured)


async def _pair(client: AsyncOpenAI, painter: SupervisedPainter, number: int) -> tuple[float, float]:
    """Return the seconds of the painter alone and of the API; which comes first changes from pair to pair."""
    spent = {}
    for way in ("alone", "api") if number % 2 else ("api", "alone"):
        start = time.perf_counter()
        if way == "api":
            await _through_api(client, number)
        else:
            await painted(painter, paint_request(PROMPT, seed=number))
        spent[way] = time.perf_counter() - start
    return spent["alone"], spent["api"]


async def _through_api(client: AsyncOpenAI, seed: int) -> None:
    images = await client.images.generate(prompt=PROMPT, n=4, extra_body={"seed": seed})
    assert images.data is not None and len(images.data) == 4


@asynccontextmanager
async def _client(database: Database, objects: Objects, home: Path) -> AsyncIterator[AsyncOpenAI]:
    stop, ready = asyncio.Event(), asyncio.get_running_loop().create_future()
    address = ("127.0.0.1", 0)
    options = ApiOptions(address=address, health=address, home=home, limits=Limits())
    serving = asyncio.create_task(serve(options, database, objects, stop=stop, announce_ready=ready.set_result))
    async with database.begin() as connection:
        created = await create_key(connection, KeyOptions(name="bench", jobs_per_day=10**6))
    assert created is not None
    async with AsyncOpenAI(base_url=f"{await ready}/v1", api_key=created[1]) as client:
        yield client
    stop.set()
    await serving


def _show(measured: list[tuple[float, float]]) -> None:
    ratio = statistics.median(api / alone for alone, api in measured)
    alone, api = (statistics.median(column) for column in zip(*measured, strict=True))
    table = Table(title=f"One grid, medians of {len(measured)} pairs")
    for heading in ("painter alone, s", "API, s", "API / painter", "to reach"):
        table.add_column(heading, justify="right")
    table.add_row(f"{alone:.3f}", f"{api:.3f}", f"{ratio:.3f}", TO_REACH)
    Console().print(table)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=20, help="pairs of grids to paint")
    asyncio.run(main(parser.parse_args().pairs))
