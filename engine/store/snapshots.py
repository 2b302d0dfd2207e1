"""A consistent snapshot of all jobs and pictures, streamed row by row for exports."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.contract.jobs import Job, Picture
from engine.store.database import Database
from engine.store.jobs import job_from_row, picture_from_row
from engine.store.tables import jobs, pictures

_FETCH_SIZE = 500


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """The database at one point in time, for the duration of its transaction; rows are streamed."""

    connection: AsyncConnection

    async def count_rows(self) -> int:
        """Return the number of jobs and pictures together."""
        counts = [sa.select(sa.func.count()).select_from(table).scalar_subquery() for table in (jobs, pictures)]
        return int((await self.connection.execute(sa.select(counts[0] + counts[1]))).scalar_one())

    async def read_member_ids(self) -> list[UUID]:
        """Return the id of every member who submitted a job."""
        return list((await self.connection.execute(sa.select(jobs.c.member_id).distinct())).scalars())

    async def stream_jobs(self) -> AsyncIterator[Job]:
        """Yield the jobs by id, which is by age to the millisecond."""
        async for row in _stream(self.connection, jobs):
            yield job_from_row(row)

    async def stream_pictures(self) -> AsyncIterator[Picture]:
        """Yield the pictures by id."""
        async for row in _stream(self.connection, pictures):
            yield picture_from_row(row)


@asynccontextmanager
async def open_snapshot(database: Database) -> AsyncIterator[Snapshot]:
    """Yield a snapshot, which excludes everything committed later.

    Raises: StoreUnavailable when Postgres cannot be reached or goes away.
    """
    async with database.begin(limit=None) as connection:
        await connection.execute(sa.text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
        yield Snapshot(connection=connection)


async def _stream(connection: AsyncConnection, table: sa.Table) -> AsyncIterator[sa.Row[Any]]:
    rows = await connection.stream(sa.select(table).order_by(table.c.id), execution_options={"yield_per": _FETCH_SIZE})
    async for row in rows:
        yield row
