"""Fixtures that every test may use: real Postgres with a database of its own for each test, and a picture store.

One embedded server serves the session; a test's database is a copy of a template that the migrations made.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import pytest
import structlog

from engine.store.database import Database, open_database
from engine.store.embedded_postgres import acquire_server, release_server
from engine.store.objects import Objects, open_objects
from migrations import upgrade
from tests.outage import Outage, open_outage

TEMPLATE = "easel_template"


@pytest.fixture(scope="session", autouse=True)
def plain_log() -> None:
    """Log lines as plain text: drawing a traceback in colours takes seconds."""
    renderer = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[structlog.processors.add_log_level, renderer])


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of the session's server; not durable, because no test pulls the plug of the machine.

    Nor does it clean up by itself: whoever does might hold the template when it is to be copied.
    """
    # Not under pytest's own temporary folder: the server runs as another user when the tests run as root.
    home = Path(tempfile.mkdtemp(prefix="easel-tests-"))
    handle = acquire_server(home)
    asyncio.run(_loosen(handle.url))
    yield handle.url
    release_server(handle)
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def template(postgres: str) -> str:
    """The name of a migrated database to copy."""
    asyncio.run(_execute(postgres, f"CREATE DATABASE {TEMPLATE}"))
    asyncio.run(upgrade(database_at(postgres, TEMPLATE)))
    return TEMPLATE


@pytest.fixture
async def empty_url(postgres: str) -> AsyncIterator[str]:
    """The address of a database without tables."""
    async with _database(postgres, "template1") as url:
        yield url


@pytest.fixture
async def database_url(postgres: str, template: str) -> AsyncIterator[str]:
    """The address of a migrated database of the test's own."""
    async with _database(postgres, template) as url:
        yield url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """An open pool on the test's database."""
    async with open_database(database_url) as opened:
        yield opened


@pytest.fixture
async def outage() -> AsyncIterator[Outage]:
    """A migrated server of the test's own, to stop and start."""
    async with open_outage() as opened:
        yield opened


@pytest.fixture
def storage_url(tmp_path: Path) -> str:
    """The address of an empty picture store."""
    return (tmp_path / "pictures").as_uri()


@pytest.fixture
def objects(storage_url: str) -> Objects:
    """An empty picture store."""
    return open_objects(storage_url)


def database_at(server: str, name: str) -> str:
    """Return the address of the database `name` on the same server."""
    return urlsplit(server)._replace(path=f"/{name}").geturl()


@asynccontextmanager
async def _database(server: str, template: str) -> AsyncIterator[str]:
    name = f"test_{uuid4().hex}"
    await _execute(server, f"CREATE DATABASE {name} TEMPLATE {template}")
    try:
        yield database_at(server, name)
    finally:
        await _execute(server, f"DROP DATABASE {name} WITH (FORCE)")


async def _loosen(url: str) -> None:
    await _execute(url, "ALTER SYSTEM SET fsync = off", "ALTER SYSTEM SET full_page_writes = off")
    await _execute(url, "ALTER SYSTEM SET autovacuum = off")
    await _execute(url, "SELECT pg_reload_conf()")


async def _execute(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()
