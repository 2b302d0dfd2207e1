"""What the buttons about the member have in common: whoever presses means themselves, and no job is named."""

from __future__ import annotations

import re
from typing import Any, ClassVar, Self

import discord

from bot.answers import answer
from bot.custom_ids import text_from_version, text_pattern
from bot.interaction_context import context_from_interaction
from bot.services import Services, services_of
from bot.store.interaction import InteractionContext

_NEVER = re.compile("(?!)")


class MemberButton(discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]], template=_NEVER):
    """A button about the member. The class of each verb is listed in `MEMBER_BUTTONS`.

    verb: as it stands in the id.
    version: of the text under which the button stands.
    """

    verb: ClassVar[str] = ""

    def __init_subclass__(cls, *, verb: str) -> None:
        """Take the verb."""
        cls.verb = verb
        super().__init_subclass__(template=text_pattern(verb))

    def __init__(self, item: discord.ui.Button[discord.ui.View], version: int) -> None:
        super().__init__(item)
        self.version = version

    @classmethod
    def custom_id_for(cls, version: int) -> str:
        """Return the id of the button under a text of this version."""
        return text_from_version(cls.verb, version)

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Return the button that the id names."""
        assert isinstance(item, discord.ui.Button)
        return cls(item, int(match["version"]))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Do what the verb says, and answer."""
        services = services_of(interaction)
        context = context_from_interaction(interaction)
        await answer(interaction, services, self.verb, self.press(interaction, services, context), asks=False)

    async def press(self, interaction: discord.Interaction, services: Services, context: InteractionContext) -> None:
        """Do what the press means, then answer it."""
        raise NotImplementedError
