"""The name that a member probably meant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from types import MappingProxyType

MAX_NAME = 24


def one_edit_match(index: Mapping[str, tuple[str, ...]], word: str) -> str:
    """Return a name that differs from the word by one letter inserted, deleted, replaced or swapped, or "".

    index: from `deletion_index`. The time does not depend on the number of names.
    """
    if len(word) > MAX_NAME:
        return ""
    small = word.lower()
    found = {name: None for form in _deletions(small) for name in index.get(form, ())}
    return closest_name(small, found) if found else ""


def deletion_index(names: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
    """Return an index of the names by themselves and by every form with one letter deleted."""
    index: dict[str, tuple[str, ...]] = {}
    for name in names:
        for form in _deletions(name):
            index[form] = (*index.get(form, ()), name)
    return MappingProxyType(index)


def _deletions(name: str) -> set[str]:
    return {name, *(name[:place] + name[place + 1 :] for place in range(len(name)))}


def closest_name(word: str, names: Iterable[str]) -> str:
    """Return the name most similar to the word, or "" if none is similar."""
    if len(word) > MAX_NAME:
        return ""
    matches = get_close_matches(word.lower(), list(names), n=1, cutoff=0.6)
    return matches[0] if matches else ""
