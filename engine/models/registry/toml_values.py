"""Reads values from TOML tables and collects all problems, so that the operator sees them at once."""

from __future__ import annotations

import codecs
import re
import tomllib
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.contract.errors import SettingsInvalid

_PLACE = re.compile(r"at line ([0-9]+), column ([0-9]+)")
_WIDE_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)


def read_toml(path: Path) -> Mapping[str, Any]:
    """Return the content of a TOML file, which may begin with a byte order mark, as some editors write it.

    Raises: SettingsInvalid.
    """
    text = ""
    try:
        text = _text_from_bytes(path.read_bytes())
        return tomllib.loads(text)
    except OSError as error:
        raise SettingsInvalid(problems=(f"{path}: cannot read the file ({error.strerror})",)) from error
    except RecursionError as error:
        raise SettingsInvalid(problems=(f"{path}: not valid TOML: it is nested too deeply",)) from error
    except ValueError as error:
        # Not UTF-8, not TOML, or a number with more digits than Python accepts.
        raise SettingsInvalid(problems=(f"{path}: not valid TOML: {error}{_odd_sign(text, error)}",)) from error


def _odd_sign(text: str, error: ValueError) -> str:
    """Return the name of the sign at the error if TOML has no use for it: it may be invisible, or look like another."""
    place = _PLACE.search(str(error))
    if place is None:
        return ""
    line, column = int(place[1]), int(place[2])
    lines = text.split("\n")
    sign = lines[line - 1][column - 1 : column] if line <= len(lines) else ""
    if not sign or sign.isascii():
        return ""
    return f". The sign there is U+{ord(sign):04X} {unicodedata.name(sign, '')}".rstrip() + ": replace or remove it"


def _text_from_bytes(data: bytes) -> str:
    num_zeros = data.count(b"\0")
    if data.startswith(_WIDE_MARKS) or num_zeros > len(data) // 4:
        raise ValueError("its encoding is UTF-16, not UTF-8. Save it as UTF-8")
    if num_zeros:
        line = data.count(b"\n", 0, data.index(b"\0")) + 1
        raise ValueError(f"it has a NUL byte in line {line}, which is no text. Remove it, or restore the file")
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ValueError(f"its encoding is not UTF-8 (line {line}). Save it as UTF-8") from error


class TomlReader:
    """Reads values from the tables of one file and collects the problems."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problems: list[str] = []

    def add_problem(self, section: str, sentence: str) -> None:
        self.problems.append(f"{self.path}: {section}: {sentence}")

    def raise_problems(self) -> None:
        """Raise SettingsInvalid if there are problems."""
        if self.problems:
            raise SettingsInvalid(problems=tuple(self.problems))

    def check_keys(self, table: Mapping[str, Any], known: set[str], section: str) -> None:
        for name in table.keys() - known:
            self.add_problem(section, f"unknown key {name!r}. Available: {', '.join(sorted(known))}")

    def table(self, table: Mapping[str, Any], name: str, section: str) -> Mapping[str, Any]:
        value = table.get(name, {})
        if isinstance(value, Mapping):
            return value
        self.add_problem(section, f"{name} must be a table")
        return {}

    def text(self, table: Mapping[str, Any], name: str, section: str, default: str = "") -> str:
        value = table.get(name, default)
        if isinstance(value, str):
            return value
        self.add_problem(section, f"{name} must be a string, not {value!r}")
        return default

    def number(
        self, table: Mapping[str, Any], name: str, section: str, default: float, low: float, high: float
    ) -> float:
        value = table.get(name, default)
        if isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high:
            return value
        self.add_problem(section, f"{name} must be a number from {low:g} to {high:g}, not {value!r}")
        return default

    def integer(self, table: Mapping[str, Any], name: str, section: str, default: int, high: int) -> int:
        value = self.number(table, name, section, default, 1, high)
        if value == int(value):
            return int(value)
        self.add_problem(section, f"{name} must be a whole number, not {value!r}")
        return default

    def boolean(self, table: Mapping[str, Any], name: str, section: str, default: bool = False) -> bool:
        value = table.get(name, default)
        if isinstance(value, bool):
            return value
        self.add_problem(section, f"{name} must be true or false, not {value!r}")
        return default

    def required_choice(self, table: Mapping[str, Any], name: str, section: str, known: tuple[str, ...]) -> str | None:
        value = table.get(name)
        if value in known:
            return str(value)
        told = f"unknown {name} {value!r}" if name in table else f"{name} is missing"
        self.add_problem(section, f"{told}. Available: {', '.join(known)}")
        return None

    def choice(self, table: Mapping[str, Any], name: str, section: str, known: tuple[str, ...]) -> str:
        value = self.text(table, name, section, known[0])
        if value in known:
            return value
        self.add_problem(section, f"unknown {name} {value!r}. Available: {', '.join(known)}")
        return known[0]

    def choices(self, table: Mapping[str, Any], name: str, section: str, known: tuple[str, ...]) -> tuple[str, ...]:
        values = table.get(name, list(known))
        if isinstance(values, list) and values and all(value in known for value in values):
            return tuple(values)
        self.add_problem(section, f"{name} must be a list with any of {', '.join(known)}")
        return known
