"""The jobs in the queue, in the order in which they are painted, as an operator reads them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.contract.jobs import JobStatus, Operation
from engine.store.jobs import LISTED_PROMPT
from engine.store.tables import jobs


@dataclass(frozen=True, kw_only=True)
class PendingJob:
    """A job that waits or is painted.

    model: None for the default one. progress: fraction of the steps done.
    """

    id: UUID
    member_id: UUID
    operation: Operation
    status: JobStatus
    prompt: str
    model: str | None
    progress: float
    attempts: int
    crashes: int
    created_at: datetime


async def read_pending_jobs(connection: AsyncConnection, limit: int) -> tuple[PendingJob, ...]:
    """Return the first `limit` jobs: those that are painted, and then the waiting ones by their turn.

    Each half is read from the front of its index, however many jobs wait.
    """
    running = _pending(JobStatus.RUNNING).order_by(jobs.c.id).limit(limit)
    waiting = _pending(JobStatus.WAITING).order_by(jobs.c.turn, jobs.c.id).limit(limit)
    found = [row for half in (running, waiting) for row in await connection.execute(half)]
    return tuple(
        PendingJob(**{**row._mapping, "operation": Operation(row.operation), "status": JobStatus(row.status)})
        for row in found[:limit]
    )


def _pending(status: JobStatus) -> sa.Select[tuple[object, ...]]:
    named = {"prompt": LISTED_PROMPT, "model": jobs.c.spec["parameters"]["model"].astext}
    plain = ("id", "member_id", "operation", "status", "progress", "attempts", "crashes", "created_at")
    columns = [jobs.c[name] for name in plain]
    return sa.select(*columns, *(value.label(name) for name, value in named.items())).where(
        jobs.c.status == status.value
    )
