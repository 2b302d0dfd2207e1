"""`/imagine`: from a prompt to the message of its job, or of its series of jobs."""

from __future__ import annotations

from typing import Any

import discord
from discord import app_commands

from bot import replies
from bot.answers import answer, send_ephemeral, show_job, show_series
from bot.interaction_context import context_from_interaction
from bot.prompts import specs_from_text
from bot.services import Services, services_of
from bot.store.submissions import Draft, seed_of, submit_drafts
from engine.contract.jobs import JobSpec, Operation
from engine.prompt import (
    COMMAND_HELP,
    OPTION_HELP,
    PROMPT_HELP,
    Limits,
    command_help,
    prompt_help,
)


@app_commands.command(name="imagine", description=COMMAND_HELP)
@app_commands.describe(prompt=PROMPT_HELP, negative=OPTION_HELP["negative"])
@app_commands.allowed_installs(guilds=True, users=False)
@app_commands.allowed_contexts(guilds=True, dms=True, private_channels=False)
async def imagine(interaction: discord.Interaction, prompt: str, negative: str | None = None) -> None:
    """Queue the jobs of the prompt, and answer with their message."""
    services = services_of(interaction)
    await answer(interaction, services, "imagine", _imagine(interaction, services, prompt, negative))


def imagine_for(limits: Limits) -> app_commands.Command[Any, ..., Any]:
    """Return the command, with descriptions that say what the default model can paint."""
    command: app_commands.Command[Any, ..., Any] = app_commands.Command(
        name=imagine.name, description=command_help(limits), callback=imagine.callback
    )
    return app_commands.describe(prompt=prompt_help(limits), negative=OPTION_HELP["negative"])(command)


def may_post(interaction: discord.Interaction) -> bool:
    """Return whether the bot may post and edit messages with pictures in the channel."""
    if interaction.guild_id is None:
        return True
    here = interaction.app_permissions
    is_thread = isinstance(interaction.channel, discord.Thread)
    may_send = here.send_messages_in_threads if is_thread else here.send_messages
    return here.view_channel and may_send and here.attach_files


async def _imagine(interaction: discord.Interaction, services: Services, prompt: str, negative: str | None) -> None:
    if not may_post(interaction):
        await send_ephemeral(interaction, replies.CHANNEL_CLOSED)
        return
    drafts = [_draft(spec) for spec in specs_from_text(services, prompt, negative=negative)]
    context = context_from_interaction(interaction)
    submitted = await services.commit(
        context, lambda: submit_drafts(context, drafts, services.instance), num_jobs=len(drafts)
    )
    if not submitted:
        await send_ephemeral(interaction, replies.ALREADY_DONE)
        return
    if len(submitted) == 1:
        await show_job(interaction, services, submitted[0])
    else:
        await show_series(interaction, services, submitted)


def _draft(spec: JobSpec) -> Draft:
    return Draft(operation=Operation.IMAGINE, spec=spec, seed=seed_of(spec))
