"""What moderators read of pictures that were like one that must never appear: a case that is decided already."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.deliveries import Delivery
from bot.store.moderation.tables import CaseKind, Decision, moderation_cases
from engine.contract.errors import PictureBarred
from engine.contract.ids import new_id
from engine.store.tables import jobs


async def log_barred(connection: AsyncConnection, delivery: Delivery) -> None:
    """Keep a case of the delivery's guild if that is how its job failed."""
    if delivery.guild_id is None:
        return
    failed = sa.select(jobs.c.id).where(
        jobs.c.id == delivery.job_id, jobs.c.cause["error"].astext == PictureBarred.__name__
    )
    if (await connection.execute(failed)).first() is None:
        return
    row = {
        "id": new_id(),
        "kind": CaseKind.BARRED.value,
        "guild_id": delivery.guild_id,
        "member_id": delivery.member_id,
        "job_id": delivery.job_id,
        "decision": Decision.REMOVE.value,
        "decided_at": sa.func.now(),
        # There is nothing to post.
        "shown_version": 1,
    }
    await connection.execute(sa.insert(moderation_cases).values(row))
