"""Who is in a guild: members and the bot leave it, and the bot comes back."""

from __future__ import annotations

from dataclasses import replace

from sandbox.state.records import GuildMember, WorldEvent
from sandbox.state.world import World


def remove_member(world: World, guild_id: int, user_id: int) -> None:
    """Let a member leave the guild. Bots without the members intent hear nothing of it.

    Raises: ApiError when the guild or the member is unknown.
    """
    gone = world.member(guild_id, user_id)
    guild = world.guild(guild_id)
    world.guilds[guild_id] = replace(guild, members=tuple(one for one in guild.members if one != gone))


def remove_bot(world: World, guild_id: int) -> GuildMember:
    """Let the bot leave the guild, and return what it was there.

    Raises: ApiError when the guild is unknown or the bot is not in it.
    """
    gone = world.member(guild_id, world.application.id)
    remove_member(world, guild_id, gone.user_id)
    world.publish(WorldEvent(kind="GUILD_DELETE", data={"guild_id": str(guild_id)}, to_members=False))
    return gone


def add_bot(world: World, member: GuildMember) -> None:
    """Let the bot be in the guild, as this member.

    Raises: ApiError when the guild is unknown.
    """
    guild = world.guild(member.guild_id)
    world.guilds[guild.id] = replace(guild, members=(member, *guild.members))
    world.publish(WorldEvent(kind="GUILD_CREATE", data={"guild_id": str(guild.id)}, to_members=False))
