"""Recording the pictures that Discord users bring as their members', and finding those of a prompt again."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.batch import run_alone
from bot.store.interaction import InteractionContext
from bot.store.members import lock_members
from bot.store.statements import lock_member
from engine.contract.references import pictures_of
from engine.contract.uploads import StoredUpload
from engine.store.jobs import read_job
from engine.store.uploads import SUFFIX, find_upload_keys, record_uploads, upload_of

__all__ = ["SUFFIX", "find_own_keys", "read_keys_by_name", "record_uploads_of", "upload_of"]


async def record_uploads_of(
    connection: AsyncConnection, context: InteractionContext, brought: Sequence[StoredUpload]
) -> None:
    """Record that the member brought the pictures; again, it changes nothing.

    Raises: MemberBanned, MemberRestricted.
    """
    member = await run_alone(connection, lock_member(context))
    await record_uploads(connection, member.id, brought)


async def find_own_keys(connection: AsyncConnection, discord_id: int, hashes: Sequence[str]) -> dict[str, str]:
    """Return the keys of those pictures that the Discord user brought, by the beginnings of their files' hashes."""
    (member,) = await lock_members(connection, [discord_id])
    return await find_upload_keys(connection, member.id, hashes)


async def read_keys_by_name(connection: AsyncConnection, job_id: UUID) -> dict[str, str]:
    """Return the keys of the pictures in the job's prompt, by their links or names; none of a job that was erased."""
    job = await read_job(connection, job_id)
    if job is None:
        return {}
    return {picture.url: key for picture, key in zip(pictures_of(job.spec), job.image_keys, strict=True)}
