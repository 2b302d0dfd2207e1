"""Custom options and suffixes: expanding and checking them."""

from __future__ import annotations

import pytest

from engine.prompt import Limits, PromptDefaults, PromptErrors, check_option, check_suffix, format_errors, parse, render

OPTIONS = {"ink": "in ink, monochrome", "wide": "--ar 16:9 --raw", "both": "at dusk --steps 9", "pick": "{red, blue}"}


def prompts(text: str) -> list[str]:
    result = parse(text, PromptDefaults(options=OPTIONS))
    assert not isinstance(result, PromptErrors), format_errors(result)
    return [render(spec) for spec in result]


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("a fox --ink", ["a fox in ink, monochrome"]),
        ("a fox —ink", ["a fox in ink, monochrome"]),
        ("--ink a fox", ["in ink, monochrome a fox"]),
        ("a fox --ink, quick", ["a fox in ink, monochrome, quick"]),
        ("a fox --wide", ["a fox --ar 16:9 --style raw"]),
        ("a fox --wide jumps", ["a fox jumps --ar 16:9 --style raw"]),
        ("a fox --both jumps", ["a fox at dusk jumps --steps 9"]),
        ("a fox --seed 1 --wide", ["a fox --ar 16:9 --seed 1 --style raw"]),
        ("a {fox --wide, hen}", ["a fox --ar 16:9 --style raw", "a hen"]),
        ("a {--ink, fox}", ["a in ink", "a monochrome", "a fox"]),
        ("a {--wide, --both} fox", ["a fox --ar 16:9 --style raw", "a at dusk fox --steps 9"]),
        ("a --pick fox", ["a red fox", "a blue fox"]),
        ("--ink --ink", ["in ink, monochrome in ink, monochrome"]),
        (r"a \--ink", [r"a \--ink"]),
    ],
)
def test_own_options(text: str, want: list[str]) -> None:
    """`--name` is replaced by its value, and words can follow its parameters."""
    assert prompts(text) == want


def test_the_table_wins_over_an_own_option() -> None:
    """A custom option with the name of a parameter is never expanded."""
    result = parse("a fox --ar 3:2", PromptDefaults(options={"ar": "in ink"}))
    assert not isinstance(result, PromptErrors) and dict(result[0].parameters) == {"ar": "3:2"}


def test_options_are_not_put_into_options() -> None:
    """Options within a value are not expanded, so two options cannot expand each other endlessly."""
    result = parse("a --one", PromptDefaults(options={"one": "--two", "two": "--one"}))
    assert isinstance(result, PromptErrors)
    (error,) = result.errors
    assert (str(error.source.where), str(error.message)) == ("In your option --one:", "Unknown parameter --two.")


def test_options_cannot_blow_a_prompt_up() -> None:
    """The length limit applies to the expanded text."""
    result = parse("--big " * 100, PromptDefaults(options={"big": "x" * 100}), Limits(max_length=6000))
    assert isinstance(result, PromptErrors) and len(result.errors) == 1
    assert "With your custom options expanded, the prompt has 10,600" in format_errors(result)


def test_an_error_of_an_option_is_reported_once_and_in_it() -> None:
    """An error in an option that is used twice is reported once, in the option's line."""
    result = parse("a --bad and --bad", PromptDefaults(options={"bad": "x --steps 0"}))
    assert isinstance(result, PromptErrors)
    (error,) = result.errors
    assert (error.source.text, error.start, error.end) == ("x --steps 0", 10, 11)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("ar", "in ink", "is already a parameter"),
        ("s", "in ink", "is already a parameter"),
        ("", "in ink", "starts with a letter"),
        ("2x", "in ink", "starts with a letter"),
        ("a b", "in ink", "starts with a letter"),
        ("mine", "--steps 0", "between 1 and 150"),
        ("mine", "a {b", "is not closed"),
        ("mine", "a\x00", "Unreadable"),
    ],
)
def test_options_are_checked_when_they_are_set(name: str, value: str, says: str) -> None:
    """An invalid name and an invalid value are refused when the option is set."""
    errors = check_option(name, value)
    assert errors is not None and says in format_errors(errors)


@pytest.mark.parametrize(
    ("name", "value"),
    [("ink", "in ink"), ("wide", "--ar 16:9"), ("größe", "--ar 3:2 --tile"), ("x", ""), ("neg", ":: red::-.5")],
)
def test_good_options(name: str, value: str) -> None:
    """An option can contain words, parameters or both."""
    assert check_option(name, value) is None


@pytest.mark.parametrize("suffix", ["", "  ", "--ar 3:2", "—tile --iw 2", "--no blur"])
def test_good_suffixes(suffix: str) -> None:
    """A suffix can contain parameters or be empty."""
    assert check_suffix(suffix) is None


@pytest.mark.parametrize("suffix", ["in ink", "blur::-.5", "--steps 0", "--nope"])
def test_bad_suffixes(suffix: str) -> None:
    """A suffix cannot contain words or invalid parameters."""
    assert check_suffix(suffix) is not None
