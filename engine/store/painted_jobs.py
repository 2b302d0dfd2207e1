"""Stores jobs that were painted outside the queue, so that their pictures are like all others."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.contract.jobs import JobRequest, JobStatus, Picture, json_from_spec
from engine.store.tables import jobs, pictures


async def store_painted_job(
    connection: AsyncConnection, request: JobRequest, painted: Sequence[Picture], grid_key: str, grid_type: str
) -> None:
    """Store a finished job with its pictures; no engine, and no turn of its member, has to do with it."""
    now = sa.func.now()
    job = {
        "id": request.id,
        "member_id": request.member_id,
        "operation": request.operation.value,
        "spec": json_from_spec(request.spec),
        "seed": request.seed,
        "turn": 0,
        "parent_job_id": request.parent_job_id,
        "visibility": request.visibility.value,
        "status": JobStatus.FINISHED.value,
        "progress": 1.0,
        "grid_key": grid_key,
        "grid_type": grid_type,
    }
    await connection.execute(sa.insert(jobs).values(**job, ended_at=now))
    rows = [
        {
            "id": picture.id,
            "job_id": picture.job_id,
            "slot": picture.slot,
            "object_key": picture.object_key,
            "width": picture.width,
            "height": picture.height,
            "seed": picture.seed,
            "recipe": dict(picture.recipe),
            "unsafe_score": picture.unsafe_score,
        }
        for picture in painted
    ]
    await connection.execute(sa.insert(pictures), rows)
