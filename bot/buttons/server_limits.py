"""The controls of the page of `/server settings` about limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import discord

from bot.answers import show_panel
from bot.buttons.panel_control import PanelControl
from bot.buttons.server_control import ServerControl, ServerFormControl
from bot.interaction_context import context_from_interaction
from bot.policy.plan_texts import LIMIT_FROM_TEXT
from bot.policy.plans import MAX_JOBS_OF_PLAN, MAX_PENDING_OF_PLAN, GuildPlans
from bot.replies import plan_command_replies as replies
from bot.server_panel import limits
from bot.server_panel.frame import SettingsPage
from bot.server_panel.limits import LimitsState
from bot.services import Services
from bot.store.interaction import InteractionContext
from bot.store.plans.changing import choose_default, give_role, remove_plan, set_plan
from bot.store.plans.reading import read_plans
from engine.contract.jobs import Speed

_NUMBERS: Mapping[str, tuple[str, range]] = {
    limits.QUEUE: ("max_pending", range(1, MAX_PENDING_OF_PLAN + 1)),
    limits.AT_ONCE: ("max_running", range(MAX_JOBS_OF_PLAN + 1)),
    limits.REPEAT: ("max_repeat", range(MAX_JOBS_OF_PLAN + 1)),
    limits.SETS: ("max_permutations", range(MAX_JOBS_OF_PLAN + 1)),
}
"""What of `Plan` the numbers of a form are, and which can be typed; 0 is for no limit."""


class LimitsPageControl(ServerControl, verb=SettingsPage.LIMITS):
    """Leads to the page."""

    async def show(self, interaction: discord.Interaction, services: Services, *, note: str = "") -> None:
        """Show the page."""
        await _show_limits(interaction, services, note=note)


class DefaultPlanControl(ServerControl, verb=limits.DEFAULT_VERB):
    """Chooses the plan of those none of whose roles has one."""

    async def change(
        self, interaction: discord.Interaction, services: Services, context: InteractionContext, chosen: Sequence[str]
    ) -> str:
        """Store the plan."""
        name = limits.plan_from_choice(chosen[0])
        async with services.database.begin(limit=services.answer_margin) as connection:
            await choose_default(connection, context, name)
        return ""

    async def show(self, interaction: discord.Interaction, services: Services, *, note: str = "") -> None:
        """Show the page."""
        await _show_limits(interaction, services, note=note)


class LimitsFormControl(ServerFormControl):
    """A control of the page that opens a form."""

    async def show(self, interaction: discord.Interaction, services: Services, *, note: str = "") -> None:
        """Show the page."""
        await _show_limits(interaction, services, note=note)


class PlanControl(LimitsFormControl, verb=limits.PLAN_VERB):
    """Makes a plan, or changes one."""

    async def form(self, services: Services, context: InteractionContext) -> discord.ui.Modal:
        """Return the form."""
        return limits.plan_form()

    async def store(self, services: Services, context: InteractionContext, form: Mapping[str, str]) -> str:
        """Store what was filled in."""
        return await _set_plan(services, context, form[limits.NAME].strip(), form)


class PlanJobsControl(LimitsFormControl, verb=limits.JOBS_VERB):
    """Changes the numbers of jobs in a plan."""

    async def form(self, services: Services, context: InteractionContext) -> discord.ui.Modal | None:
        """Return the form; None if all plans were removed meanwhile."""
        found = await _read(services, context)
        return limits.jobs_form(found) if found.plans else None

    async def store(self, services: Services, context: InteractionContext, form: Mapping[str, str]) -> str:
        """Store what was filled in, unless the plan was removed meanwhile."""
        return await _set_plan(services, context, form[limits.PLAN], form, makes_plan=False)


class PlanRoleControl(LimitsFormControl, verb=limits.ROLE_VERB):
    """Gives a role a plan, or takes it away."""

    async def form(self, services: Services, context: InteractionContext) -> discord.ui.Modal:
        """Return the form."""
        return limits.role_form(await _read(services, context))

    async def store(self, services: Services, context: InteractionContext, form: Mapping[str, str]) -> str:
        """Store which plan the role has."""
        name = limits.plan_from_choice(form[limits.PLAN])
        async with services.database.begin(limit=services.answer_margin) as connection:
            await give_role(connection, context, int(form[limits.ROLE]), name)
        return ""


class RemovePlanControl(LimitsFormControl, verb=limits.REMOVE_VERB):
    """Removes a plan."""

    async def form(self, services: Services, context: InteractionContext) -> discord.ui.Modal | None:
        """Return the form; None if all plans were removed meanwhile."""
        found = await _read(services, context)
        return limits.remove_form(found) if found.plans else None

    async def store(self, services: Services, context: InteractionContext, form: Mapping[str, str]) -> str:
        """Remove the plan."""
        async with services.database.begin(limit=services.answer_margin) as connection:
            await remove_plan(connection, context, form[limits.PLAN])
        return ""


LIMITS_CONTROLS: tuple[type[PanelControl], ...] = (
    LimitsPageControl,
    DefaultPlanControl,
    PlanControl,
    PlanJobsControl,
    PlanRoleControl,
    RemovePlanControl,
)


async def _set_plan(
    services: Services, context: InteractionContext, name: str, form: Mapping[str, str], *, makes_plan: bool = True
) -> str:
    numbers = {field: _number(form[field]) for field in _NUMBERS if field in form}
    if refused := [field for field, number in numbers.items() if number not in _NUMBERS[field][1]]:
        return replies.numbers_refused(refused)
    given: dict[str, Any] = {_NUMBERS[field][0]: number or None for field, number in numbers.items()}
    given |= {name: read(form[name]) for name, read in LIMIT_FROM_TEXT.items() if name in form}
    if limits.SPEEDS in form:
        given["speeds"] = frozenset(map(Speed, form[limits.SPEEDS].split("+")))
    async with services.database.begin(limit=services.answer_margin) as connection:
        await set_plan(connection, context, name, given, makes_plan=makes_plan)
    return ""


def _number(text: str) -> int:
    return int(text) if text.strip().isdecimal() else -1


async def _show_limits(interaction: discord.Interaction, services: Services, *, note: str) -> None:
    context = context_from_interaction(interaction)
    state = LimitsState(guild_id=context.guild_id or 0, plans=await _read(services, context), note=note)
    await show_panel(interaction, limits.limits_page(state))


async def _read(services: Services, context: InteractionContext) -> GuildPlans:
    async with services.database.begin(limit=services.answer_margin) as connection:
        (found,) = await read_plans(connection, [context.guild_id])
    return found
