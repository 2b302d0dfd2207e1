"""Parts, weights and escapes."""

from __future__ import annotations

import pytest

from engine.contract.jobs import Part
from engine.prompt import PromptErrors, format_errors, normalized_weights, parse

Want = list[tuple[str, float]]


def parts(text: str) -> Want:
    result = parse(text)
    assert not isinstance(result, PromptErrors), format_errors(result)
    return [(part.text, part.weight) for part in result[0].parts]


def error(text: str) -> tuple[str, str]:
    """Return the underlined text of the only error, and its message."""
    result = parse(text)
    assert isinstance(result, PromptErrors), result
    (only,) = result.errors
    return only.source.text[only.start : only.end], f"{only.message} {only.suggestion}"


@pytest.mark.parametrize(
    ("text", "want"),
    [
        (":: cat", [("cat", 1)]),
        ("cat::", [("cat", 1)]),
        ("cat::::", [("cat", 1)]),
        ("cat::2::", [("cat", 2)]),
        ("cat::2:: dog", [("cat", 2), ("dog", 1)]),
        ("cat::dog", [("cat", 1), ("dog", 1)]),
        ("cat::2dogs", [("cat", 1), ("2dogs", 1)]),
        ("cat::3d art", [("cat", 1), ("3d art", 1)]),
        ("cat::1.5.3 dog", [("cat", 1), ("1.5.3 dog", 1)]),
        ("cat::1e3 dog", [("cat", 1), ("1e3 dog", 1)]),
        ("cat::2, dog", [("cat", 2), (", dog", 1)]),
        ("cat::2. dog", [("cat", 2), ("dog", 1)]),
        ("cat::.5 dog", [("cat", 0.5), ("dog", 1)]),
        ("cat::+2 dog", [("cat", 2), ("dog", 1)]),
        ("cat::-.5 dog", [("cat", -0.5), ("dog", 1)]),
        ("cat::−.5 dog", [("cat", -0.5), ("dog", 1)]),
        ("cat::0 dog", [("cat", 0), ("dog", 1)]),
        ("cat::-0 dog", [("cat", 0), ("dog", 1)]),
        ("cat:: -1 dog", [("cat", 1), ("-1 dog", 1)]),
        ("cat::- dog", [("cat", 1), ("- dog", 1)]),
        ("cat::٣ dog", [("cat", 1), ("٣ dog", 1)]),
        ("cat:::2 dog", [("cat", 1), (":2 dog", 1)]),
        ("cat：：２ dog", [("cat", 2), ("dog", 1)]),
        ("cat ::2 dog", [("cat", 2), ("dog", 1)]),
        ("a   b\n c", [("a b c", 1)]),
        ('"a :: b"', [('"a', 1), ('b"', 1)]),
        (r"a \:: b", [("a :: b", 1)]),
        (r"a \:\: b", [("a :: b", 1)]),
        (r"a\:::2 b", [("a:", 2), ("b", 1)]),
        (r"a \--ar 3:2", [("a --ar 3:2", 1)]),
        (r"a \—the end", [("a —the end", 1)]),
        (r"\{a\}", [("{a}", 1)]),
        (r"a\\b", [(r"a\\b", 1)]),
        (r"C:\dir", [(r"C:\\dir", 1)]),
        ("a\\", [(r"a\\", 1)]),
        (r"\(a\) \[b\]", [(r"\(a\) \[b\]", 1)]),
        ("9:16 at 12:30", [("9:16 at 12:30", 1)]),
        ("(a::2 b:1.3)", [("(a", 2), ("b:1.3)", 1)]),
        ("a::.1 b::.2 c::-.2", [("a", 0.1), ("b", 0.2), ("c", -0.2)]),
    ],
)
def test_parts(text: str, want: Want) -> None:
    """The words before `::` are a part, and only a number that touches it is its weight."""
    assert parts(text) == want


@pytest.mark.parametrize(
    ("text", "place", "says"),
    [
        ("cat:: ::2", "2", "has no words before it"),
        ("::2 cat", "2", "has no words before it"),
        ("cat::10001 dog", "10001", "between -10000 and 10000"),
        ("cat::-20000 dog", "-20000", "between -10000 and 10000"),
        (f"cat::{'9' * 400} dog", f"{'9' * 400}", "between"),
        ("cat::0", "0", "add up to 0"),
        ("a::.1 b::.2 c::-.3", "-.3", "add up to 0"),
        ("a::2 b::-3 c::-1", "-3", "add up to -2"),
        ("a --no b --no c", "b", "one list"),
        ("a::-1", "-1", "Write :: before"),
    ],
)
def test_problems_of_weights(text: str, place: str, says: str) -> None:
    """An invalid weight is underlined."""
    where, told = error(text)
    assert where == place and says in told


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("a --no b", [("a", 1), ("b", -0.5)]),
        ("a --no b, c ,d", [("a", 1), ("b, c, d", -0.5)]),
        ("a --no b,, c,", [("a", 1), ("b, c", -0.5)]),
        ("a --no modern clothing", [("a", 1), ("modern clothing", -0.5)]),
        ("a::2 --no b --no c", [("a", 2), ("b", -0.5), ("c", -0.5)]),
        ("a --no b --ar 3:2", [("a", 1), ("b", -0.5)]),
        ("a --no (b:1.2)", [("a", 1), ("(b:1.2)", -0.5)]),
        (r"a --no b\:\:c", [("a", 1), ("b::c", -0.5)]),
        ("a --no b, b", [("a", 1), ("b", -0.5)]),
        ("a:: b --no c", [("a", 1), ("b", 1), ("c", -0.5)]),
    ],
)
def test_what_no_means(text: str, want: Want) -> None:
    """One list is one part of weight -0.5, after all others."""
    assert parts(text) == want


def test_shares_sum_to_one() -> None:
    """Weights 2, 1 and -1 are shares 1, 1/2 and -1/2."""
    weights = normalized_weights([Part(text="a", weight=2), Part(text="b"), Part(text="c", weight=-1)])
    assert weights == (1.0, 0.5, -0.5)
