"""The engine process, put together: ready when it can paint, healthy while it does, gone when told."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path

import aiohttp
import pytest
import sqlalchemy as sa
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from engine.contract.errors import PictureStoreUnavailable, SettingsInvalid, WeightsMissing
from engine.contract.ids import new_id
from engine.contract.jobs import JobStatus
from engine.health import open_health
from engine.serve import EngineOptions, LoadedPainter, serve
from engine.store.database import Database
from tests.engine.worker.conftest import QUICK
from tests.engine.worker.following import end_of, job_running, submit, until
from tests.fakes import FakePainter, request_for
from tests.outage import Outage
from tests.s3_server import open_s3


def _opener(painter: LoadedPainter) -> Callable[[], AbstractAsyncContextManager[LoadedPainter]]:
    @asynccontextmanager
    async def open_painter() -> AsyncIterator[LoadedPainter]:
        yield painter

    return open_painter


async def _status(address: str, path: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.get(address + path) as answer:
        return answer.status, await answer.text()


async def test_engine_is_ready_when_it_can_paint(database: Database, database_url: str, storage_url: str) -> None:
    """It lives at once, is ready when its painter is, paints, counts, and says when it is stopping."""
    painter, stop, force_stop, ready = FakePainter(), asyncio.Event(), asyncio.Event(), asyncio.Event()
    painter.loaded.clear()
    health = ("127.0.0.1", 0)
    options = EngineOptions(
        database_url=database_url, storage_url=storage_url, health=health, worker=QUICK, models=("starter",)
    )
    told: list[str] = []

    async def is_told() -> bool:
        told.extend(line["address"] for line in lines if line["event"] == "health_served")
        return bool(told)

    with capture_logs() as lines:
        task = asyncio.create_task(
            serve(options, _opener(painter), stop=stop, force_stop=force_stop, announce_ready=ready.set)
        )
        await until(is_told)
    assert await _status(told[0], "/healthz") == (200, "alive\n")
    assert await _status(told[0], "/readyz") == (503, "the painter is not loaded\n")
    _, figures = await _status(told[0], "/metrics")
    for series in ('easel_jobs_total{outcome="lost"}', 'easel_job_failures_total{cause="NoRoom"}'):
        assert f"{series} 0.0\n" in figures
    assert 'easel_picture_seconds_count{model="starter",steps="11-25"} 0.0\n' in figures
    painter.loaded.set()
    await ready.wait()
    assert await _status(told[0], "/readyz") == (200, "ready\n")
    job = await submit(database, request_for(new_id()))
    assert (await end_of(database, job.id)).status is JobStatus.FINISHED

    painter.faults = {"a red circle": [WeightsMissing(path=Path("nowhere"))]}
    job = await submit(database, request_for(new_id()))
    assert (await end_of(database, job.id)).status is JobStatus.FAILED

    async def is_counted() -> bool:
        _, figures = await _status(told[0], "/metrics")
        return all(
            f"{series} 1.0\n" in figures
            for series in (
                'easel_jobs_total{outcome="finished"}',
                'easel_job_failures_total{cause="WeightsMissing"}',
                'easel_picture_seconds_count{model="fake",steps="1-10"}',
            )
        )

    await until(is_counted)
    painter.open.clear()
    last = await submit(database, request_for(new_id()))
    await job_running(database, last.id)
    stop.set()
    assert await _status(told[0], "/readyz") == (503, "stopping\n")
    painter.open.set()
    await task
    assert (await end_of(database, last.id)).status is JobStatus.FINISHED


async def test_stop_while_loading_ends_it(database_url: str, storage_url: str) -> None:
    """An engine told to stop before its painter is loaded ends without having been ready."""
    painter, stop = FakePainter(), asyncio.Event()
    painter.loaded.clear()
    options = EngineOptions(database_url=database_url, storage_url=storage_url)
    stop.set()
    announced: list[bool] = []
    await serve(
        options, _opener(painter), stop=stop, force_stop=asyncio.Event(), announce_ready=lambda: announced.append(True)
    )
    assert announced == []


async def test_missing_weights_end_it_with_the_reason(database_url: str, storage_url: str) -> None:
    """A painter that can never start takes the engine down with its own error."""

    class Bare(FakePainter):
        async def wait_ready(self) -> None:
            raise WeightsMissing(path=Path("nowhere"))

    options = EngineOptions(database_url=database_url, storage_url=storage_url)
    with pytest.raises(WeightsMissing):
        await serve(
            options, _opener(Bare()), stop=asyncio.Event(), force_stop=asyncio.Event(), announce_ready=lambda: None
        )


async def test_taken_port_is_said(database_url: str, storage_url: str) -> None:
    """A health port in use is an operator's error that names the port."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        number = taken.getsockname()[1]
        options = EngineOptions(database_url=database_url, storage_url=storage_url, health=("127.0.0.1", number))
        with pytest.raises(SettingsInvalid, match=str(number)):
            await serve(
                options,
                _opener(FakePainter()),
                stop=asyncio.Event(),
                force_stop=asyncio.Event(),
                announce_ready=lambda: None,
            )


async def test_a_postgres_that_hangs_is_told(outage: Outage, storage_url: str) -> None:
    """The engine answers that it is not ready instead of waiting, and paints again as soon as Postgres answers."""
    stop, ready = asyncio.Event(), asyncio.Event()
    options = EngineOptions(database_url=outage.url, storage_url=storage_url, health=("127.0.0.1", 0), worker=QUICK)
    with capture_logs() as lines:
        task = asyncio.create_task(
            serve(options, _opener(FakePainter()), stop=stop, force_stop=stop, announce_ready=ready.set)
        )
        await ready.wait()
        (address,) = [line["address"] for line in lines if line["event"] == "health_served"]
        assert await _status(address, "/readyz") == (200, "ready\n")
        with outage.frozen():
            assert await _status(address, "/readyz") == (503, "Postgres is not available: no answer within 2 s\n")
        job = await submit(outage.database, request_for(new_id()))
        assert (await end_of(outage.database, job.id)).status is JobStatus.FINISHED
        stop.set()
        await task


async def test_a_check_without_an_end_is_told() -> None:
    """Whatever a check waits for, the request is answered."""

    async def find_problem() -> None:
        await asyncio.Event().wait()

    limit = timedelta(seconds=0.1)
    async with open_health("127.0.0.1", 0, CollectorRegistry(), find_problem, limit=limit) as port:
        assert await _status(f"http://127.0.0.1:{port}", "/readyz") == (503, "no answer within 0.1 s\n")


async def test_a_check_that_fails_is_told() -> None:
    """An error of the check itself is a problem like any other, and its traceback is logged."""

    async def find_problem() -> None:
        raise ZeroDivisionError

    with capture_logs() as lines:
        async with open_health("127.0.0.1", 0, CollectorRegistry(), find_problem) as port:
            status = await _status(f"http://127.0.0.1:{port}", "/readyz")
    assert status == (503, "the check failed: ZeroDivisionError\n")
    assert [line["event"] for line in lines] == ["health_check_failed"]


async def test_an_engine_keeps_its_budget_of_connections(
    database: Database, database_url: str, storage_url: str
) -> None:
    """With as many as it may open, and no more, it paints more jobs at once than it has connections."""
    async with database.begin() as connection:
        await connection.execute(sa.text("CREATE ROLE small LOGIN CONNECTION LIMIT 3"))
        await connection.execute(sa.text("GRANT ALL ON ALL TABLES IN SCHEMA public TO small"))
        await connection.execute(sa.text("GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO small"))
    stop, ready = asyncio.Event(), asyncio.Event()
    small_url = database_url.replace("postgres@", "small@")
    options = EngineOptions(database_url=small_url, storage_url=storage_url, connections=3, worker=QUICK)
    with capture_logs() as lines:
        task = asyncio.create_task(
            serve(options, _opener(FakePainter()), stop=stop, force_stop=stop, announce_ready=ready.set)
        )
        jobs = [await submit(database, request_for(new_id())) for _ in range(12)]
        for job in jobs:
            assert (await end_of(database, job.id)).status is JobStatus.FINISHED
        stop.set()
        await task
    assert [line for line in lines if line["log_level"] not in ("debug", "info")] == []
    async with database.begin() as connection:
        await connection.execute(sa.text("DROP OWNED BY small"))
        await connection.execute(sa.text("DROP ROLE small"))


async def test_an_engine_without_a_free_connection_says_so(
    database: Database, database_url: str, storage_url: str
) -> None:
    """One that can query but not listen for jobs is not ready, and names the reason."""
    async with database.begin() as connection:
        await connection.execute(sa.text("CREATE ROLE crowded LOGIN CONNECTION LIMIT 1"))
        await connection.execute(sa.text("GRANT ALL ON ALL TABLES IN SCHEMA public TO crowded"))
    stop, ready = asyncio.Event(), asyncio.Event()
    options = EngineOptions(
        database_url=database_url.replace("postgres@", "crowded@"),
        storage_url=storage_url,
        health=("127.0.0.1", 0),
        worker=QUICK,
    )
    with capture_logs() as lines:
        task = asyncio.create_task(
            serve(options, _opener(FakePainter()), stop=stop, force_stop=stop, announce_ready=ready.set)
        )
        await ready.wait()
        (address,) = [line["address"] for line in lines if line["event"] == "health_served"]

        async def is_told() -> bool:
            status, text = await _status(address, "/readyz")
            return status == 503 and 'too many connections for role "crowded"' in text

        async def is_logged() -> bool:
            return any("too many connections" in str(line.get("cause")) for line in lines)

        await until(is_told)
        await until(is_logged)
        stop.set()
        await task
    async with database.begin() as connection:
        await connection.execute(sa.text("DROP OWNED BY crowded"))
        await connection.execute(sa.text("DROP ROLE crowded"))


async def test_readyz_covers_the_picture_store(database: Database, database_url: str) -> None:
    """An engine whose bucket does not exist says so, and is ready when it does."""
    told: list[str] = []

    async def is_told() -> bool:
        told.extend(line["address"] for line in lines if line["event"] == "health_served")
        return bool(told)

    async def is_answered(answer: tuple[int, str]) -> bool:
        return await _status(told[0], "/readyz") == answer

    stop, ready = asyncio.Event(), asyncio.Event()
    async with open_s3() as server:
        server.refusal = "NoSuchBucket"
        with pytest.MonkeyPatch.context() as patch, capture_logs() as lines:
            for name, value in (("ACCESS_KEY_ID", "k"), ("SECRET_ACCESS_KEY", "s"), ("ENDPOINT_URL", server.url)):
                patch.setenv(f"AWS_{name}", value)
            options = EngineOptions(
                database_url=database_url, storage_url="s3://bucket", health=("127.0.0.1", 0), worker=QUICK
            )
            work = serve(options, _opener(FakePainter()), stop=stop, force_stop=stop, announce_ready=ready.set)
            task = asyncio.create_task(work)
            await until(is_told)
        await until(partial(is_answered, (503, "the picture store has no such bucket (NoSuchBucket)\n")))
        server.refusal = None
        await until(partial(is_answered, (200, "ready\n")))
        stop.set()
        await task
        server.on_create = "overwrite"
        with pytest.MonkeyPatch.context() as patch, pytest.raises(PictureStoreUnavailable, match="overwrites"):
            for name, value in (("ACCESS_KEY_ID", "k"), ("SECRET_ACCESS_KEY", "s"), ("ENDPOINT_URL", server.url)):
                patch.setenv(f"AWS_{name}", value)
            await serve(options, _opener(FakePainter()), stop=stop, force_stop=stop, announce_ready=ready.set)
