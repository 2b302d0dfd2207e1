"""Numbers as members write them, and back."""

from __future__ import annotations

import re
from decimal import Decimal

WHOLE = re.compile(r"-?[0-9]+")
DECIMAL = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)")


def text_from_number(number: float) -> str:
    """Return the shortest digits that read back as the same number, never with an exponent."""
    text = repr(number + 0.0)
    if "e" in text:
        return format(Decimal(text), "f")
    return text.removesuffix(".0")
