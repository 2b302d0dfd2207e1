"""Opens the Postgres that a command uses: `DATABASE_URL` or the embedded server. Says what to do when that fails."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from easel.postgres_errors import sentence_from_connect_error
from easel.postgres_service import find_service_problem
from engine.contract.errors import DatabaseUnusable, StoreUnavailable
from engine.settings import EngineSettings
from engine.store.connection_budget import connection_name, count_free_connections
from engine.store.connector import CONNECT_ERRORS, Connector
from engine.store.embedded_postgres import open_embedded
from engine.store.postgres_url import LISTEN_URL, parse_url
from migrations import require_current, upgrade

if TYPE_CHECKING:
    from engine.store.database import Database

_log = structlog.get_logger(__name__)

MIN_SERVER_VERSION = 14
_OTHER_DATABASE = (
    f"No notification arrives at {LISTEN_URL}: it is the address of another database than DATABASE_URL. Set both to "
    "the same one."
)

# A new server takes 40 MiB plus a transaction log that grows (measured: 2026-11-21, du of a new home).
REQUIRED_BYTES = 200 * 2**20


@asynccontextmanager
async def open_postgres(settings: EngineSettings) -> AsyncIterator[str]:
    """Yield the URL of the Postgres to use: `DATABASE_URL`, or the embedded server in `EASEL_HOME`.

    Raises: DatabaseUnusable when `DATABASE_URL` does not work, PostgresBroken when the embedded server does not start.
    """
    if settings.database_url is None:
        async with AsyncExitStack() as stack:
            try:
                url = await stack.enter_async_context(open_embedded(settings.home / "postgres"))
            except subprocess.CalledProcessError as error:
                raise DatabaseUnusable(problems=(_initialization_problem(settings.home),)) from error
            yield url
        return
    url = settings.database_url.get_secret_value()
    problem = await find_connection_problem(url)
    if problem is None and settings.listen_url:
        problem = await find_connection_problem(settings.listen_url, LISTEN_URL)
    if problem:
        raise DatabaseUnusable(problems=(problem,))
    yield url


@asynccontextmanager
async def open_migrated_postgres(settings: EngineSettings) -> AsyncIterator[str]:
    """Yield the URL of a Postgres whose schema is up to date; the embedded one is upgraded first.

    Raises: DatabaseUnusable when `DATABASE_URL` does not work, SchemaOutdated, SchemaNewer, PostgresBroken.
    """
    async with open_postgres(settings) as url:
        if settings.database_url is None:
            await upgrade(url)
        else:
            await require_current(url)
        yield url


async def find_connection_problem(url: str, name: str = "DATABASE_URL") -> str | None:
    """Return why the Postgres at `url` cannot be used and what to do, without its password; None when it can.

    It connects as the services do. name: of the setting that holds the URL.

    Raises: SettingsInvalid when the URL is wrong or has parameters that are not supported.
    """
    parsed = parse_url(url, name)
    if parsed.service and (problem := find_service_problem(parsed.service)):
        return f"{name}: {problem}"
    try:
        connection = await Connector(parsed).connect()
    except CONNECT_ERRORS as error:
        return f"{name}: {sentence_from_connect_error(error, parsed.address)}"
    try:
        version = connection.get_server_version().major
    finally:
        connection.terminate()
    if version < MIN_SERVER_VERSION:
        return (
            f"{name}: the Postgres at {parsed.address} is version {version}. Easel needs {MIN_SERVER_VERSION} or newer."
        )
    return None


@asynccontextmanager
async def open_listening(settings: EngineSettings) -> AsyncIterator[tuple[str, Database]]:
    """Yield the URL and the database of a process that listens for notifications, with a connection left for that.

    Raises: DatabaseUnusable, SchemaOutdated, SchemaNewer, PostgresBroken, StoreUnavailable.
    """
    from engine.store.database import open_database

    name = connection_name(settings.database_connections)
    async with (
        open_migrated_postgres(settings) as url,
        open_database(
            url,
            listen_url=settings.listen_url,
            pool_size=settings.database_connections - 1,
            name=name,
            data=settings.database_folder,
        ) as database,
    ):
        await report_connections(settings, name, database)
        yield url, database


async def report_connections(settings: EngineSettings, name: str, database: Database) -> None:
    """Log how many connections this process may open, and what is wrong with the Postgres that it connects to.

    name: of the process's connections, those of `database` among them; others see in it how many it may open.

    Raises: StoreUnavailable, SettingsInvalid when a URL is wrong.
    """
    _log.info("database_connections", at_most=settings.database_connections)
    # It must be there to be seen: of two processes that start at once, one sees the other.
    await database.ping()
    for problem in (await find_budget_problem(settings, name), await find_listen_problem(settings)):
        if problem:
            _log.warning("database_limits", problem=problem)


async def find_budget_problem(settings: EngineSettings, own_name: str | None = None) -> str | None:
    """Return what to do where Postgres has too few connections for a bot or an engine; None when it has enough.

    own_name: of the connections of this process; None for one that asks how the others do, or how one would do.

    Raises: StoreUnavailable, SettingsInvalid when a URL is wrong.
    """
    if settings.database_url is None:
        return None
    connector = Connector(parse_url(settings.database_url.get_secret_value()), own_name)
    try:
        connection = await connector.connect()
        try:
            free = await count_free_connections(connection, own_name)
        finally:
            connection.terminate()
    except CONNECT_ERRORS as error:
        raise StoreUnavailable(cause=str(error) or type(error).__name__) from error
    needed = 0 if free.others and not own_name else settings.database_connections
    # What a pooler has left cannot be seen through it.
    if connector.is_pooled or free.count >= needed:
        return None
    beside = f" beside those of the {free.others} bots and engines that run" if free.others else ""
    return (
        f"Postgres has {max(free.count, 0)} free connections{beside}, and each bot and engine may open "
        f"{settings.database_connections}. Raise max_connections, close other programs, or lower "
        "EASEL_DATABASE_CONNECTIONS (at least 3)."
    )


async def find_listen_problem(settings: EngineSettings) -> str | None:
    """Return why notifications do not arrive and what to do; None when they do.

    Raises: StoreUnavailable, SettingsInvalid when a URL is wrong.
    """
    if settings.database_url is None:
        return None
    speaker = Connector(parse_url(settings.database_url.get_secret_value()))
    name = LISTEN_URL if settings.listen_url else "DATABASE_URL"
    listener = Connector(parse_url(settings.listen_url, name)) if settings.listen_url else speaker
    try:
        if not await listener.is_shared():
            return None if await _does_hear(listener, speaker) else _OTHER_DATABASE
    except CONNECT_ERRORS as error:
        raise StoreUnavailable(cause=str(error) or type(error).__name__) from error
    return (
        f"{name} points to a pooler in transaction mode, which passes no notifications on (LISTEN needs a session). "
        f"Jobs and changes are found by polling, a few seconds later. Set {LISTEN_URL} to the address of Postgres "
        "itself, or of a pooler in session mode."
    )


async def _does_hear(listener: Connector, speaker: Connector) -> bool:
    if listener is speaker:
        return True
    # With SQLAlchemy, which most processes load later, and some never.
    from engine.store.listen import does_hear

    return await does_hear(listener, speaker)


def _initialization_problem(home: Path) -> str:
    free = shutil.disk_usage(home).free
    return (
        f"Could not initialize the embedded Postgres in {home}; see its output above. "
        f"It needs {REQUIRED_BYTES / 2**20:.0f} MiB, and {free / 2**20:,.0f} are free there. "
        "Free some space, or set EASEL_HOME to a folder on another disk."
    )
