"""The pages of `/server changes`, and the buttons that lead from one to another."""

from __future__ import annotations

import discord

from bot.answers import answer_privately
from bot.buttons.guild_page import GuildPageButton, page_faces
from bot.cards import Card
from bot.replies import guild_change_replies
from bot.services import Services
from bot.store.guilds.changes import read_changes

PAGE_SIZE = 10


class ChangesButton(GuildPageButton, verb="changes"):
    """Shows another page of changes."""

    refusal = guild_change_replies.MANAGERS_ONLY

    async def show(self, interaction: discord.Interaction, services: Services, guild_id: int) -> None:
        """Put the page in the place of the one that was pressed."""
        await show_changes(interaction, services, page=self.page)


async def show_changes(interaction: discord.Interaction, services: Services, *, page: int) -> None:
    """Answer with a page of who changed what in the server, the newest first; pages count from 1."""
    guild_id = interaction.guild_id or 0
    offset = (page - 1) * PAGE_SIZE
    async with services.database.begin(limit=services.answer_margin) as connection:
        found = await read_changes(connection, guild_id, limit=PAGE_SIZE + 1, offset=offset)
    empty = guild_change_replies.NO_CHANGES if page == 1 else guild_change_replies.NO_MORE_CHANGES
    labels = (str(guild_change_replies.NEWER), str(guild_change_replies.OLDER))
    row = page_faces(ChangesButton, page, labels, has_next=len(found) > PAGE_SIZE)
    content = guild_change_replies.change_lines(found[:PAGE_SIZE]) or str(empty)
    await answer_privately(interaction, Card(content=content, rows=(row,) if row else ()))
