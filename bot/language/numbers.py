"""Numbers and lists as the language writes them."""

from __future__ import annotations

from collections.abc import Sequence

from babel.lists import format_list
from babel.numbers import format_decimal, format_percent

from bot.language.phrases import language


def number(value: float, *, digits: int = 0) -> str:
    """Return the number with its thousands apart and at most so many digits behind the point."""
    return format_decimal(round(value, digits), locale=language())


def percentage(ratio: float) -> str:
    """Return the ratio in whole percent, such as 45%."""
    return format_percent(ratio, format=None, locale=language())


def listed(items: Sequence[str]) -> str:
    """Return the items as a list, such as "A, B and C"."""
    return format_list(list(items), locale=language())
