"""What there is already of a member who asks for a job: an answer to the same interaction, and unfinished jobs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

_STANDING = sa.text("""
    SELECT EXISTS (SELECT FROM deliveries WHERE deliveries.press_id = asked.press_id) AS is_answered,
        (SELECT count(*) FROM jobs
            WHERE jobs.member_id = asked.member_id AND status IN ('waiting', 'running')) AS num_pending
    FROM unnest(:press_ids, :member_ids) WITH ORDINALITY AS asked (press_id, member_id, number)
    ORDER BY asked.number
""").bindparams(sa.bindparam("press_ids", type_=pg.ARRAY(sa.Text)), sa.bindparam("member_ids", type_=pg.ARRAY(pg.UUID)))


@dataclass(frozen=True, kw_only=True)
class AskedFor:
    """A job that a member asks for by a press."""

    press_id: str
    member_id: UUID


@dataclass(frozen=True, kw_only=True)
class MemberStanding:
    """Whether the press was answered before, and how many of the member's jobs are waiting or running."""

    is_answered: bool
    num_pending: int


async def read_standings(connection: AsyncConnection, asked: Sequence[AskedFor]) -> list[MemberStanding]:
    """Return what there is of each."""
    given = {"press_ids": [one.press_id for one in asked], "member_ids": [one.member_id for one in asked]}
    rows = await connection.execute(_STANDING, given)
    return [MemberStanding(is_answered=row.is_answered, num_pending=row.num_pending) for row in rows]
