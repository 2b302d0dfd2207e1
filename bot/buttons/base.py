"""What the buttons have in common: made from their id alone, and answered whatever happens."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar, Self

import discord

from bot.answers import answer
from bot.custom_ids import ButtonId, ButtonVerb, id_from_match
from bot.interaction_context import press_from_interaction
from bot.services import Services
from bot.store.interaction import Press

if TYPE_CHECKING:
    from bot.client import EaselClient

NEVER = re.compile("(?!)")


class JobButton(discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]], template=NEVER):
    """A button of some job; each verb's class says what a press does."""

    verb: ClassVar[ButtonVerb]

    def __init__(self, item: discord.ui.Button[discord.ui.View], button: ButtonId) -> None:
        super().__init__(item)
        self.button = button

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Return the button that the id names."""
        assert isinstance(item, discord.ui.Button)
        return cls(item, id_from_match(cls.verb, match))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Do what the verb says, and answer."""
        client: EaselClient = interaction.client
        services = client.services
        press = press_from_interaction(interaction)
        await answer(interaction, services, self.verb.value, self.press(interaction, services, press))

    async def press(self, interaction: discord.Interaction, services: Services, press: Press) -> None:
        """Store what the press means, then answer it."""
        raise NotImplementedError

    def slot(self) -> int:
        """Return the slot, 0 to 3, of the picture that an index of 1 to 4 names."""
        assert self.button.index is not None
        return self.button.index - 1
