"""Captions that readers of a format take for something else, measured with datasets 5.2.0 and pandas 3.1.1."""

from __future__ import annotations

import re

# What pandas reads as a missing value, whether quoted or not, and as truth values.
_MISSING = frozenset(
    {
        *("", "#n/a", "#n/a n/a", "#na", "-1.#ind", "-1.#qnan", "-nan", "1.#ind", "1.#qnan", "<na>", "n/a", "na"),
        *("null", "nan", "none", "true", "false"),
    }
)
_NUMBER = re.compile(r"[+-]?(\d[\d_,]*\.?\d*|\.\d+)(e[+-]?\d+)?|[+-]?inf(inity)?", re.IGNORECASE)
_DATE = re.compile(r"\d{4}-\d{2}(-\d{2})?([T ]\d{2}:?\d{2}.*)?")


def is_kept_by_csv(caption: str) -> bool:
    """Return whether readers of CSV that nobody can tell otherwise read the caption as it is."""
    text = caption.strip()
    return text.casefold() not in _MISSING and not _NUMBER.fullmatch(text)


def is_kept_by_json_lines(caption: str) -> bool:
    """Return whether readers of JSON Lines read the caption as text, also where it is the only one."""
    return not _DATE.match(caption.strip())
