"""What buttons have in common that lead those who manage a server from one page of a list to another."""

from __future__ import annotations

import re
from typing import Any, ClassVar, Self

import discord

from bot.answers import answer, send_ephemeral
from bot.cards import ButtonFace
from bot.custom_ids import page_pattern, text_from_page
from bot.interaction_context import may_manage_guild
from bot.language import Phrase
from bot.services import Services, services_of

_NEVER = re.compile("(?!)")


class GuildPageButton(discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]], template=_NEVER):
    """Shows another page; its id says which one, never of which server. The verbs are listed in `GUILD_BUTTONS`.

    refusal: what those read who may not manage the server.
    """

    verb: ClassVar[str] = ""
    refusal: ClassVar[str | Phrase] = ""

    def __init_subclass__(cls, *, verb: str = "") -> None:
        """Take the verb; a class without one is a base of others."""
        cls.verb = verb
        super().__init_subclass__(template=page_pattern(verb) if verb else _NEVER)

    def __init__(self, item: discord.ui.Button[discord.ui.View], page: int) -> None:
        super().__init__(item)
        self.page = page

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Return the button that the id names."""
        assert isinstance(item, discord.ui.Button)
        return cls(item, int(match["page"]))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Show the page to those who manage the server."""
        services = services_of(interaction)
        await answer(interaction, services, self.verb, self._show(interaction, services), asks=False)

    async def show(self, interaction: discord.Interaction, services: Services, guild_id: int) -> None:
        """Answer with the page."""
        raise NotImplementedError

    async def _show(self, interaction: discord.Interaction, services: Services) -> None:
        if interaction.guild_id is None or not may_manage_guild(interaction):
            await send_ephemeral(interaction, self.refusal)
            return
        await self.show(interaction, services, interaction.guild_id)


def page_faces(
    button: type[GuildPageButton], page: int, labels: tuple[str, str], *, has_next: bool
) -> tuple[ButtonFace, ...]:
    """Return the buttons that lead to the pages before and after this one, as far as there are any."""
    pages = ((page - 1, labels[0], page > 1), (page + 1, labels[1], has_next))
    shown = [(number, label) for number, label, is_there in pages if is_there]
    return tuple(ButtonFace(custom_id=text_from_page(button.verb, number), label=label) for number, label in shown)
