"""Commands and services with a Postgres that lacks something: each says what, in one sentence."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import asyncpg
import pytest

from bot.settings import BotSettings
from easel.doctor.checks import check_notifications
from easel.postgres import find_budget_problem, find_connection_problem
from engine.store.connection_budget import connection_name
from engine.store.database import open_database
from tests.easel.command import run_easel, start_easel
from tests.pooler import open_pooler


async def test_commands_say_what_a_url_lacks(home: Path, database_url: str) -> None:
    """A service ends with one sentence for each problem."""
    url = f"{database_url}&sslcrldir=x&sslmode=none"
    engine = await run_easel("bot", home=home, DATABASE_URL=url, DISCORD_TOKEN="a-token")
    assert engine.err.splitlines() == [
        "DATABASE_URL: sslmode must be one of disable, allow, prefer, require, verify-ca, verify-full, not none.",
        "DATABASE_URL: sslcrldir is not supported. Remove it from the URL.",
    ]
    assert engine.code == 4


async def test_a_pooler_works_and_is_named(home: Path, postgres: str, empty_url: str) -> None:
    """The schema is made through it, and the doctor says which setting brings notifications."""
    async with open_pooler(empty_url) as pooler:
        migrated = await run_easel("migrate", home=home, DATABASE_URL=pooler.url)
        assert migrated.code == 0, migrated.err
        alone = await check_notifications(_settings(DATABASE_URL=pooler.url))
        assert alone.fix and "Set EASEL_LISTEN_DATABASE_URL to" in alone.fix
        both = await check_notifications(_settings(DATABASE_URL=pooler.url, EASEL_LISTEN_DATABASE_URL=empty_url))
        assert both.fix is None
        pooled = await check_notifications(_settings(DATABASE_URL=empty_url, EASEL_LISTEN_DATABASE_URL=pooler.url))
        assert pooled.fix and pooled.fix.startswith("EASEL_LISTEN_DATABASE_URL points to a pooler")
        other = await check_notifications(_settings(DATABASE_URL=pooler.url, EASEL_LISTEN_DATABASE_URL=postgres))
        assert other.fix and "another database" in other.fix


@pytest.mark.parametrize("service", ["bot", "engine"])
async def test_services_state_their_connections(home: Path, database_url: str, service: str) -> None:
    """Each says how many it may open, and what it lacks."""
    async with open_pooler(database_url) as pooler:
        process = await start_easel(
            service,
            "--health-port",
            "0",
            home=home,
            DATABASE_URL=pooler.url,
            DISCORD_TOKEN="a-token",
            DISCORD_API_URL="http://127.0.0.1:9/api",
        )
        assert process.stderr is not None
        said = b""
        while b"EASEL_LISTEN_DATABASE_URL" not in said:
            line = await process.stderr.readline()
            assert line, said
            said += line
        assert b"at_most=5" in said
        process.terminate()
        await process.communicate()


def _settings(**variables: str) -> BotSettings:
    return BotSettings.model_validate(variables)


async def test_errors_of_the_database_have_a_sentence(home: Path, database_url: str, tmp_path: Path) -> None:
    """A role without rights sees what to grant, and tables of another program are called that."""
    owner = await asyncpg.connect(database_url)
    await owner.execute("CREATE ROLE nobody_special LOGIN")
    await owner.execute("GRANT SELECT ON alembic_version TO nobody_special")
    try:
        url = database_url.replace("postgres@", "nobody_special@")
        refused = await run_easel("export", "raw", "-o", str(tmp_path / "out"), home=home, DATABASE_URL=url)
        assert refused.code == 5 and "permission denied" in refused.err and "easel migrate" in refused.err
        await owner.execute("DROP TABLE alembic_version")
        foreign = await run_easel("migrate", home=home, DATABASE_URL=database_url)
        assert foreign.code == 5 and "another program" in foreign.err
        assert "Traceback" not in refused.err + foreign.err
    finally:
        await owner.execute("DROP OWNED BY nobody_special")
        await owner.execute("DROP ROLE nobody_special")
        await owner.close()


async def test_too_few_connections_are_told(database_url: str) -> None:
    """Whether the server, the role or the database has the limit that is reached first."""
    owner = await asyncpg.connect(database_url)
    name = await owner.fetchval("SELECT current_database()")
    await owner.execute("CREATE ROLE limited LOGIN CONNECTION LIMIT 4")
    url = database_url.replace("postgres@", "limited@")
    try:
        assert await find_budget_problem(_settings(DATABASE_URL=url, EASEL_DATABASE_CONNECTIONS="4")) is None
        of_role = await find_budget_problem(_settings(DATABASE_URL=url))
        await _until_alone(owner)
        await owner.execute(f"ALTER DATABASE {name} CONNECTION LIMIT 3")
        of_database = await find_budget_problem(_settings(DATABASE_URL=url))
        await owner.execute(f"ALTER DATABASE {name} CONNECTION LIMIT 1")
        none_left = await find_connection_problem(url)
        of_server = await find_budget_problem(_settings(DATABASE_URL=database_url, EASEL_DATABASE_CONNECTIONS="100"))
    finally:
        await owner.execute("DROP ROLE limited")
        await owner.close()
    assert of_role and "has 4 free connections" in of_role and "EASEL_DATABASE_CONNECTIONS" in of_role
    assert of_database and "has 2 free connections" in of_database
    assert none_left and "no free connections" in none_left
    assert of_server and "may open 100" in of_server


async def _until_alone(connection: asyncpg.Connection) -> None:
    """Return when the connections to the same database that were closed are gone, which Postgres counts until then."""
    others = """
        SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()"""
    async with asyncio.timeout(60):
        while True:
            if not await connection.fetchval(others):
                return
            await asyncio.sleep(0.05)


async def test_connections_that_others_may_still_open_are_not_free(database_url: str) -> None:
    """Two bots or engines that have opened one of five leave eight less; the one that asks has its own."""
    owner = await asyncpg.connect(database_url)
    await owner.execute("CREATE ROLE sharing LOGIN CONNECTION LIMIT 15")
    url = database_url.replace("postgres@", "sharing@")
    names = [connection_name(5) for _ in range(3)]
    open_pools = AsyncExitStack()
    try:
        for name in names:
            assert await find_budget_problem(_settings(DATABASE_URL=url), name) is None
            database = await open_pools.enter_async_context(open_database(url, pool_size=4, name=name))
            await database.ping()
        assert await find_budget_problem(_settings(DATABASE_URL=url), names[0]) is None
        assert await find_budget_problem(_settings(DATABASE_URL=url)) is None
        fourth = await find_budget_problem(_settings(DATABASE_URL=url), connection_name(5))
    finally:
        await open_pools.aclose()
        await owner.execute("DROP ROLE sharing")
        await owner.close()
    assert fourth and "has 0 free connections beside those of the 3 bots and engines that run" in fourth


@pytest.mark.parametrize(
    "arguments",
    [("run", "--port", "0"), ("engine",), ("migrate",), ("export", "raw", "-o", "x")],
    ids=lambda arguments: arguments[0],
)
async def test_a_schema_of_a_newer_release_is_told(home: Path, database_url: str, arguments: tuple[str, ...]) -> None:
    """A service and the commands name the release that wrote it, and what to do."""
    owner = await asyncpg.connect(database_url)
    await owner.execute("UPDATE alembic_version SET version_num = '9999'")
    await owner.execute("COMMENT ON TABLE alembic_version IS 'Easel 8.1'")
    await owner.close()
    done = await run_easel(*arguments, home=home, DATABASE_URL=database_url, DISCORD_TOKEN="a-token")
    said = done.err.strip().splitlines()[-1]
    assert "(revision 9999) was written by Easel 8.1. This is Easel " in said and "restore the backup" in said
    assert done.code == 5 and "Traceback" not in done.err and "Failed" not in done.out
