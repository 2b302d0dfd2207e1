"""`/safety`: what may be asked for in the server, for those who manage it."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence

import discord
from discord import app_commands

from bot.answers import answer, send_card, send_ephemeral
from bot.cards import Card
from bot.interaction_context import context_from_interaction, may_manage_guild
from bot.prompts import specs_from_text
from bot.replies import safety_replies
from bot.services import SEND_MARGIN, Services, services_of
from bot.store.guild_settings import change_words, read_words
from engine.safety.words import RuleRefused, rules_from_texts, texts_from_list, with_rules, without_rules

_NUM_LISTED = 20
_NUM_CHOICES = 25
_MAX_CHOICE = 100

safety = app_commands.Group(
    name="safety",
    description=safety_replies.SAFETY_HELP.text,
    guild_only=True,
    allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=False, private_channel=False),
    default_permissions=discord.Permissions(manage_guild=True),
    allowed_installs=app_commands.AppInstallationType(guild=True, user=False),
)
words = app_commands.Group(name="words", description=safety_replies.WORDS_HELP.text, parent=safety)

Change = Callable[[tuple[str, ...]], tuple[str, ...]]


@words.command(name="add", description=safety_replies.ADD_HELP.text)
@app_commands.rename(text="words")
@app_commands.describe(text=safety_replies.RULES_HELP.text)
async def add(interaction: discord.Interaction, text: app_commands.Range[str, 1, 2000]) -> None:
    """Forbid the words."""
    services = services_of(interaction)
    await answer(interaction, services, "safety words add", _add(interaction, services, text))


@words.command(name="remove", description=safety_replies.REMOVE_HELP.text)
@app_commands.rename(text="word")
@app_commands.describe(text=safety_replies.RULE_HELP.text)
async def remove(interaction: discord.Interaction, text: app_commands.Range[str, 1, 100]) -> None:
    """Allow the word again."""
    services = services_of(interaction)
    await answer(interaction, services, "safety words remove", _remove(interaction, services, text))


@words.command(name="list", description=safety_replies.LIST_HELP.text)
async def list_words(interaction: discord.Interaction) -> None:
    """Show the forbidden words."""
    services = services_of(interaction)
    await answer(interaction, services, "safety words list", _list(interaction, services))


@words.command(name="test", description=safety_replies.TEST_HELP.text)
@app_commands.describe(prompt=safety_replies.PROMPT_HELP.text)
async def test(interaction: discord.Interaction, prompt: str) -> None:
    """Say whether the prompt is allowed."""
    services = services_of(interaction)
    await answer(interaction, services, "safety words test", _test(interaction, services, prompt))


@remove.autocomplete("text")
async def offer_words(interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
    """Return the forbidden words that have what was typed."""
    if not may_manage_guild(interaction):
        return []
    fitting = [rule for rule in await _read(interaction, services_of(interaction)) if current.lower() in rule.lower()]
    return [app_commands.Choice(name=rule[:_MAX_CHOICE], value=rule) for rule in sorted(fitting)[:_NUM_CHOICES]]


async def _add(interaction: discord.Interaction, services: Services, text: str) -> None:
    new = texts_from_list(text)
    if not new:
        await send_ephemeral(interaction, safety_replies.NOTHING_TO_ADD)
        return
    await _change(interaction, services, lambda old: with_rules(old, new), str(safety_replies.NOTHING_ADDED))


async def _remove(interaction: discord.Interaction, services: Services, text: str) -> None:
    await _change(interaction, services, lambda old: without_rules(old, [text]), str(safety_replies.NOT_FORBIDDEN))


async def _change(interaction: discord.Interaction, services: Services, change: Change, unchanged: str) -> None:
    if not may_manage_guild(interaction):
        await send_ephemeral(interaction, safety_replies.MANAGERS_ONLY)
        return
    context = context_from_interaction(interaction)
    try:
        async with services.database.begin(limit=services.answer_timeout - SEND_MARGIN) as connection:
            made = await change_words(connection, context, change)
    except RuleRefused as error:
        await send_ephemeral(interaction, safety_replies.rule_refused(error))
        return
    await send_ephemeral(interaction, safety_replies.changed(made) if made.added or made.removed else unchanged)


async def _list(interaction: discord.Interaction, services: Services) -> None:
    if not may_manage_guild(interaction):
        await send_ephemeral(interaction, safety_replies.MANAGERS_ONLY)
        return
    rules = sorted(await _read(interaction, services), key=str.casefold)
    said = safety_replies.rules(rules) if rules else safety_replies.NO_RULES
    if len(rules) <= _NUM_LISTED:
        await send_ephemeral(interaction, said)
        return
    file = discord.File(io.BytesIO("\n".join(rules).encode()), "words.txt")
    await send_card(interaction, Card(content=safety_replies.rules_in_file(len(rules))), [file])


async def _test(interaction: discord.Interaction, services: Services, prompt: str) -> None:
    if not may_manage_guild(interaction):
        await send_ephemeral(interaction, safety_replies.MANAGERS_ONLY)
        return
    found = rules_from_texts(tuple(await _read(interaction, services)))
    texts = [part.text for spec in specs_from_text(services, prompt) for part in spec.parts if part.weight > 0]
    rule = next((rule for rule in map(found.find, texts) if rule), None)
    said = safety_replies.would_be_refused(rule.text) if rule else safety_replies.allowed()
    await send_ephemeral(interaction, said)


async def _read(interaction: discord.Interaction, services: Services) -> Sequence[str]:
    assert interaction.guild_id is not None
    async with services.database.begin(limit=services.answer_timeout - SEND_MARGIN) as connection:
        return await read_words(connection, interaction.guild_id)
