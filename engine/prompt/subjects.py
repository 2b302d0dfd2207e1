"""The words of a prompt's parts, and whether a subject of a small model's vocabulary is among them."""

from __future__ import annotations

import re

from engine.prompt.grammar.attention import parse_attention
from engine.prompt.limits import Vocabulary

Words = tuple[str, ...]

_WORD = re.compile(r"[^\W_]+")


def plain_text(text: str) -> str:
    """Return the text without brackets and their weights."""
    return "".join(words for words, _ in parse_attention(text))


def words_of(text: str) -> Words:
    """Return the words of a text in lower case, without signs."""
    return tuple(_WORD.findall(plain_text(text).lower()))


def contains(words: Words, phrase: Words) -> bool:
    """Return whether the words of the phrase follow each other among the words, singular or plural."""
    last = len(words) - len(phrase) + 1
    return bool(phrase) and any(all(map(_is_same, words[at:], phrase)) for at in range(last))


def has_subject(words: Words, known: Vocabulary) -> bool:
    """Return whether a subject that the model paints, or another name of it, is among the words."""
    return any(
        contains(words, words_of(name)) for subject, others in known.words.items() for name in (subject, *others)
    )


def _is_same(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    return short == long or long in (f"{short}s", f"{short}es", f"{short[:-1]}ies")
