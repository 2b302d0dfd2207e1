"""The pool tells an absent Postgres from every other failure, and mends itself when Postgres is back."""

from __future__ import annotations

from pathlib import Path

import asyncpg
import pytest
import sqlalchemy as sa

from engine.contract.errors import StoreUnavailable
from engine.store.database import Database, open_database

_END_OTHERS = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()"""


async def test_nobody_answering_is_absence() -> None:
    """An address without a server is an absent Postgres, by pool and by listener."""
    async with open_database("postgresql://postgres@127.0.0.1:1/postgres") as database:
        with pytest.raises(StoreUnavailable):
            await database.ping()
        with pytest.raises(StoreUnavailable):
            await database.listen()


async def test_connection_lost_before_the_commit_is_absence(database: Database, database_url: str) -> None:
    """A transaction whose connection dies is told as absence, and nothing of it is kept."""
    other = await asyncpg.connect(database_url)
    with pytest.raises(StoreUnavailable):
        async with database.begin() as connection:
            await connection.execute(sa.text("CREATE TABLE lost ()"))
            await other.execute(_END_OTHERS)
            await connection.execute(sa.text("SELECT 1"))
    assert await other.fetchval("SELECT to_regclass('lost') IS NULL")
    await other.close()


async def test_closed_connections_are_replaced(database: Database, database_url: str) -> None:
    """Connections that Postgres closed while they lay in the pool are not handed out."""
    await database.ping()
    other = await asyncpg.connect(database_url)
    await other.execute(_END_OTHERS)
    # The answer to this comes after the news of the end on the other socket.
    await other.fetch("SELECT pg_sleep(0.05)")
    await other.close()
    await database.ping()


async def test_callers_own_failures_stay_what_they_are(database: Database, tmp_path: Path) -> None:
    """An error of a file, or of the SQL, inside a transaction is not taken for an absent Postgres."""
    with pytest.raises(FileNotFoundError):
        async with database.begin() as connection:
            await connection.execute(sa.text("SELECT 1"))
            (tmp_path / "none").read_bytes()
    with pytest.raises(sa.exc.ProgrammingError):
        async with database.begin() as connection:
            await connection.execute(sa.text("SELECT nothing"))


async def test_single_statements_commit_by_themselves(database: Database) -> None:
    """What was done before a failure stays, since each statement was its own transaction."""
    with pytest.raises(sa.exc.ProgrammingError):
        async with database.single() as connection:
            await connection.execute(sa.text("CREATE TABLE kept ()"))
            await connection.execute(sa.text("SELECT nothing"))
    async with database.begin() as connection:
        assert (await connection.execute(sa.text("SELECT to_regclass('kept') IS NOT NULL"))).scalar_one()


async def test_single_leaves_the_pool_transactional(database_url: str) -> None:
    """A connection used for single statements rolls back as any other when it is lent again."""
    async with open_database(database_url, pool_size=1) as database:
        async with database.single() as connection:
            await connection.execute(sa.text("CREATE TABLE kept ()"))
        with pytest.raises(ZeroDivisionError):
            async with database.begin() as connection:
                await connection.execute(sa.text("DROP TABLE kept"))
                raise ZeroDivisionError
        async with database.begin() as connection:
            assert (await connection.execute(sa.text("SELECT to_regclass('kept') IS NOT NULL"))).scalar_one()
