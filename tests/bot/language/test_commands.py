"""What Discord shows of the commands, and the lengths that it takes, in every language."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.buttons import BUTTONS
from bot.client import EaselClient
from bot.commands import COMMANDS, commands_for
from bot.commands.imagine import imagine_for
from bot.language import LANGUAGES, speaking
from bot.language.catalogs import translations
from bot.language.commands import CatalogTranslator, said_description
from engine.prompt import Limits, ModelCapabilities, Vocabulary

BOT = Path(__file__).parents[3] / "bot"
STARTER = ModelCapabilities(
    name="starter", vocabulary=Vocabulary(paints="simple shapes", words={"circle": ()}, examples=("a red circle",))
)
SAME_IN_GERMAN = {"Normal", "prompts: Prompts"}
# What a label, a title or an option of a form takes, by how a constant that has it is named.
LIMITS = {"LABEL": 45, "TITLE": 45, "HELP": 100, "CHOICE": 80, "NAME": 32}


async def payloads(limits: Limits) -> list[dict[str, Any]]:
    """Return what is registered with Discord."""
    async with EaselClient(COMMANDS, BUTTONS, aiohttp.TraceConfig()) as client:
        return [
            await command.get_translated_payload(client.tree, CatalogTranslator()) for command in commands_for(limits)
        ]


def parts(payload: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the command with its options and choices, at any depth."""
    yield payload
    for key in ("options", "choices"):
        for part in payload.get(key) or ():
            yield from parts(part)


@pytest.mark.parametrize(
    "limits", [Limits(), Limits(models=(STARTER,), default_model="starter")], ids=["any", "starter"]
)
async def test_discord_shows_commands_in_german(limits: Limits) -> None:
    """Every description and every choice in words; what is typed stays as it is."""
    shown = [part for payload in await payloads(limits) for part in parts(payload)]
    described = [part for part in shown if part.get("description")]
    german = {part["name"]: part.get("description_localizations", {}).get("de", "") for part in described}
    assert len(described) > 50 and not [name for name, said in german.items() if not 0 < len(said) <= 100]
    assert not [part["name"] for part in described if part.get("name_localizations")]
    chosen = [choice for part in shown for choice in part.get("choices") or ()]
    english = {choice["name"] for choice in chosen if not choice.get("name_localizations")}
    assert len(chosen) > 30 and english == SAME_IN_GERMAN


def test_help_describes_a_command_with_what_the_model_paints() -> None:
    """As Discord does, which has its own translations."""
    command = imagine_for(Limits(models=(STARTER,), default_model="starter"))
    assert said_description(command) == command.description
    with speaking("de"):
        german = said_description(command)
        plain = said_description(imagine_for(Limits()))
    assert (german, plain) == (
        "Malt vier Bilder nach einem Prompt. Das Modell starter malt einfache Formen.",
        "Malt vier Bilder nach einem Prompt",
    )


async def test_names_of_menus_are_translated() -> None:
    """Nobody types them."""
    shown = {part["name"]: part for part in await payloads(Limits()) if part["type"] == 3}
    assert shown["Recipe"]["name_localizations"] == {"de": "Rezept"}


def assigned(tree: ast.AST) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Yield each name with what it is given, also where several are given theirs at once."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            target, value = node.targets[0], node.value
            if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
                yield from zip(target.elts, value.elts, strict=True)
            else:
                yield target, value


def constants() -> Iterator[tuple[str, str]]:
    """Yield the name and the English of every phrase of a module that is a label or the like."""
    for path in (BOT / "replies").rglob("*.py"):
        for target, value in assigned(ast.parse(path.read_text())):
            if isinstance(target, ast.Name) and isinstance(value, ast.Call) and value.args:
                (text, *_) = value.args
                if isinstance(text, ast.Constant) and isinstance(text.value, str):
                    yield target.id, text.value


@pytest.mark.parametrize("language", LANGUAGES)
def test_labels_are_as_short_as_discord_wants_them(language: str) -> None:
    """In each language; of a label the shorter limit, that of a field in a form."""
    said, known = translations(language), [*constants()]
    assert len(known) > 400
    long = [
        (name, said.gettext(text))
        for name, text in known
        for ending, limit in LIMITS.items()
        if name.endswith(ending) and len(said.gettext(text)) > limit
    ]
    assert not long
