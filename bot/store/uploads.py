"""Recording the pictures that Discord users bring as their members'."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.members import lock_members
from engine.contract.uploads import StoredUpload
from engine.store.uploads import SUFFIX, record_uploads, upload_of

__all__ = ["SUFFIX", "record_uploads_of", "upload_of"]


async def record_uploads_of(connection: AsyncConnection, discord_id: int, brought: Sequence[StoredUpload]) -> None:
    """Record that the Discord user brought the pictures; again, it changes nothing."""
    (member,) = await lock_members(connection, [discord_id])
    await record_uploads(connection, member.id, brought)
