"""The Discord client: what it listens to, and when it tells Discord of its commands; it opens nothing of its own."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Mapping
from typing import Any

import discord
import structlog
from discord import app_commands

from bot import replies
from bot.answers import answer, say
from bot.buttons import BUTTONS
from bot.commands.imagine import imagine
from bot.custom_ids import PASSING, id_from_text
from bot.delivery.discord_messages import NO_MENTIONS
from bot.interaction_context import custom_ids
from bot.services import Services
from bot.store.syncs import keep_command_hash, read_command_hash

_log = structlog.get_logger()

INTENTS = discord.Intents(guilds=True)
"""Guilds and nothing else: what members write is never received."""


class EaselClient(discord.AutoShardedClient):
    """The bot on Discord's gateway; commands and buttons find their services here."""

    services: Services
    sessioned: asyncio.Event
    """Set when every shard has begun a session anew, the first one too; a resumed session is not new."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            intents=INTENTS,
            allowed_mentions=NO_MENTIONS,
            max_messages=None,
            chunk_guilds_at_startup=False,
            member_cache_flags=discord.MemberCacheFlags.none(),
            **options,
        )
        self.sessioned = asyncio.Event()
        self.tree = EaselTree(self)
        self.tree.add_command(imagine)
        self.add_dynamic_items(*BUTTONS)

    async def on_ready(self) -> None:
        """Tell that there is a new session."""
        self.sessioned.set()

    async def on_interaction(self, interaction: discord.Interaction[EaselClient]) -> None:
        """Answer the presses that no button class takes: of unknown, foreign and forged ids."""
        if interaction.type is not discord.InteractionType.component:
            return
        data: Mapping[str, Any] = interaction.data or {}
        custom_id = str(data.get("custom_id", ""))
        if not PASSING.fullmatch(custom_id) and not _is_taken(interaction, custom_id):
            await answer(interaction, self.services, "unknown", say(interaction, replies.UNKNOWN_BUTTON))


class EaselTree(app_commands.CommandTree[EaselClient]):
    """The commands; their own errors are answered by the commands, these are what is left."""

    async def on_error(
        self, interaction: discord.Interaction[EaselClient], error: app_commands.AppCommandError, /
    ) -> None:
        """Answer a command that could not even be called."""
        _log.error("command_failed", error=type(error).__name__, interaction=interaction.id, exc_info=error)
        await say(interaction, replies.BROKEN)


async def register_commands(client: EaselClient, services: Services, *, always: bool) -> bool:
    """Tell Discord of the commands if they changed since it was last told; return whether it was told.

    always: whether to tell it anyway, because the Discord at hand may have forgotten.
    """
    application_id = client.application_id
    assert application_id is not None
    digest = _digest(client.tree)
    async with services.database.begin() as connection:
        known = await read_command_hash(connection, application_id)
    if known == digest and not always:
        return False
    await client.tree.sync()
    async with services.database.begin() as connection:
        await keep_command_hash(connection, application_id, digest)
    return True


def _is_taken(interaction: discord.Interaction[EaselClient], custom_id: str) -> bool:
    """Return whether discord.py hands the press to a button class: only for a known id that the message wears."""
    message = interaction.message
    return id_from_text(custom_id) is not None and message is not None and custom_id in custom_ids(message)


def _digest(tree: EaselTree) -> str:
    commands = [command.to_dict(tree) for command in tree.get_commands()]
    return hashlib.sha256(json.dumps(commands, sort_keys=True).encode()).hexdigest()
