"""Several things of a prompt as one text, for a model with a vocabulary."""

from __future__ import annotations

import pytest

from engine.contract.jobs import Part
from engine.prompt import PromptErrors, Vocabulary, joined_parts, parse, parse_attention

SMALL = Vocabulary(paints="simple shapes", examples=("a star",), words={"star": (), "box": ("plus sign",)})


def parts_of(text: str) -> tuple[Part, ...]:
    specs = parse(text)
    assert not isinstance(specs, PromptErrors)
    return specs[0].parts


@pytest.mark.parametrize(
    ("prompt", "text", "weight"),
    [
        ("red star:: blue box", "a red star and a blue box", 2),
        ("red star::2 blue box", "(a blue box:0.5) and a red star", 3),
        ("blue box::3 red star", "(a red star:0.3333) and a blue box", 4),
        ("star::10000 box::0.0001", "(a box:0) and a star", 10000.0001),
        ("two stars:: boxes:: the orange plus sign", "two stars and boxes and the orange plus sign", 3),
        ("star:: by an old box:: at a box", "a star and a by an old box and at a box", 3),
        ("star::2 (red:1.2) box", "(a :0.5)(red:0.6)( box:0.5) and a star", 3),
    ],
)
def test_things_are_one_text_with_the_weights_of_its_words(prompt: str, text: str, weight: float) -> None:
    assert joined_parts(parts_of(prompt), SMALL) == (Part(text=text, weight=weight),)


@pytest.mark.parametrize("words", [r"box \(old\)", "box :)", r"box \\", "a [box", "box:2)"])
def test_brackets_of_the_words_stay_as_they_are(words: str) -> None:
    """With a weight around them too."""
    (alone,) = parts_of(words)
    (joined,) = joined_parts(parts_of(f"star::2 {words}"), SMALL)
    plain = ["".join(piece for piece, _ in parse_attention(text)) for text in (alone.text, joined.text)]
    assert plain[1] == f"{'' if words.startswith('a ') else 'a '}{plain[0]} and a star"
    assert [weight for _, weight in parse_attention(joined.text)] == [0.5, 1]


@pytest.mark.parametrize("prompt", ["star:: red", "red:: blue star", "star", "a castle:: fog"])
def test_one_thing_with_its_manner_stays_in_parts(prompt: str) -> None:
    assert joined_parts(parts_of(prompt), SMALL) == parts_of(prompt)


def test_what_is_no_thing_stays_a_part_of_its_own() -> None:
    joined = joined_parts(parts_of("star::2 fog::0.5 box"), SMALL)
    assert joined == (Part(text="(a box:0.5) and a star", weight=3), Part(text="fog", weight=0.5))


def test_models_without_a_vocabulary_get_the_parts() -> None:
    assert joined_parts(parts_of("star:: box"), None) == parts_of("star:: box")
