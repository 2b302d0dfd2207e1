"""The plans of guilds, as they are stored."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.policy.plans import BUILT_IN, GuildPlans, Plan
from bot.store.plans.spending import OUTSIDE_GUILDS
from bot.store.plans.tables import plan_roles, plans
from engine.contract.jobs import Speed

_OF_GUILDS = sa.any_(sa.bindparam("guild_ids", type_=pg.ARRAY(sa.BigInteger)))
_PLANS = (
    sa.select(plans, sa.func.array_agg(plan_roles.c.role_id).label("role_ids"))
    .outerjoin(plan_roles, (plan_roles.c.guild_id == plans.c.guild_id) & (plan_roles.c.plan == plans.c.name))
    .where(plans.c.guild_id == _OF_GUILDS)
    .group_by(plans.c.guild_id, plans.c.name)
    .order_by(plans.c.name)
)


async def read_plans(connection: AsyncConnection, guild_ids: Sequence[int | None]) -> list[GuildPlans]:
    """Return the plans of each guild; outside guilds there is the operator's, if any, or what is built in."""
    wanted = {OUTSIDE_GUILDS, *(guild_id for guild_id in guild_ids if guild_id is not None)}
    rows = (await connection.execute(_PLANS, {"guild_ids": sorted(wanted)})).all()
    operators = next((plan_from_row(row) for row in rows if row.guild_id == OUTSIDE_GUILDS), BUILT_IN)
    return [
        _plans_of([row for row in rows if guild_id and row.guild_id == guild_id], operators) for guild_id in guild_ids
    ]


def plan_from_row(row: sa.Row[Any]) -> Plan:
    """Return the plan that a row of `plans` is."""
    return Plan(
        name=row.name,
        per_day=None if row.seconds_per_day is None else timedelta(seconds=row.seconds_per_day),
        per_month=None if row.seconds_per_month is None else timedelta(seconds=row.seconds_per_month),
        max_running=row.max_running,
        max_pending=row.max_pending,
        max_repeat=row.max_repeat,
        max_permutations=row.max_permutations,
        speeds=frozenset(map(Speed, row.speeds)),
    )


def _plans_of(rows: Sequence[sa.Row[Any]], operators: Plan) -> GuildPlans:
    found = {row.name: plan_from_row(row) for row in rows}
    default = next((found[row.name] for row in rows if row.is_default), operators)
    roles = {role_id: row.name for row in rows for role_id in row.role_ids if role_id is not None}
    return GuildPlans(plans=found, default=default, roles=roles)
