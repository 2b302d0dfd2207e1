"""What `/safety` has for moderation: the moderators' channel, and what was decided."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

import discord
from discord import app_commands

from bot.answers import answer, in_time, send_card, send_ephemeral
from bot.cards import MAX_CONTENT, Card, length
from bot.commands.safety import safety
from bot.interaction_context import context_from_interaction, may_manage_guild
from bot.moderation.moderators_channel import name_channel
from bot.replies import moderation_replies, safety_replies
from bot.services import Services, services_of
from bot.store.moderation.cases import count_open, read_decided
from bot.store.moderation.channels import read_channel, set_channel
from bot.store.moderation.members import allow_member, read_restricted

_NUM_CASES = 10
_NUM_MEMBERS = 25

__all__ = ["safety"]

T = TypeVar("T")


@safety.command(name="channel", description=moderation_replies.CHANNEL_HELP.text)
@app_commands.rename(chosen="set")
@app_commands.describe(chosen=moderation_replies.SET_HELP.text, clear=moderation_replies.CLEAR_HELP.text)
async def channel(
    interaction: discord.Interaction, chosen: discord.TextChannel | None = None, clear: bool = False
) -> None:
    """Show, set or clear the moderators' channel."""
    services = services_of(interaction)
    await answer(interaction, services, "safety channel", _channel(interaction, services, chosen, clear))


@safety.command(name="cases", description=moderation_replies.CASES_HELP.text)
async def cases(interaction: discord.Interaction) -> None:
    """Show what was decided."""
    services = services_of(interaction)
    await answer(interaction, services, "safety cases", _cases(interaction, services))


@safety.command(name="members", description=moderation_replies.MEMBERS_HELP.text)
async def members(interaction: discord.Interaction) -> None:
    """Show who is timed out or banned."""
    services = services_of(interaction)
    await answer(interaction, services, "safety members", _members(interaction, services))


@safety.command(name="allow", description=moderation_replies.ALLOW_HELP.text)
@app_commands.describe(member=moderation_replies.MEMBER_HELP.text)
async def allow(interaction: discord.Interaction, member: discord.User) -> None:
    """End a time out or a ban."""
    services = services_of(interaction)
    await answer(interaction, services, "safety allow", _allow(interaction, services, member.id))


async def _channel(
    interaction: discord.Interaction, services: Services, chosen: discord.TextChannel | None, clears: bool
) -> None:
    if not may_manage_guild(interaction):
        await send_ephemeral(interaction, safety_replies.MANAGERS_ONLY)
    elif chosen and clears:
        await send_ephemeral(interaction, moderation_replies.SET_AND_CLEAR)
    elif chosen:
        naming = name_channel(services, context_from_interaction(interaction), chosen)
        said = await in_time(interaction, naming, in_place=False)
        await send_card(interaction, Card(content=said))
    elif clears:
        async with services.database.begin(limit=services.answer_margin) as connection:
            await set_channel(connection, context_from_interaction(interaction), None)
        await send_ephemeral(interaction, moderation_replies.CLEARED)
    else:
        await _show_channel(interaction, services)


async def _show_channel(interaction: discord.Interaction, services: Services) -> None:
    guild_id = interaction.guild_id or 0
    async with services.database.begin(limit=services.answer_margin) as connection:
        found, num_open = await read_channel(connection, guild_id), await count_open(connection, guild_id)
    await send_ephemeral(interaction, moderation_replies.channel_state(found, num_open))


async def _cases(interaction: discord.Interaction, services: Services) -> None:
    if not _may_moderate(interaction):
        await send_ephemeral(interaction, moderation_replies.MODERATORS_ONLY)
        return
    async with services.database.begin(limit=services.answer_margin) as connection:
        decided = await read_decided(connection, interaction.guild_id or 0, limit=_NUM_CASES)
    await send_ephemeral(interaction, _as_many(decided, moderation_replies.case_line) or moderation_replies.NO_CASES)


async def _members(interaction: discord.Interaction, services: Services) -> None:
    if not _may_moderate(interaction):
        await send_ephemeral(interaction, moderation_replies.MODERATORS_ONLY)
        return
    async with services.database.begin(limit=services.answer_margin) as connection:
        found = await read_restricted(connection, interaction.guild_id or 0, limit=_NUM_MEMBERS)
    listed = _as_many(found, moderation_replies.restricted_line)
    await send_ephemeral(interaction, listed or moderation_replies.NOBODY_RESTRICTED)


async def _allow(interaction: discord.Interaction, services: Services, discord_id: int) -> None:
    if not _may_moderate(interaction):
        await send_ephemeral(interaction, moderation_replies.MODERATORS_ONLY)
        return
    may_ban = interaction.permissions.ban_members or may_manage_guild(interaction)
    context = context_from_interaction(interaction)
    async with services.database.begin(limit=services.answer_margin) as connection:
        is_ended = await allow_member(connection, context, discord_id, may_end_bans=may_ban)
    said = moderation_replies.allowed(discord_id) if is_ended else moderation_replies.NOT_RESTRICTED
    await send_ephemeral(interaction, said)


def _may_moderate(interaction: discord.Interaction) -> bool:
    held = interaction.permissions
    return interaction.guild_id is not None and (
        held.moderate_members or held.ban_members or may_manage_guild(interaction)
    )


def _as_many(listed: Iterable[T], line_of: Callable[[T], str]) -> str:
    """Return a line for each, as many as a message takes."""
    text = ""
    for line in map(line_of, listed):
        longer = f"{text}\n{line}" if text else line
        if length(longer) > MAX_CONTENT:
            break
        text = longer
    return text
