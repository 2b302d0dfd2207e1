"""How many votes have come that no training has read."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.tables import members
from engine.contract.feedback import Verb
from engine.feedback.store.months import press_at
from engine.feedback.store.tables import actions

_VOTES = (Verb.UPSCALE, Verb.VARY, Verb.RATE, Verb.FAVOURITE, Verb.BEST, Verb.CHOOSE)
"""Presses from which preferences may follow."""


async def count_new_votes(connection: AsyncConnection, since: datetime | None, *, most: int) -> int:
    """Return how many such presses of members who agree to training came since, and no more than `most`."""
    agrees = sa.exists().where(members.c.id == actions.c.member_id, members.c.may_train)
    # By the id, which begins with the time: of the months, only those since are read.
    presses = sa.select(actions.c.press_id).where(
        actions.c.press_id >= (0 if since is None else press_at(since)),
        actions.c.verb.in_([verb.value for verb in _VOTES]),
        agrees,
    )
    counted = sa.select(sa.func.count()).select_from(presses.limit(most).subquery())
    return int((await connection.execute(counted)).scalar_one())
