"""`/prefer`: how Easel works for a member."""

from __future__ import annotations

from dataclasses import replace

import discord
from discord import app_commands

from bot.answers import answer, send_ephemeral
from bot.interaction_context import context_from_interaction
from bot.policy.preferences import MAX_OPTIONS, MAX_SUFFIX, DirectMessages, MemberPreferences, TooManyOptions
from bot.preferences import change, option_problem, suffix_problem
from bot.replies import followup_replies, own_settings_replies, profile_replies
from bot.services import Services, services_of
from bot.store.learning.profiles import toggle_profile
from bot.store.preferences import read_own_settings, toggle_remix

prefer = app_commands.Group(
    name="prefer",
    description=followup_replies.PREFER_HELP.text,
)


@prefer.command(name="remix", description=followup_replies.REMIX_HELP.text)
async def remix(interaction: discord.Interaction) -> None:
    """Turn remix on or off, and say what that means."""
    services = services_of(interaction)
    await answer(interaction, services, "prefer remix", _toggle(interaction, services))


async def _toggle(interaction: discord.Interaction, services: Services) -> None:
    context = context_from_interaction(interaction)
    is_on = await services.commit(context, lambda: toggle_remix(context))
    await send_ephemeral(interaction, followup_replies.REMIX_ON if is_on else followup_replies.REMIX_OFF)


@prefer.command(name="auto_dm", description=own_settings_replies.AUTO_DM_HELP.text)
async def auto_dm(interaction: discord.Interaction) -> None:
    """Turn on or off that each result comes by direct message as well."""
    services = services_of(interaction)
    await answer(interaction, services, "prefer auto_dm", _toggle_auto_dm(interaction, services))


async def _toggle_auto_dm(interaction: discord.Interaction, services: Services) -> None:
    def toggled(old: MemberPreferences) -> MemberPreferences:
        is_on = old.direct_messages is DirectMessages.EACH
        return replace(old, direct_messages=DirectMessages.NONE if is_on else DirectMessages.EACH)

    new = await change(services, context_from_interaction(interaction), toggled)
    is_on = new.direct_messages is DirectMessages.EACH
    await send_ephemeral(interaction, own_settings_replies.AUTO_DM_ON if is_on else own_settings_replies.AUTO_DM_OFF)


@prefer.command(name="personal_style", description=profile_replies.PROFILE_HELP.text)
async def personal_style(interaction: discord.Interaction) -> None:
    """Turn on or off that a style is trained from the member's votes."""
    services = services_of(interaction)
    await answer(interaction, services, "prefer personal_style", _toggle_profile(interaction, services))


async def _toggle_profile(interaction: discord.Interaction, services: Services) -> None:
    async with services.database.begin(limit=services.answer_margin) as connection:
        is_on = await toggle_profile(connection, context_from_interaction(interaction))
    await send_ephemeral(interaction, profile_replies.turned_on() if is_on else profile_replies.OFF)


option = app_commands.Group(name="option", description=own_settings_replies.OPTION_HELP.text, parent=prefer)


@prefer.command(name="suffix", description=own_settings_replies.SUFFIX_HELP.text)
@app_commands.describe(new_value=own_settings_replies.NEW_SUFFIX_HELP.text)
async def suffix(
    interaction: discord.Interaction, new_value: app_commands.Range[str, 1, MAX_SUFFIX] | None = None
) -> None:
    """Set the suffix, or remove it."""
    services = services_of(interaction)
    await answer(interaction, services, "prefer suffix", _set_suffix(interaction, services, (new_value or "").strip()))


@option.command(name="set", description=own_settings_replies.OPTION_SET_HELP.text)
@app_commands.rename(name="option")
@app_commands.describe(name=own_settings_replies.NAME_HELP.text, value=own_settings_replies.VALUE_HELP.text)
async def set_option(
    interaction: discord.Interaction,
    name: app_commands.Range[str, 1, 40],
    value: app_commands.Range[str, 1, MAX_SUFFIX] | None = None,
) -> None:
    """Set what a custom option stands for, or remove it."""
    services = services_of(interaction)
    work = _set_option(interaction, services, _plain(name), (value or "").strip())
    await answer(interaction, services, "prefer option set", work)


@option.command(name="list", description=own_settings_replies.OPTION_LIST_HELP.text)
async def list_options(interaction: discord.Interaction) -> None:
    """Show the custom options."""
    services = services_of(interaction)
    await answer(interaction, services, "prefer option list", _list_options(interaction, services))


@option.command(name="remove", description=own_settings_replies.OPTION_REMOVE_HELP.text)
@app_commands.rename(name="option")
@app_commands.describe(name=own_settings_replies.NAME_HELP.text)
async def remove_option(interaction: discord.Interaction, name: app_commands.Range[str, 1, 40]) -> None:
    """Remove a custom option."""
    services = services_of(interaction)
    await answer(interaction, services, "prefer option remove", _set_option(interaction, services, _plain(name), ""))


@remove_option.autocomplete("name")
async def offer_options(interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
    """Return the member's custom options that have what was typed."""
    preferences = await _read(interaction, services_of(interaction))
    fitting = sorted(name for name in preferences.options if _plain(current) in name)
    return [app_commands.Choice(name=f"--{name}", value=name) for name in fitting]


async def _set_suffix(interaction: discord.Interaction, services: Services, text: str) -> None:
    context = context_from_interaction(interaction)
    if problem := await suffix_problem(text, services, context):
        await send_ephemeral(interaction, problem)
        return
    await change(services, context, lambda old: replace(old, suffix=text))
    said = own_settings_replies.suffix_set(text) if text else own_settings_replies.SUFFIX_REMOVED
    await send_ephemeral(interaction, said)


async def _set_option(interaction: discord.Interaction, services: Services, name: str, value: str) -> None:
    context = context_from_interaction(interaction)
    if value and (problem := await option_problem(name, value, services, context)):
        await send_ephemeral(interaction, problem)
        return
    if not value and name not in (await _read(interaction, services)).options:
        await send_ephemeral(interaction, own_settings_replies.NO_SUCH_OPTION)
        return

    def changed(old: MemberPreferences) -> MemberPreferences:
        new = old.with_option(name, value)
        if len(new.options) > MAX_OPTIONS:
            raise TooManyOptions()
        return new

    await change(services, context, changed)
    removed = own_settings_replies.option_removed(name)
    await send_ephemeral(interaction, own_settings_replies.option_set(name, value) if value else removed)


async def _list_options(interaction: discord.Interaction, services: Services) -> None:
    await send_ephemeral(interaction, own_settings_replies.options(await _read(interaction, services)))


async def _read(interaction: discord.Interaction, services: Services) -> MemberPreferences:
    async with services.database.begin(limit=services.answer_margin) as connection:
        return (await read_own_settings(connection, interaction.user.id)).preferences


def _plain(name: str) -> str:
    return name.strip().lstrip("-—").lower()
