"""`/lora`: what members do with the LoRAs that they have trained: see, rename, share and delete them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import discord
from discord import app_commands

from bot.answers import answer, send_ephemeral
from bot.interaction_context import context_from_interaction
from bot.language import Phrase
from bot.policy.adapters import MAX_NAME, check_name_free, name_from_text
from bot.replies import training_replies
from bot.services import Services, services_of
from bot.store.adapters.owning import delete_own, read_listed, rename_own, share_own, unshare_own
from bot.store.interaction import InteractionContext
from engine.store.database import AsyncConnection

_NUM_CHOICES = 25

Name = app_commands.Range[str, 1, MAX_NAME]
Change = Callable[[AsyncConnection, InteractionContext], Awaitable[Any]]

lora = app_commands.Group(name="lora", description=training_replies.LORA_HELP.text)


@lora.command(name="list", description=training_replies.LIST_HELP.text)
async def list_loras(interaction: discord.Interaction) -> None:
    """Show the member's LoRAs."""
    services = services_of(interaction)
    await answer(interaction, services, "lora list", _list(interaction, services), asks=False)


@lora.command(name="rename", description=training_replies.RENAME_HELP.text)
@app_commands.rename(name="lora")
@app_commands.describe(name=training_replies.NAME_HELP.text, new_name=training_replies.NEW_NAME_HELP.text)
async def rename(interaction: discord.Interaction, name: Name, new_name: Name) -> None:
    """Give one another name."""
    services = services_of(interaction)
    await answer(interaction, services, "lora rename", _rename(interaction, services, name, new_name), asks=False)


@lora.command(name="share", description=training_replies.SHARE_HELP.text)
@app_commands.rename(name="lora")
@app_commands.describe(name=training_replies.NAME_HELP.text)
async def share(interaction: discord.Interaction, name: Name) -> None:
    """Let everybody in the guild use one."""
    services = services_of(interaction)
    work = _in_guild(interaction, services, partial(share_own, name=name), lambda _: training_replies.shared(name))
    await answer(interaction, services, "lora share", work, asks=False)


@lora.command(name="unshare", description=training_replies.UNSHARE_HELP.text)
@app_commands.rename(name="lora")
@app_commands.describe(name=training_replies.NAME_HELP.text)
async def unshare(interaction: discord.Interaction, name: Name) -> None:
    """Let nobody else in the guild use one any more."""
    services = services_of(interaction)
    work = _in_guild(
        interaction,
        services,
        partial(unshare_own, name=name),
        lambda was_shared: training_replies.unshared(name) if was_shared else training_replies.NOT_SHARED,
    )
    await answer(interaction, services, "lora unshare", work, asks=False)


@lora.command(name="delete", description=training_replies.DELETE_HELP.text)
@app_commands.rename(name="lora")
@app_commands.describe(name=training_replies.NAME_HELP.text)
async def delete(interaction: discord.Interaction, name: Name) -> None:
    """Delete one."""
    services = services_of(interaction)
    work = _change(interaction, services, partial(delete_own, name=name), lambda _: training_replies.deleted(name))
    await answer(interaction, services, "lora delete", work, asks=False)


@rename.autocomplete("name")
@share.autocomplete("name")
@unshare.autocomplete("name")
@delete.autocomplete("name")
async def offer_own(interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
    """Return the member's trained LoRAs whose names have what was typed."""
    services = services_of(interaction)
    async with services.database.begin(limit=services.answer_margin) as connection:
        found = await read_listed(connection, interaction.user.id)
    names = [one.name for one in found.adapters if one.object_key and current.strip().lower() in one.name]
    return [app_commands.Choice(name=name, value=name) for name in names[:_NUM_CHOICES]]


async def _list(interaction: discord.Interaction, services: Services) -> None:
    async with services.database.begin(limit=services.answer_margin) as connection:
        found = await read_listed(connection, interaction.user.id)
    if not found.adapters:
        await send_ephemeral(interaction, training_replies.NONE)
        return
    here = interaction.guild_id
    await send_ephemeral(
        interaction, training_replies.listed(found.adapters, lambda one: here in found.guilds.get(one.id, ()))
    )


async def _rename(interaction: discord.Interaction, services: Services, old: str, text: str) -> None:
    new = name_from_text(text)
    check_name_free(new, services.limits)
    said = training_replies.renamed(old, new)
    await _change(interaction, services, partial(rename_own, old=old, new=new), lambda _: said)


async def _in_guild(
    interaction: discord.Interaction, services: Services, change: Change, say: Callable[[Any], str | Phrase]
) -> None:
    if interaction.guild_id is None:
        await send_ephemeral(interaction, training_replies.GUILD_ONLY)
        return
    await _change(interaction, services, change, say)


async def _change(
    interaction: discord.Interaction, services: Services, change: Change, say: Callable[[Any], str | Phrase]
) -> None:
    context = context_from_interaction(interaction)
    async with services.database.begin(limit=services.answer_margin) as connection:
        changed = await change(connection, context)
    await send_ephemeral(interaction, say(changed))
