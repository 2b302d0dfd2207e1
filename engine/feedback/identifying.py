"""Whether a text may tell who somebody is, which keeps it out of what is published.

Names of persons are `names`'s.
"""

from __future__ import annotations

import re

from engine.feedback.anonymize import anonymize

# As Discord wrote names until 2023, and telephone numbers with or without a country's code.
_OLD_HANDLE = re.compile(r"\S{2,32}#\d{4}(?!\d)")
_TELEPHONE = re.compile(r"(?<![\d.])\+?(?:\d[ ()/.-]{0,2}){9,15}(?![\d.])")
# E-mail addresses as they are written against programs that collect them, and addresses in a network.
_SPELLED_OUT = re.compile(r"(?:\bat\b|[(\[{]at[)\]}])\s*[\w-]+\s*(?:\bdot\b|[(\[{]dot[)\]}])\s*\w", re.IGNORECASE)
_NETWORK = re.compile(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])")
# Keys of services by how they begin, and any long word of letters and digits that are mixed, as tokens are.
_KEY = re.compile(r"\b(?:sk|pk|gh[pousr]|github_pat|hf|xox[abpr]|AKIA|AIza|eyJ)[_-]?[A-Za-z0-9_-]{12,}")
_PRIVATE_KEY = re.compile(r"BEGIN (?:[A-Z]+ )*PRIVATE KEY")
_LONG = re.compile(r"[A-Za-z0-9_+/=.-]{24,}")
_LETTERS_TO_DIGITS = re.compile(r"[A-Za-z]\d|\d[A-Za-z]")

_IDENTIFYING = (_OLD_HANDLE, _TELEPHONE, _SPELLED_OUT, _NETWORK, _KEY, _PRIVATE_KEY)


def may_identify(text: str) -> bool:
    """Return whether the text has an address, e-mail, mention, handle, telephone number, long number or token in it."""
    return (
        anonymize(text) != text
        or any(pattern.search(text) for pattern in _IDENTIFYING)
        or any(_is_mixed(word) for word in _LONG.findall(text))
    )


def _is_mixed(word: str) -> bool:
    """Return whether letters and digits are mixed in it; in one that has hyphens, within what is between two."""
    parts = word.strip("-").split("-")
    if len(parts) == 1:
        return any(one.isdigit() for one in word) and any(one.isalpha() for one in word)
    return any(len(part) >= 8 and len(_LETTERS_TO_DIGITS.findall(part)) >= 2 for part in parts)
