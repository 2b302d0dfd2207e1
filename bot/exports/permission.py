"""Whether who asked for an export may still have it: Discord is asked again when the file is handed over."""

from __future__ import annotations

from functools import partial

import discord

from bot.delivery.outcomes import DiscordUnavailable, outcome_of
from bot.store.exports import Export


async def may_have(client: discord.Client, export: Export) -> bool | DiscordUnavailable:
    """Return whether the member still manages the server whose data it holds; their own data are theirs."""
    if export.guild_id is None:
        return True
    found = await outcome_of(partial(_manages, client, export.guild_id, export.discord_id))
    return found if isinstance(found, bool | DiscordUnavailable) else False


async def _manages(client: discord.Client, guild_id: int, member_id: int) -> bool:
    # Not what is kept of the server: another bot may have its shard, and members are not kept at all.
    guild = await client.fetch_guild(guild_id, with_counts=False)
    permissions = (await guild.fetch_member(member_id)).guild_permissions
    return permissions.manage_guild or permissions.administrator
