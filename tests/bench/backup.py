"""`easel backup` against `pg_dump` and copying the files: how fast a service is backed up, first and again.

`python -m tests.bench.backup`.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import shutil
import tempfile
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.table import Table

from easel.commands.backup import backup
from easel.output import Output
from engine.contract.ids import new_id
from engine.settings import EngineSettings
from engine.store.database import Database, open_database
from engine.store.embedded_postgres import open_embedded
from engine.store.jobs import submit_job
from engine.store.objects import Objects, open_objects
from engine.store.postgres_tools import dump, server_version
from engine.store.transitions import finish_job, start_job
from migrations import upgrade
from tests.engine.store.stages import picture_of
from tests.fakes import request_for

PICTURE_BYTES = 100_000
QUIET = Output(quiet=True)


async def main(pictures: int, rounds: int) -> None:
    """Print the seconds of each way, best of `rounds`, and their ratios."""
    with tempfile.TemporaryDirectory(prefix="easel-bench-") as home:
        place = Path(home)
        settings = EngineSettings.model_construct(
            home=place, database_url=None, storage_url=(place / "pictures").as_uri(), log_format="console"
        )
        async with open_embedded(place / "postgres") as url:
            await upgrade(url)
            async with open_database(url, pool_size=2) as database:
                await _fill(database, open_objects(settings.storage_url), pictures)
            ways: dict[str, Callable[[], Awaitable[object]]] = {
                "pg_dump, then copying the files": partial(_by_hand, url, place),
                "easel backup": partial(backup, place / "out", settings, QUIET),
            }
            best = dict.fromkeys(ways, float("inf"))
            for _ in range(rounds):
                for name, run in ways.items():
                    shutil.rmtree(place / "out", ignore_errors=True)
                    best[name] = min(best[name], await _seconds(run))
            best["easel backup, again"] = await _seconds(ways["easel backup"])
    _show(best, pictures)


async def _fill(database: Database, objects: Objects, pictures: int) -> None:
    for number in range(pictures // 4):
        async with database.begin() as connection:
            job = await submit_job(connection, request_for(new_id()))
            await start_job(connection, job.id)
            stored = [await _picture(objects, number * 4 + slot) for slot in range(4)]
            rows = [picture_of(job, slot, key) for slot, key in enumerate(stored)]
            await finish_job(connection, job.id, rows, stored[0], "image/jpeg")


async def _picture(objects: Objects, seed: int) -> str:
    return await objects.put(random.Random(seed).randbytes(PICTURE_BYTES), ".png")


async def _by_hand(url: str, place: Path) -> None:
    (place / "out").mkdir()
    await dump(url, place / "out" / "easel.dump", await server_version(url))
    await asyncio.to_thread(shutil.copytree, place / "pictures", place / "out" / "pictures")


async def _seconds(run: Callable[[], Awaitable[object]]) -> float:
    start = time.perf_counter()
    await run()
    return time.perf_counter() - start


def _show(seconds: dict[str, float], pictures: int) -> None:
    first = next(iter(seconds.values()))
    table = Table(title=f"Backing up {pictures:,} pictures of {PICTURE_BYTES // 1000} kB")
    for heading in ("way", "seconds", "speed, of the first"):
        table.add_column(heading, justify="left" if heading == "way" else "right")
    for name, taken in seconds.items():
        table.add_row(name, f"{taken:.1f}", f"{first / taken:.2f}")
    Console().print(table)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    asyncio.run(main(asked.pictures, asked.rounds))
