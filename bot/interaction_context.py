"""Makes Easel's context of an interaction from discord.py's."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import discord

from bot.custom_ids import id_from_text, single_picture_slot
from bot.store.interaction import InteractionContext, InteractionToken
from engine.contract.feedback import Surface

_WITH_AGE_GATE = (discord.TextChannel, discord.VoiceChannel, discord.StageChannel, discord.ForumChannel)

TOKEN_LIFETIME = timedelta(minutes=15)
"""How long an interaction's token is valid."""


def context_from_interaction(interaction: discord.Interaction) -> InteractionContext:
    """Return what Easel stores or decides by."""
    message = interaction.message
    shown_at = (message.edited_at or message.created_at) if message else None
    return InteractionContext(
        id=str(interaction.id),
        discord_id=interaction.user.id,
        channel_id=interaction.channel_id or 0,
        message_id=message.id if message else None,
        shown_slot=shown_slot(custom_ids(message)) if message else None,
        surface=_surface(interaction),
        token=InteractionToken(text=interaction.token, expires_at=interaction.created_at + TOKEN_LIFETIME),
        latency=max(timedelta(), interaction.created_at - shown_at) if shown_at else None,
        is_administrator=interaction.guild_id is not None and interaction.permissions.administrator,
        at=interaction.created_at,
        is_nsfw_channel=_is_nsfw(interaction),
    )


def shown_slot(texts: Iterable[str]) -> int | None:
    """Return the slot of the picture that a message with these buttons shows by itself; None for other messages."""
    slots = [single_picture_slot(button) for button in map(id_from_text, texts) if button]
    return next((slot for slot in slots if slot is not None), None)


def custom_ids(message: discord.Message) -> list[str]:
    """Return the ids of the message's buttons."""
    rows = [row for row in message.components if isinstance(row, discord.ActionRow)]
    return [child.custom_id for row in rows for child in row.children if child.custom_id]


def _is_nsfw(interaction: discord.Interaction) -> bool | None:
    if interaction.guild_id is None:
        return False
    channel = interaction.channel
    of_guild = channel.parent if isinstance(channel, discord.Thread) else channel
    return of_guild.is_nsfw() if isinstance(of_guild, _WITH_AGE_GATE) else None


def _surface(interaction: discord.Interaction) -> Surface:
    if interaction.guild_id is not None:
        return Surface.GUILD
    return Surface.PRIVATE if interaction.context.private_channel else Surface.DM
