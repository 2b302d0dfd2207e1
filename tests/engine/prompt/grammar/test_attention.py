"""Weights in brackets within a part."""

from __future__ import annotations

from itertools import pairwise

import pytest

from engine.prompt import PromptErrors, parse, parse_attention


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("", []),
        ("a red fox", [("a red fox", 1)]),
        ("(red)", [("red", 1.1)]),
        ("((red))", [("red", 1.21)]),
        ("[red]", [("red", 1 / 1.1)]),
        ("[[red]]", [("red", 1 / 1.21)]),
        ("(red:1.3)", [("red", 1.3)]),
        ("(red: 1.3 )", [("red", 1.3)]),
        ("(red:.5)", [("red", 0.5)]),
        ("(red:0)", [("red", 0)]),
        ("a (red:1.3) fox", [("a ", 1), ("red", 1.3), (" fox", 1)]),
        ("a ((red) fox:2)", [("a ", 1), ("red", 2.2), (" fox", 2)]),
        ("([red])", [("red", 1)]),
        ("a [b] c", [("a ", 1), ("b", 1 / 1.1), (" c", 1)]),
        ("[red:1.3]", [("red:1.3", 1 / 1.1)]),
        (r"\(red\)", [("(red)", 1)]),
        (r"\[red\]", [("[red]", 1)]),
        (r"a\\b", [("a\\b", 1)]),
        (r"(a\)b)", [("a)b", 1.1)]),
        (r"\\(a)", [("\\", 1), ("a", 1.1)]),
        ("(a", [("(a", 1)]),
        ("a)", [("a)", 1)]),
        (":) a (b", [(":) a (b", 1)]),
        ("(a]", [("(a]", 1)]),
        ("(a [b)", [("(a [b)", 1)]),
        ("()", []),
        ("(:1.3)", []),
        ("(9:16 tall)", [("9:16 tall", 1.1)]),
        ("(a:b:1.5)", [("a:b", 1.5)]),
        ("(a)(b)", [("ab", 1.1)]),
        ("(a:1.1) (b)", [("a", 1.1), (" ", 1), ("b", 1.1)]),
        ("(x:1.2.3)", [("x:1.2.3", 1.1)]),
        ("(鳥:1.5)花", [("鳥", 1.5), ("花", 1)]),
    ],
)
def test_stretches(text: str, want: list[tuple[str, float]]) -> None:
    """Brackets become weights, escapes become literal characters, and unmatched brackets are plain text."""
    found = parse_attention(text)
    assert [words for words, _ in found] == [words for words, _ in want]
    assert [weight for _, weight in found] == pytest.approx([weight for _, weight in want])


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("a (fox:11)", (7, 9)),
        ("fox (x: -1 )", (8, 10)),
        ("((fox:5):5)", (6, 7)),
        ("a:: b (John 3:16)", (14, 16)),
        ("(" * 30 + "fox" + ")" * 30, (24, 25)),
    ],
)
def test_attention_out_of_range_is_an_error(text: str, fault: tuple[int, int]) -> None:
    """Weights must be 0 to 10; the one that exceeds this is underlined, or its bracket if no number is written."""
    result = parse(text)
    assert isinstance(result, PromptErrors)
    (error,) = result.errors
    assert (error.start, error.end) == fault and "must be 0 to 10, not" in str(error.message)


def test_too_many_brackets_are_one_error() -> None:
    """Thirty brackets around a word give it a weight above 10, which is one error."""
    result = parse("(" * 30 + "fox" + ")" * 30)
    assert isinstance(result, PromptErrors) and len(result.errors) == 1
    assert not isinstance(parse("(" * 24 + "fox" + ")" * 24), PromptErrors)


def test_the_weight_of_a_list_to_keep_out_is_checked_too() -> None:
    """Weights in brackets within --no have the same range."""
    result = parse("a fox --no red, (blue:12)")
    assert isinstance(result, PromptErrors) and result.errors[0].start == 22


def test_neighbours_differ() -> None:
    """Neighbouring chunks of equal weight are merged, across escapes and unmatched brackets."""
    found = parse_attention(r"a \( b ) c (d) (e:1.1) \\ f")
    assert all(one[1] != other[1] for one, other in pairwise(found))
