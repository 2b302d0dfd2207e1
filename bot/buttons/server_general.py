"""The controls of the first page of `/server settings`."""

from __future__ import annotations

from collections.abc import Sequence

import discord

from bot.answers import show_panel
from bot.buttons.server_control import ServerControl
from bot.interaction_context import context_from_interaction, member_language
from bot.language import LANGUAGES, speak
from bot.replies import announcement_replies, privacy_replies
from bot.server_panel import general
from bot.server_panel.frame import SettingsPage
from bot.server_panel.general import ServerState
from bot.services import Services
from bot.store.guild_queue import find_paused, read_guild_queue
from bot.store.guilds.settings import (
    GuildSettings,
    read_settings,
    set_announcements,
    set_channels,
    set_language,
    set_sharing,
)
from bot.store.guilds.switches import read_collecting, set_collecting, set_pause
from bot.store.interaction import InteractionContext
from bot.store.moderation.channels import read_channel

_NEEDED = discord.Permissions(view_channel=True, send_messages=True)


class GeneralControl(ServerControl):
    """A control of the first page."""

    async def show(self, interaction: discord.Interaction, services: Services, *, note: str = "") -> None:
        """Show the page."""
        await show_server(interaction, services, note=note)


class GeneralPageControl(GeneralControl, verb=SettingsPage.GENERAL):
    """Leads to the first page."""


class ChannelsControl(GeneralControl, verb=general.CHANNELS_VERB):
    """Chooses the channels where jobs are started; with none, everywhere."""

    async def change(
        self, interaction: discord.Interaction, services: Services, context: InteractionContext, chosen: Sequence[str]
    ) -> str:
        """Store the channels."""
        async with services.database.begin(limit=services.answer_margin) as connection:
            await set_channels(connection, context, list(map(int, chosen)))
        return ""


class RemoveControl(GeneralControl, verb=general.REMOVE_VERB):
    """Takes channels out of the settings that were deleted."""

    async def change(
        self, interaction: discord.Interaction, services: Services, context: InteractionContext, chosen: Sequence[str]
    ) -> str:
        """Store the channels that are left."""
        async with services.database.begin(limit=services.answer_margin) as connection:
            settings = await read_settings(connection, context.guild_id or 0)
            gone = _gone(interaction, settings)
            await set_channels(connection, context, [one for one in settings.channels if one not in gone])
        return ""


class LanguageControl(GeneralControl, verb=general.LANGUAGE_VERB):
    """Chooses the language of answers."""

    async def change(
        self, interaction: discord.Interaction, services: Services, context: InteractionContext, chosen: Sequence[str]
    ) -> str:
        """Store the language, and go on in it."""
        language = next((one for one in chosen if one in LANGUAGES), None)
        async with services.database.begin(limit=services.answer_margin) as connection:
            await set_language(connection, context, language)
        assert context.guild_id is not None
        services.guild_languages.pop(context.guild_id, None)
        if language:
            services.guild_languages[context.guild_id] = language
        speak(member_language(interaction))
        return ""


class PauseControl(GeneralControl, verb=general.PAUSE_VERB):
    """Pauses the server, or resumes it."""

    async def change(
        self, interaction: discord.Interaction, services: Services, context: InteractionContext, chosen: Sequence[str]
    ) -> str:
        """Turn the pause."""
        assert context.guild_id is not None
        async with services.database.begin(limit=services.answer_margin) as connection:
            (was_paused,) = await find_paused(connection, [context.guild_id])
            await set_pause(connection, context, is_paused=not was_paused)
        changed = {context.guild_id}
        paused = services.queue.paused_guilds
        services.queue.paused_guilds = paused - changed if was_paused else paused | changed
        return ""


class CollectingControl(GeneralControl, verb=general.COLLECTING_VERB):
    """Switches the use of what happens here for more than answering on or off; administrators alone may."""

    async def change(
        self, interaction: discord.Interaction, services: Services, context: InteractionContext, chosen: Sequence[str]
    ) -> str:
        """Turn the switch."""
        if not context.is_administrator:
            return f"⚠️ {privacy_replies.ADMINISTRATORS_ONLY}"
        async with services.database.begin(limit=services.answer_margin) as connection:
            was_on = await read_collecting(connection, context.guild_id or 0)
            await set_collecting(connection, context, is_collecting=not was_on)
        return ""


class AnnouncingControl(GeneralControl, verb=general.ANNOUNCING_VERB):
    """Switches announcements on, in the moderators' channel or that of Discord's own updates, or off."""

    async def change(
        self, interaction: discord.Interaction, services: Services, context: InteractionContext, chosen: Sequence[str]
    ) -> str:
        """Turn the switch; where there is no such channel, one has to be chosen."""
        guild_id = context.guild_id or 0
        async with services.database.begin(limit=services.answer_margin) as connection:
            if (await read_settings(connection, guild_id)).announcements is not None:
                await set_announcements(connection, context, None)
                return ""
            moderators = await read_channel(connection, guild_id)
            channel_id = moderators.channel_id if moderators else _updates_channel(interaction)
            if channel_id is None:
                return str(announcement_replies.NEEDS_CHANNEL)
            await set_announcements(connection, context, channel_id)
        return ""


class AnnouncementsControl(GeneralControl, verb=general.ANNOUNCEMENTS_VERB):
    """Chooses the channel of announcements; with none, there are none."""

    async def change(
        self, interaction: discord.Interaction, services: Services, context: InteractionContext, chosen: Sequence[str]
    ) -> str:
        """Store the channel."""
        channel_id = next(map(int, chosen), None)
        async with services.database.begin(limit=services.answer_margin) as connection:
            await set_announcements(connection, context, channel_id)
        return ""


class SharingControl(GeneralControl, verb=general.SHARING_VERB):
    """Lets members share the adapters that they have trained, or not."""

    async def change(
        self, interaction: discord.Interaction, services: Services, context: InteractionContext, chosen: Sequence[str]
    ) -> str:
        """Turn the switch."""
        async with services.database.begin(limit=services.answer_margin) as connection:
            settings = await read_settings(connection, context.guild_id or 0)
            await set_sharing(connection, context, is_allowed=not settings.shares_adapters)
        return ""


GENERAL_CONTROLS: tuple[type[ServerControl], ...] = (
    GeneralPageControl,
    ChannelsControl,
    RemoveControl,
    LanguageControl,
    PauseControl,
    CollectingControl,
    SharingControl,
    AnnouncingControl,
    AnnouncementsControl,
)


async def show_server(interaction: discord.Interaction, services: Services, *, note: str = "") -> None:
    """Answer with what is set for the server, for those who manage it."""
    context = context_from_interaction(interaction)
    assert context.guild_id is not None
    async with services.database.begin(limit=services.answer_margin) as connection:
        settings = await read_settings(connection, context.guild_id)
        queue = await read_guild_queue(connection, context.guild_id, limit=0)
        collecting = await read_collecting(connection, context.guild_id)
    state = ServerState(
        settings=settings,
        queue=queue,
        is_collecting=collecting,
        gone=_gone(interaction, settings),
        is_closed=_is_closed(interaction.guild, settings.announcements),
        note=note,
    )
    await show_panel(interaction, general.general_page(state))


def _gone(interaction: discord.Interaction, settings: GuildSettings) -> frozenset[int]:
    """Return the channels of the settings that were deleted, as far as the guild is known."""
    if interaction.guild is None or not interaction.guild.channels:
        return frozenset()
    return frozenset(one for one in settings.channels if interaction.guild.get_channel(one) is None)


def _is_closed(guild: discord.Guild | None, channel_id: int | None) -> bool:
    """Return whether the bot cannot post in the channel of announcements, as far as the guild is known."""
    if channel_id is None or guild is None or not guild.channels:
        return False
    channel = guild.get_channel(channel_id)
    return channel is None or not channel.permissions_for(guild.me).is_superset(_NEEDED)


def _updates_channel(interaction: discord.Interaction) -> int | None:
    channel = interaction.guild.public_updates_channel if interaction.guild else None
    return channel.id if channel else None
