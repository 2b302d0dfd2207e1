"""The pool distinguishes an unavailable Postgres from other failures, and recovers when it is back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest
import sqlalchemy as sa

from engine.contract.errors import StorageFull, StoreUnavailable
from engine.store.database import Database, open_database
from engine.store.reconnecting import open_driver
from tests.outage import Outage

_END_OTHERS = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()"""


async def test_no_server_is_unavailable() -> None:
    """Without a server, pool and listener raise StoreUnavailable."""
    async with open_database("postgresql://postgres@127.0.0.1:1/postgres") as database:
        with pytest.raises(StoreUnavailable):
            await database.ping()
        with pytest.raises(StoreUnavailable):
            await database.listen()


async def test_no_server_on_a_full_disk_is_full() -> None:
    """An embedded server that its full disk has killed cannot say so; every way to it does."""
    async with open_database("postgresql://postgres@127.0.0.1:1/postgres", data=Path("/proc")) as database:
        for use in (database.ping, database.listen, database.autocommit().__aenter__):
            with pytest.raises(StorageFull):
                await use()
        assert await database.find_problem() == "the disk of Postgres is full"


async def test_connection_lost_before_the_commit_is_unavailable(database: Database, database_url: str) -> None:
    """A transaction whose connection dies raises StoreUnavailable and is rolled back."""
    other = await asyncpg.connect(database_url)
    with pytest.raises(StoreUnavailable):
        async with database.begin() as connection:
            await connection.execute(sa.text("CREATE TABLE lost ()"))
            await other.execute(_END_OTHERS)
            await connection.execute(sa.text("SELECT 1"))
    assert await other.fetchval("SELECT to_regclass('lost') IS NULL")
    await other.close()


AT_COMMIT = """
    CREATE TABLE kept ();
    CREATE FUNCTION fault() RETURNS trigger AS $$ BEGIN {fault}; RETURN NULL; END $$ LANGUAGE plpgsql;
    CREATE CONSTRAINT TRIGGER fault AFTER INSERT ON kept DEFERRABLE INITIALLY {when}
        FOR EACH ROW EXECUTE FUNCTION fault()
"""
ENDED = "PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(10)"
FULL = "RAISE EXCEPTION USING ERRCODE = '53100'"


@pytest.mark.parametrize(
    ("fault", "when", "error", "is_unsure"),
    [
        (ENDED, "DEFERRED", StoreUnavailable, True),
        ("PERFORM pg_sleep(10)", "DEFERRED", StoreUnavailable, True),
        (ENDED, "IMMEDIATE", StoreUnavailable, False),
        (FULL, "DEFERRED", StorageFull, False),
    ],
    ids=["ended", "silent", "before", "full"],
)
async def test_a_commit_that_is_not_confirmed_is_told_from_one_that_is_refused(
    database: Database, fault: str, when: str, error: type[StoreUnavailable], is_unsure: bool
) -> None:
    """Whether a transaction is stored is not known to whom the connection is lost in the middle of its commit."""
    await _execute(database, AT_COMMIT.format(fault=fault, when=when))
    with pytest.raises(error) as told:
        async with database.begin(limit=timedelta(seconds=1)) as connection:
            await connection.execute(sa.text("INSERT INTO kept DEFAULT VALUES"))
    assert bool(told.value.facts.get("is_unsure")) is is_unsure
    assert await _execute(database, "SELECT 1 FROM kept") == []


async def test_a_statement_of_its_own_that_is_not_confirmed_may_be_stored(database: Database) -> None:
    with pytest.raises(StoreUnavailable) as told:
        async with database.autocommit() as connection:
            await connection.execute(sa.text("SELECT pg_terminate_backend(pg_backend_pid())"))
    assert told.value.facts["is_unsure"]


async def _execute(database: Database, statements: str) -> list[Any]:
    """Execute several statements; return the rows of the last, if it has any."""
    async with database.begin() as connection:
        for statement in statements.split(";\n"):
            result = await connection.execute(sa.text(statement))
        return list(result) if result.returns_rows else []


async def test_closed_connections_are_replaced(database: Database, database_url: str) -> None:
    """Connections that Postgres closed while idle in the pool are replaced."""
    closed = asyncio.Event()
    async with database.begin() as connection:
        pooled: Any = (await connection.get_raw_connection()).driver_connection
        pooled.add_termination_listener(lambda _: closed.set())
    await _end_others(database_url)
    await closed.wait()
    await database.ping()


async def test_an_ended_connection_is_unavailable_and_discarded(database_url: str, tmp_path: Path) -> None:
    """A connection that Postgres has ended but not closed fails once, with StoreUnavailable."""
    async with _held_open(database_url, tmp_path) as line, open_database(line.url) as database:
        await database.ping()
        await _end_others(database_url)
        await line.ended.wait()
        with pytest.raises(StoreUnavailable):
            await database.ping()
        await database.ping()
        line.may_close.set()


@pytest.mark.parametrize("query", ["SELECT 1", "SELECT $1::int"])
async def test_the_queue_gets_over_a_connection_that_has_ended(database_url: str, tmp_path: Path, query: str) -> None:
    """Its next query, simple or with parameters, is asked of a new one: an error would leave its job to the lease."""
    async with (
        _held_open(database_url, tmp_path) as line,
        open_database(line.url) as database,
        open_driver(database) as driver,
    ):
        arguments = [1] * query.count("$")
        await driver.execute(query, *arguments)
        await _end_others(database_url)
        await line.ended.wait()
        assert await driver.execute(query, *arguments) == "SELECT 1"
        line.may_close.set()


async def _end_others(database_url: str) -> None:
    other = await asyncpg.connect(database_url)
    await other.execute(_END_OTHERS)
    await other.close()


@dataclass(frozen=True, kw_only=True)
class _Line:
    """A proxy to Postgres whose connections stay open after Postgres has `ended` them, until they `may_close`."""

    url: str
    ended: asyncio.Event
    may_close: asyncio.Event


@asynccontextmanager
async def _held_open(database_url: str, folder: Path) -> AsyncIterator[_Line]:
    parts = urlsplit(database_url)
    (directory,) = parse_qs(parts.query)["host"]
    url = parts._replace(query=f"host={folder}").geturl()
    line = _Line(url=url, ended=asyncio.Event(), may_close=asyncio.Event())

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers, questions = await asyncio.open_unix_connection(f"{directory}/.s.PGSQL.5432")
        asking = asyncio.ensure_future(_pass_on(reader, questions))
        await _pass_on(answers, writer)
        asyncio.get_running_loop().call_soon(line.ended.set)
        await line.may_close.wait()
        writer.close()
        await asking
        questions.close()

    async with await asyncio.start_unix_server(serve, folder / ".s.PGSQL.5432"):
        yield line


async def _pass_on(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    while chunk := await source.read(65536):
        target.write(chunk)


async def test_callers_own_failures_stay_what_they_are(database: Database, tmp_path: Path) -> None:
    """A file or SQL error inside a transaction is not reported as StoreUnavailable."""
    with pytest.raises(FileNotFoundError):
        async with database.begin() as connection:
            await connection.execute(sa.text("SELECT 1"))
            (tmp_path / "none").read_bytes()
    with pytest.raises(sa.exc.ProgrammingError):
        async with database.begin() as connection:
            await connection.execute(sa.text("SELECT nothing"))


async def test_single_statements_commit_by_themselves(database: Database) -> None:
    """Statements before a failure stay committed, since each is its own transaction."""
    with pytest.raises(sa.exc.ProgrammingError):
        async with database.autocommit() as connection:
            await connection.execute(sa.text("CREATE TABLE kept ()"))
            await connection.execute(sa.text("SELECT nothing"))
    async with database.begin() as connection:
        assert (await connection.execute(sa.text("SELECT to_regclass('kept') IS NOT NULL"))).scalar_one()


async def test_autocommit_leaves_the_pool_transactional(database_url: str) -> None:
    """A connection used in autocommit mode is transactional again when it is reused."""
    async with open_database(database_url, pool_size=1) as database:
        async with database.autocommit() as connection:
            await connection.execute(sa.text("CREATE TABLE kept ()"))
        with pytest.raises(ZeroDivisionError):
            async with database.begin() as connection:
                await connection.execute(sa.text("DROP TABLE kept"))
                raise ZeroDivisionError
        async with database.begin() as connection:
            assert (await connection.execute(sa.text("SELECT to_regclass('kept') IS NOT NULL"))).scalar_one()


async def test_a_transaction_ends_where_postgres_hangs(outage: Outage) -> None:
    """Each part does: a statement, a new connection, the rollback of somebody who gives up, and closing the pool."""
    limit = timedelta(seconds=0.2)
    async with open_database(outage.url, pool_size=1) as database:
        await database.ping()
        with outage.frozen():
            for _ in range(2):
                with pytest.raises(StoreUnavailable, match=r"no answer within 0\.2 s"):
                    await database.ping(limit=limit)
        with ExitStack() as hanging, pytest.raises(StoreUnavailable):
            async with database.begin(limit=limit) as connection:
                await connection.execute(sa.text("SELECT 1"))
                hanging.enter_context(outage.frozen())
                raise ConnectionError
        await database.ping()
        with outage.frozen():
            await database.close()


async def test_a_pool_opens_what_it_needs_and_gives_back_what_is_idle(database_url: str) -> None:
    """Never more than its size; one connection that is in use again and again stays, and the others are closed."""
    observer = await asyncpg.connect(database_url)
    async with open_database(database_url, pool_size=3, idle=timedelta(seconds=0.2)) as database:
        together = asyncio.Barrier(3)

        async def use() -> None:
            async with database.begin() as connection:
                await connection.execute(sa.text("SELECT 1"))
                await together.wait()

        await asyncio.gather(*(use() for _ in range(9)))
        assert await _count_others(observer) == 3
        kept = await _read_pid(database)
        while await _count_others(observer) > 1:
            assert await _read_pid(database) == kept
    await observer.close()


async def _count_others(observer: asyncpg.Connection) -> int:
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    return int(await observer.fetchval(query))


async def _read_pid(database: Database) -> int:
    async with database.begin() as connection:
        return int((await connection.execute(sa.text("SELECT pg_backend_pid()"))).scalar_one())
