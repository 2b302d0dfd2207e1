"""How long `/info` takes to read beside many jobs: `python -m tests.bench.info --jobs 1000000`.

The database is that of `tests.bench.filling`; its newest member has one job in fifty. Actions and charges are added.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from pathlib import Path

import sqlalchemy as sa
from rich.console import Console

from bot.store.own_summary import read_own_summary
from engine.store.database import Database, open_database
from engine.store.embedded_postgres import open_embedded
from migrations import upgrade
from tests.bench.filling import MEMBERS, fill
from tests.bench.plans import plans_of

WHO = {"one of ten jobs": 5, "one of 20,000": 1, "nobody yet": 10_000_000}

_MORE = """
    SELECT add_feedback_month('actions', date_trunc('month', now())::date);
    INSERT INTO actions (press_id, message_id, member_id, verb, job_id, value, shown_pictures, shown_slots, surface,
        is_owner, may_train, may_publish, at)
    SELECT feedback_bound('actions', date_trunc('month', now())::date)::bigint + turn, turn, member_id, 'rate', id, 1,
        '{}', '{}', 'guild', true, false, false, now() FROM jobs;
    INSERT INTO gpu_days (member_id, guild_id, day, seconds)
    SELECT id, 77, current_date - n, 10 FROM members, generate_series(0, 9) AS n;
    INSERT INTO charges (job_id, member_id, guild_id, rate)
    SELECT id, member_id, 77, 1 FROM jobs WHERE turn % 1000 = 0;
    ANALYZE
"""


async def main(jobs: int, times: int, *, explains: bool) -> None:
    """Print the times, and how Postgres finds the rows."""
    console = Console(width=200)
    with tempfile.TemporaryDirectory(prefix="easel-bench-") as home:
        async with open_embedded(Path(home)) as url:
            await upgrade(url)
            async with open_database(url, pool_size=2) as database:
                await fill(database, jobs)
                for statement in _MORE.split(";"):
                    async with database.engine.begin() as connection:
                        await connection.execute(sa.text(statement))
                console.print(f"{jobs:,} jobs, {MEMBERS:,} members")
                for name, discord_id in WHO.items():
                    await _measure(console, database, name, discord_id, times, explains=explains)


async def _measure(
    console: Console, database: Database, name: str, discord_id: int, times: int, *, explains: bool
) -> None:
    seconds = []
    for _ in range(times):
        began = time.perf_counter()
        async with database.begin() as connection:
            found = await read_own_summary(connection, discord_id, 77, (), limit=10)
        seconds.append(time.perf_counter() - began)
    middle, first, late = 1000 * statistics.median(seconds), 1000 * seconds[0], 1000 * max(seconds[1:])
    console.print(
        f"{name}: {found.num_jobs} jobs, {found.num_votes} votes; first {first:.1f} ms, median {middle:.1f} ms,"
        f" most {late:.1f} ms"
    )
    if explains:
        plans = await plans_of(database, lambda connection: read_own_summary(connection, discord_id, 77, (), limit=10))
        console.print(plans, markup=False)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--explain", action="store_true")
    asked = parser.parse_args()
    asyncio.run(main(asked.jobs, asked.times, explains=asked.explain))
