"""Prompts as an operator gives them, judged as `/imagine` judges them: by the models and what they can do."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import typer
from rich.console import Console

from engine.contract.errors import PromptRefused
from engine.contract.jobs import JobSpec
from engine.models.prompt_limits import read_limits
from engine.models.registry.registry import SHIPPED
from engine.prompt import EXCERPT_WIDTH, Limits, PromptErrors, format_errors, json_from_specs, notes_on, parse
from engine.settings import EngineSettings

_LEAST_WIDTH = 20


def specs_from_prompt(
    prompt: str, limits: Limits, pictures: Mapping[str, str] = MappingProxyType({})
) -> tuple[JobSpec, ...]:
    """Return the specs that the prompt asks for, of a service that allows what `limits` say.

    pictures: as those of `parse`.

    Raises: PromptRefused with every fault of it, a caret under each.
    """
    parsed = parse(prompt, limits=limits, pictures=pictures)
    if isinstance(parsed, PromptErrors):
        terminal = Console(stderr=True).width
        raise PromptRefused(message=format_errors(parsed, width=max(_LEAST_WIDTH, min(terminal, EXCERPT_WIDTH))))
    return parsed


def print_notes(specs: Sequence[JobSpec], limits: Limits) -> None:
    """Print what the operator should know about the jobs to standard error, each note once."""
    for note in dict.fromkeys(note for spec in specs for note in notes_on(spec, limits)):
        typer.echo(f"Note: {note}", err=True)


async def print_specs(prompt: str, settings: EngineSettings, model: str = "", *, quiet: bool) -> None:
    """Print the specs of the prompt as a JSON array; those that are asked for several times have their `count`.

    model: of a prompt that names none; empty for the service's default.
    quiet: whether to print nothing for a prompt that is accepted.

    Raises: PromptRefused with every fault of it, a caret under each; SettingsInvalid, ModelUnknown.
    """
    limits = await read_limits(settings.models_file or SHIPPED, model or settings.model)
    specs = specs_from_prompt(prompt, limits)
    if quiet:
        return
    print_notes(specs, limits)
    counts = Counter(json.dumps(spec) for spec in json_from_specs(specs))
    listed = [json.loads(text) | ({"count": count} if count > 1 else {}) for text, count in counts.items()]
    typer.echo(json.dumps(listed, ensure_ascii=False, indent=2))
