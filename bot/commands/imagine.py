"""`/imagine`: from a prompt, and pictures that come with it, to the message of its job, or of its series of jobs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import discord
from discord import app_commands

from bot.answers import answer
from bot.language import Phrase
from bot.language.commands import DESCRIPTION, described
from bot.policy.preferences import NO_PREFERENCES
from bot.presets import PRESETS, may_use_presets
from bot.queueing import queue_prompt
from bot.replies.own_settings_replies import STYLE_HELP
from bot.replies.private_replies import PRIVATE_HELP
from bot.replies.upload_replies import IMAGE_HELP
from bot.services import services_of
from engine.prompt import (
    COMMAND_HELP,
    OPTION_HELP,
    PROMPT_HELP,
    Limits,
    command_help,
    prompt_help,
)

_OPTIONS = ("negative", "shape", "model", "seed", "repeat")
_HELP: dict[str, str | app_commands.locale_str] = {
    **{name: OPTION_HELP[name] for name in _OPTIONS},
    "style": STYLE_HELP.text,
    "private": PRIVATE_HELP.text,
    **dict.fromkeys(("image", "image2", "image3"), IMAGE_HELP.text),
}
_SHAPES = {
    "1:1": Phrase("Square"),
    "3:2": Phrase("Wide"),
    "16:9": Phrase("Very wide"),
    "2:3": Phrase("Tall"),
    "9:16": Phrase("Very tall, for phones"),
}
_SMALL_MODEL = Phrase("Create four pictures from a prompt. The model {model} paints {what}.")
_SMALL_PROMPT = Phrase("What to paint. The model {model} paints {what}.")
_VISIBILITIES = {True: "--stealth", False: "--public"}
_NUM_CHOICES = 25
_MAX_CHOICE = 100


@app_commands.command(name="imagine", description=COMMAND_HELP)
@app_commands.describe(prompt=PROMPT_HELP, **_HELP)
async def imagine(
    interaction: discord.Interaction,
    prompt: str,
    negative: str | None = None,
    shape: str | None = None,
    style: str | None = None,
    model: str | None = None,
    seed: str | None = None,
    repeat: app_commands.Range[int, 1, 40] | None = None,
    private: bool | None = None,
    image: discord.Attachment | None = None,
    image2: discord.Attachment | None = None,
    image3: discord.Attachment | None = None,
) -> None:
    """Queue the jobs of the prompt, and answer with their message."""
    services = services_of(interaction)
    given = {"image": image, "image2": image2, "image3": image3}
    attachments = {name: file for name, file in given.items() if file}
    options = {
        "negative": negative,
        "shape": shape,
        "model": model,
        "seed": seed,
        "repeat": None if repeat is None else f"{repeat}",
        "style": style,
        "private": None if private is None else _VISIBILITIES[private],
    }
    await answer(interaction, services, "imagine", queue_prompt(interaction, services, prompt, options, attachments))


@imagine.autocomplete("shape")
async def offer_shapes(interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
    """Return the usual shapes; any other ratio can be typed."""
    return _choices({f"{told} ({ratio})": ratio for ratio, told in _SHAPES.items()}, current)


@imagine.autocomplete("style")
async def offer_styles(interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
    """Return the presets that a model here knows, and the member's own parameters."""
    services = services_of(interaction)
    own = services.preferences.of(interaction.user.id) or NO_PREFERENCES
    presets = PRESETS if may_use_presets(services.limits) else {}
    told = {**presets, **own.options}
    return _choices({f"{name}: {words}": name for name, words in told.items()}, current)


@imagine.autocomplete("model")
async def offer_models(interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
    """Return the models of this service."""
    return _choices({one.name: one.name for one in services_of(interaction).limits.grid_models}, current)


def _choices(values: Mapping[str, str], current: str) -> list[app_commands.Choice[str]]:
    """Return those whose name or value has what was typed."""
    typed = current.strip().lower()
    fitting = [(name, value) for name, value in values.items() if typed in name.lower() or typed in value.lower()]
    return [app_commands.Choice(name=name[:_MAX_CHOICE], value=value) for name, value in fitting[:_NUM_CHOICES]]


def imagine_for(limits: Limits) -> app_commands.Command[Any, ..., Any]:
    """Return the command, with descriptions that say what the default model can paint."""
    description = _described(command_help(limits), _SMALL_MODEL, limits)
    command: app_commands.Command[Any, ..., Any] = app_commands.Command(
        name=imagine.name, description=description, callback=imagine.callback, extras={DESCRIPTION: description}
    )
    command.autocomplete("shape")(offer_shapes)
    command.autocomplete("model")(offer_models)
    command.autocomplete("style")(offer_styles)
    # discord.py looks for descriptions to translate when a command is made, not here.
    given = {name: app_commands.locale_str(str(text)) for name, text in _HELP.items()}
    return app_commands.describe(prompt=_described(prompt_help(limits), _SMALL_PROMPT, limits), **given)(command)


def _described(english: str, phrase: Phrase, limits: Limits) -> app_commands.locale_str:
    """Return the description in every language, of a model that paints only a few things."""
    known = next((one.vocabulary for one in limits.models if one.name == limits.default_model), None)
    return (
        described(english, phrase, model=limits.default_model, what=known.told)
        if known
        else app_commands.locale_str(english)
    )
