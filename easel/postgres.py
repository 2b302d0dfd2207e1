"""Opens the Postgres that a command uses: `DATABASE_URL` or the embedded server. Says what to do when that fails."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg

from engine.contract.errors import SettingsInvalid
from engine.settings import EngineSettings
from engine.store.embedded_postgres import open_embedded
from migrations import read_pending, upgrade

MIN_SERVER_VERSION = 14
# A new server takes 40 MiB plus a transaction log that grows (measured: 2026-11-21, du of a new home).
REQUIRED_BYTES = 200 * 2**20
_CONNECT_TIMEOUT_SECONDS = 10.0


@asynccontextmanager
async def open_postgres(settings: EngineSettings) -> AsyncIterator[str]:
    """Yield the URL of the Postgres to use: `DATABASE_URL`, or the embedded server in `EASEL_HOME`.

    Raises: SettingsInvalid when `DATABASE_URL` does not work, PostgresBroken when the embedded server does not start.
    """
    if settings.database_url is None:
        async with AsyncExitStack() as stack:
            try:
                url = await stack.enter_async_context(open_embedded(settings.home / "postgres"))
            except subprocess.CalledProcessError as error:
                raise SettingsInvalid(problems=(_initialization_problem(settings.home),)) from error
            yield url
        return
    url = settings.database_url.get_secret_value()
    problem = await find_connection_problem(url)
    if problem:
        raise SettingsInvalid(problems=(problem,))
    yield url


@asynccontextmanager
async def open_migrated_postgres(settings: EngineSettings) -> AsyncIterator[str]:
    """Yield the URL of a Postgres whose schema is up to date; the embedded one is upgraded first.

    Raises: SettingsInvalid when `DATABASE_URL` does not work or its schema is not up to date, PostgresBroken.
    """
    async with open_postgres(settings) as url:
        if settings.database_url is None:
            await upgrade(url)
        else:
            await _require_migrated(url)
        yield url


async def find_connection_problem(url: str) -> str | None:
    """Return why the Postgres at `url` cannot be used and what to do, without its password; None when it can."""
    address = _address(url)
    try:
        connection = await asyncpg.connect(url, timeout=_CONNECT_TIMEOUT_SECONDS)
    except (asyncpg.InvalidPasswordError, asyncpg.InvalidAuthorizationSpecificationError):
        return f"DATABASE_URL: the Postgres at {address} rejected the user or password. Check both."
    except asyncpg.InvalidCatalogNameError:
        return (
            f"DATABASE_URL: the Postgres at {address} has no such database. Create it with createdb, or choose another."
        )
    except (asyncpg.ClientConfigurationError, ValueError):
        return "DATABASE_URL is invalid. It must look like postgresql://user:password@host:5432/easel."
    except asyncpg.TooManyConnectionsError:
        return f"DATABASE_URL: the Postgres at {address} has no free connections. Raise max_connections, or close some."
    except asyncpg.CannotConnectNowError:
        return f"DATABASE_URL: the Postgres at {address} is starting or stopping. Try again in a moment."
    except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncpg.PostgresConnectionError):
        return f"DATABASE_URL: cannot connect to Postgres at {address}. Is it running, and can this machine reach it?"
    try:
        version = connection.get_server_version().major
    finally:
        await connection.close()
    if version < MIN_SERVER_VERSION:
        return (
            f"DATABASE_URL: the Postgres at {address} is version {version}. Easel needs {MIN_SERVER_VERSION} or newer."
        )
    return None


async def _require_migrated(url: str) -> None:
    pending = await read_pending(url)
    if pending:
        problem = f"The database schema is not up to date ({', '.join(pending)} missing). Run `easel migrate`."
        raise SettingsInvalid(problems=(problem,))


def _initialization_problem(home: Path) -> str:
    free = shutil.disk_usage(home).free
    return (
        f"Could not initialize the embedded Postgres in {home}; see its output above. "
        f"It needs {REQUIRED_BYTES / 2**20:.0f} MiB, and {free / 2**20:,.0f} are free there. "
        "Free some space, or set EASEL_HOME to a folder on another disk."
    )


def _address(url: str) -> str:
    try:
        parts = urlsplit(url)
        return f"{parts.hostname or 'the local socket'}:{parts.port or 5432}"
    except ValueError:
        return "that address"
