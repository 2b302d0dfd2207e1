"""What a search reads of the database does not grow with how many pictures it matches."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from bot.store.finding.pages import PAGE_SIZE, Asker, find_page
from bot.store.finding.wanted import Wanted
from bot.store.ranking.grids import Place
from engine.store.database import Database, open_database
from tests.bench.filling import fill
from tests.bench.search import BUSY, NOWHERE
from tests.conftest import new_database

FEW, MANY = 2_000, 8_000
# Indexes of more jobs may be one level deeper.
MORE = 1.5
SERVER = Place(channel_ids=tuple(range(1, 11)), is_nsfw=False)
EVERYTHING = {
    "own": (Wanted(words="painting"), Asker(member_id=BUSY, place=NOWHERE)),
    "own, of no words": (Wanted(), Asker(member_id=BUSY, place=NOWHERE)),
    "server": (Wanted(words="painting", is_of_server=True), Asker(member_id=BUSY, place=SERVER)),
    "server, of a phrase": (
        Wanted(words='"oil on canvas"', is_of_server=True),
        Asker(member_id=BUSY, place=SERVER),
    ),
}
"""Searches that match every job, or each of a member who has many."""


async def pages_read(database: Database, wanted: Wanted, asker: Asker) -> int:
    """Return how many pages of tables and indexes are read to find the first page of results, which is full."""
    said: list[tuple[str, Any]] = []

    def hear(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        said.append((statement, parameters))

    async with database.begin() as connection:
        sa.event.listen(database.engine.sync_engine, "before_cursor_execute", hear)
        found = await find_page(connection, wanted, asker, None)
        sa.event.remove(database.engine.sync_engine, "before_cursor_execute", hear)
        assert len(found.job_ids) == PAGE_SIZE and found.next_start
        read = 0
        for statement, parameters in said:
            if not statement.startswith("EXPLAIN"):
                explained = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}"
                ((answer,),) = (await connection.exec_driver_sql(explained, parameters)).one()
                read += answer["Plan"]["Shared Hit Blocks"] + answer["Plan"]["Shared Read Blocks"]
    return read


async def test_a_search_that_matches_everything_reads_as_much_of_many_jobs_as_of_few(
    postgres: str, template: str
) -> None:
    read = list[dict[str, int]]()
    for jobs in (FEW, MANY):
        async with new_database(postgres, template) as url, open_database(url) as database:
            await fill(database, jobs, members=20)
            async with database.begin() as connection:
                await connection.execute(sa.text("UPDATE deliveries SET channel_id = 1 + message_id % 10"))
                await connection.execute(sa.text("ANALYZE deliveries"))
            read.append({name: await pages_read(database, *search) for name, search in EVERYTHING.items()})
    few, many = read
    assert {name: (few[name], pages) for name, pages in many.items() if pages > few[name] * MORE} == {}
