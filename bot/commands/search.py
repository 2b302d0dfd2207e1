"""`/history` and `/search`: lists of pictures, and `/show`: one of the member's own back in the channel."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import discord
from discord import app_commands

from bot.answers import answer, send_ephemeral
from bot.finding import show_again, show_page
from bot.interaction_context import context_from_interaction
from bot.ranking import place_of
from bot.replies import finding_replies
from bot.replies.private_replies import PUBLIC_HELP
from bot.services import SEND_MARGIN, Services, services_of
from bot.store.finding.searches import find_newest, read_newest_prompts, start_search
from bot.store.finding.wanted import Wanted

_MAX_CHOICES = 25
_SERVER = "server"
_RATINGS = [app_commands.Choice(name=name.text, value=value) for name, value in finding_replies.rating_choices()]
_WHOSE = [
    app_commands.Choice(name=finding_replies.OWN_CHOICE.text, value="own"),
    app_commands.Choice(name=finding_replies.SERVER_CHOICE.text, value=_SERVER),
]
_HELP = {
    "model": finding_replies.MODEL_HELP.text,
    "rating": finding_replies.RATING_HELP.text,
    "since": finding_replies.SINCE_HELP.text,
    "until": finding_replies.UNTIL_HELP.text,
}


@app_commands.command(name="history", description=finding_replies.HISTORY_HELP.text)
@app_commands.describe(**_HELP)
@app_commands.choices(rating=_RATINGS)
async def history(
    interaction: discord.Interaction,
    model: str | None = None,
    rating: int | None = None,
    since: str | None = None,
    until: str | None = None,
) -> None:
    """List the member's own pictures, for them alone."""
    services = services_of(interaction)
    wanted = _wanted(None, model, rating, since, until)
    await answer(interaction, services, "history", find(interaction, services, wanted))


@app_commands.command(name="search", description=finding_replies.SEARCH_HELP.text)
@app_commands.describe(words=finding_replies.WORDS_HELP.text, whose=finding_replies.WHOSE_HELP.text, **_HELP)
@app_commands.choices(rating=_RATINGS)
@app_commands.choices(whose=_WHOSE)
async def search(
    interaction: discord.Interaction,
    words: str,
    whose: str | None = None,
    model: str | None = None,
    rating: int | None = None,
    since: str | None = None,
    until: str | None = None,
) -> None:
    """List what has the words, for the member alone."""
    services = services_of(interaction)
    is_of_server = whose == _SERVER
    wanted = _wanted(words, model, rating, since, until, is_of_server=is_of_server)
    if is_of_server and interaction.guild_id is None:
        wanted = str(finding_replies.NOT_IN_DM)
    await answer(interaction, services, "search", find(interaction, services, wanted))


@app_commands.command(name="show", description=finding_replies.SHOW_HELP.text)
@app_commands.describe(picture=finding_replies.PICTURE_HELP.text, public=PUBLIC_HELP.text)
async def show(interaction: discord.Interaction, picture: str, public: bool = False) -> None:
    """Post the chosen job once more, or the newest one with the words."""
    services = services_of(interaction)
    await answer(interaction, services, "show", _show(interaction, services, picture, makes_public=public))


@show.autocomplete("picture")
async def _own_pictures(interaction: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
    return await offer_own(interaction, typed)


async def offer_own(interaction: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
    """Return the newest of the member's own results whose prompts have what was typed, by their ids."""
    services = services_of(interaction)
    async with services.database.begin(limit=services.answer_timeout - SEND_MARGIN) as connection:
        newest = await read_newest_prompts(connection, interaction.user.id)
    fitting = [(job_id, prompt) for job_id, prompt in newest if typed.casefold() in prompt.casefold()]
    return [
        app_commands.Choice(name=finding_replies.choice_name(prompt), value=str(job_id))
        for job_id, prompt in fitting[:_MAX_CHOICES]
    ]


@history.autocomplete("model")
@search.autocomplete("model")
async def _models(interaction: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
    return offer_models(interaction, typed)


def offer_models(interaction: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
    """Return the models whose names have what was typed."""
    names = [model.name for model in services_of(interaction).limits.models]
    fitting = [name for name in names if typed.casefold() in name.casefold()]
    return [app_commands.Choice(name=name, value=name) for name in fitting[:_MAX_CHOICES]]


async def find(interaction: discord.Interaction, services: Services, wanted: Wanted | str) -> None:
    """Show the first page, or the sentence that says what is wrong with what was asked for."""
    if isinstance(wanted, str):
        await send_ephemeral(interaction, wanted)
        return
    context = context_from_interaction(interaction)
    async with services.database.begin(limit=services.answer_timeout - SEND_MARGIN) as connection:
        page = await start_search(connection, context.discord_id, wanted, place_of(interaction, context))
    await show_page(interaction, services, page)


async def _show(interaction: discord.Interaction, services: Services, picture: str, *, makes_public: bool) -> None:
    context = context_from_interaction(interaction)
    job_id = _id_of(picture)
    if job_id is None:
        async with services.database.begin(limit=services.answer_timeout - SEND_MARGIN) as connection:
            job_id = await find_newest(connection, context.discord_id, picture)
    if job_id is None:
        await send_ephemeral(interaction, finding_replies.NOTHING_TO_SHOW)
    else:
        await show_again(interaction, services, context, job_id, makes_public=makes_public)


def _id_of(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _wanted(
    words: str | None,
    model: str | None,
    rating: int | None,
    since: str | None,
    until: str | None,
    *,
    is_of_server: bool = False,
) -> Wanted | str:
    """Return what is looked for, or what is wrong with it, as a sentence."""
    days = [_day(text.strip()) if text else None for text in (since, until)]
    for day in days:
        if isinstance(day, str):
            return finding_replies.not_a_day(day)
    first, last = (day if isinstance(day, date) else None for day in days)
    if first and last and last < first:
        return str(finding_replies.NO_DAYS_BETWEEN)
    return Wanted(is_of_server=is_of_server, words=words, model=model, rating=rating, since=first, until=last)


def _day(text: str) -> date | str:
    """Return the day, or the text if it is none."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return text
