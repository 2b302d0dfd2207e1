"""Fixtures that every test may use: real Postgres with a database of its own for each test, and a picture store.

One embedded server serves the run; a test's database is a copy of a template that the migrations made.
"""

from __future__ import annotations

import asyncio
import gc
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Generator, Iterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import pytest
import structlog

from engine.store.database import Database, open_database
from engine.store.embedded_server import acquire_server, release_server
from engine.store.objects import Objects, open_objects
from migrations import upgrade
from tests.outage import Outage, open_outage
from tests.sharing import one_at_a_time, run_folder

if TYPE_CHECKING:
    from xdist.remote import Producer
    from xdist.scheduler import Scheduling

TEMPLATE = "easel_template"
MEMORY = Path("/dev/shm")
# What a run needs at most, with the homes of several Easels at a time.
ROOM = 2 << 30
MAX_WORKERS = 4
# Read when torch is imported, which the conftest of the painter's tests does. Code without vectors compiles in half the
# time, and torch need not try out for 15 seconds which of them work. A header compiled beforehand takes 7 seconds and
# saves none, and line numbers are a tenth of a kernel's time.
QUICK_COMPILER = {
    "TORCHINDUCTOR_VEC_ISA_OK": "0",
    "TORCHINDUCTOR_CPP_CACHE_PRECOMPILE_HEADERS": "0",
    "AOT_INDUCTOR_ENABLE_LINE_TABLES": "0",
}
for _name, _value in QUICK_COMPILER.items():
    os.environ.setdefault(_name, _value)


def pytest_configure(config: pytest.Config) -> None:
    """Make the folder that all workers of the run share, in memory where there is room, and name it to them."""
    if hasattr(config, "workerinput"):
        # Read when torch is imported: threads of one worker would wait for cores that another has.
        os.environ.setdefault("OMP_NUM_THREADS", "1")
        return
    is_roomy = MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free >= ROOM
    until_the_end = ExitStack()
    config.add_cleanup(until_the_end.close)
    folder = until_the_end.enter_context(run_folder(MEMORY if is_roomy else Path(tempfile.gettempdir())))
    os.environ["TESTS_FOLDER"] = str(folder)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Return how many workers to start; tests that were named by their paths are few and need none.

    One more than there are cores, because tests wait for processes, pages and pauses that they start.
    """
    is_whole = config.args_source is config.ArgsSource.TESTPATHS
    return min(len(os.sched_getaffinity(0)) + 1, MAX_WORKERS) if is_whole else 0


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling:
    """Return what deals out the tests of a run with workers."""
    from tests.distribution import FileScheduling

    return FileScheduling(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect no garbage while tests import everything, and never look again at what is there afterwards.

    Else every search for garbage goes through torch and all else, which is a quarter of what tests with models cost.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let workers begin with what takes longest."""
    if hasattr(config, "workerinput"):
        from tests.distribution import put_long_first

        put_long_first(items)


@pytest.fixture(scope="session", autouse=True)
def plain_log() -> None:
    """Log lines as plain text: drawing a traceback in colours takes seconds."""
    renderer = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[structlog.processors.add_log_level, renderer])


@pytest.fixture(scope="session")
def shared_folder() -> Path:
    """The folder of the run, the same in every worker and in memory where there is room."""
    return Path(os.environ["TESTS_FOLDER"])


@pytest.fixture(scope="session")
def postgres(shared_folder: Path) -> Iterator[str]:
    """The address of the run's server; not durable, because no test pulls the plug of the machine.

    Nor does it clean up by itself: whoever does might hold the template when it is to be copied.
    """
    handle = acquire_server(shared_folder / "postgres")
    with one_at_a_time(shared_folder / "template.lock"):
        asyncio.run(_prepare(handle.url))
    yield handle.url
    release_server(handle)


@pytest.fixture(scope="session")
def template(postgres: str) -> str:
    """The name of a migrated database to copy."""
    return TEMPLATE


@pytest.fixture
async def empty_url(postgres: str) -> AsyncIterator[str]:
    """The address of a database without tables."""
    async with new_database(postgres, "template1") as url:
        yield url


@pytest.fixture
async def database_url(postgres: str, template: str) -> AsyncIterator[str]:
    """The address of a migrated database of the test's own."""
    async with new_database(postgres, template) as url:
        yield url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """An open pool on the test's database."""
    async with open_database(database_url) as opened:
        yield opened


@pytest.fixture
async def outage(shared_folder: Path) -> AsyncIterator[Outage]:
    """A migrated server of the test's own, to stop and start."""
    async with open_outage(shared_folder) as opened:
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
async def new_database(server: str, template: str) -> AsyncIterator[str]:
    """Yield the address of a copy of the database `template`, which is dropped in the end."""
    name = f"test_{uuid4().hex}"
    await _execute(server, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
    try:
        yield database_at(server, name)
    finally:
        await _execute(server, f"DROP DATABASE {name} WITH (FORCE)")


async def _prepare(url: str) -> None:
    """Set up the server and its template, where no worker has done so yet."""
    connection = await asyncpg.connect(url)
    is_done = await connection.fetchval("SELECT count(*) FROM pg_database WHERE datname = $1", TEMPLATE)
    await connection.close()
    if is_done:
        return
    for setting in ("fsync", "full_page_writes", "autovacuum"):
        await _execute(url, f"ALTER SYSTEM SET {setting} = off")
    await _execute(url, "SELECT pg_reload_conf()")
    await _execute(url, f"CREATE DATABASE {TEMPLATE}")
    await upgrade(database_at(url, TEMPLATE))


async def _execute(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()
