"""The pages of `/queue cost`, and the buttons that lead from one to another."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

import discord

from bot.answers import edit_pressed
from bot.buttons.guild_page import GuildPageButton, page_faces
from bot.cards import Card, view_from_card
from bot.delivery.discord_messages import NO_MENTIONS
from bot.replies import guild_queue_replies
from bot.services import Services
from bot.store.guild_usage import read_guild_usage

PAGE_SIZE = 10


class CostButton(GuildPageButton):
    """Shows another page; its class says of which time."""

    refusal = guild_queue_replies.MANAGERS_ONLY
    days: ClassVar[int] = 0

    async def show(self, interaction: discord.Interaction, services: Services, guild_id: int) -> None:
        """Put the page in the place of the one that was pressed, once it is there."""
        await interaction.response.defer()
        await show_cost(interaction, services, guild_id, days=self.days, page=self.page)


class DayCostButton(CostButton, verb="costday"):
    """Shows another page of the last day."""

    days = 1


class MonthCostButton(CostButton, verb="costmonth"):
    """Shows another page of the last 30 days."""

    days = 30


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
    (button,) = (one for one in COST_BUTTONS if one.days == days)
    labels = (str(guild_queue_replies.PREVIOUS), str(guild_queue_replies.NEXT))
    row = page_faces(button, page, labels, has_next=usage.num_members > offset + PAGE_SIZE)
    view = view_from_card(Card(content=content, rows=(row,))) if row else None
    await edit_pressed(interaction, content=content, view=view, allowed_mentions=NO_MENTIONS)
