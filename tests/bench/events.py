"""Feedback events stored per second against bare asyncpg inserts of the same rows: `python -m tests.bench.events`.

Both commit each event by itself on a durable server of their own, with the same number of connections.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
from rich.console import Console
from rich.table import Table

from engine.contract.feedback import Consent, Event, Shown, Surface, Verb
from engine.contract.ids import new_id
from engine.contract.jobs import JobRequest, Picture
from engine.store.database import Database, open_database
from engine.store.embedded_postgres import open_embedded
from engine.store.events import record_event, store_event
from engine.store.jobs import submit_job
from engine.store.transitions import finish_job, start_job
from migrations import upgrade
from tests.fakes import request_for

_COLUMNS = (
    "id", "press_id", "member_id", "verb", "job_id", "picture_id", "value", "shown", "surface", "is_owner",
    "latency_ms", "model", "model_hash", "consent", "at",
)  # fmt: skip

BARE = "bare asyncpg"

Store = Callable[[Event], Awaitable[object]]


async def main(events: int, connections: int, rounds: int) -> None:
    """Print a table with a line for each way of storing, best of `rounds`, taken in turns."""
    with tempfile.TemporaryDirectory(prefix="easel-bench-") as home:
        async with open_embedded(Path(home)) as url:
            await upgrade(url)
            async with (
                open_database(url, pool_size=connections) as database,
                asyncpg.create_pool(url, min_size=connections, max_size=connections, init=_speak_json) as pool,
            ):
                stores: dict[str, Store] = {
                    BARE: lambda event: _insert_bare(pool, event),
                    "Easel, an event by itself": lambda event: store_event(database, event),
                    "Easel, in a transaction": lambda event: _record(database, event),
                }
                best = await _race(stores, await _painted_job(database), events, connections, rounds)
    _show(best, connections)


async def _race(
    stores: Mapping[str, Store], job: tuple[JobRequest, list[Picture]], events: int, connections: int, rounds: int
) -> dict[str, float]:
    best = dict.fromkeys(stores, 0.0)
    for _ in range(rounds):
        for name, store in stores.items():
            made = [_event(*job, number) for number in range(events)]
            best[name] = max(best[name], await _rate(store, made, connections))
    return best


async def _rate(store: Store, events: Sequence[Event], connections: int) -> float:
    left = iter(events)

    async def work() -> None:
        for event in left:
            await store(event)

    start = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(connections)))
    return len(events) / (time.perf_counter() - start)


async def _record(database: Database, event: Event) -> None:
    async with database.begin() as connection:
        assert await record_event(connection, event)


async def _insert_bare(pool: asyncpg.Pool, event: Event) -> None:
    places = ", ".join(f"${number}" for number in range(1, len(_COLUMNS) + 1))
    query = f"INSERT INTO events ({', '.join(_COLUMNS)}) VALUES ({places})"
    async with pool.acquire() as connection:
        await connection.execute(query, *_values(event))


def _values(event: Event) -> tuple[Any, ...]:
    shown = [{"picture_id": str(shown.picture_id), "slot": shown.slot} for shown in event.shown]
    return (
        event.id, event.press_id, event.member_id, event.verb.value, event.job_id, event.picture_id, event.value,
        shown, event.surface.value, event.is_owner, 1500, event.model, event.model_hash, event.consent.value, event.at,
    )  # fmt: skip


async def _speak_json(connection: asyncpg.Connection) -> None:
    await connection.set_type_codec("jsonb", schema="pg_catalog", encoder=json.dumps, decoder=json.loads)


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


def _event(request: JobRequest, pictures: Sequence[Picture], number: int) -> Event:
    event_id = new_id()
    return Event(
        id=event_id,
        press_id=str(event_id),
        member_id=request.member_id,
        verb=Verb.RATE,
        job_id=request.id,
        picture_id=pictures[number % 4].id,
        value=1 + number % 4,
        shown=tuple(Shown(picture_id=picture.id, slot=picture.slot) for picture in pictures),
        surface=Surface.GUILD,
        is_owner=False,
        latency=timedelta(seconds=1.5),
        model="starter",
        model_hash="0" * 64,
        consent=Consent.USE,
        at=datetime.now(UTC),
    )


def _show(best: dict[str, float], connections: int) -> None:
    table = Table(title=f"Feedback events stored per second, {connections} connections, one commit each")
    for heading in ("way", "events/s", "of bare"):
        table.add_column(heading, justify="left" if heading == "way" else "right")
    for name, rate in best.items():
        table.add_row(name, f"{rate:,.0f}", f"{rate / best[BARE]:.2f}")
    Console().print(table)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=3000)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    asyncio.run(main(**vars(parser.parse_args())))
