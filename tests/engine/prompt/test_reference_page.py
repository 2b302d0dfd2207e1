"""Generated from the parameter table: the language page, the help and the command's options."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from engine.contract.jobs import Operation
from engine.prompt import (
    PARAMETERS,
    PROMPT_HELP,
    SLASH_OPTIONS,
    Parameter,
    PromptDefaults,
    PromptErrors,
    format_errors,
    help_for,
    help_lines,
    parse,
    spec_for_operation,
)
from engine.prompt.parameters import BY_SPELLING, FOREIGN_PARAMETERS
from engine.prompt.reference_page import language_page

PAGE = Path(__file__).parents[3] / "docs" / "prompt-language.md"
by_name = pytest.mark.parametrize("row", PARAMETERS, ids=lambda row: row.name)


def test_the_page_is_what_the_table_says() -> None:
    """docs/prompt-language.md equals language_page(); `python -m tests.engine.prompt.test_reference_page` writes it."""
    assert PAGE.read_text(encoding="utf-8") == language_page()


@by_name
def test_every_example_is_read(row: Parameter) -> None:
    """The example of each row is a valid prompt that uses the parameter."""
    result = parse(row.example)
    assert not isinstance(result, PromptErrors), format_errors(result)
    assert f"--{row.name}" in row.example
    if row.name not in ("no", "repeat"):
        assert row.target in result[0].parameters


@by_name
def test_every_row_fits_discord(row: Parameter) -> None:
    """Discord limits an option's description to 100 characters and its name to 32."""
    assert 0 < len(row.help) <= 100 and len(row.option) <= 32


@by_name
def test_every_row_is_on_the_page_and_in_help(row: Parameter) -> None:
    """Each parameter has its line and its example."""
    page = language_page()
    assert f"### --{row.name}\n" in page and row.example in page
    assert row.example in help_for(f"--{row.name}")
    assert any(line.startswith(f"--{row.name}") for line in help_lines())


def test_spellings_are_unique() -> None:
    """No name or alias belongs to two parameters, and none is a foreign name."""
    assert len(BY_SPELLING) == sum(1 + len(row.aliases) for row in PARAMETERS)
    assert not BY_SPELLING.keys() & FOREIGN_PARAMETERS.keys()


def test_all_names_of_the_language_are_there() -> None:
    """The parameters and aliases that members know are in the table."""
    names = "ar chaos c no quality q repeat r seed sameseed stop style raw stylize s tile iw weird w sref sw cref cw "
    names += "niji version v model lora steps cfg sampler video draft fast relax turbo stealth public profile p"
    assert set(names.split()) <= BY_SPELLING.keys()


def test_options_of_the_command() -> None:
    """The command has one option for each row with an option name, and it sets the row's parameter."""
    assert {row.option for row in SLASH_OPTIONS} == {"shape", "negative", "seed", "repeat", "steps", "cfg", "model"}
    assert len(PROMPT_HELP) <= 100
    given = {"negative": "red", "seed": "7", "shape": "3:2", "steps": "9", "cfg": "4", "model": "starter"}
    assert parse("a fox", command_options=given) == parse(
        "a fox --no red --seed 7 --ar 3:2 --steps 9 --cfg 4 --model starter"
    )


@pytest.mark.parametrize("empty", ["", "  ", "\u200b"])
def test_empty_options_of_the_command_are_nothing(empty: str) -> None:
    """An empty option changes nothing."""
    assert parse("a fox", command_options={"negative": empty}) == parse("a fox")


def test_help_for_a_wrong_name() -> None:
    """The error for an unknown name suggests the similar one."""
    assert help_for("--stlye") == "Unknown parameter --stlye. Did you mean --style?"
    assert help_for("-- S ").startswith("--stylize")


def test_a_variation_keeps_what_it_takes() -> None:
    """Variations drop the parameters of new grids and keep shape, words and model."""
    result = parse("a:: b --no c --ar 3:2 --seed 7 --chaos 9 --tile --lora ink --steps 9")
    assert not isinstance(result, PromptErrors)
    varied = spec_for_operation(Operation.VARY, result[0])
    assert varied.prompt == "a:: b --no c --ar 3:2 --tile --lora ink:1 --steps 9"
    assert parse(varied.prompt) == (varied,)
    assert spec_for_operation(Operation.IMAGINE, result[0]) is result[0]


def test_defaults_of_the_table_are_allowed_values() -> None:
    """A prompt with every default is valid, and each default has the value's type."""
    given = [row for row in PARAMETERS if row.default is not None and not row.needs and row.name != "repeat"]
    result = parse("a fox " + " ".join(f"--{row.name} {row.default}" for row in given))
    assert not isinstance(result, PromptErrors), format_errors(result)
    assert dict(result[0].parameters) == {row.name: row.default for row in given}


def test_settings_of_the_service_are_part_of_the_canonical_prompt() -> None:
    """Defaults are stored in the spec, so that it keeps its meaning when the service changes them."""
    result = parse("a fox", PromptDefaults(parameters={"steps": 12}))
    assert not isinstance(result, PromptErrors)
    assert result[0].prompt == "a fox --steps 12"
    assert parse(result[0].prompt, PromptDefaults(parameters={"steps": 30})) == result
    assert replace(result[0], prompt="") != result[0]


if __name__ == "__main__":
    PAGE.write_text(language_page(), encoding="utf-8")
