"""The canonical prompt."""

from __future__ import annotations

import pytest

from engine.contract.jobs import JobSpec, Part, json_from_spec, spec_from_json
from engine.prompt import PromptErrors, format_errors, parse, render
from engine.prompt.grammar.numbers import text_from_number

PNG = "https://a.org/a.png"


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("  a   red\tfox ", "a red fox"),
        ("a::1 b::1", "a:: b"),
        ("a::2.0 b::.50", "a::2 b::0.5"),
        ("a:: b::-.5", "a --no b"),
        ("a:: b::-.5 c", "a:: b::-0.5 c"),
        ("a:: b,c::-.5", "a:: b,c::-0.5"),
        ("a::.0000001 b", "a::0.0000001 b"),
        (f"cat {PNG}::1 dog", f"{PNG} cat dog"),
        ("cat --seed 7 --no red,green --aspect 6:4", "cat --no red, green --ar 3:2 --seed 7"),
        ("cat --raw --tile --q 2.50", "cat --quality 2.5 --style raw --tile"),
        ("cat --lora ink:.5  paper", "cat --lora ink:0.5 paper:1"),
        ("cat --p", "cat --profile"),
        (r"\{a\} \:: \--x", r"\{a\} \:\: \--x"),
        (r"a\: ::2 b", r"a\: ::2 b"),
        ("a: b:", "a: b:"),
        (r"a\::: b", r"a\::: b"),
        (r"\\\: ::2 b", r"\\\: ::2 b"),
        ("10:30 train", "10:30 train"),
        (r"back\slash", r"back\\slash"),
        (r"https\://a.org page", r"https\://a.org page"),
        ("x — y —", "x — y —"),
        (r"\—then", r"\—then"),
        ("title “x”", 'title "x"'),
        ("(a:1.3) [b] \\(c\\)", "(a:1.3) [b] \\(c\\)"),
    ],
)
def test_canonical_prompts(text: str, want: str) -> None:
    """Everything has one spelling, and only characters with a meaning are escaped."""
    result = parse(text)
    assert not isinstance(result, PromptErrors), format_errors(result)
    (spec,) = result
    assert spec.prompt == want.replace(" ::2", "::2") == render(spec)
    assert parse(spec.prompt) == (spec,)


@pytest.mark.parametrize(
    "text",
    [
        "a",
        "{b}",
        "a::b",
        ":",
        "::",
        ":::",
        "--ar 3:2",
        "—x",
        "a, b",
        "https://a.org",
        "a:",
        r"\\",
        r"\(x\)",
        "2",
        "-.5 x",
    ],
)
@pytest.mark.parametrize("weight", [1.0, 2.0, -0.5, 0.25])
def test_any_part_reads_back(text: str, weight: float) -> None:
    """Any words of a part, in any position, survive rendering and parsing."""
    spec = JobSpec(prompt="", parts=(Part(text=text, weight=weight), Part(text="z", weight=3.0), Part(text=text)))
    result = parse(render(spec))
    assert not isinstance(result, PromptErrors), format_errors(result)
    assert result[0].parts == spec.parts


@pytest.mark.parametrize(
    ("number", "text"),
    [(1.0, "1"), (0.5, "0.5"), (-0.5, "-0.5"), (1e-7, "0.0000001"), (1e16, "10000000000000000"), (-0.0, "0"), (3, "3")],
)
def test_numbers(number: float, text: str) -> None:
    """Numbers have the shortest form, without an exponent or a trailing point, and parse to the same value."""
    assert text_from_number(number) == text and float(text) == number


def test_specs_survive_storage() -> None:
    """A spec survives being written as JSON and read back."""
    result = parse(f"{PNG}::2 a:: b --no c --lora ink --seed 7 --tile --cfg 4.5")
    assert not isinstance(result, PromptErrors)
    assert spec_from_json(json_from_spec(result[0])) == result[0]
