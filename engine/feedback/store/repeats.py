"""Presses that repeat one of a moment ago, as quick clicks do."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.feedback.records import Action

MOMENT = timedelta(seconds=3)
"""For so long Discord waits for an answer, so that after it the first press has one on the screen."""

# The upper bits of Discord's ids are milliseconds.
_SPAN = (MOMENT // timedelta(milliseconds=1)) << 22

# The bounds over all presses leave the partitions of other months unread.
_REPEATS = sa.text("""
    SELECT asked.number
    FROM unnest(:press_ids, :job_ids, :member_ids, :verbs, :variations, :picture_ids) WITH ORDINALITY
        AS asked (press_id, job_id, member_id, verb, variation, picture_id, number)
    WHERE EXISTS (
        SELECT FROM actions AS other
        WHERE other.press_id BETWEEN :first AND :last
            AND other.press_id BETWEEN asked.press_id - :span AND asked.press_id + :span
            AND other.press_id <> asked.press_id
            AND other.job_id = asked.job_id AND other.member_id = asked.member_id AND other.verb = asked.verb
            AND other.variation IS NOT DISTINCT FROM asked.variation
            AND other.picture_id IS NOT DISTINCT FROM asked.picture_id
    )
""").bindparams(
    *(sa.bindparam(name, type_=sa.BigInteger) for name in ("first", "last", "span")),
    sa.bindparam("press_ids", type_=pg.ARRAY(sa.BigInteger)),
    *(sa.bindparam(name, type_=pg.ARRAY(sa.Text)) for name in ("verbs", "variations")),
    *(sa.bindparam(name, type_=pg.ARRAY(pg.UUID)) for name in ("job_ids", "member_ids", "picture_ids")),
)


async def find_repeats(connection: AsyncConnection, asked: Sequence[Action]) -> list[bool]:
    """Return for each whether its member did the same with the same picture within a `MOMENT`, by Discord's clock."""
    press_ids = [one.press_id for one in asked]
    parameters = {
        "press_ids": press_ids,
        "job_ids": [one.job_id for one in asked],
        "member_ids": [one.member_id for one in asked],
        "verbs": [one.verb.value for one in asked],
        "variations": [one.variation for one in asked],
        "picture_ids": [one.picture_id for one in asked],
        "first": min(press_ids, default=0) - _SPAN,
        "last": max(press_ids, default=0) + _SPAN,
        "span": _SPAN,
    }
    found = set((await connection.execute(_REPEATS, parameters)).scalars())
    return [number in found for number in range(1, len(asked) + 1)]
