"""How much members have asked moderators of a guild to decide, who cannot tell who reported what."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.moderation.members import MemberInGuild
from bot.store.moderation.tables import CaseKind, moderation_cases
from engine.contract.feedback import Verb
from engine.feedback.store.months import press_at
from engine.feedback.store.tables import actions

LATELY = timedelta(days=1)
"""In which time reports are counted."""


async def count_reports(connection: AsyncConnection, asked: Sequence[MemberInGuild]) -> list[int]:
    """Return how many pictures and grids each member has reported in the guild in the last day."""
    own, counts = actions.c, []
    since = press_at(datetime.now(UTC) - LATELY)
    for one in asked:
        query = sa.select(sa.func.count()).where(
            own.press_id >= since,
            own.verb == Verb.REPORT.value,
            own.guild_id == one.guild_id,
            own.member_id == one.member_id,
        )
        counts.append(int((await connection.execute(query)).scalar_one()))
    return counts


async def count_appeals(connection: AsyncConnection, asked: Sequence[MemberInGuild]) -> list[int]:
    """Return how many appeals of each member wait to be decided in the guild."""
    own, counts = moderation_cases.c, []
    for one in asked:
        query = sa.select(sa.func.count()).where(
            own.member_id == one.member_id,
            own.guild_id == one.guild_id,
            own.kind == CaseKind.APPEAL.value,
            own.decision.is_(None),
        )
        counts.append(int((await connection.execute(query)).scalar_one()))
    return counts
