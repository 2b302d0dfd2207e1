"""`/plan`: what members of a server may use, by their roles, for those who manage it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import discord
from discord import app_commands

from bot.answers import answer, send_ephemeral
from bot.interaction_context import context_from_interaction, may_manage_guild
from bot.policy.plan_texts import LIMIT_FROM_TEXT
from bot.policy.plans import MAX_JOBS_OF_PLAN, MAX_NAME, MAX_PENDING_OF_PLAN
from bot.replies import plan_command_replies as replies
from bot.services import Services, services_of
from bot.store.interaction import InteractionContext
from bot.store.plans.changing import (
    ChangedPlans,
    choose_default,
    forget_roles,
    give_role,
    remove_plan,
    set_plan,
)
from bot.store.plans.reading import read_plans
from engine.contract.jobs import Speed
from engine.store.database import AsyncConnection

_NUM_CHOICES = 25

Change = Callable[[AsyncConnection, InteractionContext], Awaitable[ChangedPlans]]
Count = app_commands.Range[int, 0, MAX_JOBS_OF_PLAN]

plan = app_commands.Group(
    name="plan",
    description=replies.PLAN_HELP.text,
    guild_only=True,
    allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=False, private_channel=False),
    default_permissions=discord.Permissions(manage_guild=True),
    allowed_installs=app_commands.AppInstallationType(guild=True, user=False),
)


@plan.command(name="list", description=replies.LIST_HELP.text)
async def list_plans(interaction: discord.Interaction) -> None:
    """Show the plans, and forget roles that were deleted."""
    services = services_of(interaction)
    await answer(interaction, services, "plan list", _list(interaction, services), asks=False)


@plan.command(name="set", description=replies.SET_HELP.text)
@app_commands.rename(name="plan")
@app_commands.describe(
    name=replies.NAME_HELP.text,
    gpu_per_day=replies.DAY_HELP.text,
    gpu_per_month=replies.MONTH_HELP.text,
    at_once=replies.AT_ONCE_HELP.text,
    queue=replies.QUEUE_HELP.text,
    repeat=replies.REPEAT_HELP.text,
    sets=replies.SETS_HELP.text,
    trainings=replies.TRAININGS_HELP.text,
    speeds=replies.SPEEDS_HELP.text,
)
@app_commands.choices(
    speeds=[app_commands.Choice(name=name.text, value=key) for key, name in replies.SPEED_CHOICES.items()]
)
async def set_limits(
    interaction: discord.Interaction,
    name: app_commands.Range[str, 1, MAX_NAME],
    gpu_per_day: str | None = None,
    gpu_per_month: str | None = None,
    at_once: Count | None = None,
    queue: app_commands.Range[int, 1, MAX_PENDING_OF_PLAN] | None = None,
    repeat: Count | None = None,
    sets: Count | None = None,
    trainings: str | None = None,
    speeds: str | None = None,
) -> None:
    """Make or change a plan."""
    services = services_of(interaction)
    texts = {"per_day": gpu_per_day, "per_month": gpu_per_month, "trainings": trainings}
    counts = {"max_running": at_once, "max_repeat": repeat, "max_permutations": sets}
    given: dict[str, Any] = {one: number or None for one, number in counts.items() if number is not None}
    given |= {} if queue is None else {"max_pending": queue}
    given |= {} if speeds is None else {"speeds": frozenset(map(Speed, speeds.split("+")))}
    work = _set(interaction, services, name.strip(), given, {one: text for one, text in texts.items() if text})
    await answer(interaction, services, "plan set", work, asks=False)


@plan.command(name="remove", description=replies.REMOVE_HELP.text)
@app_commands.rename(name="plan")
@app_commands.describe(name=replies.NAME_HELP.text)
async def remove(interaction: discord.Interaction, name: str) -> None:
    """Remove a plan."""
    services = services_of(interaction)
    work = _change(interaction, services, partial(remove_plan, name=name), lambda _: replies.plan_removed(name))
    await answer(interaction, services, "plan remove", work, asks=False)


@plan.command(name="role", description=replies.ROLE_HELP.text)
@app_commands.rename(name="plan")
@app_commands.describe(role=replies.WHOM_HELP.text, name=replies.NONE_HELP.text)
async def give(interaction: discord.Interaction, role: discord.Role, name: str | None = None) -> None:
    """Give a role a plan."""
    services = services_of(interaction)

    def say(made: ChangedPlans) -> str:
        return replies.role_given(role.id, role.guild.id, made.plans.roles.get(role.id))

    work = _change(interaction, services, partial(give_role, role_id=role.id, name=name), say)
    await answer(interaction, services, "plan role", work, asks=False)


@plan.command(name="default", description=replies.DEFAULT_HELP.text)
@app_commands.rename(name="plan")
@app_commands.describe(name=replies.NONE_HELP.text)
async def default(interaction: discord.Interaction, name: str | None = None) -> None:
    """Choose the plan of everyone else."""
    services = services_of(interaction)

    def say(made: ChangedPlans) -> str:
        return replies.default_chosen(name and made.plans.default.name)

    work = _change(interaction, services, partial(choose_default, name=name), say)
    await answer(interaction, services, "plan default", work, asks=False)


@set_limits.autocomplete("name")
@remove.autocomplete("name")
@give.autocomplete("name")
@default.autocomplete("name")
async def offer_plans(interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
    """Return the plans whose names have what was typed."""
    if not may_manage_guild(interaction):
        return []
    services = services_of(interaction)
    async with services.database.begin(limit=services.answer_margin) as connection:
        (found,) = await read_plans(connection, [interaction.guild_id])
    names = [name for name in found.plans if current.casefold() in name.casefold()]
    return [app_commands.Choice(name=name, value=name) for name in names[:_NUM_CHOICES]]


async def _list(interaction: discord.Interaction, services: Services) -> None:
    if interaction.guild_id is None or not may_manage_guild(interaction):
        await send_ephemeral(interaction, str(replies.MANAGERS_ONLY))
        return
    known = [role.id for role in interaction.guild.roles] if interaction.guild else []
    async with services.database.begin(limit=services.answer_margin) as connection:
        num_forgotten = await forget_roles(connection, interaction.guild_id, known=known) if known else 0
        (found,) = await read_plans(connection, [interaction.guild_id])
    await send_ephemeral(interaction, replies.listed_plans(found, interaction.guild_id, num_forgotten=num_forgotten))


async def _set(
    interaction: discord.Interaction, services: Services, name: str, given: dict[str, Any], texts: dict[str, str]
) -> None:
    limits = given | {one: LIMIT_FROM_TEXT[one](text) for one, text in texts.items()}
    await _change(
        interaction,
        services,
        partial(set_plan, name=name, limits=limits),
        lambda made: replies.plan_set(
            made.plans.plans[made.plans.spelling(name) or name], made.plans, interaction.guild_id or 0
        ),
        is_always_said=True,
    )


async def _change(
    interaction: discord.Interaction,
    services: Services,
    change: Change,
    say: Callable[[ChangedPlans], str],
    *,
    is_always_said: bool = False,
) -> None:
    # Discord lets administrators of a server give the command to others.
    if not may_manage_guild(interaction):
        await send_ephemeral(interaction, str(replies.MANAGERS_ONLY))
        return
    context = context_from_interaction(interaction)
    async with services.database.begin(limit=services.answer_margin) as connection:
        made = await change(connection, context)
    is_told = made.is_changed or is_always_said
    await send_ephemeral(interaction, say(made) if is_told else str(replies.NOTHING_CHANGED))
