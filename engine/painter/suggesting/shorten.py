"""Shortens a prompt: which of its words matter is measured by leaving each of them out."""

from __future__ import annotations

from collections.abc import Sequence

from engine.contract.suggestions import MAX_SUGGESTIONS, Suggestions, WeighedWord
from engine.models.loading.clip import LoadedClip

_SHARES = (0.8, 0.65, 0.5, 0.35, 0.2)
"""Of the words, how many the shorter prompts have."""


def shorten(clip: LoadedClip, prompt: str) -> Suggestions:
    """Return the words of a prompt with their weights, and up to five shorter prompts, the longest first.

    The weight of word i is d_i / max(d) with d_i = 1 - cos(e(prompt), e(prompt without word i)), e being CLIP's text
    embedding: its leave-one-out distance. A shorter prompt has the words that matter most, in their order.

    Raises: ModelBroken.
    """
    words = prompt.split()
    if len(words) < 2:
        return Suggestions(prompts=(), words=tuple(WeighedWord(text=word, weight=1.0) for word in words))
    without = [" ".join(words[:at] + words[at + 1 :]) for at in range(len(words))]
    whole, *others = clip.embed_texts([prompt, *without])
    distances = [max(0.0, 1 - float(whole @ other)) for other in others]
    largest = max(distances) or 1.0
    weighed = tuple(
        WeighedWord(text=word, weight=distance / largest) for word, distance in zip(words, distances, strict=True)
    )
    return Suggestions(prompts=_shorter(weighed), words=weighed)


def _shorter(words: Sequence[WeighedWord]) -> tuple[str, ...]:
    ranked = sorted(range(len(words)), key=lambda at: -words[at].weight)
    counts = dict.fromkeys(max(1, round(len(words) * share)) for share in _SHARES)
    kept = (sorted(ranked[:count]) for count in counts if count < len(words))
    return tuple(" ".join(words[at].text for at in places) for places in kept)[:MAX_SUGGESTIONS]
