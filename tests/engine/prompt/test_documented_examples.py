"""The examples of the documentation work with the model that ships, or say what they need."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from engine.models.prompt_limits import read_limits
from engine.models.registry.registry import SHIPPED
from engine.prompt import PARAMETERS, Limits, Parameter, PromptErrors, format_errors, notes_on, parse
from engine.prompt.reference_page import language_page

ROOT = Path(__file__).parents[3]
IMAGINE = re.compile(r"/imagine (?:prompt: )?([^`\")<]+?)(?: negative: ([^`\")<]+))?[`\"]")
# What a cell of the table says where the starter is not enough.
ELSEWHERE = ("is registered",)


@pytest.fixture(scope="module")
def limits() -> Limits:
    """Those of a fresh clone."""
    return asyncio.run(read_limits(SHIPPED, None))


def works(text: str, limits: Limits) -> None:
    result = parse(text, limits=limits)
    assert not isinstance(result, PromptErrors), format_errors(result)
    assert [note for spec in result for note in notes_on(spec, limits)] == []


@pytest.mark.parametrize("row", PARAMETERS, ids=lambda row: row.name)
def test_the_example_of_a_parameter_works_or_says_what_it_needs(row: Parameter, limits: Limits) -> None:
    details = language_page().split(f"### --{row.name}\n")[1].split("###")[0]
    if "The example needs" not in details:
        works(row.example, limits)
        return
    result = parse(row.example, limits=limits)
    assert isinstance(result, PromptErrors) or all(notes_on(spec, limits) for spec in result)


def test_the_examples_on_one_screen_work(limits: Limits) -> None:
    rows = [line.split(" | ") for line in language_page().split("## Parameters")[0].splitlines() if line[:3] == "| `"]
    shown = [(text, cells[1]) for cells in rows[:-1] for text in re.findall(r"`([^`]+)`", cells[0])]
    assert len(shown) > 10
    for text, meaning in shown:
        if not any(words in meaning for words in ELSEWHERE):
            works(text, limits)


@pytest.mark.parametrize("file", ["README.md", "CHANGELOG.md", "docs/models.md", "sandbox/page/message/welcome.js"])
def test_what_is_typed_in_the_documentation_works(file: str, limits: Limits) -> None:
    for prompt, negative in IMAGINE.findall((ROOT / file).read_text(encoding="utf-8")):
        works(f"{prompt} --no {negative}" if negative else prompt, limits)


def test_the_readme_says_what_the_model_that_ships_can_paint(limits: Limits) -> None:
    """Every shape that the model itself names."""
    text = (ROOT / "README.md").read_text(encoding="utf-8").replace("\n", " ")
    known = limits.models[0].vocabulary
    assert known is not None and known.paints in text
    assert [word for word in known.words if word.removesuffix(" sky") not in text] == []
