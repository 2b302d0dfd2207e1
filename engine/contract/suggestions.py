"""Prompts that the engine suggests, as the text result of a job: for a picture, or shorter ones for a prompt."""

from __future__ import annotations

import json
from dataclasses import dataclass

MAX_SUGGESTIONS = 5


@dataclass(frozen=True, kw_only=True)
class WeighedWord:
    """A word of a prompt, and how much it matters: 0 to 1, and 1 for the one that matters most."""

    text: str
    weight: float


@dataclass(frozen=True, kw_only=True)
class Suggestions:
    """Suggested prompts, at most `MAX_SUGGESTIONS`, the best first; of a prompt that was shortened also its words."""

    prompts: tuple[str, ...]
    words: tuple[WeighedWord, ...] = ()


def text_from_suggestions(suggestions: Suggestions) -> str:
    """Return the suggestions as JSON."""
    words = [[word.text, round(word.weight, 3)] for word in suggestions.words]
    return json.dumps({"prompts": suggestions.prompts, "words": words}, ensure_ascii=False)


def suggestions_from_text(text: str) -> Suggestions:
    """Return the suggestions that `text_from_suggestions` wrote."""
    data = json.loads(text)
    words = tuple(WeighedWord(text=word, weight=weight) for word, weight in data["words"])
    return Suggestions(prompts=tuple(data["prompts"]), words=words)
