"""Which registered models are versions of one: those whose names differ by the number at the end alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_NUMBERED = re.compile(r"(?P<name>.*?)[-_. ]?v?(?P<number>\d+(?:\.\d+)*)", re.ASCII)


def name_without_version(model: str) -> str:
    """Return what the versions of the model share; empty for a name that is a number alone."""
    found = _NUMBERED.fullmatch(model)
    return found["name"] if found else model


def models_with_versions(models: Iterable[str]) -> Sequence[Sequence[str]]:
    """Return the models, those together that are versions of one, the newest first."""
    groups: dict[str, list[str]] = {}
    for model in models:
        groups.setdefault(name_without_version(model), []).append(model)
    return [sorted(group, key=_number, reverse=True) for group in groups.values()]


def _number(model: str) -> tuple[int, ...]:
    found = _NUMBERED.fullmatch(model)
    return tuple(map(int, found["number"].split("."))) if found else ()
