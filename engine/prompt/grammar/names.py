"""The names of models and adapters that a prompt can use."""

from __future__ import annotations

import re

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def is_name(text: str) -> bool:
    """Return whether a prompt can name a model or an adapter so."""
    return bool(_NAME.fullmatch(text))
