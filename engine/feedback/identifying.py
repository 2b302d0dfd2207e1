"""Whether a text may tell who somebody is, which keeps it out of what is published.

Names of persons are `names`'s.
"""

from __future__ import annotations

import re

from engine.feedback.anonymize import anonymize

# As Discord wrote names until 2023, and telephone numbers with or without a country's code.
_OLD_HANDLE = re.compile(r"\S{2,32}#\d{4}(?!\d)")
_TELEPHONE = re.compile(r"(?<![\d.])\+?(?:\d[ ()/.-]{0,2}){9,15}(?![\d.])")
# Keys of services by how they begin, and any long word of letters and digits that are mixed, as tokens are.
_KEY = re.compile(r"\b(?:sk|pk|gh[pousr]|github_pat|hf|xox[abpr]|AKIA|AIza|eyJ)[_-]?[A-Za-z0-9_-]{12,}")
_LONG = re.compile(r"[A-Za-z0-9_+/=.-]{24,}")


def may_identify(text: str) -> bool:
    """Return whether the text has an address, e-mail, mention, handle, telephone number, long number or token in it."""
    return (
        anonymize(text) != text
        or any(pattern.search(text) for pattern in (_OLD_HANDLE, _TELEPHONE, _KEY))
        or any(_is_mixed(word) for word in _LONG.findall(text))
    )


def _is_mixed(word: str) -> bool:
    return any(one.isdigit() for one in word) and any(one.isalpha() for one in word) and "-" not in word.strip("-")
