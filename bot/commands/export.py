"""`/export`: data sets of what members of the server agree to publish, for those who manage it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

import discord
from discord import app_commands

from bot.answers import answer, send_ephemeral
from bot.cards import MAX_CONTENT, length
from bot.delivery.discord_messages import NO_MENTIONS
from bot.exports.handover import hand_over
from bot.interaction_context import context_from_interaction, may_manage_guild
from bot.replies import export_replies
from bot.services import Services, services_of
from bot.store.export_tables import Telling
from bot.store.exports import read_guild_exports, record_telling, request_export
from bot.store.interaction import InteractionContext
from engine.contract.exports import EXPORT_CHOICES

_NUM_LISTED = 5
MAX_MODEL = 100
"""Characters of a model's name: lists of exports have it in each line."""

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_CHOICES = [app_commands.Choice(name=said, value=name) for name, said in EXPORT_CHOICES.items()]

export = app_commands.Group(
    name="export",
    description=export_replies.EXPORT_HELP.text,
    guild_only=True,
    allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=False, private_channel=False),
    default_permissions=discord.Permissions(manage_guild=True),
    allowed_installs=app_commands.AppInstallationType(guild=True, user=False),
)


@export.command(name="start", description=export_replies.START_HELP.text)
@app_commands.rename(wanted="format")
@app_commands.describe(
    wanted=export_replies.FORMAT_HELP.text,
    since=export_replies.SINCE_HELP.text,
    until=export_replies.UNTIL_HELP.text,
    model=export_replies.MODEL_HELP.text,
)
@app_commands.choices(wanted=_CHOICES)
async def start(
    interaction: discord.Interaction,
    wanted: str,
    since: str | None = None,
    until: str | None = None,
    model: app_commands.Range[str, 1, MAX_MODEL] | None = None,
) -> None:
    """Store what is to be exported, and say so."""
    services = services_of(interaction)
    given = {"since": since, "until": until, "model": model}
    options = {"format": wanted, **{name: text.strip() for name, text in given.items() if text}}
    await answer(interaction, services, "export start", _start(interaction, services, options))


@export.command(name="status", description=export_replies.STATUS_HELP.text)
async def status(interaction: discord.Interaction) -> None:
    """Show the last exports of the server, with the newest file."""
    services = services_of(interaction)
    await answer(interaction, services, "export status", _show(interaction, services))


async def _start(interaction: discord.Interaction, services: Services, options: Mapping[str, str]) -> None:
    context = context_from_interaction(interaction)
    problem = _problem_of(interaction, services) or _problem_of_options(options)
    if problem is None:
        async with services.database.begin(limit=services.answer_margin) as connection:
            is_new = await request_export(
                connection, context, options, guild_id=context.guild_id, max_bytes=interaction.filesize_limit
            )
        problem = None if is_new else str(export_replies.UNDER_WAY)
    await send_ephemeral(interaction, problem or export_replies.started(options["format"]))
    if services.exporter is not None:
        services.exporter.wake()


async def _show(interaction: discord.Interaction, services: Services) -> None:
    context = context_from_interaction(interaction)
    if problem := _problem_of(interaction, services):
        await send_ephemeral(interaction, problem)
        return
    await interaction.response.defer(ephemeral=True, thinking=True)
    content, files = await _listed(interaction, services, context)
    await interaction.edit_original_response(content=content, attachments=files, allowed_mentions=NO_MENTIONS)


async def _listed(
    interaction: discord.Interaction, services: Services, context: InteractionContext
) -> tuple[str, list[discord.File]]:
    """Return the list as far as a message takes it, and the newest file that Discord takes.

    The other files are named by where they are.
    """
    assert services.exports is not None and context.guild_id is not None
    async with services.database.background, services.database.begin() as connection:
        found = await read_guild_exports(connection, context.guild_id, limit=_NUM_LISTED)
    lines, files = list[str](), list[discord.File]()
    for one in found:
        handover = hand_over(services.exports, one, max_bytes=0 if files else interaction.filesize_limit)
        line = export_replies.listed(one, delivered=handover.delivered)
        if length("\n".join([*lines, line])) > MAX_CONTENT:
            if handover.file:
                handover.file.close()
            break
        files += [handover.file] if handover.file else []
        lines.append(line)
        if one.discord_id == context.discord_id and one.telling is Telling.HELD:
            async with services.database.background, services.database.begin() as connection:
                await record_telling(connection, one.id, Telling.TOLD)
    return "\n".join(lines) or str(export_replies.NO_EXPORTS), files


def _problem_of(interaction: discord.Interaction, services: Services) -> str | None:
    """Return why the member can export nothing here, as a sentence."""
    if not may_manage_guild(interaction):
        return str(export_replies.MANAGERS_ONLY)
    return str(export_replies.NOT_SET_UP) if services.exports is None else None


def _problem_of_options(options: Mapping[str, str]) -> str | None:
    """Return what is wrong with what was asked for, as a sentence."""
    if options["format"] == "raw" and len(options) > 1:
        return export_replies.takes_no_bounds("raw")
    for name in ("since", "until"):
        if name in options and not _is_day(options[name]):
            return export_replies.not_a_day(options[name])
    since, until = options.get("since"), options.get("until")
    if since and until and until <= since:
        return export_replies.no_days_between(since, until)
    return None


def _is_day(text: str) -> bool:
    if not _DAY.fullmatch(text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
