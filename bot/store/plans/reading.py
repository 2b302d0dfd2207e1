"""The plans of guilds, as they are stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    rows = [row._asdict() for row in await connection.execute(_PLANS, {"guild_ids": sorted(wanted)})]
    operators = [row for row in rows if row["guild_id"] == OUTSIDE_GUILDS]
    return [
        plans_from_columns([row for row in rows if guild_id and row["guild_id"] == guild_id], operators)
        for guild_id in guild_ids
    ]


def plans_from_columns(own: Sequence[Mapping[str, Any]], operators: Sequence[Mapping[str, Any]]) -> GuildPlans:
    """Return the plans of a guild from rows of `plans`, each with its `role_ids`, and from the operator's, if any."""
    found = {row["name"]: _plan(row) for row in own}
    standard = next(map(_plan, operators), BUILT_IN)
    default = next((found[row["name"]] for row in own if row["is_default"]), standard)
    roles = {role_id: row["name"] for row in own for role_id in row["role_ids"] if role_id is not None}
    return GuildPlans(plans=found, default=default, roles=roles)


def _plan(row: Mapping[str, Any]) -> Plan:
    per_day, per_month = row["seconds_per_day"], row["seconds_per_month"]
    return Plan(
        name=row["name"],
        per_day=None if per_day is None else timedelta(seconds=per_day),
        per_month=None if per_month is None else timedelta(seconds=per_month),
        max_running=row["max_running"],
        max_pending=row["max_pending"],
        max_repeat=row["max_repeat"],
        max_permutations=row["max_permutations"],
        trainings=row["trainings"],
        speeds=frozenset(map(Speed, row["speeds"])),
    )
