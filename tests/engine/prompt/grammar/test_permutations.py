"""Sets of options, expanded before parameters are parsed."""

from __future__ import annotations

import pytest

from engine.prompt import Limits, PromptErrors, PromptSource, format_errors, parse, render
from engine.prompt.grammar.permutations import permute
from engine.prompt.grammar.spans import mapped_from_source


def texts(text: str, max_jobs: int = 40) -> list[str]:
    found, problems = permute(mapped_from_source(PromptSource(text=text)), max_jobs)
    assert not problems
    return [mapped.text for mapped in found]


def message(text: str, max_jobs: int = 40) -> tuple[str, str]:
    """Return the underlined text of the first problem, and its message."""
    _, problems = permute(mapped_from_source(PromptSource(text=text)), max_jobs)
    return text[problems[0].start : problems[0].end], str(problems[0].message)


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("no sets, but a comma", ["no sets, but a comma"]),
        ("{a}", ["a"]),
        ("x{a,b}y", ["xay", "xby"]),
        ("{ a , b }", ["a", "b"]),
        ("{a b,c  d}", ["a b", "c  d"]),
        ("{a,b}{c,d}", ["ac", "ad", "bc", "bd"]),
        ("{a,b}{c,d}{e,f}", ["ace", "acf", "ade", "adf", "bce", "bcf", "bde", "bdf"]),
        ("{a{1,2},b}", ["a1", "a2", "b"]),
        ("{a{1,2}{3,4},b}", ["a13", "a14", "a23", "a24", "b"]),
        ("{{a,b},{c,d}}", ["a", "b", "c", "d"]),
        ("{{{a}}}", ["a"]),
        ("{a,}", ["a", ""]),
        ("{,a}", ["", "a"]),
        ("{,}", ["", ""]),
        ("{a,a}", ["a", "a"]),
        (r"{a\,b,c}", ["a,b", "c"]),
        (r"{a \, b}", ["a, b"]),
        (r"\{a,b\}", ["{a,b}"]),
        (r"{\{,\}}", ["{", "}"]),
        (r"a \, b", ["a, b"]),
        (r"\\{a,b}", [r"\\a", r"\\b"]),
        (r"\({a,b}\)", [r"\(a\)", r"\(b\)"]),
        (r"\:\x", [r"\:\x"]),
        ("a\\", ["a\\"]),
        ("--{v 5, niji}", ["--v 5", "--niji"]),
        ("a::{1,2} b", ["a::1 b", "a::2 b"]),
    ],
)
def test_expansion(text: str, want: list[str]) -> None:
    """One text per option, the last set varying fastest, without spaces around options and escapes of this stage."""
    assert texts(text) == want


@pytest.mark.parametrize(
    ("text", "place", "says"),
    [
        ("a {b", "{", "is not closed"),
        ("a {b {c}", "{", "is not closed"),
        ("a } b", "}", "has no matching {"),
        ("{a}}", "}", "has no matching {"),
        ("{}", "{}", "braces are empty"),
        ("{ }", "{ }", "braces are empty"),
        ("{a,{}}", "{}", "braces are empty"),
        ("x {1,2,3}", "{1,2,3}", "creates 3 jobs. The limit is 2"),
        ("{1,2} {3,4}", "{1,2}", "creates 4 jobs. The limit is 2"),
    ],
)
def test_problems(text: str, place: str, says: str) -> None:
    """A set that cannot be expanded is underlined."""
    where, told = message(text, max_jobs=2)
    assert where == place and says in told


def test_every_lonely_brace_is_reported() -> None:
    """Three unmatched braces are three problems."""
    result = parse("a } b { c {")
    assert isinstance(result, PromptErrors)
    assert [error.start for error in result.errors] == [2, 6, 10]


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("a {red fox --ar 1.5:1 --sede 7", ["{", "1.5:1", "--sede"]),
        ("a fox} --c 400", ["}", "400"]),
        ("a {} fox --c 400", ["{}", "400"]),
        ("{1,2,3,4,5,6,7} {1,2,3,4,5,6,7} --c 400", ["{1,2,3,4,5,6,7}", "400"]),
    ],
)
def test_other_errors_are_reported_beside_those_of_sets(text: str, places: list[str]) -> None:
    """A set that cannot be expanded does not hide other errors."""
    result = parse(text)
    assert isinstance(result, PromptErrors)
    assert [error.source.text[error.start : error.end] for error in result.errors] == places


def test_the_limit_is_checked_before_anything_is_expanded() -> None:
    """A prompt that would create 2 ** 1500 jobs is refused with a readable number."""
    _, told = message("{a,b}" * 1500)
    assert "more than 1,000,000 jobs" in told


def test_a_thousand_nested_sets_are_one_job() -> None:
    """Deep nesting creates no extra jobs and does not crash."""
    assert texts("{" * 1000 + "a" + "}" * 1000) == ["a"]
    assert texts("{a, " * 39 + "b" + "}" * 39) == ["a"] * 39 + ["b"]


def test_sets_and_repeats_multiply() -> None:
    """Two options repeated three times are six jobs, grouped by option."""
    result = parse("a {red, blue} fox --r 3")
    assert not isinstance(result, PromptErrors)
    assert [render(spec) for spec in result] == ["a red fox"] * 3 + ["a blue fox"] * 3


@pytest.mark.parametrize(("text", "number"), [("{a, b} --r 21", 42), ("a --r 3", 3), ("{a, b --r 40}", 41)])
def test_the_product_of_sets_and_repeats_is_limited(text: str, number: int) -> None:
    """The limit applies to all jobs of a prompt together."""
    result = parse(text, limits=Limits(max_jobs=2 if number == 3 else 40))
    assert isinstance(result, PromptErrors) and f"creates {number} jobs" in format_errors(result)


def test_an_error_in_one_option_is_reported_once() -> None:
    """Forty jobs with the same error report it once, where it was typed."""
    result = parse("a {1,2,3,4,5,6,7,8} fox --ar {wide, 3:2}")
    assert isinstance(result, PromptErrors)
    (error,) = result.errors
    assert error.source.text[error.start : error.end] == "wide"
