"""What the controls of the panel of `/server settings` have in common: who may use them is asked at each press."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import discord

from bot.answers import open_form, send_ephemeral
from bot.buttons.panel_control import FormControl, PanelControl
from bot.interaction_context import may_manage_guild
from bot.replies import guild_change_replies
from bot.services import Services
from bot.store.interaction import InteractionContext


class ServerControl(PanelControl):
    """A control for those who manage the server; Discord says with each press who does."""

    async def choose(
        self, interaction: discord.Interaction, services: Services, context: InteractionContext, chosen: Sequence[str]
    ) -> None:
        """Change the setting if the member may, and show what is set now."""
        if not may_manage_guild(interaction):
            await send_ephemeral(interaction, guild_change_replies.MANAGERS_ONLY)
            return
        note = await self.change(interaction, services, context, chosen)
        await self.show(interaction, services, note=note)

    async def change(
        self, interaction: discord.Interaction, services: Services, context: InteractionContext, chosen: Sequence[str]
    ) -> str:
        """Change the setting; return what has to be said about it, if anything."""
        return ""

    async def show(self, interaction: discord.Interaction, services: Services, *, note: str = "") -> None:
        """Show the page that has the control, or that it leads to."""
        raise NotImplementedError


class ServerFormControl(FormControl):
    """A control for those who manage the server, which opens a form."""

    async def choose(
        self, interaction: discord.Interaction, services: Services, context: InteractionContext, chosen: Sequence[str]
    ) -> None:
        """Open the form if the member may, or show what is set now if there is nothing to fill in any more."""
        if not may_manage_guild(interaction):
            await send_ephemeral(interaction, guild_change_replies.MANAGERS_ONLY)
        elif (form := await self.form(services, context)) is not None:
            await open_form(interaction, form)
        else:
            await self.show(interaction, services)

    async def submit(
        self, interaction: discord.Interaction, services: Services, context: InteractionContext, form: Mapping[str, str]
    ) -> None:
        """Store what was sent if the member still may, and show what is set now."""
        if not may_manage_guild(interaction):
            await send_ephemeral(interaction, guild_change_replies.MANAGERS_ONLY)
            return
        note = await self.store(services, context, form)
        await self.show(interaction, services, note=note)

    async def form(self, services: Services, context: InteractionContext) -> discord.ui.Modal | None:
        """Return the form, None if what it is about is gone."""
        raise NotImplementedError

    async def store(self, services: Services, context: InteractionContext, form: Mapping[str, str]) -> str:
        """Store what was sent; return what has to be said about it, if anything."""
        raise NotImplementedError

    async def show(self, interaction: discord.Interaction, services: Services, *, note: str = "") -> None:
        """Show the page that has the control."""
        raise NotImplementedError
