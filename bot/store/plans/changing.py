"""Changes of a guild's plans by those who manage it; each is kept with who made it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.policy.plan_facts import facts_of_plans, values_of_plan
from bot.policy.plans import MAX_PLANS, STANDARD, GuildPlans, Plan, PlanUnknown, TooManyPlans, check_plan_name
from bot.store.guilds.changes import record_change
from bot.store.guilds.tables import GuildSetting
from bot.store.interaction import InteractionContext
from bot.store.plans.reading import read_plans
from bot.store.plans.spending import OUTSIDE_GUILDS
from bot.store.plans.tables import plan_roles, plans

# Of two changes of one guild's plans at once, the second is made to what the first has left.
_LOCK = sa.text("SELECT pg_advisory_xact_lock(hashtextextended('plans', :guild_id))")


@dataclass(frozen=True, kw_only=True)
class ChangedPlans:
    """The plans of the guild as they are now, and whether that is new."""

    plans: GuildPlans
    is_changed: bool


async def set_plan(
    connection: AsyncConnection,
    context: InteractionContext,
    name: str,
    limits: Mapping[str, Any],
    *,
    makes_plan: bool = True,
) -> ChangedPlans:
    """Create the plan, or change these of its limits, by the names of `Plan`; what a new one has not is as built in.

    makes_plan: whether a plan is created that the guild has not.

    Raises: PlanNameRefused, TooManyPlans, and PlanUnknown if none is created.
    """
    check_plan_name(name)
    guild_id, before = await _lock(connection, context)
    name = (before.spelling(name) or name) if makes_plan else _known(before, name)
    if name not in before.plans and len(before.plans) >= MAX_PLANS:
        raise TooManyPlans(limit=MAX_PLANS)
    plan = replace(before.plans.get(name, Plan(name=name)), **limits)
    values = values_of_plan(plan)
    insert = pg.insert(plans).values(guild_id=guild_id, name=name, **values)
    await connection.execute(insert.on_conflict_do_update(index_elements=["guild_id", "name"], set_=values))
    return await _record(connection, context, guild_id, before)


async def remove_plan(connection: AsyncConnection, context: InteractionContext, name: str) -> ChangedPlans:
    """Remove the plan; its roles have none then, and if it was the default one, what is built in is.

    Raises: PlanUnknown.
    """
    guild_id, before = await _lock(connection, context)
    name = _known(before, name)
    await connection.execute(sa.delete(plans).where(plans.c.guild_id == guild_id, plans.c.name == name))
    return await _record(connection, context, guild_id, before)


async def give_role(
    connection: AsyncConnection, context: InteractionContext, role_id: int, name: str | None
) -> ChangedPlans:
    """Let those with the role have the plan, None for none of its own.

    Raises: PlanUnknown.
    """
    guild_id, before = await _lock(connection, context)
    own = (plan_roles.c.guild_id == guild_id, plan_roles.c.role_id == role_id)
    await connection.execute(sa.delete(plan_roles).where(*own))
    if name is not None:
        plan = _known(before, name)
        await connection.execute(sa.insert(plan_roles).values(guild_id=guild_id, role_id=role_id, plan=plan))
    return await _record(connection, context, guild_id, before)


async def choose_default(connection: AsyncConnection, context: InteractionContext, name: str | None) -> ChangedPlans:
    """Let the plan hold for members none of whose roles has one, None for what is built in.

    Raises: PlanUnknown.
    """
    guild_id, before = await _lock(connection, context)
    of_guild = plans.c.guild_id == guild_id
    await connection.execute(sa.update(plans).where(of_guild, plans.c.is_default).values(is_default=False))
    if name is not None:
        chosen = sa.update(plans).where(of_guild, plans.c.name == _known(before, name))
        await connection.execute(chosen.values(is_default=True))
    return await _record(connection, context, guild_id, before)


async def set_standard_plan(connection: AsyncConnection, limits: Mapping[str, Any] | None) -> Plan:
    """Change these limits of what holds outside servers and in those without a default plan; None for those built in.

    It is the operator's, and is returned as it is now.
    """
    outside = plans.c.guild_id == OUTSIDE_GUILDS
    if limits is None:
        await connection.execute(sa.delete(plans).where(outside))
    elif limits:
        (before,) = await read_plans(connection, [None])
        values = values_of_plan(replace(before.default, **limits))
        insert = pg.insert(plans).values(guild_id=OUTSIDE_GUILDS, name=STANDARD, **values)
        await connection.execute(insert.on_conflict_do_update(index_elements=["guild_id", "name"], set_=values))
    (now,) = await read_plans(connection, [None])
    return now.default


async def forget_roles(connection: AsyncConnection, guild_id: int, *, known: Collection[int]) -> int:
    """Forget roles that the guild has deleted: those that are not known; return how many had a plan."""
    listed = sa.any_(sa.literal(list(known), pg.ARRAY(sa.BigInteger)))
    gone = sa.delete(plan_roles).where(plan_roles.c.guild_id == guild_id, ~(plan_roles.c.role_id == listed))
    return (await connection.execute(gone)).rowcount


async def _lock(connection: AsyncConnection, context: InteractionContext) -> tuple[int, GuildPlans]:
    assert context.guild_id is not None
    await connection.execute(_LOCK, {"guild_id": context.guild_id})
    (before,) = await read_plans(connection, [context.guild_id])
    return context.guild_id, before


def _known(before: GuildPlans, name: str) -> str:
    spelling = before.spelling(name)
    if spelling is None:
        raise PlanUnknown(name=name, known=tuple(before.plans))
    return spelling


async def _record(
    connection: AsyncConnection, context: InteractionContext, guild_id: int, before: GuildPlans
) -> ChangedPlans:
    (after,) = await read_plans(connection, [guild_id])
    old, new = facts_of_plans(before, guild_id), facts_of_plans(after, guild_id)
    await record_change(connection, context, GuildSetting.LIMITS, before=old, after=new)
    return ChangedPlans(plans=after, is_changed=old != new)
