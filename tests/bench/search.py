"""How long `/history`, `/search` and `/gallery` take to find a page: `python -m tests.bench.search --jobs 1000000`.

A grid of every job, in the channels of a hundred servers, of which one has half of them. The newest member has one in
fifty, and prompts have words of every rarity: in most of them, in one of a thousand, in a few, and in the older half.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from pathlib import Path
from uuid import UUID

from rich.console import Console
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.finding.pages import Asker, FoundPage, find_best_page, find_page
from bot.store.finding.wanted import BestOf, Wanted
from bot.store.ranking.grids import Place
from engine.store.database import Database, open_database
from tests.bench.filling import CHANNELS, MEMBERS, open_filled
from tests.bench.plans import plans_of

BUSY, USUAL = UUID(int=1), UUID(int=5)
GOAL = timedelta(milliseconds=50)

BUSY_SERVER = Place(channel_ids=tuple(range(1, CHANNELS + 1)), is_nsfw=False)
QUIET_SERVER = Place(channel_ids=tuple(range(1000, 1010)), is_nsfw=False)
# As many channels as the bot looks into, and most of them without a picture.
WIDE_SERVER = Place(channel_ids=(*BUSY_SERVER.channel_ids, *range(10_000, 10_150)), is_nsfw=False)
NOWHERE = Place(channel_ids=(), is_nsfw=False)
RARITIES = {"": None, ", word of most": "painting", ", word of 1/1000": "lighthouse", ", word of five": "zebra"}
RARITIES |= {", words of nothing": "nowhere", ", phrase of nothing": '"canvas old"', ", word of the older half": "old"}


def searches() -> Mapping[str, tuple[Wanted, Asker]]:
    """Return what is measured, by its name."""
    whose = {
        "own, one of ten": (False, Asker(member_id=USUAL, place=NOWHERE)),
        "own, one of 20,000": (False, Asker(member_id=BUSY, place=NOWHERE)),
        "busy server": (True, Asker(member_id=USUAL, place=BUSY_SERVER)),
        "quiet server": (True, Asker(member_id=USUAL, place=QUIET_SERVER)),
        "server of 200 channels": (True, Asker(member_id=USUAL, place=WIDE_SERVER)),
    }
    found = {
        f"{of}{rarity}": (Wanted(is_of_server=is_of_server, words=words), asker)
        for of, (is_of_server, asker) in whose.items()
        for rarity, words in RARITIES.items()
    }
    by_model = Wanted(is_of_server=True, model="none")
    return {**found, "busy server, unknown model": (by_model, whose["busy server"][1])}


def galleries() -> Mapping[str, tuple[Wanted, Asker]]:
    """Return what is measured of galleries, where two jobs of three have votes; the public one has nothing to show."""
    busy, quiet = (Asker(member_id=USUAL, place=place) for place in (BUSY_SERVER, QUIET_SERVER))
    best = {
        f"{of} server, best of {period}": (Wanted(is_of_server=True, best=period), asker)
        for of, asker in (("busy", busy), ("quiet", quiet))
        for period in BestOf
    }
    return {
        **best,
        "busy server, best of month, unknown model": (Wanted(is_of_server=True, best=BestOf.MONTH, model="none"), busy),
        "busy server, public page": (Wanted(is_of_server=True, is_published=True), busy),
        "busy server, public page, best of all": (Wanted(is_of_server=True, is_published=True, best=BestOf.ALL), busy),
    }


async def main(jobs: int, times: int, kept: Path | None, *, explains: bool) -> None:
    """Print the times, and how Postgres finds the pages."""
    console, began = Console(width=200), time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="easel-bench-") as home:
        async with (
            open_filled(Path(home, "postgres"), jobs, kept=kept) as url,
            open_database(url, pool_size=2) as database,
        ):
            console.print(f"{jobs:,} jobs, {MEMBERS:,} members: there in {time.perf_counter() - began:.0f} s")
            for name, (wanted, asker) in {**searches(), **galleries()}.items():
                await _measure(console, database, name, wanted, asker, times)
                if explains:
                    plans = await plans_of(database, partial(_find, wanted=wanted, asker=asker))
                    console.print(plans, markup=False)
            console.print(f"goal: {GOAL / timedelta(milliseconds=1):.0f} ms")


async def _measure(console: Console, database: Database, name: str, wanted: Wanted, asker: Asker, times: int) -> None:
    seconds = []
    for _ in range(times):
        began = time.perf_counter()
        async with database.begin() as connection:
            page = await _find(connection, wanted, asker)
        seconds.append(time.perf_counter() - began)
    middle, late = 1000 * statistics.median(seconds), 1000 * max(seconds[1:])
    rest = "goes on" if page.next_start else "whole"
    console.print(f"{name}: {len(page.job_ids)} found, {rest}; median {middle:.1f} ms, most {late:.1f} ms")


async def _find(connection: AsyncConnection, wanted: Wanted, asker: Asker) -> FoundPage:
    if wanted.best is None:
        return await find_page(connection, wanted, asker, None)
    job_ids, has_more = await find_best_page(connection, wanted, asker, 1)
    return FoundPage(job_ids=tuple(job_ids), next_start=job_ids[-1] if has_more else None)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=10)
    parser.add_argument("--explain", action="store_true", help="print the plans as well")
    parser.add_argument("--kept", type=Path, help="where the filled Postgres is kept")
    arguments = parser.parse_args()
    asyncio.run(main(arguments.jobs, arguments.times, arguments.kept, explains=arguments.explain))
