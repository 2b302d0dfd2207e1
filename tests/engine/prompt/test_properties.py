"""Properties of every prompt."""

from __future__ import annotations

from itertools import pairwise, product

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from engine.contract.jobs import Part
from engine.prompt import (
    PromptDefaults,
    PromptErrors,
    format_errors,
    normalized_weights,
    parse,
    parse_attention,
    render,
)
from engine.prompt.parameter_type import Parameter, ParameterKind
from engine.prompt.parameters import CANONICAL
from tests.engine.prompt.strategies import VALUES, plain_words, prompts, weights

_LEFT_OUT = frozenset({"best", "sampler", "relax", "sref", "cref", "control", "between", "at"})
ROWS = [row for row in CANONICAL if row.name not in _LEFT_OUT]
WITH_NEEDS = "https://a.org/x.png https://a.org/y.png a fox --sref random --cref https://a.org/c.png --control edges"


@settings(max_examples=300)
@given(prompts, prompts, prompts, prompts)
@example("{" * 3000, "", "", "")
@example("(" * 6000, "", "", "")
def test_no_prompt_raises(text: str, suffix: str, option: str, negative: str) -> None:
    """Any text in any source gives specs, or errors that can be shown."""
    result = parse(text, PromptDefaults(suffix=suffix, options={"ink": option}), command_options={"no": negative})
    if isinstance(result, PromptErrors):
        shown = format_errors(result)
        is_blank = all(not error.source.text.strip() for error in result.errors)
        assert result.errors and is_blank != ("^" in shown) and "```" not in shown and len(shown) < 2000
        for error in result.errors:
            assert 0 <= error.start <= error.end <= len(error.source.text) and error.message
    else:
        assert result


@settings(max_examples=300)
@given(prompts)
def test_every_spec_reads_back_from_its_canonical_prompt(text: str) -> None:
    """parse(render(spec)) is that spec, and its canonical prompt is canonical."""
    result = parse(text)
    assume(not isinstance(result, PromptErrors))
    for spec in result if not isinstance(result, PromptErrors) else ():
        assert parse(render(spec)) == (spec,)
        assert render(spec) == spec.prompt


def test_every_text_of_three_signs_keeps_the_promises() -> None:
    """None of the 2,197 raises, and each spec survives rendering and parsing."""
    signs = ("{", "}", ",", "\\", ":", "::2", "(", ")", "--", "a", " ", "https://a.org/x.png", "\u200d")
    for text in map("".join, product(signs, repeat=3)):
        result = parse(text)
        if isinstance(result, PromptErrors):
            is_blank = all(not error.source.text.strip() for error in result.errors)
            assert is_blank != ("^" in format_errors(result))
        else:
            assert all(parse(render(spec)) == (spec,) for spec in result)


def _value(row: Parameter) -> str:
    """Return a value that the parameter can have."""
    return row.choices[-1] if row.choices else VALUES[row.kind][0 if row.kind is ParameterKind.INTEGER else -1]


@given(st.lists(st.sampled_from(ROWS), unique_by=lambda row: row.slot, max_size=9), st.randoms())
def test_the_order_of_parameters_does_not_matter(rows: list[Parameter], random: object) -> None:
    """Any order of the same parameters gives the same specs."""
    raw = [f"--{row.name} {_value(row)}" for row in rows]
    shuffled = list(raw)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    first = parse(" ".join([WITH_NEEDS, *raw]))
    assert not isinstance(first, PromptErrors), format_errors(first)
    assert first == parse(" ".join([WITH_NEEDS, *shuffled]))


@given(st.lists(st.tuples(plain_words, weights), min_size=1, max_size=6), st.sampled_from([0.25, 0.5, 2.0, 4.0, 100.0]))
def test_only_the_ratio_of_weights_matters(parts: list[tuple[str, float]], factor: float) -> None:
    """Scaled weights are accepted or refused like the originals, and have the same shares."""
    first = parse(" ".join(f"{words}::{weight:.6f}" for words, weight in parts))
    scaled = parse(" ".join(f"{words}::{weight * factor:.6f}" for words, weight in parts))
    assert isinstance(first, PromptErrors) == isinstance(scaled, PromptErrors)
    if not isinstance(first, PromptErrors) and not isinstance(scaled, PromptErrors):
        before, after = normalized_weights(first[0].parts), normalized_weights(scaled[0].parts)
        assert all(abs(one - other) <= 1e-6 * (1 + abs(one)) for one, other in zip(before, after, strict=True))


@settings(max_examples=200)
@given(prompts, prompts, st.sampled_from(["", "In your suffix:", "In your option --ink:", "In the option seed:"]))
def test_an_error_is_shown_where_it_was_written(before: str, after: str, place: str) -> None:
    """An unknown name is underlined exactly, whatever surrounds it and in any source."""
    wrong = f"{before} --zzqqx {after}"
    texts = {"prompt": f"a --ink {wrong}" if not place else f"{before} a --ink {after}"}
    defaults = PromptDefaults(
        suffix=f"--tile {wrong}" if "suffix" in place else "", options={"ink": wrong if "ink" in place else "b"}
    )
    result = parse(texts["prompt"], defaults, command_options={"seed": wrong} if "seed" in place else {})
    for error in result.errors if isinstance(result, PromptErrors) else ():
        if str(error.message) != "Unknown parameter --zzqqx.":
            continue
        assert (str(error.source.where or ""), error.source.text[error.start : error.end]) == (place, "--zzqqx")


@given(prompts)
def test_what_is_read_is_not_larger_than_what_was_written(text: str) -> None:
    """A text without sets creates at most as many words, signs and parts as it has characters, escapes apart."""
    result = parse(text)
    assume("{" not in text and "｛" not in text and "--r" not in text and not isinstance(result, PromptErrors))
    for spec in result if not isinstance(result, PromptErrors) else ():
        assert sum(len(part.text) for part in spec.parts) <= 2 * len(text)
        assert len(spec.prompt) <= 4 * len(text) + 200


@given(st.text(alphabet="ab ()[]\\:.13", max_size=40))
def test_attention_loses_no_words(text: str) -> None:
    """Every letter of a part is in a chunk, in order, with a weight from 0 to 10."""
    chunks = parse_attention(text)
    letters = [letter for words, _ in chunks for letter in words if letter in "ab"]
    assert letters == [letter for letter in text if letter in "ab"]
    assert all(words and 0 <= weight <= 10 for words, weight in chunks)
    assert all(one[1] != other[1] for one, other in pairwise(chunks))


@given(st.lists(st.tuples(plain_words, weights.filter(bool)), min_size=1, max_size=5))
def test_parts_are_what_was_written(parts: list[tuple[str, float]]) -> None:
    """Words and weights are returned as written, except for spaces."""
    result = parse(" ".join(f"{words}::{weight:.3f}" for words, weight in parts))
    assume(not isinstance(result, PromptErrors))
    raw = tuple(Part(text=" ".join(words.split()), weight=weight) for words, weight in parts)
    assert not isinstance(result, PromptErrors) and result[0].parts == raw
