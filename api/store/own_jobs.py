"""What belongs to one key: its jobs, and the pictures of them, by their ids or by their files."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.contract.errors import JobUnknown, PictureUnknown
from engine.contract.jobs import Job, Picture
from engine.store.file_copies import key_from_hash
from engine.store.jobs import picture_from_row, read_job, read_jobs_with_pictures, read_picture
from engine.store.tables import api_keys, jobs, pictures


async def read_own_job(connection: AsyncConnection, member_id: UUID, job_id: UUID) -> tuple[Job, tuple[Picture, ...]]:
    """Return the member's job and its pictures by slot.

    Raises: JobUnknown, also for a job of somebody else's.
    """
    (found,) = await read_jobs_with_pictures(connection, [job_id])
    if found is None or found[0].member_id != member_id:
        raise JobUnknown()
    return found


async def read_own_picture(connection: AsyncConnection, member_id: UUID, picture_id: UUID) -> tuple[Job, Picture]:
    """Return the picture and its job, which is the member's.

    Raises: PictureUnknown, also for a picture of somebody else's.
    """
    picture = await read_picture(connection, picture_id)
    job = await read_job(connection, picture.job_id) if picture else None
    if picture is None or job is None or job.member_id != member_id:
        raise PictureUnknown()
    return job, picture


async def find_own_picture(connection: AsyncConnection, member_id: UUID, sha256: str) -> tuple[Job, Picture] | None:
    """Return the newest picture of the member's whose file has this hash, and its job; None if there is none."""
    has_file = pictures.c.object_key == key_from_hash(sha256, ".png")
    query = (
        sa.select(pictures).join(jobs, jobs.c.id == pictures.c.job_id).where(has_file, jobs.c.member_id == member_id)
    )
    row = (await connection.execute(query.order_by(pictures.c.id.desc()).limit(1))).one_or_none()
    if row is None:
        return None
    job = await read_job(connection, row.job_id)
    return None if job is None else (job, picture_from_row(row))


async def read_signing_secret(connection: AsyncConnection, member_id: UUID) -> bytes | None:
    """Return what signs links to the pictures of a key's member; None once the key is revoked."""
    query = sa.select(api_keys.c.secret_hash).where(api_keys.c.member_id == member_id, api_keys.c.revoked_at.is_(None))
    secret: bytes | None = (await connection.execute(query)).scalar_one_or_none()
    return secret
