"""The pages of `/queue cost`, and the buttons that lead from one to another."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any, ClassVar, Self

import discord

from bot import guild_queue_replies
from bot.answers import answer, edit_pressed, send_ephemeral
from bot.cards import ButtonFace, Card, view_from_card
from bot.custom_ids import page_pattern, text_from_page
from bot.delivery.discord_messages import NO_MENTIONS
from bot.interaction_context import may_manage_guild
from bot.services import Services, services_of
from bot.store.guild_usage import read_guild_usage

PAGE_SIZE = 10
_NEVER = re.compile("(?!)")


class CostButton(discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]], template=_NEVER):
    """Shows another page; its id says of which time and which page, never of which server."""

    verb: ClassVar[str] = ""
    days: ClassVar[int] = 0

    def __init_subclass__(cls, *, verb: str, days: int) -> None:
        """Take the verb and the time."""
        cls.verb, cls.days = verb, days
        super().__init_subclass__(template=page_pattern(verb))

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

    async def _show(self, interaction: discord.Interaction, services: Services) -> None:
        if interaction.guild_id is None or not may_manage_guild(interaction):
            await send_ephemeral(interaction, guild_queue_replies.MANAGERS_ONLY)
            return
        await interaction.response.defer()
        await show_cost(interaction, services, interaction.guild_id, days=self.days, page=self.page)


class DayCostButton(CostButton, verb="costday", days=1):
    """Shows another page of the last day."""


class MonthCostButton(CostButton, verb="costmonth", days=30):
    """Shows another page of the last 30 days."""


COST_BUTTONS: tuple[type[CostButton], ...] = (DayCostButton, MonthCostButton)


async def show_cost(
    interaction: discord.Interaction, services: Services, guild_id: int, *, days: int, page: int
) -> None:
    """Put the page of what members have used into the answer that waits for it."""
    offset = (page - 1) * PAGE_SIZE
    async with services.database.background, services.database.begin() as connection:
        usage = await read_guild_usage(
            connection, guild_id, within=timedelta(days=days), offset=offset, limit=PAGE_SIZE
        )
    content = guild_queue_replies.cost(usage, days=days, first=offset + 1)
    row = _faces(days, page, has_next=usage.num_members > offset + PAGE_SIZE)
    view = view_from_card(Card(content=content, rows=(row,))) if row else None
    await edit_pressed(interaction, content=content, view=view, allowed_mentions=NO_MENTIONS)


def _faces(days: int, page: int, *, has_next: bool) -> tuple[ButtonFace, ...]:
    (verb,) = (button.verb for button in COST_BUTTONS if button.days == days)
    pages = ((page - 1, guild_queue_replies.PREVIOUS, page > 1), (page + 1, guild_queue_replies.NEXT, has_next))
    shown = [(number, label) for number, label, is_there in pages if is_there]
    return tuple(ButtonFace(custom_id=text_from_page(verb, number), label=label) for number, label in shown)
