"""What the controls of a panel have in common: a button or select that changes a setting, and shows the panel again.

A panel is one message that one member sees and that is changed in place. It holds no state: each press reads what is
set, and asks again whether the member may change it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import discord

from bot.answers import answer
from bot.custom_ids import text_from_version, text_pattern
from bot.interaction_context import context_from_interaction, values_of_form
from bot.services import Services, services_of
from bot.store.interaction import InteractionContext

_NEVER = re.compile("(?!)")
_VERSION = 1


class PanelControl(discord.ui.DynamicItem[discord.ui.Item[Any]], template=_NEVER):
    """A control of a panel. The class of each verb is listed in `PANEL_CONTROLS`."""

    verb: ClassVar[str] = ""

    def __init_subclass__(cls, *, verb: str = "") -> None:
        """Take the verb; a class without one is a base of others."""
        cls.verb = verb
        super().__init_subclass__(template=text_pattern(verb) if verb else _NEVER)

    @classmethod
    def custom_id_of(cls) -> str:
        """Return the id of the control."""
        return text_from_version(cls.verb, _VERSION)

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Return the control that the id names."""
        return cls(item)

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Do what the control says, and answer."""
        services = services_of(interaction)
        data: Mapping[str, Any] = interaction.data or {}
        chosen = [str(value) for value in data.get("values", ())]
        context = context_from_interaction(interaction)
        await answer(interaction, services, self.verb, self.choose(interaction, services, context, chosen), asks=False)

    async def choose(
        self, interaction: discord.Interaction, services: Services, context: InteractionContext, chosen: Sequence[str]
    ) -> None:
        """Store what was chosen, none for a button, and show the panel again."""
        raise NotImplementedError


class FormControl(PanelControl):
    """A control that opens a form, which has its own id; what is sent in it is handled also after a restart."""

    async def submit(
        self, interaction: discord.Interaction, services: Services, context: InteractionContext, form: Mapping[str, str]
    ) -> None:
        """Store what was sent, then show the panel again; `form` has the values by the ids of the fields."""
        raise NotImplementedError

    async def submitted(self, interaction: discord.Interaction[Any]) -> None:
        """Do what the form says, and answer."""
        services = services_of(interaction)
        context = context_from_interaction(interaction)
        work = self.submit(interaction, services, context, values_of_form(interaction))
        await answer(interaction, services, self.verb, work, asks=False)
