"""`/imagine`: from a prompt to one message for each job it asks for."""

from __future__ import annotations

import discord
from discord import app_commands

from bot import replies
from bot.answers import answer, say, show_submitted
from bot.interaction_context import context_from_interaction
from bot.services import Services, services_of
from bot.store.submissions import Draft, random_seed, submit_drafts
from engine.contract.errors import PromptRefused
from engine.contract.jobs import JobSpec, Operation
from engine.prompt import OPTION_HELP, PROMPT_HELP, PromptErrors, Specs, format_errors, parse


@app_commands.command(name="imagine", description="Paint four pictures from words")
@app_commands.describe(prompt=PROMPT_HELP, negative=OPTION_HELP["negative"])
@app_commands.allowed_installs(guilds=True, users=False)
@app_commands.allowed_contexts(guilds=True, dms=True, private_channels=False)
async def imagine(interaction: discord.Interaction, prompt: str, negative: str | None = None) -> None:
    """Queue the jobs that the prompt asks for, and show the first as the answer."""
    services = services_of(interaction)
    await answer(interaction, services, "imagine", _imagine(interaction, services, prompt, negative))


def specs_from_text(services: Services, prompt: str, negative: str | None) -> Specs:
    """Return the specs of the jobs asked for.

    Raises: PromptRefused with every fault shown.
    """
    given = {"negative": negative} if negative else {}
    specs = parse(prompt, services.defaults, services.limits, command_options=given)
    if isinstance(specs, PromptErrors):
        raise PromptRefused(message=format_errors(specs))
    return specs


def may_post(interaction: discord.Interaction) -> bool:
    """Return whether the bot may keep a picture's message up to date where the member is."""
    if interaction.guild_id is None:
        return True
    here = interaction.app_permissions
    is_thread = isinstance(interaction.channel, discord.Thread)
    may_send = here.send_messages_in_threads if is_thread else here.send_messages
    return here.view_channel and may_send and here.attach_files


async def _imagine(interaction: discord.Interaction, services: Services, prompt: str, negative: str | None) -> None:
    if not may_post(interaction):
        await say(interaction, replies.CHANNEL_CLOSED)
        return
    drafts = [_draft(spec) for spec in specs_from_text(services, prompt, negative)]
    context = context_from_interaction(interaction)
    async with services.transaction(context) as connection:
        submitted = await submit_drafts(connection, context, drafts, services.claimant)
    if not submitted:
        await say(interaction, replies.ALREADY_DONE)
        return
    await show_submitted(interaction, services, submitted[0])
    for further in submitted[1:]:
        services.courier.take(further.delivery, is_fresh=True)


def _draft(spec: JobSpec) -> Draft:
    seed = spec.parameters.get("seed")
    return Draft(operation=Operation.IMAGINE, spec=spec, seed=seed if isinstance(seed, int) else random_seed())
