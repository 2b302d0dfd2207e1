"""The controls of the page of `/server settings` about the gallery."""

from __future__ import annotations

from collections.abc import Sequence

import discord

from bot.answers import show_panel
from bot.buttons.server_control import ServerControl
from bot.gallery.places import can_post
from bot.interaction_context import context_from_interaction
from bot.replies import gallery_replies
from bot.server_panel import gallery
from bot.server_panel.frame import SettingsPage
from bot.server_panel.gallery import GalleryState
from bot.services import Services
from bot.store.gallery.settings import change_channel, read_gallery, set_page
from bot.store.interaction import InteractionContext


class GalleryControl(ServerControl):
    """A control of the page."""

    async def show(self, interaction: discord.Interaction, services: Services, *, note: str = "") -> None:
        """Show the page."""
        context = context_from_interaction(interaction)
        async with services.database.begin(limit=services.answer_margin) as connection:
            stored = await read_gallery(connection, context.guild_id or 0)
        address = f"{services.public_url or ''}/gallery/{stored.page_key}" if stored.page_key else None
        is_lost = stored.channel_id is not None and _is_lost(interaction.guild, stored.channel_id)
        state = GalleryState(gallery=stored, address=address, is_lost=is_lost, note=note)
        await show_panel(interaction, gallery.gallery_page(state))


class GalleryPageControl(GalleryControl, verb=SettingsPage.GALLERY):
    """Leads to the page."""


class GalleryChannelControl(GalleryControl, verb=gallery.CHANNEL_VERB):
    """Chooses the gallery channel; with none, nothing is posted any more."""

    async def change(
        self, interaction: discord.Interaction, services: Services, context: InteractionContext, chosen: Sequence[str]
    ) -> str:
        """Store the channel if the bot can post there."""
        channel_id = next(map(int, chosen), None)
        if channel_id is not None and _is_lost(interaction.guild, channel_id):
            return f"⚠️ {gallery_replies.channel_refused(channel_id)}"
        async with services.database.begin(limit=services.answer_margin) as connection:
            await change_channel(connection, context, channel_id=channel_id)
        if channel_id is None:
            return str(gallery_replies.CLEARED)
        return "" if _is_open(interaction.guild, channel_id) else str(gallery_replies.SHOULD_BE_OPEN)


class ThresholdControl(GalleryControl, verb=gallery.THRESHOLD_VERB):
    """Chooses how many members have to like a picture."""

    async def change(
        self, interaction: discord.Interaction, services: Services, context: InteractionContext, chosen: Sequence[str]
    ) -> str:
        """Store the number."""
        async with services.database.begin(limit=services.answer_margin) as connection:
            await change_channel(connection, context, threshold=int(chosen[0]))
        return ""


class AuthorsControl(GalleryControl, verb=gallery.AUTHORS_VERB):
    """Has posts say whose picture it is, or not."""

    async def change(
        self, interaction: discord.Interaction, services: Services, context: InteractionContext, chosen: Sequence[str]
    ) -> str:
        """Turn the switch."""
        async with services.database.begin(limit=services.answer_margin) as connection:
            stored = await read_gallery(connection, context.guild_id or 0)
            await change_channel(connection, context, names_authors=not stored.names_authors)
        return ""


class WebPageControl(GalleryControl, verb=gallery.PAGE_VERB):
    """Opens the page outside Discord, or closes it."""

    async def change(
        self, interaction: discord.Interaction, services: Services, context: InteractionContext, chosen: Sequence[str]
    ) -> str:
        """Turn the switch; without an address on the web, nobody could open a page."""
        async with services.database.begin(limit=services.answer_margin) as connection:
            is_open = (await read_gallery(connection, context.guild_id or 0)).page_key is not None
            if not is_open and services.public_url is None:
                return f"⚠️ {gallery_replies.NO_PUBLIC_URL}"
            await set_page(connection, context, is_on=not is_open)
        return str(gallery_replies.PAGE_CLOSED) if is_open else ""


GALLERY_CONTROLS: tuple[type[ServerControl], ...] = (
    GalleryPageControl,
    GalleryChannelControl,
    ThresholdControl,
    AuthorsControl,
    WebPageControl,
)


def _is_lost(guild: discord.Guild | None, channel_id: int) -> bool:
    """Return whether the bot cannot post pictures in the channel, as far as the guild is known."""
    if guild is None or not guild.channels:
        return False
    channel = guild.get_channel(channel_id)
    return not (isinstance(channel, discord.TextChannel) and can_post(channel))


def _is_open(guild: discord.Guild | None, channel_id: int) -> bool:
    channel = guild.get_channel(channel_id) if guild else None
    return guild is None or channel is None or channel.permissions_for(guild.default_role).view_channel
