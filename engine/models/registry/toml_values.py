"""Values read out of TOML tables, with every fault remembered, so that an operator hears of all of them at once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.contract.errors import SettingsInvalid


class Faults:
    """Reads values of the tables of one file and remembers every one that is wrong."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problems: list[str] = []

    def add(self, place: str, sentence: str) -> None:
        self.problems.append(f"{self.path}: {place}: {sentence}")

    def raise_any(self) -> None:
        """Raise SettingsInvalid when anything was wrong."""
        if self.problems:
            raise SettingsInvalid(problems=tuple(self.problems))

    def unknown(self, table: Mapping[str, Any], known: set[str], place: str) -> None:
        for name in table.keys() - known:
            self.add(place, f"{name!r} is not a setting; known are {', '.join(sorted(known))}")

    def table(self, table: Mapping[str, Any], name: str, place: str) -> Mapping[str, Any]:
        value = table.get(name, {})
        if isinstance(value, Mapping):
            return value
        self.add(place, f"{name} must be a table")
        return {}

    def text(self, table: Mapping[str, Any], name: str, place: str, default: str = "") -> str:
        value = table.get(name, default)
        if isinstance(value, str):
            return value
        self.add(place, f"{name} must be text, not {value!r}")
        return default

    def number(self, table: Mapping[str, Any], name: str, place: str, default: float, low: float, high: float) -> float:
        value = table.get(name, default)
        if isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high:
            return value
        self.add(place, f"{name} must be a number from {low:g} to {high:g}, not {value!r}")
        return default

    def whole(self, table: Mapping[str, Any], name: str, place: str, default: int, high: int) -> int:
        value = self.number(table, name, place, default, 1, high)
        if value == int(value):
            return int(value)
        self.add(place, f"{name} must be a whole number, not {value!r}")
        return default

    def truth(self, table: Mapping[str, Any], name: str, place: str, default: bool = False) -> bool:
        value = table.get(name, default)
        if isinstance(value, bool):
            return value
        self.add(place, f"{name} must be true or false, not {value!r}")
        return default

    def required_choice(self, table: Mapping[str, Any], name: str, place: str, known: tuple[str, ...]) -> str | None:
        value = table.get(name)
        if value in known:
            return str(value)
        told = f"{name} is {value!r}" if name in table else f"{name} must be there"
        self.add(place, f"{told}; known are {', '.join(known)}")
        return None

    def choice(self, table: Mapping[str, Any], name: str, place: str, known: tuple[str, ...]) -> str:
        value = self.text(table, name, place, known[0])
        if value in known:
            return value
        self.add(place, f"{name} is {value!r}; known are {', '.join(known)}")
        return known[0]

    def choices(self, table: Mapping[str, Any], name: str, place: str, known: tuple[str, ...]) -> tuple[str, ...]:
        values = table.get(name, list(known))
        if isinstance(values, list) and values and all(value in known for value in values):
            return tuple(values)
        self.add(place, f"{name} must be a list out of {', '.join(known)}")
        return known
