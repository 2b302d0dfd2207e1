"""Makes Easel's context of an interaction from discord.py's."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Any

import discord

from bot.custom_ids import AnswerOrigin, id_from_text, may_tell_slot, single_picture_slot
from bot.language import language_from_locale
from bot.store.interaction import InteractionContext, InteractionToken, Languages
from engine.contract.feedback import Surface

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_WITH_AGE_GATE = (discord.TextChannel, discord.VoiceChannel, discord.StageChannel, discord.ForumChannel)

TOKEN_LIFETIME = timedelta(minutes=15)
"""How long an interaction's token is valid."""


def context_from_interaction(interaction: discord.Interaction) -> InteractionContext:
    """Return what Easel stores or decides by."""
    origin = origin_of(interaction)
    return InteractionContext(
        id=str(interaction.id),
        discord_id=interaction.user.id,
        channel_id=interaction.channel_id or 0,
        message_id=origin.message_id if origin else None,
        shown_slot=origin.slot if origin else None,
        surface=_surface(interaction),
        token=InteractionToken(text=interaction.token, expires_at=interaction.created_at + TOKEN_LIFETIME),
        latency=max(timedelta(), interaction.created_at - origin.shown_at) if origin else None,
        is_administrator=interaction.guild_id is not None and interaction.permissions.administrator,
        at=interaction.created_at,
        is_nsfw_channel=_is_nsfw(interaction),
        guild_id=interaction.guild_id,
        thread_parent_id=_thread_parent(interaction),
        languages=_languages(interaction),
        role_ids=roles_of(interaction),
        is_bot_there=is_bot_there(interaction),
    )


def _languages(interaction: discord.Interaction[Any]) -> Languages:
    return Languages(
        member=member_language(interaction),
        channel=channel_language(interaction),
        direct=language_from_locale(interaction.locale.value),
    )


def member_language(interaction: discord.Interaction[Any]) -> str:
    """Return the language of answers to the member: the one that is set for the guild, else that of their Discord."""
    return _guild_language(interaction) or language_from_locale(interaction.locale.value)


def channel_language(interaction: discord.Interaction[Any]) -> str:
    """Return the language of what all may read: the guild's, set or Discord's, or the member's outside guilds."""
    locale = interaction.guild_locale or interaction.locale
    return _guild_language(interaction) or language_from_locale(locale.value)


def _guild_language(interaction: discord.Interaction[Any]) -> str | None:
    languages: Mapping[int | None, str] = interaction.client.services.guild_languages
    return languages.get(interaction.guild_id)


def roles_of(interaction: discord.Interaction[Any]) -> tuple[int, ...]:
    """Return the ids of the roles that the member has in the guild, as far as the guild still has them."""
    member = interaction.user
    return tuple(role.id for role in member.roles) if isinstance(member, discord.Member) else ()


def guild_language(client: Any, guild_id: int | None) -> str:
    """Return the language of what is said in a guild without an interaction; English of one that is not known."""
    guild = None if guild_id is None else client.get_guild(guild_id)
    known: str | None = client.services.guild_languages.get(guild_id)
    return known or language_from_locale(guild.preferred_locale.value if guild else None)


def may_manage_guild(interaction: discord.Interaction[Any]) -> bool:
    """Return whether the member may manage the guild, as Discord says with the interaction; False outside guilds.

    Discord lets administrators of a guild give its commands to members who may not.
    """
    allowed = interaction.permissions
    return interaction.guild_id is not None and (allowed.manage_guild or allowed.administrator)


def origin_of(interaction: discord.Interaction) -> AnswerOrigin | None:
    """Return the message that the interaction is about: that of the button, or the one that the button's id names.

    None for a command.
    """
    data: Mapping[str, Any] = interaction.data or {}
    button = id_from_text(str(data.get("custom_id", "")))
    if button and button.origin:
        return button.origin
    message = interaction.message
    if message is None:
        return None
    return AnswerOrigin(
        message_id=message.id,
        slot=shown_slot(custom_ids(message)),
        shown_at=message.edited_at or message.created_at,
    )


def shown_slot(texts: Iterable[str]) -> int | None:
    """Return the slot of the picture that a message with these buttons shows by itself; None for other messages."""
    # Each of the twenty buttons of a pressed grid takes longer to parse than all to be looked at.
    telling = filter(may_tell_slot, texts)
    slots = [single_picture_slot(button) for button in map(id_from_text, telling) if button]
    return next((slot for slot in slots if slot is not None), None)


def custom_ids(message: discord.Message) -> list[str]:
    """Return the ids of the message's buttons and selects."""
    return [found for component in message.components for found in _ids_within(component)]


def _ids_within(component: Any) -> Iterator[str]:
    if custom_id := getattr(component, "custom_id", None):
        yield custom_id
    accessory = getattr(component, "accessory", None)
    for inner in (*getattr(component, "children", ()), *([accessory] if accessory else [])):
        yield from _ids_within(inner)


def is_bot_there(interaction: discord.Interaction) -> bool:
    """Return whether the bot is in the channel, and can post there without being asked.

    It is not where only the member has installed it: in other servers, groups, and between two members.
    """
    if interaction.guild_id is not None:
        return interaction.is_guild_integration()
    return not interaction.context.private_channel


def may_post(interaction: discord.Interaction) -> bool:
    """Return whether the bot may answer with pictures that the whole channel sees."""
    if interaction.guild_id is None or not is_bot_there(interaction):
        return True
    here = interaction.app_permissions
    is_thread = isinstance(interaction.channel, discord.Thread)
    may_send = here.send_messages_in_threads if is_thread else here.send_messages
    return here.view_channel and may_send and here.attach_files


def values_of_form(interaction: discord.Interaction) -> dict[str, str]:
    """Return what was sent in a form, by the ids of its fields: of a choice the first, nothing for an empty one."""
    data: Mapping[str, Any] = interaction.data or {}
    fields = [part["component"] for part in data.get("components", ()) if "component" in part]
    given = {field["custom_id"]: field.get("value") or next(iter(field.get("values") or ()), None) for field in fields}
    return {custom_id: storable(str(value)) for custom_id, value in given.items() if value}


def storable(text: str) -> str:
    """Return what a member wrote without the characters that Postgres takes in no text."""
    return _UNSTORABLE.sub("", text)


def _is_nsfw(interaction: discord.Interaction) -> bool | None:
    if interaction.guild_id is None:
        return False
    channel = interaction.channel
    of_guild = channel.parent if isinstance(channel, discord.Thread) else channel
    return of_guild.is_nsfw() if isinstance(of_guild, _WITH_AGE_GATE) else None


def _thread_parent(interaction: discord.Interaction) -> int | None:
    return interaction.channel.parent_id if isinstance(interaction.channel, discord.Thread) else None


def _surface(interaction: discord.Interaction) -> Surface:
    if interaction.guild_id is not None:
        # What is shown where the bot is not can be shown nowhere else.
        return Surface.GUILD if is_bot_there(interaction) else Surface.PRIVATE
    return Surface.PRIVATE if interaction.context.private_channel else Surface.DM
