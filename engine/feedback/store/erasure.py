"""Erasing a member from the feedback log, which is append-only for everything else."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.feedback.store.months import first_id, first_press, months_after
from engine.feedback.store.tables import actions, impressions, member_months, press_keys

# Of the release before the log, until its table is dropped.
_ERASE_EVENTS = sa.text("DELETE FROM events WHERE member_id = :member_id")
# For the rest of the transaction: no other way past the log's triggers.
_ALLOW = sa.select(sa.func.set_config("easel.erasing", "on", True))
_FORBID = sa.select(sa.func.set_config("easel.erasing", "off", True))


@dataclass(frozen=True, kw_only=True)
class ErasedFeedback:
    """How many records of a member were erased."""

    actions: int
    impressions: int


async def erase_feedback(connection: AsyncConnection, member_id: UUID) -> ErasedFeedback:
    """Erase the member's presses and what they were shown; what others did with their pictures stays, without them.

    Only the partitions of months that hold something of the member's are read. The caller has the member's row
    locked, so that no press of theirs comes in between.
    """
    months = sa.select(member_months.c.month).where(member_months.c.member_id == member_id)
    held = sorted((await connection.execute(months)).scalars())
    await connection.execute(_ALLOW)
    num_actions = num_impressions = 0
    for month in held:
        after = months_after(month)
        pressed = sa.delete(actions).where(
            actions.c.press_id >= first_press(month),
            actions.c.press_id < first_press(after),
            actions.c.member_id == member_id,
        )
        erased = list((await connection.execute(pressed.returning(actions.c.press_id))).scalars())
        keys = press_keys.c.press_id == sa.any_(sa.literal(erased, pg.ARRAY(sa.BigInteger)))
        await connection.execute(sa.delete(press_keys).where(keys))
        shown = sa.delete(impressions).where(
            impressions.c.id >= first_id(month),
            impressions.c.id < first_id(after),
            impressions.c.member_id == member_id,
        )
        num_actions += len(erased)
        num_impressions += (await connection.execute(shown)).rowcount
    await connection.execute(_ERASE_EVENTS, {"member_id": member_id})
    await connection.execute(sa.delete(member_months).where(member_months.c.member_id == member_id))
    await connection.execute(_FORBID)
    return ErasedFeedback(actions=num_actions, impressions=num_impressions)
