"""Roles of guilds: who has them, and their deletion."""

from __future__ import annotations

from dataclasses import replace

from sandbox.state.records import WorldEvent
from sandbox.state.world import World


def give_roles(world: World, guild_id: int, user_id: int, role_ids: tuple[int, ...]) -> None:
    """Let a member have these roles of the guild. Bots without the members intent hear nothing of it.

    Raises: ApiError when the guild or the member is unknown.
    """
    changed = replace(world.member(guild_id, user_id), role_ids=role_ids)
    guild = world.guild(guild_id)
    members = tuple(changed if member.user_id == user_id else member for member in guild.members)
    world.guilds[guild_id] = replace(guild, members=members)


def remove_role(world: World, guild_id: int, role_id: int) -> None:
    """Delete a role of the guild; those who had it have it no more.

    Raises: ApiError when the guild is unknown.
    """
    guild = world.guild(guild_id)
    members = tuple(
        replace(member, role_ids=tuple(one for one in member.role_ids if one != role_id)) for member in guild.members
    )
    left = tuple(role for role in guild.roles if role.id != role_id)
    world.guilds[guild_id] = replace(guild, members=members, roles=left)
    gone = {"guild_id": str(guild_id), "role_id": str(role_id)}
    world.publish(WorldEvent(kind="GUILD_ROLE_DELETE", data=gone, to_members=False))
