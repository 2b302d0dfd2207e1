"""`/apikey`: a key of the member's own for programs, where the operator has said under which address the API is."""

from __future__ import annotations

import discord
from discord import app_commands

from bot.answers import answer, send_ephemeral
from bot.interaction_context import context_from_interaction
from bot.language import Phrase
from bot.replies import apikey_replies
from bot.services import Services, services_of
from bot.store.own_keys import create_own_key, read_own_key, revoke_own_key

apikey = app_commands.Group(
    name="apikey",
    description=apikey_replies.APIKEY_HELP.text,
)


@apikey.command(name="create", description=apikey_replies.CREATE_HELP.text)
async def create(interaction: discord.Interaction) -> None:
    """Give the member a key."""
    services = services_of(interaction)
    await answer(interaction, services, "apikey create", _create(interaction, services), asks=False)


@apikey.command(name="show", description=apikey_replies.SHOW_HELP.text)
async def show(interaction: discord.Interaction) -> None:
    """Show what is known of the member's key."""
    services = services_of(interaction)
    await answer(interaction, services, "apikey show", _show(interaction, services), asks=False)


@apikey.command(name="revoke", description=apikey_replies.REVOKE_HELP.text)
async def revoke(interaction: discord.Interaction) -> None:
    """End the member's key, also where keys are switched off."""
    services = services_of(interaction)
    await answer(interaction, services, "apikey revoke", _revoke(interaction, services), asks=False)


async def _create(interaction: discord.Interaction, services: Services) -> None:
    if services.programs_url is None:
        await send_ephemeral(interaction, apikey_replies.SWITCHED_OFF)
        return
    context = context_from_interaction(interaction)
    made = await services.commit(context, lambda: create_own_key(context))
    if made is None:
        known = await services.commit(context, lambda: read_own_key(context))
        await send_ephemeral(interaction, apikey_replies.exists(known))
        return
    _, secret = made
    await send_ephemeral(interaction, apikey_replies.created(secret, services.programs_url))


async def _show(interaction: discord.Interaction, services: Services) -> None:
    context = context_from_interaction(interaction)
    key = await services.commit(context, lambda: read_own_key(context))
    said: list[str | Phrase] = [apikey_replies.shown(key) if key else apikey_replies.NONE]
    if services.programs_url is None:
        said = [apikey_replies.SWITCHED_OFF] if key is None else [*said, apikey_replies.SWITCHED_OFF]
    await send_ephemeral(interaction, "\n".join(map(str, said)))


async def _revoke(interaction: discord.Interaction, services: Services) -> None:
    context = context_from_interaction(interaction)
    key = await services.commit(context, lambda: revoke_own_key(context))
    await send_ephemeral(interaction, apikey_replies.REVOKED if key else apikey_replies.NONE)
