"""Naming the channel in which moderators read cases: only one in which the bot can post them."""

from __future__ import annotations

import discord

from bot.delivery.discord_messages import NO_MENTIONS
from bot.delivery.outcomes import DiscordUnavailable, SendOutcome, Sent, outcome_of
from bot.replies import moderation_replies
from bot.services import Services
from bot.store.interaction import InteractionContext
from bot.store.moderation.channels import set_channel

_NEEDED = discord.Permissions(view_channel=True, send_messages=True, attach_files=True, read_message_history=True)


async def name_channel(services: Services, context: InteractionContext, chosen: discord.TextChannel) -> str:
    """Make it the moderators' channel if a first message can be posted there; return what came of it."""
    outcome = await _try_channel(chosen)
    if isinstance(outcome, DiscordUnavailable):
        return str(moderation_replies.UNREACHABLE)
    if not isinstance(outcome, Sent):
        return moderation_replies.channel_refused(chosen.id)
    async with services.database.begin(limit=services.answer_margin) as connection:
        await set_channel(connection, context, chosen.id)
    services.case_poster.wake()
    is_public = chosen.permissions_for(chosen.guild.default_role).view_channel
    return moderation_replies.channel_set(chosen.id, is_public=is_public)


async def _try_channel(chosen: discord.TextChannel) -> SendOutcome | None:
    """Return what comes of a first message; None if the bot lacks a permission that this does not show."""
    if not chosen.permissions_for(chosen.guild.me).is_superset(_NEEDED):
        return None

    async def greet() -> SendOutcome:
        message = await chosen.send(str(moderation_replies.GREETING), allowed_mentions=NO_MENTIONS)
        return Sent(message_id=message.id)

    return await outcome_of(greet)
