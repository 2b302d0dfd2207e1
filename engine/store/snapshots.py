"""A consistent snapshot of the database, for exports."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.store.database import Database
from engine.store.tables import jobs

KEEP_FROM_PRUNING = sa.text("LOCK TABLE prunes IN ACCESS SHARE MODE")
"""Said in a transaction, keeps `easel prune` from deleting anything until that ends."""


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """The database at one point in time, for the duration of its transaction."""

    connection: AsyncConnection

    async def read_member_ids(self) -> list[UUID]:
        """Return the id of every member who submitted a job."""
        return list((await self.connection.execute(sa.select(jobs.c.member_id).distinct())).scalars())

    async def share(self) -> str:
        """Return the name by which other transactions may see the same, as long as this one lasts."""
        return str((await self.connection.execute(sa.select(sa.func.pg_export_snapshot()))).scalar_one())


@asynccontextmanager
async def open_snapshot(
    database: Database, *, is_read_only: bool = True, shared: str | None = None
) -> AsyncIterator[Snapshot]:
    """Yield a snapshot, which excludes everything committed later; one that is not read-only takes temporary tables.

    shared: the name of another one, to see the same.

    Raises: StoreUnavailable when Postgres cannot be reached or goes away.
    """
    async with database.begin(limit=None) as connection:
        access = "READ ONLY" if is_read_only else "READ WRITE"
        await connection.execute(sa.text(f"SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, {access}"))
        # Before the snapshot is taken, which the first query does: what it shows stays until it ends.
        await connection.execute(KEEP_FROM_PRUNING)
        if shared is not None:
            # Which takes no parameters; the name is Postgres's own.
            await connection.execute(sa.text(f"SET TRANSACTION SNAPSHOT '{shared}'"))
        yield Snapshot(connection=connection)
