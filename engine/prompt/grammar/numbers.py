"""Reads and writes numbers."""

from __future__ import annotations

import re
from decimal import Decimal

WHOLE = re.compile(r"-?[0-9]+")
DECIMAL = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)")


def text_from_number(number: float) -> str:
    """Return the shortest text that parses to the same number, without an exponent."""
    text = repr(number + 0.0)
    if "e" in text:
        return format(Decimal(text), "f")
    return text.removesuffix(".0")
