"""`/gallery`: the pictures of a server, and for those who manage it where its best ones are posted."""

from __future__ import annotations

import discord
from discord import app_commands

from bot.answers import answer, send_ephemeral
from bot.commands.search import find, offer_models
from bot.gallery.places import can_post
from bot.interaction_context import context_from_interaction, may_manage_guild
from bot.replies import finding_replies, gallery_replies
from bot.services import Services, services_of
from bot.store.finding.wanted import BestOf, Wanted
from bot.store.gallery.settings import DEFAULT_THRESHOLD, read_gallery, set_channel, set_page

_PERIODS = [app_commands.Choice(name=name.text, value=period.value) for period, name in gallery_replies.PERIODS.items()]

gallery = app_commands.Group(
    name="gallery",
    description=gallery_replies.GALLERY_HELP.text,
    guild_only=True,
    allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=False, private_channel=False),
    allowed_installs=app_commands.AppInstallationType(guild=True, user=False),
)


@gallery.command(name="show", description=gallery_replies.SHOW_HELP.text)
@app_commands.describe(best=gallery_replies.BEST_HELP.text, model=finding_replies.MODEL_HELP.text)
@app_commands.choices(best=_PERIODS)
async def show(interaction: discord.Interaction, best: str | None = None, model: str | None = None) -> None:
    """List the newest pictures or the best ones, for the member alone."""
    services = services_of(interaction)
    wanted = Wanted(is_of_server=True, model=model, best=BestOf(best) if best else None)
    await answer(interaction, services, "gallery show", find(interaction, services, wanted))


@show.autocomplete("model")
async def _models(interaction: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
    return offer_models(interaction, typed)


@gallery.command(name="channel", description=gallery_replies.CHANNEL_HELP.text)
@app_commands.rename(chosen="set")
@app_commands.describe(
    chosen=gallery_replies.SET_HELP.text,
    threshold=gallery_replies.THRESHOLD_HELP.text,
    authors=gallery_replies.AUTHORS_HELP.text,
    clear=gallery_replies.CLEAR_HELP.text,
)
async def channel(
    interaction: discord.Interaction,
    chosen: discord.TextChannel | None = None,
    threshold: app_commands.Range[int, 1, 100] | None = None,
    authors: bool | None = None,
    clear: bool = False,
) -> None:
    """Show, name or clear the gallery channel."""
    services = services_of(interaction)
    work = _channel(interaction, services, chosen, threshold, authors, clear)
    await answer(interaction, services, "gallery channel", work)


@gallery.command(name="page", description=gallery_replies.PAGE_HELP.text)
@app_commands.rename(is_open="open")
@app_commands.describe(is_open=gallery_replies.OPEN_HELP.text)
async def page(interaction: discord.Interaction, is_open: bool | None = None) -> None:
    """Show, open or close the public page."""
    services = services_of(interaction)
    await answer(interaction, services, "gallery page", _page(interaction, services, is_open))


async def _channel(
    interaction: discord.Interaction,
    services: Services,
    chosen: discord.TextChannel | None,
    threshold: int | None,
    names_authors: bool | None,
    clears: bool,
) -> None:
    if not may_manage_guild(interaction):
        await send_ephemeral(interaction, str(gallery_replies.MANAGERS_ONLY))
    elif chosen and clears:
        await send_ephemeral(interaction, str(gallery_replies.SET_AND_CLEAR))
    elif chosen and not can_post(chosen):
        await send_ephemeral(interaction, gallery_replies.channel_refused(chosen.id))
    elif chosen or clears:
        await _set(interaction, services, chosen, threshold or DEFAULT_THRESHOLD, names_authors is not False)
    elif threshold or names_authors is not None:
        await _change(interaction, services, threshold, names_authors)
    else:
        await _show_channel(interaction, services)


async def _set(
    interaction: discord.Interaction,
    services: Services,
    chosen: discord.TextChannel | None,
    threshold: int,
    names_authors: bool,
) -> None:
    context = context_from_interaction(interaction)
    async with services.database.begin(limit=services.answer_margin) as connection:
        await set_channel(
            connection, context, chosen.id if chosen else None, threshold=threshold, names_authors=names_authors
        )
        stored = await read_gallery(connection, context.guild_id or 0)
    if chosen is None:
        await send_ephemeral(interaction, str(gallery_replies.CLEARED))
        return
    is_open = chosen.permissions_for(chosen.guild.default_role).view_channel
    note = "" if is_open else f"\n{gallery_replies.SHOULD_BE_OPEN}"
    await send_ephemeral(interaction, f"{gallery_replies.channel_set(stored)}{note}")


async def _change(
    interaction: discord.Interaction, services: Services, threshold: int | None, names_authors: bool | None
) -> None:
    context = context_from_interaction(interaction)
    async with services.database.begin(limit=services.answer_margin) as connection:
        old = await read_gallery(connection, context.guild_id or 0)
        if old.channel_id is not None:
            names = old.names_authors if names_authors is None else names_authors
            wanted = threshold or old.threshold or DEFAULT_THRESHOLD
            await set_channel(connection, context, old.channel_id, threshold=wanted, names_authors=names)
        stored = await read_gallery(connection, context.guild_id or 0)
    said = gallery_replies.channel_set(stored) if stored.channel_id else str(gallery_replies.NO_CHANNEL)
    await send_ephemeral(interaction, said)


async def _show_channel(interaction: discord.Interaction, services: Services) -> None:
    async with services.database.begin(limit=services.answer_margin) as connection:
        stored = await read_gallery(connection, interaction.guild_id or 0)
    found = interaction.guild and stored.channel_id and interaction.guild.get_channel(stored.channel_id)
    is_lost = stored.channel_id and not (isinstance(found, discord.TextChannel) and can_post(found))
    lost = f"\n{gallery_replies.channel_lost(stored.channel_id)}" if stored.channel_id and is_lost else ""
    await send_ephemeral(interaction, f"{gallery_replies.channel_state(stored)}{lost}")


async def _page(interaction: discord.Interaction, services: Services, is_open: bool | None) -> None:
    if not may_manage_guild(interaction):
        await send_ephemeral(interaction, str(gallery_replies.MANAGERS_ONLY))
        return
    if is_open and services.public_url is None:
        await send_ephemeral(interaction, str(gallery_replies.NO_PUBLIC_URL))
        return
    context = context_from_interaction(interaction)
    async with services.database.begin(limit=services.answer_margin) as connection:
        if is_open is None:
            key = (await read_gallery(connection, context.guild_id or 0)).page_key
        else:
            key, _changed = await set_page(connection, context, is_on=is_open)
    if key:
        said = gallery_replies.page_open(f"{services.public_url or ''}/gallery/{key}")
    else:
        said = str(gallery_replies.NO_PAGE if is_open is None else gallery_replies.PAGE_CLOSED)
    await send_ephemeral(interaction, said)
