"""What the prompt language says of a prompt, in the language of whoever reads it."""

from __future__ import annotations

from bot.language.numbers import number
from bot.language.phrases import translated
from engine.prompt import Told, written


def said(told: Told) -> str:
    """Return a sentence of the prompt language in the language of now; a text is said already."""
    return written(told, translated, number)
