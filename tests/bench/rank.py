"""How long `/rank` takes to find the next pair in a log of a year: `python -m tests.bench.rank --actions 10000000`.

A grid for every ten actions, a tenth of the actions are answers to pairs, and one member has answered thousands.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import sqlalchemy as sa
from rich.console import Console

from bot.store.batch import run_alone
from bot.store.interaction import InteractionContext, InteractionToken
from bot.store.ranking.filling import fill_grids
from bot.store.ranking.grids import Place, find_grids
from bot.store.ranking.presses import answer_pair, next_pair
from engine.contract.feedback import Choice, Surface
from engine.feedback.store.months import press_at
from engine.store.database import Database, open_database
from engine.store.embedded_postgres import open_embedded
from migrations import upgrade

CHANNELS, MEMBERS, GRIDS_OF_RATER = 50, 5_000, 1_000
RATER = 1
PLACE = Place(channel_ids=tuple(range(1, CHANNELS + 1)), is_nsfw=False)
GOAL = timedelta(milliseconds=20)

_MONTHS = """
    SELECT add_feedback_month(log, (date_trunc('month', now() AT TIME ZONE 'UTC') - n * interval '1 month')::date)
    FROM unnest(ARRAY['actions', 'impressions']) AS log, generate_series(0, 12) AS n
"""
_FILL = """
    INSERT INTO members (id, discord_id, consent_version, may_train)
    SELECT lpad(n::text, 32, '0')::uuid, n, 1, n % 4 < 2 FROM generate_series(1, :members) AS n;

    INSERT INTO jobs (id, member_id, operation, spec, seed, status, turn, grid_key, grid_type, started_at, ended_at)
    SELECT uuidv7((n - :grids) * interval '1 year' / :grids), lpad((1 + n % :members)::text, 32, '0')::uuid, 'imagine',
        '{"version": 1, "prompt": "a cat", "parts": [], "images": [], "parameters": {}}', n, 'finished', n, 'g',
        'image/jpeg', now(), now()
    FROM generate_series(1, :grids) AS n;

    INSERT INTO pictures (id, job_id, slot, object_key, width, height, seed, recipe)
    SELECT uuidv7(), jobs.id, slot, 'k', 8, 8, slot, '{}' FROM jobs, generate_series(0, 3) AS slot;

    INSERT INTO deliveries (id, kind, job_id, member_id, press_id, ordinal, channel_id, message_id, state, closed_at,
        surface, is_nsfw_channel)
    SELECT uuidv7(), 'grid', id, member_id, turn::text, 0, 1 + turn % :channels, turn, 'delivered', now(), 'guild',
        turn % :channels > :channels - 5
    FROM jobs;

    INSERT INTO actions (press_id, message_id, member_id, verb, job_id, value, shown_pictures, shown_slots, surface,
        is_owner, may_train, may_publish, at)
    SELECT CAST(:first AS bigint) + n * CAST(:step AS bigint), n, lpad((1 + n % :members)::text, 32, '0')::uuid, 'rate',
        jobs.id, 1 + n % 4, '{}', '{}', 'guild', true, false, false, now()
    FROM generate_series(1, :actions) AS n JOIN jobs ON jobs.turn = 1 + n % :grids
"""
# After the grids were entered: a third of them were asked about, and the rater saw all of some.
_ANSWERED = """
    INSERT INTO rank_pairs (impression_id, member_id, number, num_answered, job_id, pair, is_swapped, left_id, right_id,
        is_repeat, press_id, choice)
    SELECT uuidv7(), lpad((2 + n % (:members - 1))::text, 32, '0')::uuid, 1 + n / (:members - 1),
        n / (:members - 1), id, n % 6, n % 2 = 0, id, id, false, n, 'left'
    FROM generate_series(1, :actions / 10) AS n JOIN jobs ON jobs.turn = 1 + n % :grids;

    INSERT INTO rank_pairs (impression_id, member_id, number, num_answered, job_id, pair, is_swapped, left_id, right_id,
        is_repeat, press_id, choice)
    SELECT uuidv7(), lpad('1', 32, '0')::uuid, row_number() OVER (), row_number() OVER (), job_id, pair, false, job_id,
        job_id, false, 1, 'left'
    FROM (SELECT job_id FROM rank_grids ORDER BY uncertainty DESC, job_id DESC LIMIT :of_rater) AS grids,
        generate_series(0, 5) AS pair;

    UPDATE rank_grids SET uncertainty = uncertainty * (0.5 + random() / 2) WHERE job_id::text ~ '[0-5]$';
    ANALYZE
"""


async def main(actions: int, presses: int) -> None:
    """Print the times, and how Postgres finds the pair."""
    console = Console()
    with tempfile.TemporaryDirectory(prefix="easel-bench-") as home:
        async with open_embedded(Path(home)) as url:
            await upgrade(url)
            async with open_database(url, pool_size=2) as database:
                began = time.perf_counter()
                await _fill(database, actions)
                console.print(
                    f"{actions:,} actions, {actions // 10:,} grids: {time.perf_counter() - began:.0f} s to fill"
                )
                searches, whole = await _measure(database, presses)
                console.print(await _explain(database))
                for name, times in (("finding the grids", searches), ("press: answer and next pair, committed", whole)):
                    middle, late = statistics.median(times), sorted(times)[int(len(times) * 0.99)]
                    console.print(f"{name}: median {1000 * middle:.1f} ms, 99 % within {1000 * late:.1f} ms")
                console.print(f"goal: finding within {GOAL / timedelta(milliseconds=1):.0f} ms")


async def _fill(database: Database, actions: int) -> None:
    first = datetime.now(UTC) - timedelta(days=365)
    given = {
        "actions": actions,
        "grids": actions // 10,
        "members": MEMBERS,
        "channels": CHANNELS,
        "of_rater": GRIDS_OF_RATER,
        "first": press_at(first),
        "step": (press_at(datetime.now(UTC)) - press_at(first)) // actions,
    }
    await _run(database, _MONTHS, given)
    await _run(database, _FILL, given)
    await fill_grids(database)
    await _run(database, _ANSWERED, given)


async def _run(database: Database, script: str, given: dict[str, int]) -> None:
    for statement in script.split(";"):
        clause = sa.text(statement)
        async with database.engine.begin() as connection:
            await connection.execute(clause, {name: given[name] for name in clause.compile().params})


async def _measure(database: Database, presses: int) -> tuple[list[float], list[float]]:
    """Return the seconds of each search, and of each whole press."""
    searches, whole = [], []
    async with database.begin() as connection:
        pair = await run_alone(connection, next_pair(_press(0), PLACE))
    for number in range(1, presses + 1):
        began = time.perf_counter()
        async with database.begin() as connection:
            assert await find_grids(connection, UUID(int=RATER), PLACE)
        searches.append(time.perf_counter() - began)
        began = time.perf_counter()
        async with database.begin() as connection:
            found = await run_alone(connection, answer_pair(_press(number), pair.impression_id, Choice.LEFT, PLACE))
        whole.append(time.perf_counter() - began)
        assert found and found.job
        pair = found
    return searches, whole


async def _explain(database: Database) -> str:
    """Return the plan of the search, as Postgres executed it."""
    said: list[tuple[str, object]] = []

    def hear(_connection: object, _cursor: object, statement: str, parameters: object, *_: object) -> None:
        said.append((statement, parameters))

    async with database.engine.connect() as connection:
        sa.event.listen(database.engine.sync_engine, "before_cursor_execute", hear)
        await find_grids(connection, UUID(int=RATER), PLACE)
        sa.event.remove(database.engine.sync_engine, "before_cursor_execute", hear)
        statement, parameters = said[-1]
        explained = f"EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) {statement}"
        return "\n".join((await connection.exec_driver_sql(explained, parameters)).scalars())  # type: ignore[arg-type]


def _press(number: int) -> InteractionContext:
    now = datetime.now(UTC)
    return InteractionContext(
        id=str(press_at(now) + number),
        discord_id=RATER,
        channel_id=1,
        message_id=None,
        shown_slot=None,
        surface=Surface.GUILD,
        token=InteractionToken(text="secret", expires_at=now),
        latency=timedelta(seconds=2),
        is_administrator=False,
        at=now,
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--actions", type=int, default=1_000_000)
    parser.add_argument("--presses", type=int, default=300)
    arguments = parser.parse_args()
    asyncio.run(main(arguments.actions, arguments.presses))
