"""Actions stored per second against bare asyncpg inserts of the same rows: `python -m tests.bench.actions`.

Both commit each action by itself on a durable server of their own, with the same number of connections.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
from rich.console import Console
from rich.table import Table

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
BARE = "bare asyncpg"

Store = Callable[[Action], Awaitable[object]]


async def main(actions: int, connections: int, rounds: int) -> None:
    """Print a table with a line for each way of storing, best of `rounds`, taken in turns."""
    with tempfile.TemporaryDirectory(prefix="easel-bench-") as home:
        async with open_embedded(Path(home)) as url:
            await upgrade(url)
            async with (
                open_database(url, pool_size=connections) as database,
                asyncpg.create_pool(url, min_size=connections, max_size=connections) as pool,
            ):
                stores: dict[str, Store] = {
                    BARE: lambda action: _insert_bare(pool, action),
                    "Easel, an action by itself": lambda action: store_action(database, action),
                    "Easel, in a transaction": lambda action: _record(database, action),
                }
                best = await _race(stores, await _painted_job(database), actions, connections, rounds)
    _show(best, connections)


async def _race(
    stores: Mapping[str, Store], job: tuple[JobRequest, list[Picture]], actions: int, connections: int, rounds: int
) -> dict[str, float]:
    best = dict.fromkeys(stores, 0.0)
    numbers = itertools.count(1)
    for _ in range(rounds):
        for name, store in stores.items():
            made = [_action(*job, number) for number in itertools.islice(numbers, actions)]
            best[name] = max(best[name], await _rate(store, made, connections))
    return best


async def _rate(store: Store, actions: Sequence[Action], connections: int) -> float:
    left = iter(actions)

    async def work() -> None:
        for action in left:
            await store(action)

    start = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(connections)))
    return len(actions) / (time.perf_counter() - start)


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


def _show(best: dict[str, float], connections: int) -> None:
    table = Table(title=f"Actions stored per second, {connections} connections, one commit each")
    for heading in ("way", "actions/s", "of bare"):
        table.add_column(heading, justify="left" if heading == "way" else "right")
    for name, rate in best.items():
        table.add_row(name, f"{rate:,.0f}", f"{rate / best[BARE]:.2f}")
    Console().print(table)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--actions", type=int, default=3000)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    asyncio.run(main(**vars(parser.parse_args())))
