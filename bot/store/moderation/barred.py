"""What moderators read of pictures that were like one that must never appear: a case that is decided already."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.deliveries import Delivery
from bot.store.interaction import InteractionContext
from bot.store.members import lock_members
from bot.store.moderation.tables import CaseKind, Decision, moderation_cases
from engine.contract.errors import PictureBarred
from engine.contract.ids import new_id
from engine.store.tables import jobs

_SAME_CASE = timedelta(hours=1)


async def log_barred(connection: AsyncConnection, delivery: Delivery) -> None:
    """Keep a case of the delivery's guild if that is how its job failed."""
    if delivery.guild_id is None:
        return
    failed = sa.select(jobs.c.id).where(
        jobs.c.id == delivery.job_id, jobs.c.cause["error"].astext == PictureBarred.__name__
    )
    if (await connection.execute(failed)).first() is None:
        return
    await _keep(connection, {"member_id": delivery.member_id, "guild_id": delivery.guild_id, "job_id": delivery.job_id})


async def log_barred_upload(connection: AsyncConnection, context: InteractionContext) -> None:
    """Keep a case of the guild that the member brought such a picture; within an hour, again is the same one."""
    if context.guild_id is None:
        return
    (member,) = await lock_members(connection, [context.discord_id])
    own = moderation_cases.c
    just_now = sa.select(own.id).where(
        own.member_id == member.id,
        own.guild_id == context.guild_id,
        own.is_brought,
        own.opened_at > sa.func.now() - _SAME_CASE,
    )
    if (await connection.execute(just_now.limit(1))).first() is None:
        await _keep(connection, {"member_id": member.id, "guild_id": context.guild_id, "is_brought": True})


async def _keep(connection: AsyncConnection, about: Mapping[str, Any]) -> None:
    # There is nothing to post.
    decided = {"decision": Decision.REMOVE.value, "decided_at": sa.func.now(), "shown_version": 1}
    row = {"id": new_id(), "kind": CaseKind.BARRED.value, **about, **decided}
    await connection.execute(sa.insert(moderation_cases).values(row))
