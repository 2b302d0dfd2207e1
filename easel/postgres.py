"""Which Postgres a command uses, and what is wrong with it when it cannot; it says no SQL."""

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

MIN_SERVER_VERSION = 14
# A fresh server takes 40 MiB, and a transaction log that grows (measured: 2026-11-21, du of a new home).
REQUIRED_BYTES = 200 * 2**20
_CONNECT_TIMEOUT_SECONDS = 10.0


@asynccontextmanager
async def open_postgres(settings: EngineSettings) -> AsyncIterator[str]:
    """Yield the address of the Postgres to use: `DATABASE_URL`, or else the embedded server of `EASEL_HOME`.

    Raises: SettingsInvalid when `DATABASE_URL` leads nowhere, PostgresBroken when the embedded server does not start.
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
    fault = await find_connection_problem(url)
    if fault:
        raise SettingsInvalid(problems=(fault,))
    yield url


async def find_connection_problem(url: str) -> str | None:
    """Return what is wrong with the Postgres at `url` and what to do, without its password; None when it answers."""
    place = _address(url)
    try:
        connection = await asyncpg.connect(url, timeout=_CONNECT_TIMEOUT_SECONDS)
    except (asyncpg.InvalidPasswordError, asyncpg.InvalidAuthorizationSpecificationError):
        return f"DATABASE_URL: the Postgres at {place} refuses that user or password. Check both."
    except asyncpg.InvalidCatalogNameError:
        return f"DATABASE_URL: the Postgres at {place} has no such database. Create it with createdb, or name another."
    except (asyncpg.ClientConfigurationError, ValueError):
        return "DATABASE_URL cannot be read: it must look like postgresql://user:password@host:5432/easel."
    except asyncpg.TooManyConnectionsError:
        return f"DATABASE_URL: the Postgres at {place} has no connection left. Raise max_connections, or close some."
    except asyncpg.CannotConnectNowError:
        return f"DATABASE_URL: the Postgres at {place} is starting or stopping. Try again in a moment."
    except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncpg.PostgresConnectionError):
        return f"DATABASE_URL: no Postgres answers at {place}. Is it running, and may this machine reach it?"
    try:
        version = connection.get_server_version().major
    finally:
        await connection.close()
    if version < MIN_SERVER_VERSION:
        return f"DATABASE_URL: the Postgres at {place} is version {version}. Easel needs {MIN_SERVER_VERSION} or newer."
    return None


def _initialization_problem(home: Path) -> str:
    free = shutil.disk_usage(home).free
    return (
        f"The embedded Postgres could not be made in {home}: what it said is above. "
        f"It needs {REQUIRED_BYTES / 2**20:.0f} MiB, and {free / 2**20:,.0f} are free there: "
        "make room, or set EASEL_HOME to a folder on another disk."
    )


def _address(url: str) -> str:
    try:
        parts = urlsplit(url)
        return f"{parts.hostname or 'the local socket'}:{parts.port or 5432}"
    except ValueError:
        return "that address"
