"""Actions stored per second by four processes, against bare asyncpg inserts of the same rows.

`python -m tests.bench.actions`. All commit on a durable server of their own, with the same number of connections: bare
inserts and single actions each by itself, and presses as the bot commits them, those of a moment together.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import asyncpg
from rich.console import Console
from rich.table import Table

from bot.store.press_batches import PressBatches
from bot.store.statements import record_action
from engine.contract.feedback import Shown, Surface, Verb
from engine.contract.ids import new_id
from engine.contract.jobs import JobRequest, Picture
from engine.feedback.records import NOT_ASKED, Action
from engine.feedback.store.actions import append_actions, store_action
from engine.feedback.store.months import first_press
from engine.feedback.store.tables import actions as table
from engine.store.database import Database, open_database
from engine.store.embedded_postgres import open_embedded
from engine.store.jobs import submit_job
from engine.store.transitions import finish_job, start_job
from migrations import upgrade
from tests.fakes import request_for

FIRST = first_press(datetime.now(UTC).date())
PROCESSES = 4
# Of each process: as many as the bot has batches at a time.
CONNECTIONS = 2
# Of each process, at once.
PRESSES = 16
BARE = "bare asyncpg"

Store = Callable[[Action], Awaitable[object]]
Job = tuple[JobRequest, list[Picture]]


async def main(actions: int, rounds: int) -> None:
    """Print a table with a line for each way of storing, best of `rounds`, taken in turns."""
    with tempfile.TemporaryDirectory(prefix="easel-bench-") as home:
        async with open_embedded(Path(home)) as url:
            await upgrade(url)
            async with open_database(url, pool_size=1) as database:
                job = await _painted_job(database)
            _show(await asyncio.to_thread(_race, url, job, actions, rounds))


def _race(url: str, job: Job, actions: int, rounds: int) -> dict[str, float]:
    """Return the best rate of each way, of all processes together: from when the first began until the last ended."""
    best = dict.fromkeys(WAYS, 0.0)
    context = multiprocessing.get_context("spawn")
    with context.Manager() as manager, context.Pool(PROCESSES) as pool:
        for turn, way in enumerate([*WAYS] * rounds):
            numbers = range(turn * actions, (turn + 1) * actions)
            barrier = manager.Barrier(PROCESSES)
            asked = [(url, way, job, numbers[at::PROCESSES], barrier) for at in range(PROCESSES)]
            times = pool.starmap(_store_and_time, asked, chunksize=1)
            rate = actions / (max(end for _, end in times) - min(began for began, _ in times))
            best[way] = max(best[way], rate)
    return best


def _store_and_time(url: str, way: str, job: Job, numbers: Sequence[int], barrier: Barrier) -> tuple[float, float]:
    return asyncio.run(_store_all(url, way, job, numbers, barrier))


async def _store_all(url: str, way: str, job: Job, numbers: Sequence[int], barrier: Barrier) -> tuple[float, float]:
    open_store, at_once = WAYS[way]
    left = iter([_action(*job, number) for number in numbers])

    async def work() -> None:
        for action in left:
            await store(action)

    async with open_store(url) as store:
        # Connections, plans and caches are there before the clock starts.
        for _ in range(10):
            await asyncio.gather(*(store(next(left)) for _ in range(CONNECTIONS)))
        await asyncio.to_thread(barrier.wait)
        began = time.monotonic()
        await asyncio.gather(*(work() for _ in range(at_once)))
        return began, time.monotonic()


@asynccontextmanager
async def _bare(url: str) -> AsyncIterator[Store]:
    async with asyncpg.create_pool(url, min_size=CONNECTIONS, max_size=CONNECTIONS) as pool:
        yield partial(_insert_bare, pool)


@asynccontextmanager
async def _single(url: str) -> AsyncIterator[Store]:
    async with open_database(url, pool_size=CONNECTIONS) as database:
        yield partial(store_action, database)


@asynccontextmanager
async def _transacted(url: str) -> AsyncIterator[Store]:
    async with open_database(url, pool_size=CONNECTIONS) as database:
        yield partial(_record, database)


@asynccontextmanager
async def _batched(url: str) -> AsyncIterator[Store]:
    async with open_database(url, pool_size=CONNECTIONS) as database:
        batches = PressBatches(database, limit=timedelta(seconds=30))

        async def press(action: Action) -> None:
            assert await batches.commit(action.press_id, lambda: _recorded(action))

        yield press


# Each with how many actions a process stores at once.
WAYS: Mapping[str, tuple[Any, int]] = {
    BARE: (_bare, CONNECTIONS),
    "Easel, an action by itself": (_single, CONNECTIONS),
    "Easel, in a transaction": (_transacted, CONNECTIONS),
    f"Easel, presses as the bot commits them, {PRESSES} at once": (_batched, PRESSES),
}


async def _recorded(action: Action) -> Any:
    return await record_action(action)


async def _record(database: Database, action: Action) -> None:
    async with database.begin() as connection:
        assert await append_actions(connection, [action]) == [True]


async def _insert_bare(pool: asyncpg.Pool, action: Action) -> None:
    values = _values(action)
    places = ", ".join(f"${number}" for number in range(1, len(values) + 1))
    query = f"INSERT INTO {table.name} ({', '.join(values)}) VALUES ({places})"
    async with pool.acquire() as connection:
        await connection.execute(query, *values.values())


def _values(action: Action) -> dict[str, Any]:
    own = {name: getattr(action, name) for name in table.c.keys() if hasattr(action, name)}  # noqa: SIM118  of columns
    return own | {
        "id": new_id(),
        "verb": action.verb.value,
        "surface": action.surface.value,
        "shown_pictures": [shown.picture_id for shown in action.shown],
        "shown_slots": [shown.slot for shown in action.shown],
        "latency_ms": 1500,
        "may_train": action.consent.may_train,
        "may_publish": action.consent.may_publish,
    }


async def _painted_job(database: Database) -> tuple[JobRequest, list[Picture]]:
    request = request_for(new_id())
    pictures = [
        Picture(
            id=new_id(),
            job_id=request.id,
            slot=slot,
            object_key=f"{slot}.png",
            width=512,
            height=512,
            seed=slot,
            recipe={},
        )
        for slot in range(4)
    ]
    async with database.begin() as connection:
        await submit_job(connection, request)
        await start_job(connection, request.id)
        await finish_job(connection, request.id, pictures, "grid.jpg", "image/jpeg")
    return request, pictures


def _action(request: JobRequest, pictures: Sequence[Picture], number: int) -> Action:
    slot = number % 4
    return Action(
        press_id=FIRST + number,
        impression_id=None,
        message_id=FIRST,
        job_id=request.id,
        member_id=request.member_id,
        is_owner=False,
        verb=Verb.RATE,
        slot=slot,
        picture_id=pictures[slot].id,
        value=1 + slot,
        choice=None,
        variation=None,
        replaces=None,
        shown=tuple(Shown(picture_id=picture.id, slot=picture.slot) for picture in pictures),
        model="starter",
        model_hash="0" * 64,
        surface=Surface.GUILD,
        latency=timedelta(seconds=1.5),
        consent=NOT_ASKED,
        at=datetime.now(UTC),
    )


def _show(best: dict[str, float]) -> None:
    table = Table(title=f"Actions stored per second by {PROCESSES} processes with {CONNECTIONS} connections each")
    for heading in ("way", "actions/s", "of bare"):
        table.add_column(heading, justify="left" if heading == "way" else "right")
    for name, rate in best.items():
        table.add_row(name, f"{rate:,.0f}", f"{rate / best[BARE]:.2f}")
    Console().print(table)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--actions", type=int, default=4000)
    parser.add_argument("--rounds", type=int, default=3)
    asyncio.run(main(**vars(parser.parse_args())))
