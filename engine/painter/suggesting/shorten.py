"""Shortens a prompt: which of its words matter is measured by leaving each of them out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from engine.contract.jobs import JobSpec, Part
from engine.contract.suggestions import MAX_SUGGESTIONS, Suggestions, WeighedWord
from engine.models.loading.clip import LoadedClip
from engine.prompt import parse_attention, render

_SHARES = (0.8, 0.65, 0.5, 0.35, 0.2)
"""Of the words, how many the shorter prompts have."""
_BRACKETS = re.compile(r"[\\()\[\]]")


@dataclass(frozen=True, kw_only=True)
class PromptWord:
    """A word of a prompt, the number of its part, and its weight in brackets."""

    text: str
    part: int
    weight: float


def words_of(parts: Sequence[Part]) -> tuple[PromptWord, ...]:
    """Return the words of what is to be painted, without weights and what is to be kept out."""
    return tuple(
        PromptWord(text=word, part=number, weight=weight)
        for number, part in enumerate(parts)
        if part.weight > 0
        for text, weight in parse_attention(part.text)
        for word in text.split()
    )


def shorten(clip: LoadedClip, parts: Sequence[Part]) -> Suggestions:
    """Return the words of a prompt with their weights, and up to five shorter prompts, the longest first.

    The weight of word i is d_i / max(d) with d_i = 1 - cos(e(prompt), e(prompt without word i)), e being CLIP's text
    embedding: its leave-one-out distance. A shorter prompt has the words that matter most, in their order. Words keep
    their weights in brackets, parts theirs behind `::`, and what is to be kept out stays as it is.

    Raises: ModelBroken.
    """
    words = words_of(parts)
    texts = [word.text for word in words]
    if len(words) < 2:
        return Suggestions(prompts=(), words=tuple(WeighedWord(text=text, weight=1.0) for text in texts))
    without = [" ".join(texts[:at] + texts[at + 1 :]) for at in range(len(texts))]
    whole, *others = clip.embed_texts([" ".join(texts), *without])
    distances = [max(0.0, 1 - float(whole @ other)) for other in others]
    largest = max(distances) or 1.0
    weighed = tuple(
        WeighedWord(text=text, weight=distance / largest) for text, distance in zip(texts, distances, strict=True)
    )
    kept = (_with_words(parts, [words[at] for at in places]) for places in _shorter(weighed))
    # What is kept out may weigh as much as all that is left.
    prompts = [render(JobSpec(prompt="", parts=few)) for few in kept if sum(part.weight for part in few) > 0]
    return Suggestions(prompts=tuple(prompts)[:MAX_SUGGESTIONS], words=weighed)


def _shorter(words: Sequence[WeighedWord]) -> Iterator[list[int]]:
    """Yield the places of the words that shorter prompts keep, the most words first."""
    ranked = sorted(range(len(words)), key=lambda at: -words[at].weight)
    counts = dict.fromkeys(max(1, round(len(words) * share)) for share in _SHARES)
    yield from (sorted(ranked[:count]) for count in counts if count < len(words))


def _with_words(parts: Sequence[Part], words: Sequence[PromptWord]) -> tuple[Part, ...]:
    """Return the parts with these words alone; those without any are left out, and those to keep out stay."""
    texts = {number: _text(list(own)) for number, own in groupby(words, lambda word: word.part)}
    return tuple(
        part if part.weight <= 0 else replace(part, text=texts[number])
        for number, part in enumerate(parts)
        if part.weight <= 0 or number in texts
    )


def _text(words: Sequence[PromptWord]) -> str:
    """Return words of one part as they are written, neighbours of one weight in one bracket."""
    pieces = []
    for weight, alike in groupby(words, lambda word: word.weight):
        text = " ".join(_BRACKETS.sub(r"\\\g<0>", word.text) for word in alike)
        pieces.append(text if weight == 1 else f"({text}:{weight:.4g})")
    return " ".join(pieces)
