"""The Discord client and the registration of its commands; it is given commands, buttons and services."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import aiohttp
import discord
import structlog
from discord import app_commands

from bot import replies
from bot.answers import answer, send_ephemeral
from bot.buttons.base import FormButton
from bot.buttons.panel_control import FormControl
from bot.custom_ids import GENERATED_ID
from bot.delivery.discord_messages import NO_MENTIONS
from bot.interaction_context import custom_ids, member_language, storable
from bot.language import speak
from bot.language.commands import CatalogTranslator
from bot.services import Services
from bot.store.syncs import read_command_hash, store_command_hash

_log = structlog.get_logger()

INTENTS = discord.Intents(guilds=True, guild_reactions=True, dm_reactions=True)
"""Guilds and reactions: the bot never receives what members write."""


BY_ALL = app_commands.AppInstallationType(guild=True, user=True)
"""Who can install the commands, but for those that say otherwise: servers, and members for themselves."""

EVERYWHERE = app_commands.AppCommandContext(guild=True, dm_channel=True, private_channel=True)
"""Where the commands are, but for those that say otherwise."""

Command = app_commands.Command[Any, ..., Any] | app_commands.Group | app_commands.ContextMenu
ButtonType = type[discord.ui.DynamicItem[Any]]


class EaselClient(discord.AutoShardedClient):
    """The bot on Discord's gateway; commands and buttons find their services here."""

    services: Services
    new_session: asyncio.Event
    """Set when every shard has started a new session, including the first; a resumed session is not new."""

    def __init__(self, commands: Sequence[Command], buttons: Sequence[ButtonType], trace: aiohttp.TraceConfig) -> None:
        """`trace` follows the requests to Discord."""
        super().__init__(
            intents=INTENTS,
            allowed_mentions=NO_MENTIONS,
            max_messages=None,
            chunk_guilds_at_startup=False,
            member_cache_flags=discord.MemberCacheFlags.none(),
            http_trace=trace,
        )
        self.new_session = asyncio.Event()
        self.tree = EaselCommandTree(self, allowed_installs=BY_ALL, allowed_contexts=EVERYWHERE)
        for command in commands:
            self.tree.add_command(command)
        self._buttons = buttons
        self.add_dynamic_items(*buttons)

    async def setup_hook(self) -> None:
        """Let Discord show the commands in every language."""
        await self.tree.set_translator(CatalogTranslator())

    async def on_ready(self) -> None:
        """Report the new session."""
        self.new_session.set()

    async def on_raw_reaction_add(self, reaction: discord.RawReactionActionEvent) -> None:
        """Send the originals of what a member reacts to with an envelope."""
        await self.services.original_sender.take(reaction)

    async def on_interaction(self, interaction: discord.Interaction[EaselClient]) -> None:
        """Hand over forms, and answer presses that no button class handles: unknown, foreign and forged ids.

        discord.py drops a form that it has not sent itself, such as one from before a restart.
        """
        data: Mapping[str, Any] = interaction.data or {}
        custom_id = str(data.get("custom_id", ""))
        speak(member_language(interaction))
        if interaction.type is discord.InteractionType.modal_submit:
            await self._take_form(interaction, custom_id)
        elif interaction.type is not discord.InteractionType.component:
            return
        elif not GENERATED_ID.fullmatch(custom_id) and not self._is_known(interaction, custom_id):
            await self._refuse(interaction)

    async def _take_form(self, interaction: discord.Interaction[EaselClient], custom_id: str) -> None:
        for button in self._buttons:
            match = button.__discord_ui_compiled_template__.fullmatch(custom_id)
            if match and issubclass(button, FormButton | FormControl):
                opener = await button.from_custom_id(interaction, discord.ui.Button(custom_id=custom_id), match)
                await opener.submitted(interaction)
                return
        await self._refuse(interaction)

    async def _refuse(self, interaction: discord.Interaction[EaselClient]) -> None:
        unknown = send_ephemeral(interaction, replies.UNKNOWN_BUTTON)
        await answer(interaction, self.services, "unknown", unknown, asks=False)

    def _is_known(self, interaction: discord.Interaction[EaselClient], custom_id: str) -> bool:
        """Return whether discord.py hands the press to a button class: one must match, and the message have the id."""
        is_matched = any(button.__discord_ui_compiled_template__.fullmatch(custom_id) for button in self._buttons)
        return is_matched and interaction.message is not None and custom_id in custom_ids(interaction.message)


class EaselCommandTree(app_commands.CommandTree[EaselClient]):
    """The command tree; it answers the errors that the commands do not."""

    async def interaction_check(self, interaction: discord.Interaction[EaselClient], /) -> bool:
        """Speak the member's language from the start, with which an autocomplete begins, and take what is storable."""
        speak(member_language(interaction))
        _clean(interaction.data or {})
        return True

    async def on_error(
        self, interaction: discord.Interaction[EaselClient], error: app_commands.AppCommandError, /
    ) -> None:
        """Answer a command that could not be called."""
        _log.error("command_failed", error=type(error).__name__, interaction=interaction.id, exc_info=error)
        await send_ephemeral(interaction, replies.BROKEN)


def _clean(named: Mapping[str, Any]) -> None:
    """Take out of the values of a command's options what cannot be stored; discord.py reads them afterwards."""
    for option in named.get("options", ()):
        if isinstance(option.get("value"), str):
            option["value"] = storable(option["value"])
        _clean(option)


async def register_commands(client: EaselClient, services: Services, *, force: bool) -> bool:
    """Register the commands with Discord if they have changed; return whether they were registered.

    force: register them even if unchanged.
    """
    application_id = client.application_id
    assert application_id is not None
    digest = await _digest(client.tree)
    async with services.database.begin() as connection:
        known = await read_command_hash(connection, application_id)
    if known == digest and not force:
        return False
    await client.tree.sync()
    async with services.database.begin() as connection:
        await store_command_hash(connection, application_id, digest)
    return True


async def _digest(tree: EaselCommandTree) -> str:
    assert tree.translator is not None
    commands = [await command.get_translated_payload(tree, tree.translator) for command in tree.get_commands()]
    return hashlib.sha256(json.dumps(commands, sort_keys=True).encode()).hexdigest()
