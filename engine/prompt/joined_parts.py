"""The parts of a prompt as one text, for small models, which know only pictures of all that a caption names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import fsum

from engine.contract.jobs import Part
from engine.prompt.grammar.attention import parse_attention
from engine.prompt.grammar.numbers import text_from_number
from engine.prompt.limits import Vocabulary
from engine.prompt.subjects import has_subject, words_of

_DETERMINERS = ("a", "an", "the", "one", "two", "three", "four", "some", "many")
_PREPOSITIONS = ("at", "in", "on", "under", "over", "against", "with")
_BRACKET = re.compile(r"[\\()\[\]]")


def joined_parts(parts: Sequence[Part], known: Vocabulary | None) -> tuple[Part, ...]:
    """Return the parts, those with a subject that the model knows as one that names them all.

    parts: with positive weights. known: the model's vocabulary; without one nothing is joined.

    The weights of "red circle::2 blue square" become those of its tokens, "(a blue square:0.5) and a red circle",
    relative to the largest. The joined part has the sum of the weights. The lightest thing comes first: in the encoder
    that these models have, a text's later tokens know the earlier ones, and keep what is light from being lost.
    Measured: 2026-11-29, the shipped starter, `engine/starter/weights/README.md`.
    """
    things = [part for part in parts if known and has_subject(words_of(part.text), known)]
    if len(things) < 2:
        return tuple(parts)
    largest = max(part.weight for part in things)
    in_order = sorted(things, key=lambda part: part.weight)
    text = " and ".join(_weighed(_with_article(part.text), part.weight / largest) for part in in_order)
    joined = Part(text=text, weight=fsum(part.weight for part in things))
    return (joined, *(part for part in parts if part not in things))


def _weighed(text: str, weight: float) -> str:
    """Return the text with the weight of all its tokens multiplied."""
    if weight == 1:
        return text
    fragments = [(_BRACKET.sub(r"\\\g<0>", words), round(own * weight, 4)) for words, own in parse_attention(text)]
    return "".join(f"({words}:{text_from_number(factor)})" for words, factor in fragments)


def _with_article(text: str) -> str:
    """Return "a red circle" for "red circle": captions are written so, and without articles the things are blended."""
    first = words_of(text)[:1]
    is_plural = text.endswith("s") and not text.endswith("ss")
    if is_plural or not first or first[0] in (*_DETERMINERS, *_PREPOSITIONS) or first[0].isdigit():
        return text
    return f"{'an' if first[0][0] in 'aeiou' else 'a'} {text}"
