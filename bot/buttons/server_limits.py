"""The controls of the page of `/server settings` about limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import discord

from bot.answers import show_panel
from bot.buttons.panel_control import PanelControl
from bot.buttons.server_control import ServerControl, ServerFormControl
from bot.interaction_context import context_from_interaction
from bot.policy.plans import MAX_PENDING_OF_PLAN, GuildPlans, time_from_text
from bot.replies import plan_command_replies as replies
from bot.server_panel import limits
from bot.server_panel.frame import SettingsPage
from bot.server_panel.limits import LimitsState
from bot.services import Services
from bot.store.interaction import InteractionContext
from bot.store.plans.changing import choose_default, give_role, remove_plan, set_plan
from bot.store.plans.reading import read_plans
from engine.contract.jobs import Speed


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
        given: dict[str, Any] = {
            name: time_from_text(form[name]) for name in (limits.PER_DAY, limits.PER_MONTH) if name in form
        }
        if limits.SPEEDS in form:
            given["speeds"] = frozenset(map(Speed, form[limits.SPEEDS].split("+")))
        if limits.QUEUE in form:
            given["max_pending"] = int(form[limits.QUEUE]) if form[limits.QUEUE].isdecimal() else 0
            if not 1 <= given["max_pending"] <= MAX_PENDING_OF_PLAN:
                return str(replies.QUEUE_REFUSED)
        async with services.database.begin(limit=services.answer_margin) as connection:
            await set_plan(connection, context, form[limits.NAME].strip(), given)
        return ""


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

    async def form(self, services: Services, context: InteractionContext) -> discord.ui.Modal:
        """Return the form."""
        return limits.remove_form(await _read(services, context))

    async def store(self, services: Services, context: InteractionContext, form: Mapping[str, str]) -> str:
        """Remove the plan."""
        async with services.database.begin(limit=services.answer_margin) as connection:
            await remove_plan(connection, context, form[limits.PLAN])
        return ""


LIMITS_CONTROLS: tuple[type[PanelControl], ...] = (
    LimitsPageControl,
    DefaultPlanControl,
    PlanControl,
    PlanRoleControl,
    RemovePlanControl,
)


async def _show_limits(interaction: discord.Interaction, services: Services, *, note: str) -> None:
    context = context_from_interaction(interaction)
    state = LimitsState(guild_id=context.guild_id or 0, plans=await _read(services, context), note=note)
    await show_panel(interaction, limits.limits_page(state))


async def _read(services: Services, context: InteractionContext) -> GuildPlans:
    async with services.database.begin(limit=services.answer_margin) as connection:
        (found,) = await read_plans(connection, [context.guild_id])
    return found
