"""Which channels of a guild have what everybody there may see, and where pictures of one may be shown again."""

from __future__ import annotations

from collections.abc import Sequence

import discord

_WITH_AGE_GATE = discord.TextChannel | discord.VoiceChannel | discord.StageChannel | discord.ForumChannel

NEEDED = discord.Permissions(view_channel=True, send_messages=True, attach_files=True, read_message_history=True)
"""What the bot needs in a gallery channel."""


def can_post(channel: discord.TextChannel) -> bool:
    """Return whether the bot has what it needs to post pictures in the channel."""
    return channel.permissions_for(channel.guild.me).is_superset(NEEDED)


def may_show(guild: discord.Guild, source_id: int, target: discord.TextChannel, *, is_nsfw: bool) -> bool:
    """Return whether a picture of one channel may be shown in the other.

    is_nsfw: whether Discord restricts the source by age, or did not say when the picture was made.

    What is made where not everybody can see it is shown in a channel alone that not everybody can see either; and what
    is made in a channel that is restricted by age, in such channels alone. Private threads stay private.
    """
    if is_nsfw and not target.is_nsfw():
        return False
    return _sees(guild, source_id) or (not _sees(guild, target.id) and not _is_private(guild, source_id))


def public_channels(guild: discord.Guild) -> Sequence[int]:
    """Return the channels and threads that everybody in the guild sees and that are not restricted by age."""
    open_to_all = [channel for channel in guild.channels if _is_open(guild, channel) and not _is_restricted(channel)]
    ids = {channel.id for channel in open_to_all}
    threads = [thread.id for thread in guild.threads if thread.parent_id in ids and not thread.is_private()]
    return [*sorted(ids), *sorted(threads)]


def _sees(guild: discord.Guild, channel_id: int) -> bool:
    channel = guild.get_channel_or_thread(channel_id)
    if isinstance(channel, discord.Thread):
        return not channel.is_private() and channel.parent is not None and _is_open(guild, channel.parent)
    return channel is not None and _is_open(guild, channel)


def _is_private(guild: discord.Guild, channel_id: int) -> bool:
    channel = guild.get_channel_or_thread(channel_id)
    return channel is None or (isinstance(channel, discord.Thread) and channel.is_private())


def _is_open(guild: discord.Guild, channel: discord.abc.GuildChannel) -> bool:
    allowed = channel.permissions_for(guild.default_role)
    return allowed.view_channel and allowed.read_message_history


def _is_restricted(channel: discord.abc.GuildChannel) -> bool:
    return isinstance(channel, _WITH_AGE_GATE) and channel.is_nsfw()
